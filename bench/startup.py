"""Nothing in; what `import bot.flywheel` costs over bare Python, with compiled bytecode, as a user has it.

usage: python -m bench.startup      (limit: 150 ms)
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 15
LIMIT_MS = 150


def median_ms(code: str, env: dict[str, str]) -> float:
    """Median wall time of a fresh process."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], env=env, check=True)
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def main() -> None:
    with tempfile.TemporaryDirectory() as cache:
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env["PYTHONPYCACHEPREFIX"] = cache
        subprocess.run([sys.executable, "-c", "import bot.flywheel"], env=env, check=True)
        bare = median_ms("pass", env)
        heart = median_ms("import bot.flywheel", env)
    print(
        f"bare Python {bare:.0f} ms, import bot.flywheel {heart:.0f} ms: {heart - bare:.0f} ms over (limit {LIMIT_MS})"
    )
    sys.exit(heart - bare > LIMIT_MS)


if __name__ == "__main__":
    main()
