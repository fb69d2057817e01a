"""The artifacts of a trial's run in, the single runs they tell of out; whatever cannot be read is said, never guessed.

An artifact whose name ends in `-control` or `-treated` holds that arm; any other names its arms inside.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from bot.errors import UserError
from bot.hosting.tried import Told
from bot.jobs import arms
from bot.trials.results import Run

MAX_BYTES = 64 << 20


def runs_in(artifacts: Sequence[Told]) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    """The runs of all artifacts of one batch together, and what was left out."""
    runs: list[Run] = []
    warnings: list[str] = []
    with tempfile.TemporaryDirectory(prefix="flywheel-trial-") as kept:
        for number, artifact in enumerate(artifacts):
            if len(artifact.data) > MAX_BYTES:
                warnings.append(f"{artifact.name}: larger than {MAX_BYTES >> 20} MiB")
                continue
            arm = next((one for one in arms.ARMS if artifact.name.endswith(f"-{one}")), "")
            folder = Path(kept) / str(number) / arm
            folder.mkdir(parents=True)
            (folder / "artifact.zip").write_bytes(artifact.data)
            try:
                told, left_out = arms.told(folder.parent if arm else folder)
            except UserError as error:
                warnings.append(f"{artifact.name}: {error}")
                continue
            runs += told
            warnings += [f"{artifact.name}: {text}" for text in left_out]
    return tuple(runs), tuple(warnings)
