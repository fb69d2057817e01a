"""The tasks of the TypeScript site: issues with attempts at their source, in the words of somebody who works there."""

from __future__ import annotations

from tools.examples.shapes import Failure, Project, Task

HOLDS = Task(
    number=112,
    title="Readers see a place in the queue that is one too small",
    prompts=(
        "#112: `position` counts from 0, and a reader who does not wait gets -1. It must count from 1, and be 0 for somebody who "
        "does not wait. Suspended holds are skipped. Tests are in src/lib/holds.test.ts.",
        "Readers are told they are number 0 in the queue (issue 112). Please fix src/lib/holds.ts; suspended holds must not count "
        "before their day.",
        "Fix issue 112 (queue position). Done when the three cases in src/lib/holds.test.ts pass and `npm run typecheck` is clean.",
    ),
    source="src/lib/holds.ts",
    hunk="  const index = queue(holds).findIndex((hold) => hold.reader === reader);\n  return index;",
    versions=(
        "  const index = queue(holds).findIndex((hold) => hold.reader === reader);\n  return index + 1 || 0;",
        "  const index = queue(holds).findIndex((hold) => hold.reader === reader && !hold.suspendedUntil);\n  return index + 1;",
        "  const waiting = holds.filter((hold) => hold.suspendedUntil !== today);\n"
        "  return waiting.findIndex((hold) => hold.reader === reader) + 1;",
        "  const waiting = queue(holds).filter((hold) => !hold.suspendedUntil || hold.suspendedUntil <= today);\n"
        "  return waiting.findIndex((hold) => hold.reader === reader) + 1;",
    ),
    failures=(
        Failure(
            "src/lib/holds.test.ts",
            "skips holds that are suspended",
            'expect(position(holds, "ben", "2026-03-05")).toBe(1);',
            "AssertionError: expected 2 to be 1 // Object.is equality",
            24,
        ),
        Failure(
            "src/lib/holds.test.ts",
            "serves a hold again on its day",
            'expect(position(holds, "ana", "2026-03-09")).toBe(1);',
            "AssertionError: expected +0 to be 1 // Object.is equality",
            33,
        ),
    ),
    in_ci_only=Failure(
        "src/server/queue.e2e.test.ts",
        "shows the place on the account page",
        "await expect(place).toHaveText('1');",
        "Error: expect(locator).toHaveText: expected '1', received '0'",
        19,
    ),
    scratch=(
        (
            "src/lib/position.ts",
            'import { queue, type Hold } from "./holds.js";\n\nexport function place(holds: Hold[], reader: string): number {\n  return queue(holds).findIndex((hold) => hold.reader === reader) + 1;\n}\n',
        ),
    ),
    summary="`position` counts from 1 and skips suspended holds",
)

DATES = Task(
    number=119,
    title="Due dates fall on days when the library is closed",
    prompts=(
        "#119: dueDate ignores its `closed` argument. Move the due date to the next open day. Also check the switch to summer time, "
        "somebody got a date one day early. src/lib/dates.ts, tests beside it.",
        "Loans are due on Sundays although we are closed (issue 119). Please make `dueDate` honour `closed`.",
        "Issue 119. Needed: closed days are skipped, several in a row too; no dependence on the machine's time zone; tests pass.",
    ),
    source="src/lib/dates.ts",
    hunk="  const due = new Date(Date.parse(lent) + days * DAY);\n  return due.toISOString().slice(0, 10);",
    versions=(
        "  const due = new Date(Date.parse(lent) + days * DAY);\n  if (closed.includes(due.toISOString())) due.setDate(due.getDate() + 1);\n  return due.toISOString().slice(0, 10);",
        "  const due = new Date(lent);\n  due.setDate(due.getDate() + days + closed.length);\n  return due.toISOString().slice(0, 10);",
        '  const due = new Date(Date.parse(lent) + days * DAY);\n  const day = due.toLocaleDateString("sv");\n  return closed.includes(day) ? dueDate(day, 0) : day;',
        "  let due = Date.parse(lent) + days * DAY;\n  while (closed.includes(new Date(due).toISOString().slice(0, 10))) due += DAY;\n  return new Date(due).toISOString().slice(0, 10);",
    ),
    failures=(
        Failure(
            "src/lib/dates.test.ts",
            "moves past a closed day",
            'expect(dueDate("2026-03-01", 14, ["2026-03-15"])).toBe("2026-03-16");',
            "AssertionError: expected '2026-03-15' to be '2026-03-16' // Object.is equality",
            17,
        ),
        Failure(
            "src/lib/dates.test.ts",
            "moves past several closed days",
            'expect(dueDate("2026-04-20", 10, closed)).toBe("2026-05-04");',
            "AssertionError: expected '2026-05-01' to be '2026-05-04' // Object.is equality",
            25,
        ),
    ),
    in_ci_only=Failure(
        "src/server/loans.e2e.test.ts",
        "prints the due date on the receipt",
        "await expect(receipt).toContainText('16 March');",
        "Error: expect(locator).toContainText: expected '16 March', received '15 March'",
        28,
    ),
    scratch=(
        ("src/lib/calendar.ts", 'export const CLOSED = ["2026-03-15", "2026-05-01", "2026-05-02", "2026-05-03"];\n'),
    ),
    summary="due dates move past the days the library is closed",
)

SEARCH = Task(
    number=127,
    title="Search words reach the page as HTML",
    prompts=(
        "Issue 127: `highlight` puts the title and the words into HTML without escaping, and a word like `c++` throws. Escape first, "
        "then mark. src/lib/search.ts; two failing tests show both.",
        "Security report (#127): searching for a tag shows it as a tag. Fix `highlight` in src/lib/search.ts. Please keep the signature.",
        "#127: escape titles and search words in `highlight`. Done = the tests in src/lib/search.test.ts pass, nothing else changes.",
    ),
    source="src/lib/search.ts",
    hunk="  let html = title;\n  for (const word of words.split(/\\s+/).filter(Boolean)) {",
    versions=(
        '  let html = title.replace("<", "&lt;");\n  for (const word of words.split(/\\s+/).filter(Boolean)) {',
        "  let html = encodeURIComponent(title);\n  for (const word of words.split(/\\s+/).filter(Boolean)) {",
        '  let html = title.replace(/</g, "&lt;");\n  for (const word of words.split(/\\W+/).filter(Boolean)) {',
        "  let html = escapeHtml(title);\n  for (const word of words.split(/\\s+/).filter(Boolean).map(escapeHtml).map(escapePattern)) {",
    ),
    failures=(
        Failure(
            "src/lib/search.test.ts",
            "escapes the title",
            'expect(highlight("<b>Maps</b>", "maps")).toBe("&lt;b&gt;<mark>Maps</mark>&lt;/b&gt;");',
            "AssertionError: expected '&lt;b><mark>Maps</mark>&lt;/b>' to be '&lt;b&gt;<mark>Maps</mark>&lt;/b&gt;'",
            21,
        ),
        Failure(
            "src/lib/search.test.ts",
            "takes words that are no pattern",
            'expect(highlight("C++ for poets", "c++")).toContain("<mark>C++</mark>");',
            "SyntaxError: Invalid regular expression: /c++/gi: Nothing to repeat",
            29,
        ),
    ),
    in_ci_only=Failure(
        "src/server/search.e2e.test.ts",
        "shows a tag as text",
        "await expect(page.locator('script.injected')).toHaveCount(0);",
        "Error: expect(locator).toHaveCount: expected 0, received 1",
        33,
    ),
    scratch=(
        (
            "src/lib/escape.ts",
            'export function escapeHtml(text: string): string {\n  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");\n}\n',
        ),
    ),
    summary="`highlight` escapes before it marks",
)

SESSION = Task(
    number=131,
    title="Readers are signed out while they read",
    prompts=(
        "#131: a session ends half an hour after sign-in even when the reader is active. `touch` must renew it when less than ten "
        "minutes are left. src/server/session.ts and its test.",
        "Sessions end in the middle of work (issue 131). Renew on activity in `touch`; do not change the object that was passed in.",
        "Please do 131: renew sessions on activity, never in place, never after they have ended. Tests: src/server/session.test.ts.",
    ),
    source="src/server/session.ts",
    hunk="  if (now > session.expires) return undefined;\n  return session;",
    versions=(
        "  if (now > session.expires) return undefined;\n  session.expires = now + LIFETIME;\n  return session;",
        "  if (now > session.expires + LIFETIME) return undefined;\n  return { ...session, expires: session.expires + LIFETIME };",
        "  if (now >= session.expires) return undefined;\n  return now - session.expires < RENEW ? session : open(session.reader, now);",
        "  if (now > session.expires) return undefined;\n  return session.expires - now < RENEW ? open(session.reader, now) : session;",
    ),
    failures=(
        Failure(
            "src/server/session.test.ts",
            "renews when little time is left",
            "expect(touch(old, late)?.expires).toBe(late + LIFETIME);",
            "AssertionError: expected 1800000 to be 3300000 // Object.is equality",
            16,
        ),
        Failure(
            "src/server/session.test.ts",
            "leaves the old object alone",
            "expect(old.expires).toBe(LIFETIME);",
            "AssertionError: expected 3300000 to be 1800000 // Object.is equality",
            25,
        ),
    ),
    in_ci_only=Failure(
        "src/server/account.e2e.test.ts",
        "stays signed in while reading",
        "await expect(page).toHaveURL('/account');",
        "Error: expect(page).toHaveURL: expected '/account', received '/sign-in'",
        41,
    ),
    scratch=(
        ("src/server/renew.ts", 'import { LIFETIME } from "./session.js";\n\nexport const RENEW = LIFETIME / 3;\n'),
    ),
    summary="active sessions are renewed in their last ten minutes",
)

SHELF = Task(
    number=138,
    title="An empty shelf shows nothing at all",
    prompts=(
        "#138: when a search finds nothing, `shelfList` renders an empty list. Show a sentence with role=status instead.",
    ),
    source="src/components/shelf.ts",
    hunk='  return `<ul class="shelf">${items.join("")}</ul>`;',
    versions=(
        '  return items.length ? `<ul class="shelf">${items.join("")}</ul>` : "";',
        '  return `<ul class="shelf" role="status">${items.join("") || "Nothing found"}</ul>`;',
        '  return items.length ? `<ul class="shelf">${items.join("")}</ul>` : `<p>Nothing found.</p>`;',
        '  return items.length ? `<ul class="shelf">${items.join("")}</ul>` : `<p role="status">Nothing found.</p>`;',
    ),
    failures=(
        Failure(
            "src/components/shelf.test.ts",
            "says that nothing was found",
            "expect(shelfList([])).toContain('role=\"status\"');",
            "AssertionError: expected '<ul class=\"shelf\"></ul>' to contain 'role=\"status\"'",
            8,
        ),
    ),
    in_ci_only=Failure(
        "src/server/search.e2e.test.ts",
        "announces an empty result",
        "await expect(page.getByRole('status')).toBeVisible();",
        "Error: expect(locator).toBeVisible: not found",
        52,
    ),
    scratch=(("src/components/empty.ts", 'export const EMPTY = "<p>Nothing found.</p>";\n'),),
    summary="an empty shelf says so",
)

TITLES = Task(
    number=140,
    title="Search should find by author alone",
    prompts=(
        "#140: a search for an author's last name with an accent finds nothing. Compare without accents in `search`.",
    ),
    source="src/lib/search.ts",
    hunk="  const wanted = words.toLowerCase().split(/\\s+/).filter(Boolean);",
    versions=(
        "  const wanted = words.toLocaleLowerCase().split(/\\s+/).filter(Boolean);",
        "  const wanted = words.normalize().toLowerCase().split(/\\s+/).filter(Boolean);",
        '  const wanted = words.toLowerCase().split(" ").filter(Boolean);',
        "  const wanted = plain(words).split(/\\s+/).filter(Boolean);",
    ),
    failures=(
        Failure(
            "src/lib/search.test.ts",
            "finds without accents",
            'expect(search(titles, "perez")).toHaveLength(1);',
            "AssertionError: expected [] to have a length of 1 but got +0",
            37,
        ),
    ),
    in_ci_only=Failure(
        "src/server/search.e2e.test.ts",
        "finds accents in the address bar",
        "await expect(items).toHaveCount(1);",
        "Error: expect(locator).toHaveCount: expected 1, received 0",
        60,
    ),
    scratch=(("src/lib/plain.ts", 'export const plain = (text: string) => text.normalize("NFD").toLowerCase();\n'),),
    summary="search compares without accents",
)

PROJECT = Project(
    repository="lumen-orchard/reading-room",
    language="typescript",
    purpose="the reservation site of a small library",
    suite=(
        ("src/lib/holds.test.ts", ("serves the oldest hold first",)),
        ("src/lib/dates.test.ts", ("adds the days of the loan", "counts the days left")),
        ("src/lib/search.test.ts", ("finds by every word", "marks what was found")),
        ("src/server/session.test.ts", ("ends after half an hour",)),
        ("src/components/shelf.test.ts", ("lists the titles",)),
    ),
    tasks=(HOLDS, DATES, SEARCH, SESSION, SHELF, TITLES),
)
