"""What the ledger says of predictions: first what no trial looked at, then noise, lift, categories, and the A/A."""

import msgspec

from bot.model import Entry
from bot.trials import notes
from bot.trials.accounting import aa_due, by_category, lines, plain, sentences, total, words
from bot.trials.accounts import Account
from bot.trials.forecast import Scores
from bot.trials.notes import NOISE, Figures

NOW = "2026-11-25T10:00:00+00:00"
FIGURES = Figures(
    trial="t",
    e_value=40.0,
    harm=0.1,
    p=0.001,
    tasks=20,
    runs=120,
    usd=30.0,
    delta=0.3,
    interval=(0.1, 0.5),
    fixes=Account(8, 10, 6, 16),
    breaks=Account(1, 2, 0, 24),
    scores=(Scores(20, 0.8, 0.15, 0.2), Scores(20, None, 0.05, 0.05)),
)


def entry(event: str, change: str = "c1", at: str = NOW, **more: object) -> Entry:
    base = {"category": "guard/hooks/loops", "model": "m1", "revision": "r1", **more}
    return Entry(at, event, "o/r", change, "loops", **base)  # type: ignore[arg-type]


def merged(change: str = "c1", **more: str) -> list[Entry]:
    return [entry("proposed", change, fixes=4, risks=1, **more), entry("merged", change, **more)]


def tried(change: str = "c1", result: str = "confirmed", figures: Figures = FIGURES, **more: str) -> Entry:
    return entry("trialled", change, trial=result, detail=notes.written(figures), **more)


AA = entry("trialled", NOISE, revision="2026-11-0", trial="none", category="", detail=notes.written(
    Figures("n", 1.0, 1.0, 1.0, 20, 120, 5.0, 0.0, (-0.1, 0.1), noise=(0.10, 0.20))
))  # fmt: skip


def test_a_change_that_did_not_go_in_has_no_account() -> None:
    assert lines([entry("proposed"), tried()]) == ()
    assert words([entry("proposed"), tried()], "c1") == ()
    assert sentences([]) == ()


def test_a_merge_without_a_trial_is_unverified() -> None:
    (line,) = lines(merged())

    assert (line.named_fixes, line.named_risks, line.fixes, line.result) == (4, 1, None, "")
    assert words(merged(), "c1") == (
        "Unverified: 4 cures and 1 disturbances of recorded runs were predicted; no trial looked.",
    )
    assert sentences(merged()) == ("All: 1 merged, 0 of them with a held-out trial; nothing was verified.",)


def test_a_trial_of_another_revision_says_nothing_of_this_one() -> None:
    (line,) = lines([*merged(), tried(revision="r0")])

    assert line.fixes is None


def test_noise_is_taken_away_and_lift_is_over_guessing() -> None:
    ledger = [AA, *merged(), tried()]
    (line,) = lines(ledger)
    summed = total([line])

    assert line.fixes == Account(8, 10, 6, 16, 0.10)
    assert line.breaks == Account(1, 2, 0, 24, 0.20)
    assert summed.fixes.precision == 6 / 8
    assert summed.fixes.guess_precision == 10 / 16
    assert summed.fixes.lift == (6 / 8) / (10 / 16)
    assert summed.fixes.adjusted_precision == (6 - 0.8) / 8
    assert summed.usd_per_kept == 30.0
    assert words(ledger, "c1")[0] == (
        "Fixes: 8 tasks predicted, 10 seen, 6 of them both, 1.2 times guessing, among 16 eligible; "
        "10% of such tasks flip by themselves."
    )


def test_how_well_chances_ranked_and_what_became_of_sentinels_is_said() -> None:
    watched = msgspec.structs.replace(FIGURES, sentinels=Account(3, 5, 1, 24))
    ledger = [*merged(), tried(figures=watched), *merged("c2"), tried("c2")]
    summed = total(lines(ledger))

    assert (summed.auroc, summed.sentinels) == ((0.8, None), (3, 1))
    assert " AUROC 0.80 for fixes. Sentinels: 1 of 3 that had always passed" in sentences(ledger)[0]
    assert words(ledger, "c1")[2] == "Sentinels: 1 of 3 that had always passed, the change silent, broke."
    assert len(words(ledger, "c2")) == 2


def test_noise_of_another_model_is_not_this_ones() -> None:
    other = Entry(**{**{name: getattr(AA, name) for name in AA.__struct_fields__}, "model": "m2"})
    (line,) = lines([other, *merged(), tried()])

    assert line.fixes is not None
    assert line.fixes.noise == 0.0


def test_what_was_reverted_is_no_surviving_improvement() -> None:
    ledger = [*merged(), tried(), entry("reverted"), *merged("c2"), tried("c2", "inconclusive")]
    summed = total(lines(ledger))

    assert (summed.changes, summed.tried, summed.kept, summed.usd, summed.usd_per_kept) == (2, 2, 0, 60.0, None)


def test_every_category_has_its_own_account() -> None:
    ledger = [*merged(), tried(), *merged("c2", category="managed-block/instructions/x")]
    groups = by_category(lines(ledger))

    assert [(one.name, one.changes, one.tried) for one in groups] == [
        ("guard/hooks/loops", 1, 1),
        ("managed-block/instructions/x", 1, 0),
    ]
    assert len(sentences(ledger)) == 3
    assert sentences(ledger)[0].startswith("All: 2 merged, 1 of them with a held-out trial. Fixes: precision 75% (")
    assert [one["change"] for one in plain(ledger)] == ["c1", "c2"]


def test_the_order_of_a_ledger_and_what_is_told_twice_change_nothing() -> None:
    ledger = [AA, *merged(), tried(), *merged("c2", at="2026-11-26T10:00:00+00:00")]

    assert lines([*ledger, *ledger]) == lines(sorted(ledger, key=lambda one: one.at))


def test_an_a_a_trial_is_due_once_a_month_where_trials_are_made() -> None:
    begun = entry("registered")

    assert aa_due([], NOW) == ()
    assert aa_due([begun], NOW) == (("o/r", "m1"),)
    assert aa_due([begun, AA], NOW) == ()
    assert aa_due([begun, AA], "2026-12-01T00:00:00+00:00") == (("o/r", "m1"),)
    assert aa_due([begun, AA], "2027-04-01T00:00:00+00:00") == ()
