"""Rules are loaded whole or refused with the file and the mend."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.model import Measured, Remedy
from bot.traces import cases, detectors

PATH = "rules/detectors/loops/stalls.yml"
RULE: dict[str, object] = {
    "id": "stalls",
    "title": "The agent stalls",
    "status": "experimental",
    "level": "low",
    "detect": {"steps": 3},
    "remedy": {"component": "instructions", "text": "Go on."},
}


def load(rule: object, path: str = PATH) -> tuple[object, ...]:
    return detectors.load({path: yaml.safe_dump(rule)})


def test_a_small_rule_has_careful_defaults():
    [detector] = detectors.load({PATH: yaml.safe_dump(RULE)})

    assert detector.family == "loops"
    assert detector.measured == Measured()
    assert detector.remedy == Remedy("instructions", "Go on.")
    assert detector.falls == "stalls"


def test_tests_and_prose_are_no_rules():
    assert detectors.load({"a/loops/x.test.yml": "]", "a/README.md": "]", "a/loops/x.test.yaml": "]"}) == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour": "red"}, "unknown field `colour`. Known keys: id, title, status"),
        ({"remedy": {"component": "hooks", "text": "x", "guard": "g", "when": 1}}, "unknown field `when`"),
        ({"remedy": {"component": "skills", "text": "x"}}, "skills"),
        ({"remedy": {"component": "hooks", "text": "x"}}, "names a guard"),
        ({"remedy": {"component": "instructions", "text": "x" * 501}}, "remedy.text"),
        ({"id": "other"}, "Let the id be the file's name, 'stalls'"),
        ({"title": 3}, "Expected `str`, got `int` - at `title`"),
        ({"title": "two\nlines"}, "title"),
        ({"status": "stable"}, "not measured on failures and passes"),
        ({"status": "stable", "measured": {"data": "x", "by": "ours", "passes": 0.1}}, "not measured on failures"),
        ({"status": "perfect"}, "perfect"),
        ({"sources": ["http://example.org"]}, "sources"),
        ({"measured": {"data": "x", "by": "me"}}, "measured.by"),
        ({"measured": {"data": "x", "by": "ours", "fails": 20}}, "measured.fails"),
        ({"detect": {}}, "one `name: parameter`"),
        ({"detect": {"steps": 3, "compactions": 1}}, "Join several as"),
        ({"detect": {"stepz": 3}}, "unknown condition 'stepz'. Known: all, any, not, adds_path"),
        ({"detect": {"steps": "3"}}, "`steps` takes a whole number from 1"),
        ({"detect": {"steps": True}}, "`steps` takes a whole number from 1"),
        ({"detect": {"steps": 0}}, "`steps` takes a whole number from 1"),
        ({"detect": {"last_check": "purple"}}, "one or a list of: red, green, none"),
        ({"detect": {"ended": []}}, "one or a list of: finished"),
        ({"detect": {"all": []}}, "`all` takes a list of 1 to 32"),
        ({"detect": {"any": {"steps": 1}}}, "`any` takes a list"),
        ({"detect": {"not": [{"steps": 1}]}}, "one `name: parameter`"),
        ({"detect": {"edits_path": ["x" * 201]}}, "`edits_path` takes a text"),
        ({"detect": {3: 3}}, "detect"),
    ],
)
def test_a_malformed_rule_is_refused_with_its_file_and_the_mend(change, says):
    with pytest.raises(UserError) as refused:
        load({**RULE, **change})

    assert str(refused.value).startswith(f"{PATH}: ")
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x [1]\nb: *x\n", "aliases"),
        ("id: a\nid: b\n", "a key stands twice"),
        ("id: [", "line 1"),
        ("!!python/object/apply:os.system [ls]", "line 1"),
        ("[" * 5_000, "nested deeper"),
        ("# " + "x" * 70_000, "larger than 64 KiB"),
        ("", "Expected `object`"),
        ("- a\n", "Expected `object`"),
        ("a: 2020-99-99", "no YAML"),
        ("\x00", "no YAML"),
    ],
)
def test_text_that_is_no_rule_is_refused(text, says):
    with pytest.raises(UserError) as refused:
        detectors.load({PATH: text})

    assert str(refused.value).startswith(f"{PATH}: ")
    assert says in str(refused.value)


def test_a_bomb_of_aliases_is_refused_before_it_grows():
    bomb = "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefg", "bcdefgh", strict=True))

    with pytest.raises(UserError, match="aliases"):
        detectors.load({PATH: bomb})


def test_a_deep_expression_is_refused():
    deep: object = {"steps": 1}
    for _ in range(9):
        deep = {"not": deep}

    with pytest.raises(UserError, match="nested deeper"):
        load({**RULE, "detect": deep})


def test_a_rule_outside_of_a_family_is_refused():
    with pytest.raises(UserError, match=r"'misc' is no family. Put it in a folder of: verification"):
        load(RULE, "rules/detectors/misc/stalls.yml")


def test_one_slug_names_one_rule():
    text = yaml.safe_dump(RULE)

    with pytest.raises(UserError, match="same name"):
        detectors.load({PATH: text, "rules/detectors/budget/stalls.yml": text})


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=4),
    max_leaves=12,
)


@given(value=plain)
def test_no_yaml_crashes_the_loader(value):
    _only_user_errors(yaml.safe_dump(value))


@given(text=st.text(max_size=200))
def test_no_text_crashes_the_loader(text):
    _only_user_errors(text)


@given(key=st.sampled_from([*RULE, "measured", "sources", "blind_spots", "predict"]), value=plain)
def test_no_value_of_a_key_crashes_the_loader(key, value):
    _only_user_errors(yaml.safe_dump({**RULE, key: value}))


def _only_user_errors(text: str) -> None:
    for read in (lambda: detectors.load({PATH: text}), lambda: cases.load(text, PATH)):
        message = f"{PATH}: loaded"
        try:
            read()
        except UserError as error:
            message = str(error)
        assert message.startswith(f"{PATH}: ")


def test_a_case_that_does_two_things_in_one_step_is_refused():
    with pytest.raises(UserError, match="does one thing"):
        cases.load("[{name: x, finds: [], steps: [{run: a, edit: b}]}]", PATH)


def test_a_case_becomes_an_episode():
    [case] = cases.load(
        "[{name: x, finds: [2, 1], steps: [{run: pytest, check: true, exit: 1, failing: [b, a]}, {say: Done.}], "
        "reports: {test-failed: t, tests-run: 3}}]",
        PATH,
    )

    assert case.finds == (1, 2)
    assert case.episode.trace is not None
    assert case.episode.trace.final == "Done."
    check = case.episode.trace.steps[0].calls[0].check
    assert check is not None
    assert (check.outcome, check.failing) == ("fail", ("a", "b"))
    assert [(signal.name, signal.detail, signal.value) for signal in case.episode.signals] == [
        ("test-failed", "t", None),
        ("tests-run", "", 3),
    ]
