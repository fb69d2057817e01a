"""Takes what an agent said; gives the tool calls it wrote into the text as `<function=name>` with `<parameter=name>`.

This is how OpenHands lets models without native tool calling act.
"""

from __future__ import annotations

MOST_CALLS = 20
MOST_PARAMETERS = 20
NAME_CAP = 120


def functions(said: str) -> list[tuple[str, dict[str, str]]]:
    """Each call's name and its parameters; an unclosed last one counts, as models stop there."""
    found: list[tuple[str, dict[str, str]]] = []
    at = said.find("<function=")
    while at >= 0 and len(found) < MOST_CALLS:
        close = said.find(">", at, at + NAME_CAP + 12)
        end = said.find("</function>", at)
        following = said.find("<function=", at + 10)
        if close >= 0:
            stop = min((place for place in (end, following) if place >= 0), default=len(said))
            found.append((said[at + 10 : close].strip(), _parameters(said[close + 1 : max(stop, close + 1)])))
        at = following
    return found


def _parameters(body: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in body.split("<parameter=", MOST_PARAMETERS)[1:]:
        name, found, value = part.partition(">")
        if found and len(name) <= NAME_CAP:
            given[name.strip()] = value.split("</parameter>", 1)[0].strip("\n")
    return given
