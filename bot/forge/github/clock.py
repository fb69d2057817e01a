"""An answer's headers in, times by our own clock out: ours may be wrong, and GitHub says its own with every answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from bot.hosting.health import SKEW_S


def ahead(headers: Mapping[str, str]) -> float:
    """By how many seconds our clock is ahead of GitHub's; 0 when it does not say its time."""
    try:
        return time.time() - parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return 0.0


def renewed(headers: Mapping[str, str]) -> float:
    """When the hour's budget is renewed, in seconds since 1970 by our clock. ValueError when it is not told.

    Little is no error of a clock: an answer that we kept is up to a minute old.
    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit
    """
    off = ahead(headers)
    return float(headers.get("x-ratelimit-reset", "")) + (off if abs(off) > SKEW_S else 0.0)
