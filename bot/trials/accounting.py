"""Ledger entries in; for every merged change what was predicted beside what was seen, and how good that is, out.

What a trial saw counts; of a merge without one only the predictions are known, and that is said. Noise is that of the
newest A/A trial of the same repository and model: what nothing at all "fixes" and "breaks" (research/mining.md §5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from bot.model import Entry
from bot.trials import notes
from bot.trials.accounts import Account, Macro, Score, cumulative, macro
from bot.trials.notes import NOISE

LAST = 50
"""So many merged changes are kept account of, the newest (research/mining.md §5 item 4)."""
WHAT = ("fixes", "breakages")


class Line(msgspec.Struct, frozen=True):
    """One merged change. `fixes` and `breaks` are None where no trial looked; the named counts are of episodes then.

    `result` is the trial's, `aftermath` what the watch said; "" while unknown.
    """

    change: str
    revision: str
    repository: str
    category: str
    model: str
    merged_at: str
    named_fixes: int
    named_risks: int
    result: str = ""
    aftermath: str = ""
    fixes: Account | None = None
    breaks: Account | None = None
    usd: float = 0.0
    brier: tuple[float, float] | None = None
    auroc: tuple[float | None, float | None] | None = None
    sentinels: Account | None = None


class Sum(msgspec.Struct, frozen=True):
    """Several merged changes: how many, how many were tried, the scores of both kinds of prediction, macro and whole.

    `usd_per_kept` is what all trials of them cost for each change that is confirmed and was not reverted.
    """

    name: str
    changes: int
    tried: int
    fixes: Score
    breaks: Score
    fixes_macro: Macro
    breaks_macro: Macro
    usd: float
    kept: int
    usd_per_kept: float | None
    brier: tuple[float, float] | None = None
    auroc: tuple[float | None, float | None] | None = None
    sentinels: tuple[int, int] | None = None
    """How many sentinels ran, and how many of them broke."""


def lines(entries: Iterable[Entry]) -> tuple[Line, ...]:
    """The newest merged changes, oldest first."""
    told = sorted(dict.fromkeys(entries), key=lambda one: one.at)
    noise: dict[tuple[str, str], tuple[float, float]] = {}
    named: dict[str, Entry] = {}
    results: dict[tuple[str, str], Entry] = {}
    merged: dict[str, Line] = {}
    for entry in told:
        figures = notes.figures(entry)
        if entry.change == NOISE and figures and figures.noise:
            noise[entry.repository, entry.model] = figures.noise
        elif entry.event in ("proposed", "updated"):
            named[entry.change] = entry
        elif entry.event == "trialled":
            results[entry.change, entry.revision] = entry
        elif entry.event == "merged":
            merged[entry.change] = _merged(entry, named.get(entry.change, entry))
        elif entry.event in ("watched", "reverted") and entry.change in merged:
            known = merged[entry.change]
            merged[entry.change] = msgspec.structs.replace(known, aftermath=entry.aftermath or entry.event)
    tried = (_tried(line, results.get((line.change, line.revision)), noise) for line in merged.values())
    return tuple(tried)[-LAST:]


def total(found: Sequence[Line], name: str = "all") -> Sum:
    """All of these together; precision over what was predicted, and lift over guessing (bot/trials/accounts.py)."""
    fixes, breaks = [one.fixes for one in found if one.fixes], [one.breaks for one in found if one.breaks]
    usd = sum(one.usd for one in found)
    kept = sum(one.result == "confirmed" and one.aftermath != "reverted" for one in found)
    scored = [one.brier for one in found if one.brier]
    watched = [one.sentinels for one in found if one.sentinels]
    return Sum(
        name=name,
        changes=len(found),
        tried=len(fixes),
        fixes=cumulative(fixes),
        breaks=cumulative(breaks),
        fixes_macro=macro(fixes),
        breaks_macro=macro(breaks),
        usd=usd,
        kept=kept,
        usd_per_kept=usd / kept if kept and usd else None,
        brier=(_mean([one[0] for one in scored]), _mean([one[1] for one in scored])) if scored else None,
        auroc=(_ranked(found, 0), _ranked(found, 1)) if scored else None,
        sentinels=(sum(one.predicted for one in watched), sum(one.hit for one in watched)) if watched else None,
    )


def by_category(found: Sequence[Line]) -> tuple[Sum, ...]:
    """One sum a category, by name."""
    names = sorted({one.category for one in found})
    return tuple(total([one for one in found if one.category == name], name) for name in names)


def aa_due(entries: Iterable[Entry], now: str) -> tuple[tuple[str, str], ...]:
    """The (repository, model) pairs that owe an A/A trial this month: those with a trial in the last three months."""
    told = list(entries)
    month = now[:7]
    measured = {
        (one.repository, one.model)
        for one in told
        if one.change == NOISE and one.event in ("registered", "trialled") and one.at[:7] == month
    }
    since = _months_back(month, 3)
    tried = {
        (one.repository, one.model)
        for one in told
        if one.event == "registered" and one.change != NOISE and one.at[:7] >= since
    }
    return tuple(sorted(tried - measured))


def words(entries: Iterable[Entry], change: str) -> tuple[str, ...]:
    """What the ledger knows of one change's predictions, a sentence each; nothing for one that did not go in."""
    found = next((one for one in lines(entries) if one.change == change), None)
    if found is None:
        return ()
    if found.fixes is None or found.breaks is None:
        named = f"{found.named_fixes} cures and {found.named_risks} disturbances of recorded runs were predicted"
        return (f"Unverified: {named}; no trial looked.",)
    return (
        said("Fixes", found.fixes),
        said("Breakages", found.breaks),
        *([guarded(found.sentinels.predicted, found.sentinels.hit)] if found.sentinels else ()),
    )


def sentences(entries: Iterable[Entry]) -> tuple[str, ...]:
    """How good the predictions of merged changes were, for people: all together, then by category; empty without any.

    Lift over guessing is what counts, not precision: tasks flip by themselves.
    """
    found = lines(entries)
    if not found:
        return ()
    groups = by_category(found)
    return (_summed(total(found)), *(_summed(one) for one in groups if len(groups) > 1))


def plain(entries: Iterable[Entry]) -> list[dict[str, object]]:
    """The account of each merged change as plain values, for `run.json`."""
    told: list[dict[str, object]] = [msgspec.to_builtins(one) for one in lines(entries)]
    return told


def _summed(one: Sum) -> str:
    name = "All" if one.name == "all" else one.name
    begin = f"{name}: {one.changes} merged, {one.tried} of them with a held-out trial"
    if not one.tried:
        return f"{begin}; nothing was verified."
    cost = f" {one.usd_per_kept:.2f} dollars for each that was confirmed and stayed." if one.usd_per_kept else ""
    brier = f" Brier {one.brier[0]:.3f} for fixes, {one.brier[1]:.3f} for breakages." if one.brier else ""
    ranked = [f"{area:.2f} for {what}" for area, what in zip(one.auroc or (), WHAT, strict=False) if area is not None]
    auroc = f" AUROC {', '.join(ranked)}." if ranked else ""
    watched = f" {guarded(*one.sentinels)}" if one.sentinels else ""
    return f"{begin}. {_scored('Fixes', one.fixes)} {_scored('Breakages', one.breaks)}{brier}{auroc}{watched}{cost}"


def _scored(what: str, score: Score) -> str:
    if score.precision is None or score.precision_interval is None:
        return f"{what}: none predicted, {score.observed} seen."
    low, high = score.precision_interval
    lift = f", {score.lift:.1f} times guessing" if score.lift is not None else ""
    recall = f", recall {score.recall:.0%}" if score.recall is not None else ""
    adjusted = f", {score.adjusted_precision:.0%} without noise" if score.adjusted_precision is not None else ""
    return f"{what}: precision {score.precision:.0%} ({low:.0%} to {high:.0%}){lift}{adjusted}{recall}."


def guarded(ran: int, broke: int) -> str:
    """What became of the sentinels, in a sentence."""
    return f"Sentinels: {broke} of {ran} that had always passed, the change silent, broke."


def said(what: str, account: Account) -> str:
    """What was predicted beside what was seen, in a sentence."""
    score = cumulative([account])
    lift = f", {score.lift:.1f} times guessing" if score.lift is not None else ""
    noise = f"; {account.noise:.0%} of such tasks flip by themselves" if account.noise else ""
    return (
        f"{what}: {account.predicted} tasks predicted, {account.observed} seen, {account.hit} of them both"
        f"{lift}, among {account.eligible} eligible{noise}."
    )


def _merged(entry: Entry, proposed: Entry) -> Line:
    return Line(
        change=entry.change,
        revision=entry.revision,
        repository=entry.repository,
        category=entry.category or proposed.category,
        model=entry.model or proposed.model,
        merged_at=entry.at,
        named_fixes=proposed.fixes,
        named_risks=proposed.risks,
    )


def _tried(line: Line, entry: Entry | None, noise: Mapping[tuple[str, str], tuple[float, float]]) -> Line:
    if entry is None:
        return line
    figures = notes.figures(entry)
    if figures is None:
        return msgspec.structs.replace(line, result=entry.trial)
    fixed, broken = noise.get((line.repository, line.model), (0.0, 0.0))
    scores = figures.scores
    return msgspec.structs.replace(
        line,
        result=entry.trial,
        fixes=_noisy(figures.fixes, fixed),
        breaks=_noisy(figures.breaks, broken),
        usd=figures.usd,
        brier=(scores[0].brier, scores[1].brier) if scores else None,
        auroc=(scores[0].auroc, scores[1].auroc) if scores else None,
        sentinels=figures.sentinels,
    )


def _noisy(account: Account | None, noise: float) -> Account | None:
    return msgspec.structs.replace(account, noise=noise) if account else None


def _months_back(month: str, count: int) -> str:
    """`2026-02` three months back is `2025-11`."""
    found = re.fullmatch(r"(\d{4})-(\d\d)", month)
    if found is None:
        return month
    months = int(found[1]) * 12 + int(found[2]) - 1 - count
    return f"{months // 12:04}-{months % 12 + 1:02}"


def _ranked(found: Sequence[Line], which: int) -> float | None:
    """The mean AUROC over the changes that have one."""
    known = [area for one in found if one.auroc and (area := one.auroc[which]) is not None]
    return _mean(known) if known else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
