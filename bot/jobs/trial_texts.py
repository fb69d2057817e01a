"""Where the trial of a change stands, in the words of its comment on the pull; no name of a sealed task is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.model import Entry
from bot.pages.escape import code, markdown
from bot.trials import notes
from bot.trials.accounting import guarded, said
from bot.trials.design import Design
from bot.trials.notes import Figures
from bot.trials.results import counted
from bot.trials.statistics import CONFIRMED
from bot.trials.step import Case
from bot.trials.wanted import Trials

SHOWN = 20
HEADS = {
    "": "A held-out trial of this change is under way",
    "confirmed": "Confirmed by a held-out trial",
    "cosmetic": "Cosmetic: the pattern vanished, the passes did not rise",
    "regression": "Regression: a held-out trial saw this change break something",
    "inconclusive": "Unverified: a held-out trial did not decide",
    "none": "Unverified",
}
REFUSED = "Refused: this change speaks of the tasks that were to judge it"
MEANS = {
    "confirmed": "It may be promoted, as far as the record of its category allows.",
    "cosmetic": "It is closed: a signal that falls silent cures nobody.",
    "regression": "It is not merged.",
    "inconclusive": "A person decides. What is missing stands above.",
}


def told(case: Case, entries: Sequence[Entry], wanted: Trials) -> str:
    """The comment: the registration as it was made before anything ran, how far it is, what it said."""
    story = notes.of(entries, case.change, case.revision)
    made = next((found for one in story if (found := notes.registration(one))), None)
    if made is None:
        return f"### {HEADS['none']}\n"
    result = next((one.trial for one in story if one.event == "trialled"), "")
    figures = next((shown for one in story if (shown := notes.figures(one))), None)
    head = REFUSED if figures is not None and figures.refused else HEADS.get(result, HEADS["none"])
    lines = [f"### {head}", ""]
    if figures is not None and figures.refused:
        lines += ["Nothing was run. It is closed: say it in words for every task.", ""]
    elif figures is not None:
        lines += [*_result(figures), *filter(None, [MEANS.get(result, "")]), ""]
    else:
        sent = [batch for one in story if (batch := notes.batch(one))]
        runs = sum(one.runs for one in sent)
        lines += [f"Asked of {code(wanted.workflow)} so far: {counted(runs, 'agent run')} of {made.most_runs}.", ""]
    return "\n".join([*lines, *_registered(made, story[0].at)]) + "\n"


def _result(figures: Figures) -> Iterator[str]:
    low, high = figures.interval
    tasks, runs = counted(figures.tasks, "held-out task"), counted(figures.runs, "run")
    yield (
        f"On {tasks}, {runs} in all, the share of passes moved by {figures.delta:+.0%} (95 % interval {low:+.0%} "
        f"to {high:+.0%}); E = {figures.e_value:.3g} for more passes, {figures.harm:.3g} for fewer, of {CONFIRMED:g}."
    )
    if figures.guards and figures.guard_lower is not None:
        worse = max(0.0, -figures.guard_lower)
        yield f"- {counted(figures.guards, 'sealed guard task')}: worse by {worse:.0%} at most."
    broken = [*map(code, figures.broken[:SHOWN])]
    broken += [counted(figures.sealed_broken, "sealed task")] if figures.sealed_broken else []
    if broken:
        yield f"- Broken, and broken again on fresh runs: {', '.join(broken)}."
    if figures.fixes and figures.breaks:
        yield f"- {markdown(said('Fixes', figures.fixes))}"
        yield f"- {markdown(said('Breakages', figures.breaks))}"
    if figures.sentinels:
        yield f"- {guarded(figures.sentinels.predicted, figures.sentinels.hit)}"
    if figures.dropped:
        yield f"- {counted(figures.dropped, 'run')} ended without a verdict and counted as nothing."
    if figures.usd:
        yield f"- It cost {figures.usd:.2f} dollars."
    yield from (f"- Missing: {markdown(text)}" for text in figures.missing[:SHOWN])
    yield ""


def _registered(made: Design, at: str) -> Iterator[str]:
    yield f"<details><summary>Registered {at} before anything ran</summary>"
    yield ""
    tasks = ", ".join(map(code, made.targeted[:SHOWN])) + (", …" if len(made.targeted) > SHOWN else "")
    yield f"- {counted(len(made.targeted), 'task')}, in this order: {tasks}"
    yield f"- {counted(made.guards, 'sealed guard task')}, sha256 {code(made.sealed)}"
    yield f"- Arms: control {code(made.control_sha)}, treated {code(made.treated_sha)}; {made.repeats} runs each"
    yield f"- Endpoint: {made.endpoint}; margin of the guard set {made.margin:.0%}; seed {code(made.seed)}"
    money = f", {made.most_usd:.2f} dollars" if made.most_usd else ""
    yield f"- Budget: {counted(made.most_runs, 'agent run')}{money}"
    if made.fixes or made.risks:
        yield f"- Expected to be fixed: {_names(made.fixes)}; at risk: {_names(made.risks)}"
    if made.sentinels:
        yield f"- Sentinels, which always passed and never met the change: {_names(made.sentinels)}"
    yield f"- Digest: {code(made.digest)}"
    yield ""
    yield "</details>"


def _names(tasks: Sequence[str]) -> str:
    return ", ".join(map(code, tasks[:SHOWN])) + (", …" if len(tasks) > SHOWN else "") if tasks else "none"
