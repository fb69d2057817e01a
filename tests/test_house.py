"""The arrows of the house (design.md §3): who may import whom, no circles, nothing heavy at import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
STAGES = {"signals", "traces", "modifications", "approval", "trials"}
SHELL = {"forge", "engine", "pages"}
CORE = {"model", "errors", "strict_yaml", "hosting"}


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted((ROOT / "bot").rglob("*.py")):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def arrows() -> dict[str, set[str]]:
    known = modules()
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        targets = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                targets |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: imports are absolute here"
                base = node.module or ""
                targets |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in node.names}
        found[name] = {target for target in targets if target in known} - {name}
    return found


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


ARROWS = sorted((source, target) for source, targets in arrows().items() for target in targets)


@pytest.mark.parametrize(("source", "target"), ARROWS)
def test_an_arrow_follows_the_plan(source: str, target: str) -> None:
    here, there = room(source), room(target)

    if here == there:
        return
    if here in CORE:
        assert there in CORE
    if here == "ledger":
        assert there in CORE
    if here in STAGES:
        assert there in CORE
    if here in SHELL:
        assert there in CORE | {"flywheel", "ledger"}
    if there == "forge":
        assert here == "__main__"


def test_no_module_imports_itself_through_others() -> None:
    graph = arrows()
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path, module))
        if module in done:
            return
        for target in graph[module]:
            visit(target, (*path, module))
        done.add(module)

    for module in graph:
        visit(module, ())


def test_the_heart_imports_nothing_heavy() -> None:
    code = "import bot.flywheel, sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"

    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split()
    )

    assert {"jinja2", "rich", "typer", "unidiff", "defusedxml", "numpy", "scipy"} & loaded == set()


def test_every_room_of_the_core_is_free_of_the_network() -> None:
    forbidden = {"socket", "http", "urllib", "requests", "httpx", "githubkit", "subprocess", "asyncio"}
    reached = []
    for name, path in modules().items():
        if room(name) in SHELL or room(name) == "__main__" or "guards" in name:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            reached += [f"{name}: {one}" for one in names if one.split(".")[0] in forbidden and one != "urllib.parse"]

    assert [] == reached
