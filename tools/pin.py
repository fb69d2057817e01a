"""Write every dependency's version into `[tool.uv] constraint-dependencies`, naming no registry.

usage: python tools/pin.py [--check]     (from the project's root; needs `uv`)

`uv.lock` names the registry it was made from and is git-ignored; this list holds the same versions and nothing else.
`--check` writes nothing and exits 1 when the list misses a package that `uv` resolves.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

PYPROJECT = Path("pyproject.toml")
BLOCK = re.compile(r"constraint-dependencies = \[\n(?:  \"[^\"\n]+\",\n)*\]\n")
LINE = re.compile(r"^([A-Za-z0-9._-]+==[^\s;]+(?:\s*;[^#\n]+)?)", re.MULTILINE)


def resolved(unpinned: str) -> list[str]:
    """What `uv` resolves for all groups on all supported platforms, as `name==version ; marker` lines."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text(unpinned, encoding="utf-8")
        done = subprocess.run(
            ["uv", "export", "--all-groups", "--no-emit-project", "--no-hashes", "--no-annotate", "--no-header", "-q"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        sys.exit(done.stderr)
    return sorted({re.sub(r"\s*;\s*", " ; ", found).strip().replace('"', "'") for found in LINE.findall(done.stdout)})


def main() -> None:
    """Rewrite the block, or check it."""
    text = PYPROJECT.read_text(encoding="utf-8")
    if not BLOCK.search(text):
        sys.exit("pyproject.toml: there is no constraint-dependencies list. Add an empty one under [tool.uv].")
    check = "--check" in sys.argv[1:]
    pins = resolved(text if check else BLOCK.sub("constraint-dependencies = [\n]\n", text))
    block = "constraint-dependencies = [\n" + "".join(f'  "{pin}",\n' for pin in pins) + "]\n"
    pinned = BLOCK.sub(lambda _: block, text)
    if check and pinned != text:
        sys.exit("pyproject.toml: the pinned versions are not what uv resolves. Run `python tools/pin.py`.")
    if not check:
        PYPROJECT.write_text(pinned, encoding="utf-8")
    print(f"{len(pins)} packages pinned")


if __name__ == "__main__":
    main()
