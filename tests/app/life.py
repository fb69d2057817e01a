"""One life of the App in a process of its own, which a test may end at any moment: `python -m tests.app.life`.

usage: python -m tests.app.life (sweep | work) APP_ID URL FOLDER SECONDS    the private key (PEM) on standard input

A sweep that comes SECONDS later than now finds what the one before it had in hand: nobody kept it for that long.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

from bot.commands.sweeping import sweep
from bot.engine.worker import Settings, Worker
from bot.forge.github.client import App
from tests.app.office import office, queue
from tests.github.keys import pair

ROOT = Path(__file__).parents[2]
POLL, LEASE = 0.02, 2.0
THREADS = 2


def begin(what: str, app_id: int, url: str, folder: Path, ahead: float = 0.0) -> subprocess.Popen[str]:
    """A life that sweeps once, or works until it is ended."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.app.life", what, str(app_id), url, str(folder), str(ahead)]
    with (folder / "log").open("a") as log:
        begun = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True)
    assert begun.stdin
    begun.stdin.write(pair()[0])
    begun.stdin.close()
    return begun


def main(what: str, app_id: str, url: str, folder: Path, ahead: float) -> None:
    """Live: 0 at the end of a sweep in which nothing failed."""
    app = App(app_id, sys.stdin.read(), url, spacing=0.0)
    with closing(queue(folder)) as inbox:
        acting = office(app, folder, inbox)
        if what == "sweep":
            failed = sweep(acting, inbox, now=lambda: time.time() + ahead)["failed"]
            sys.exit("\n".join(failed) or 0)
        settings = Settings(threads=THREADS, lease=LEASE, poll=POLL)
        worker = Worker(inbox, acting.answer, settings, lambda record: None)
        stopped = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        worker.start()
        stopped.wait()
        worker.stop()
        worker.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), float(sys.argv[5]))
