"""Hypothesis explores anew on a person's machine; at the door it repeats itself, so that a red door is always news."""

import os

from hypothesis import settings

settings.register_profile("door", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("door")
