"""The abuse cases of research/bots.md §4 that evidence is exposed to: 8 to 14, 18 and 20."""

import base64
import io
import json
import stat
import struct
import time
import zipfile
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.forge.github.client import MINE, App
from bot.hosting.places import Repository as Place
from bot.jobs.collecting import collect_head
from bot.jobs.evidence import episodes
from tests.github.keys import pair
from tests.github.runs import FAILED_LOG, zipped
from tests.jobs.collecting_world import (
    NOW,
    RED,
    Case,
    ann,
    bundle,
    case,
    github,
    head,
    shop,
    transcript,
    world,
)

__all__ = ["ann", "case", "github", "shop", "world"]


def everything(store: Path) -> bytes:
    """All bytes of the store, the names of its files too."""
    return b"\n".join(str(path).encode() + (path.read_bytes() if path.is_file() else b"") for path in store.rglob("*"))


# --- 8: whose installation --------------------------------------------------------------------------------------------


def test_8_an_installation_of_another_owner_reads_nothing_here(case: Case) -> None:
    other = case.world.repository("evil/shop", {"a": "b\n"})
    theirs = case.world.install("evil", other)
    pull = case.pull()
    case.world.run(case.shop, head(pull))
    app = App(case.world.app_id, pair()[0], case.github.url, spacing=0.0)

    reader = app.reader(theirs.id, "octo/shop", MINE)  # both repositories are called `shop`
    with pytest.raises(UserError, match="404"):
        list(reader.pages("/repos/octo/shop/pulls", dict)) or reader.get("/repos/octo/shop", dict)


def test_8_a_number_of_another_repository_makes_no_evidence(case: Case) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": bundle(head(pull))})
    confused = Place(case.shop.id + 1, "octo/shop", 1, branch="main")

    done = collect_head(case.source(), confused, head(pull), case.store, NOW)

    assert "T0" == done.trust
    assert "run-branch" != done.joined


# --- 9: a fork --------------------------------------------------------------------------------------------------------


def test_9_a_forks_report_that_is_named_as_ours_is_not_trusted(case: Case) -> None:
    fork = case.world.fork(case.shop, "eve")
    sha = case.commit("x")
    fork.git.run("fetch", "--quiet", str(case.shop.git.directory), "+refs/heads/x:refs/heads/x")
    case.shop.git.move("refs/heads/x", "")
    pull = case.world.fork_pull(case.shop, fork, "x")
    files = bundle(sha, trust="T2", outcome="fail", joined="trailer")
    case.world.run(case.shop, sha, branch="x", head_repository=fork, actor="eve", artifacts={"flywheel-bundle": files})

    done = case.collect(sha)

    assert ("T0", pull.number) == (done.trust, case.manifest(sha)["pull"])
    assert ["T0"] == [one.trust for one in episodes(case.store, "octo")]


def test_9_a_fork_that_pushes_our_commit_says_nothing_of_our_pull(case: Case) -> None:
    pull = case.pull("x")
    fork = case.world.fork(case.shop, "eve")
    case.world.fork_pull(case.shop, fork, "x")
    case.world.run(case.shop, head(pull), conclusion="success", name="ci")
    files = bundle(head(pull), files={"transcripts/a.jsonl": transcript("evil")})
    case.world.run(
        case.shop, head(pull), name="ci", head_repository=fork, actor="eve", artifacts={"flywheel-bundle": files}
    )

    done = case.collect(head(pull))

    assert ("T1", "pass", "unjoined") == (done.trust, done.outcome, done.joined)
    assert pull.number == case.manifest(head(pull))["pull"]
    assert b"evil" not in everything(case.store)


@pytest.mark.parametrize("association", ["NONE", "CONTRIBUTOR", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN"])
def test_9_an_author_who_may_not_write_is_not_trusted(association: str, case: Case) -> None:
    pull = case.pull()
    pull.association = association
    case.world.run(case.shop, head(pull))

    assert "T0" == case.collect(head(pull)).trust


# --- 10: what an artifact claims --------------------------------------------------------------------------------------


def test_10_an_artifact_names_neither_its_pull_nor_its_repository(case: Case) -> None:
    pull = case.pull()
    claims = {"repository": "other/secret", "pull": 99, "task": "issue-1", "outcome": "pass", "trust": "T2"}
    claims |= {"run": {"id": 7, "base": True}, "witnesses": [{"kind": "base", "reports": ["witnesses/a.xml"]}]}
    claims |= {"closure": {"reviews": 9}, "base_sha": "f" * 40, "reverted": "f" * 40, "corrections": 5}
    files = {**bundle(head(pull), **claims), "witnesses/a.xml": RED}
    made = case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": files})
    case.collect(head(pull))

    found = case.episode(head(pull))

    assert ("octo/shop", pull.number, f"pull-{pull.number}") == (found.repository, found.pull, found.task)
    assert ("fail", "T1", made.id, False) == (found.outcome, found.trust, found.run.id, found.run.base)
    assert ((), None) == (found.witnesses, found.closure)
    assert not {"reverted", "corrected"} & {one.name for one in found.signals}


def test_10_an_artifact_does_not_name_its_head(case: Case) -> None:
    pull, victim = case.pull(), case.pull(by="bob")
    case.world.run(case.shop, head(victim), actor="bob", conclusion="success")
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": bundle(head(victim))})

    assert ["bundle", "unjoined"] == [case.collect(head(one)).joined for one in (pull, victim)]


# --- 11, 12: archives -------------------------------------------------------------------------------------------------


def hostile() -> bytes:
    """Names that lead out, a link, an encrypted member, an archive in the archive; and one honest transcript."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in ("../../evil.jsonl", "/etc/evil.jsonl", "C:\\evil.jsonl", "..\\evil.jsonl", "a/../../evil.jsonl"):
            archive.writestr(name, transcript("planted"))
        link = zipfile.ZipInfo("link.jsonl")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("nested.zip", zipped({"t.jsonl": transcript("planted")}))
        archive.writestr("locked.jsonl", transcript("planted"))
        archive.writestr("honest.jsonl", transcript("honest"))
    data = bytearray(made.getvalue())
    at = data.index(b"PK\x01\x02")
    while at >= 0:
        if data[at + 46 :].startswith(b"locked.jsonl"):
            data[at + 8] |= 1  # the bit that says a member is encrypted
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def test_11_no_name_of_an_archive_becomes_a_path(case: Case, tmp_path: Path) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), artifacts={"agent": hostile()})
    done = case.collect(head(pull))

    assert ["transcripts/agent/honest.jsonl"] == [
        file["path"] for file in case.manifest(head(pull))["files"] if file["kind"] == "transcript"
    ]
    assert b"planted" not in everything(tmp_path / "evidence")
    assert [] == list(tmp_path.rglob("*evil*"))
    assert 6 <= sum("refused" in text or "cannot be read" in text for text in done.left_out)


def test_11_a_harness_file_lies_where_it_lay_or_nowhere(case: Case) -> None:
    pull = case.pull()
    names = (
        "harness/../manifest.json",
        "harness/.git/config",
        "harness//x",
        "harness/a",
        "harness/a/b",
        "harness/A.md",
    )
    files = bundle(head(pull)) | dict.fromkeys(names, "x\n")
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": files})
    case.collect(head(pull))

    assert ["A.md", "a"] == sorted(case.episode(head(pull)).harness)


def test_11_no_file_of_an_archive_stands_in_for_our_manifest(case: Case) -> None:
    pull = case.pull()
    inner = json.dumps({"flywheel_bundle": 1, "trust": "T2", "outcome": "pass", "repository": "other/shop"})
    files = bundle(head(pull)) | {"transcripts/manifest.json": inner, "reports/manifest.json": inner}
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": files, "agent": {"manifest.json": inner}})
    case.collect(head(pull))

    assert [("octo/shop", "fail", "T1")] == [(one.repository, one.outcome, one.trust) for one in case.episodes()]


def bomb() -> bytes:
    """Ten megabytes that would be ten gigabytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("a.jsonl", b"\0" * (80 << 20))
    return made.getvalue()


def crowd() -> bytes:
    """A million members, all of them the same few bytes."""
    one = (
        b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", *(20, 20, 0, 0, 0, 0), 0, 0, 0, 1, *(0, 0, 0, 0), 0, 0) + b"a"
    )
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65_535, 65_535, len(one) * 1_000_000, 0, 0)
    return one * 1_000_000 + end


def overlapping() -> bytes:
    """Ten thousand members that all are the same compressed bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", transcript("evil") * 20_000)
    data = made.getvalue()
    start = data.index(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    entry = data[start:end]
    listed = b"".join(entry[:-1] + b"%c" % (97 + number % 26) for number in range(10_000))
    return data[:start] + listed + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 10_000, 10_000, len(listed), start, 0)


@pytest.mark.parametrize("made", [bomb, crowd, overlapping, lambda: b"", lambda: b"PK\x03\x04" + b"x" * 100])
def test_12_a_bomb_costs_little_and_is_said(made: object, case: Case) -> None:
    pull = case.pull()
    data = made()  # type: ignore[operator]
    case.world.run(case.shop, head(pull), artifacts={"agent": data})
    before = time.monotonic()
    done = case.collect(head(pull))

    assert "stored" == done.status
    assert time.monotonic() - before < 20
    assert sum(path.stat().st_size for path in case.store.rglob("*") if path.is_file()) < 210 << 20
    assert done.left_out


# --- 13: where bytes come from ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        "http://169.254.169.254",
        "http://evil.example.com",
        "http://localhost.evil.example.com",
        "http://localhost@evil.example.com",
        "https://localhost",
        "file:///etc",
    ],
)
def test_13_a_redirect_elsewhere_is_refused(place: str, case: Case) -> None:
    pull = case.pull()
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": bundle(head(pull))})
    case.github.blob_url = place

    done = case.collect(head(pull))

    assert "stored" == done.status
    assert all("no store we know" in text for text in done.left_out)
    assert 2 == len(done.left_out)
    assert [] == case.github.asked_blobs


def test_13_a_second_redirect_is_refused_and_no_token_leaves(case: Case) -> None:
    pull = case.pull()
    made = case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": bundle(head(pull))})
    case.github.store_faults[str(made.artifacts[0].id)] = "redirect"

    done = case.collect(head(pull))

    assert ["sends us on" in text for text in done.left_out] == [True]
    assert {False} == {"authorization" in asked for asked in case.github.asked_blobs}


# --- 14: what cannot be had -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "said"),
    [("digest", "digest"), ("cut", "breaks off"), ("expired", "expired"), ("gone", "404"), ("log", "log of job")],
)
def test_14_what_cannot_be_had_is_said_and_not_tried_for_ever(how: str, said: str, case: Case) -> None:
    pull = case.pull()
    logs = {"test": None} if how == "log" else {"test": FAILED_LOG}
    made = case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": bundle(head(pull))}, logs=logs)
    artifact = made.artifacts[0]
    match how:
        case "digest":
            artifact.digest = f"sha256:{'0' * 64}"
        case "cut":
            case.github.store_faults[str(artifact.id)] = "cut"
        case "expired":
            artifact.expired = True
        case "gone":
            del case.world.blobs[str(artifact.id)]

    done = case.collect(head(pull))

    assert ["stored", True] == [done.status, any(said in text for text in done.left_out)]
    assert any("evidence-incomplete" in text and said in text for text in case.episode(head(pull)).warnings)
    asked = len(case.github.asked_blobs)
    assert "unchanged" == case.collect(head(pull)).status
    assert asked == len(case.github.asked_blobs) <= 4


# --- 18: secrets ------------------------------------------------------------------------------------------------------

TOKEN = "ghp_" + "a1B2c3D4e5" * 4
SECRETS = {
    "token": TOKEN,
    "fine-grained": "github_pat_" + "a1B2c3D4e5" * 4,
    "anthropic": "sk-ant-" + "a1B2c3D4e5" * 4,
    "aws": "AKIA" + "ABCDEFGH12345678",
    "jwt": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NTYifQ.c2lnbmF0dXJl",
    "wrapped": base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode(),
}
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\nq2w3e4r5t6y7u8i9o0\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize("kind", [*SECRETS, "pem"])
def test_18_no_secret_is_stored(kind: str, case: Case) -> None:
    secret = SECRETS.get(kind, PEM)
    needle = "q2w3e4r5t6y7u8i9o0" if kind == "pem" else secret
    pull = case.pull("leak")
    sha = case.commit("leak", "Leak", config__txt=f"a\n{secret}\nb\n")
    case.world.run(
        *(case.shop, sha),
        logs={"test": f"{secret}\n{FAILED_LOG}"},
        artifacts={
            "flywheel-bundle": bundle(sha, files={"transcripts/a.jsonl": transcript(said=f"I saw {secret} there")}),
            "junit": {"j.xml": RED.replace("assert", f"assert {secret}")},
            f"agent-{kind}": {f"{kind}.jsonl": transcript("t", said=secret), "harness/AGENTS.md": secret},
        },
    )
    done = case.collect(sha)

    assert ("stored", pull.number) == (done.status, case.manifest(sha)["pull"])
    assert 4 == len(case.manifest(sha)["files"])
    assert needle.encode() not in everything(case.store)
    assert case.episode(sha).trace


def test_18_a_harness_file_with_a_secret_stays_out(case: Case) -> None:
    pull = case.pull()
    files = bundle(head(pull)) | {"harness/AGENTS.md": f"Use {TOKEN}\n"}
    case.world.run(case.shop, head(pull), artifacts={"flywheel-bundle": files, f"agent-{TOKEN}": b"no zip"})
    done = case.collect(head(pull))

    assert any("holds a secret" in text for text in done.left_out)
    assert TOKEN not in repr(done)
    assert TOKEN.encode() not in everything(case.store)


# --- 20: what was edited afterwards -----------------------------------------------------------------------------------


def test_20_words_that_were_edited_after_they_were_said_are_no_reason(case: Case) -> None:
    pull = case.pull(by="claude[bot]")
    case.world.run(case.shop, head(pull))
    theirs = case.ann.get_repo("octo/shop").get_pull(pull.number)
    theirs.create_review(body="no", event="REQUEST_CHANGES")
    said = theirs.create_issue_comment("I will look tomorrow")
    theirs.edit(state="closed")
    (comment,) = [one for one in pull.comments if one.id == said.id]
    comment.body, comment.updated_at = "superseded by #1", "2027-01-01T00:00:00Z"
    case.collect(head(pull))

    found = case.episode(head(pull)).closure

    assert found
    assert ("", 1) == (found.reason, found.reviews)


def test_20_words_that_came_after_the_close_are_no_reason(case: Case) -> None:
    pull = case.pull(by="claude[bot]")
    case.world.run(case.shop, head(pull))
    theirs = case.ann.get_repo("octo/shop").get_pull(pull.number)
    theirs.create_review(body="no", event="REQUEST_CHANGES")
    theirs.edit(state="closed")
    pull.closed_at = case.at(0).replace("+00:00", "Z")
    theirs.create_issue_comment("stale")
    case.collect(head(pull))

    assert "" == case.episode(head(pull)).closure.reason  # type: ignore[union-attr]
