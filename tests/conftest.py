"""Hypothesis explores anew on a person's machine; at the door it repeats itself, so that a red door is always news.

How fast examples are made says something of the machine, and nothing of us.
"""

import os

from hypothesis import HealthCheck, settings

from bot.forge.github import client

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("door", settings.get_profile("here"), derandomize=True, max_examples=50)
settings.load_profile("door" if os.environ.get("CI") else "here")

client.FIRST_WAIT_S = 0.01
"""The stand-in is no sooner well again for being waited for."""
