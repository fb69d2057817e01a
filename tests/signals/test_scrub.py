"""Secrets go out of every file that leaves a job, and the file stays what it was."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.signals.redact import MARK
from bot.signals.scrub import known, scrub

FAKE = "A1b2C3d4" * 5
TOKEN = "ghp_" + FAKE
DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "transcripts"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


def shape(value: Any) -> Any:
    """A JSON value with every text blanked: what no redaction may change."""
    match value:
        case str():
            return ""
        case list():
            return [shape(one) for one in value]
        case dict():
            return [shape(one) for one in value.values()]
        case float():
            return repr(value)
    return value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff\xfe not text",
        b'{"a": 1.50, "a": [1e999, NaN], "b": "caf\xc3\xa9 \\u00e9"}\r\n{"c":  null}',
        b"ordinary\r\nlines\rof a log\n",
        '\ufeff<testsuite name="x"/>'.encode(),
        "\ufefftext".encode("utf-16"),
    ],
)
def test_a_file_without_secrets_keeps_every_byte(data: bytes) -> None:
    assert data == scrub(data)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"text": f"export TOKEN={TOKEN}"}),
        json.dumps({"text": f'run --token "{TOKEN}" \\ now'}),
        json.dumps({"arguments": json.dumps({"cmd": f'curl -H "Authorization: Bearer {FAKE}" "x"'})}),
        json.dumps({"a": [{"password": FAKE, "n": 1}]}, indent=2),
        json.dumps({"env": {"NPM_TOKEN": FAKE}}),
        json.dumps({"file": f"-----BEGIN RSA PRIVATE KEY-----\n{FAKE}\n-----END RSA PRIVATE KEY-----\n"}),
        json.dumps({f"key-{TOKEN}": 1}),
    ],
)
def test_a_secret_in_json_goes_and_the_json_stays(text: str) -> None:
    found = scrub(text.encode()).decode()

    assert FAKE not in found
    assert shape(json.loads(text)) == shape(json.loads(found))


def test_json_inside_json_stays_json_in_json() -> None:
    command = f'export API_KEY=abcdefgh\\"{FAKE}\\" && echo "done"'
    line = json.dumps({"arguments": json.dumps({"command": command, "n": 2})})

    inner = json.loads(json.loads(scrub(line.encode()))["arguments"])

    assert ["command", "n"] == list(inner)
    assert "abcdefgh" not in inner["command"]


def test_a_private_key_over_many_lines_of_a_log_goes_and_the_lines_keep_their_numbers() -> None:
    log = f"one\n-----BEGIN PRIVATE KEY-----\n{FAKE}\n{FAKE}\n-----END PRIVATE KEY-----\nlast"

    found = scrub(log.encode()).decode()

    assert FAKE not in found
    assert log.count("\n") == found.count("\n")


def test_a_line_that_was_cut_off_is_redacted_as_text() -> None:
    data = json.dumps({"a": 1}) + "\n" + json.dumps({"text": f"x {TOKEN}"})[:-2]

    assert TOKEN not in scrub(data.encode()).decode()


def test_a_secret_of_this_job_goes_in_whatever_way_it_is_written() -> None:
    secret = "correct-horse-battery"
    header = base64.b64encode(f"x-access-token:{secret}".encode()).decode()
    data = json.dumps(
        {"a": f"said {secret}", "b": f"AUTHORIZATION: basic {header}", "c": base64.b64encode(secret.encode()).decode()}
    )

    found = scrub(data.encode(), known([secret, "short"])).decode()

    assert {"a": f"said {MARK}", "b": f"AUTHORIZATION: basic {MARK}", "c": MARK} == json.loads(found)


@pytest.mark.parametrize(
    "secret",
    [
        "hf_" + "aB" * 17,
        "sk_live_" + "a1b2" * 6,
        "dop_v1_" + "a1" * 32,
        "SG." + "a" * 22 + "." + "b" * 43,
        "AccountKey=" + "aB3+" * 21 + "aB==",
        base64.b64encode(f"x: {TOKEN}".encode()).decode(),
        base64.b64encode(b"-----BEGIN PRIVATE KEY-----\nMIIE\n").decode(),
    ],
)
def test_further_tokens_and_what_base64_hides_go(secret: str) -> None:
    data = json.dumps({"text": f"echo {secret} done"}).encode()

    found = scrub(data).decode()

    assert secret.removeprefix("AccountKey=") not in found
    assert ["echo", "done"] == json.loads(found)["text"].split()[::2]


@pytest.mark.parametrize(
    "text", ["a" * 5000, base64.b64encode(bytes(range(256)) * 40).decode(), "0123456789abcdef" * 4]
)
def test_base64_and_digests_without_a_secret_stay(text: str) -> None:
    assert text == scrub(text.encode()).decode()


def test_a_short_value_is_no_secret_that_can_be_looked_for() -> None:
    assert () == known(["true", "", "  1 "])


def test_a_private_key_among_the_secrets_of_the_job_hides_no_other_key() -> None:
    ours = f"-----BEGIN PRIVATE KEY-----\n{FAKE}\n-----END PRIVATE KEY-----"
    other = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----"

    found = scrub(json.dumps({"a": other, "b": f"its body: {FAKE}"}).encode(), known([ours])).decode()

    assert {"a": MARK, "b": f"its body: {MARK}"} == json.loads(found)


def test_a_secret_in_a_wide_report_goes() -> None:
    assert TOKEN not in scrub(f"<a>{TOKEN}</a>".encode("utf-16")).decode("utf-16")


def test_redacting_twice_changes_nothing_more() -> None:
    once = scrub(json.dumps({"password": FAKE, "t": f"{TOKEN} a@example.org /home/jane/x"}).encode())

    assert once == scrub(once)


@given(JSON, st.booleans())
def test_any_json_keeps_its_shape(value: Any, ascii_only: bool) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

    assert shape(value) == shape(json.loads(scrub(data)))


@given(st.lists(JSON, min_size=1, max_size=4), st.binary(max_size=40))
def test_any_lines_stay_as_many(values: list[Any], junk: bytes) -> None:
    data = b"\n".join([*(json.dumps(value).encode() for value in values), junk])

    assert data.count(b"\n") == scrub(data).count(b"\n")


@given(st.binary(max_size=200))
def test_any_bytes_will_do(data: bytes) -> None:
    scrub(data)


@pytest.mark.skipif(not DATA.exists(), reason="the shared data is not here")
@pytest.mark.parametrize("family", ["claude-code-fixtures", "codex-rollout", "openhands-v1", "claude-action-execution"])
def test_a_real_transcript_reads_the_same_afterwards(family: str) -> None:
    from io import BytesIO

    from bot.signals import transcripts

    for path in sorted((DATA / family).rglob("*.json*"), key=lambda one: one.stat().st_size)[:12]:
        data = path.read_bytes()
        if transcripts.sniff(data[:65536], path.name) == transcripts.UNKNOWN:
            continue
        before, after = (transcripts.read(BytesIO(one), path.name) for one in (data, scrub(data)))

        assert [(t.format, t.end_reason, len(t.steps)) for t in before] == [
            (t.format, t.end_reason, len(t.steps)) for t in after
        ]
        assert [[c.kind for s in t.steps for c in s.calls] for t in before] == [
            [c.kind for s in t.steps for c in s.calls] for t in after
        ]
