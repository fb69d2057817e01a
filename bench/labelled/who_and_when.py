"""A folder of Who&When in; its runs with the blamed agent and step out, the two subsets apart.

A file is `{history: [{content, role, name?}], question_ID, mistake_agent, mistake_step}`; the step counts from 0.
https://github.com/ag2ai/Agents_Failure_Attribution
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from bench.labelled.case import DATA, Case
from bot.traces.localise import IDLE, MAX_TEXT, Moment

FOLDER = DATA / "who-and-when"
SUBSETS = ("Algorithm-Generated", "Hand-Crafted")
TERMINALS = ("Computer_terminal", "ComputerTerminal")
FAILED = re.compile(r"exitcode: [1-9]|Traceback \(|^Error|Error\. |File Not Found|404")
DOES = re.compile(r"```|^I (?:clicked|typed|scrolled|opened|visited|pressed|input)|^Address: ")
"""Code to be run, or what a browsing agent says that it did."""
HANDS_ON = re.compile(r"^\s*(?:TERMINATE|Next speaker|Request satisfied|Updated Ledger|Stalled|No agent)")
"""The group chat's own bookkeeping."""


def read(subset: str, folder: Path = FOLDER) -> list[Case]:
    """The runs of one subset, in the order of their names; none when the folder is not here.

    `folder` is our selection, or a checkout of the whole set.
    """
    paths = sorted([*folder.glob(f"{subset}__*.json"), *folder.glob(f"Who&When/{subset}/*.json")])
    names = (f"{subset}__{path.stem.removeprefix(f'{subset}__')}" for path in paths)
    return [_case(name, json.loads(path.read_text(encoding="utf-8"))) for name, path in zip(names, paths, strict=True)]


def turns(history: list[dict[str, str]]) -> list[Moment]:
    """The turns of agents: what a terminal answers belongs to the turn before it; a person's are left out."""
    kept = []
    for place, message in enumerate(history):
        text, named = message.get("content") or "", speaker(message)
        if named in (*TERMINALS, "human"):
            continue
        after = history[place + 1] if place + 1 < len(history) else {}
        answer = (after.get("content") or "") if speaker(after) in TERMINALS else None
        does = DOES.search(text[:MAX_TEXT]) is not None
        kept.append(
            Moment(
                number=place + 1,
                text=text[:MAX_TEXT],
                size=len(text),
                speaker=named,
                does=does,
                failed=answer is not None and FAILED.search(answer[:MAX_TEXT]) is not None,
                answered=answer is not None,
                idle=HANDS_ON.search(text) is not None or (len(text) < IDLE and not does),
            )
        )
    return kept


def speaker(message: dict[str, str]) -> str:
    """`Orchestrator (-> WebSurfer)` is Orchestrator speaking."""
    return (message.get("name") or message.get("role") or "").split(" (")[0]


def looks_wrong(history: list[dict[str, str]]) -> list[int]:
    """The numbers of the messages that look like errors."""
    return [n for n, message in enumerate(history, 1) if FAILED.search((message.get("content") or "")[:MAX_TEXT])]


def _case(name: str, run: dict[str, object]) -> Case:
    history = run["history"]
    assert isinstance(history, list)
    return Case(
        name=name,
        task=str(run["question_ID"]),
        seen=turns(history),
        step=int(str(run["mistake_step"])) + 1,
        agent=str(run["mistake_agent"]),
        messages=len(history),
        speakers=[speaker(message) for message in history],
        errors=looks_wrong(history),
    )
