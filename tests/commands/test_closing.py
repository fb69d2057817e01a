"""Closing a change: what is refused before anything is touched."""

from pathlib import Path
from typing import Any, cast

import pytest

from bot.commands.closing import close
from bot.errors import UserError


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_no_without_a_reason_is_refused(tmp_path: Path, reason: str) -> None:
    with pytest.raises(UserError, match=r"--reason: it is empty\."):
        close("0123456789ab", "dismissed", reason, None, tmp_path, cast("Any", None), dry_run=False)

    assert [] == list(tmp_path.iterdir())
