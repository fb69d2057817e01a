"""Which files a unified diff changes and adds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.model import Diff
from bot.signals import reports
from bot.signals.reports import patch

HUNK = "@@ -1 +1 @@\n-a\n+b\n"


def change(path: str) -> str:
    return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n{HUNK}"


NEW = "diff --git a/n.py b/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+b\n"
GONE = "diff --git a/g.py b/g.py\ndeleted file mode 100644\n--- a/g.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n"
MOVED = "diff --git a/old b/new\nsimilarity index 100%\nrename from old\nrename to new\n"
BINARY = "diff --git a/b.png b/b.png\nnew file mode 100644\nBinary files /dev/null and b/b.png differ\n"
QUOTED = change("x").replace("a/x", '"a/\\303\\244.t"').replace("b/x", '"b/\\303\\244.t"')


def test_an_empty_patch_names_nothing() -> None:
    assert patch.paths(b"") == Diff()


def test_changed_added_removed_renamed_binary_and_quoted() -> None:
    text = change("src/a.py") + NEW + GONE + MOVED + BINARY + QUOTED

    assert patch.paths(text.encode()) == Diff(
        changed=("g.py", "old", "src/a.py", "ä.t"), added=("b.png", "n.py", "new")
    )


def test_paths_that_leave_the_repository_are_refused() -> None:
    text = "".join(change(path) for path in ("../../etc/passwd", "x/../../y", "/etc/x", "C:/x", "~/x", "ok.py"))

    assert patch.paths(text.encode()) == Diff(changed=("ok.py",))


def test_a_cut_off_patch_is_read_by_its_headers() -> None:
    text = change("a.py") + "diff --git a/b.py b/b.py\n--- a/b.py\n+++ b/b.py\n@@ -1,9 +1,9 @@\n-a\n"

    assert patch.paths(text.encode()) == Diff(changed=("a.py", "b.py"))


def test_a_patch_is_told_by_its_content_and_has_no_outcome() -> None:
    report = reports.read(change("a.py").encode(), "whatever.xml")

    assert (report.format, report.outcome) == ("patch", "none")


@given(st.one_of(st.binary(max_size=300), st.text(alphabet='ab/.+-@ \n"\\0diffgt', max_size=300).map(str.encode)))
def test_arbitrary_bytes_do_not_crash(data: bytes) -> None:
    found = patch.paths(change("a.py").encode() + data)

    assert all(patch.is_safe(path) for path in (*found.changed, *found.added))
