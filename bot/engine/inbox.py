"""The queue between the server and its workers: hints go in once, work comes out until it is done.

A delivery is `received`, then `done` or `failed`. Sent again it is only taken up again when it had failed. All hints of
one repository are one piece of work, for a visit looks at all of it (the hints of none: those of one kind and subject).
One is in hand at a time, and the installation that was served longest ago is served next. Work is done at least once:
that of a worker that died is another's when its lease has ended. All that is lost with a database is found again by the
sweep.

Times are seconds since 1970, told by whoever calls: the clocks of several hosts may differ by less than a lease.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import Any
from uuid import uuid4

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from bot.engine import statements as sql
from bot.engine.database import Database, mended
from bot.engine.upgrade import upgrade
from bot.engine.work import Letter, Work
from bot.engine.writer import Waiting, Writer
from bot.hosting.hints import Hint

MAX_ATTEMPTS = 5
MAX_REASON = 500
BURST_SECONDS = 30.0
"""CI tells of every job and check by itself, within a minute or so."""
CHUNK = 5_000
"""Rows that one transaction changes at most: nobody else writes while it runs."""

_Key = tuple[int, int, str, str]


class Inbox:
    """The queue in one database, for any number of threads and processes. UserError when it cannot be opened.

    What can wait (bot/hosting/hints.py) is begun `burst` seconds after the first of it, so that all of it is one visit.
    """

    def __init__(self, url: str, burst: float = 0.0) -> None:
        self._burst = burst
        self._database = Database(url)
        try:
            upgrade(self._database)
        except (SQLAlchemyError, OSError) as error:
            raise mended(self._database.name, error) from error
        self._upserts = sql.Upserts(is_sqlite=self._database.is_file)
        self._writer = Writer(self._write)
        self._is_idle = True

    def put(self, hint: Hint, at: float) -> Future[bool]:
        """Done when it is on disk: True when there is something new to do, False for one that was known.

        A hint that no delivery caused (`delivery` is "") is known while one of the same key waits to be begun.
        """
        return self._writer.put(hint, at)

    def take(self, holder: str, at: float, seconds: float) -> Work | None:
        """The next work, ours until `at` + `seconds`; None when all is done, put off or in hand.

        What killed its worker MAX_ATTEMPTS times is left to a person, as failed.
        """
        if self._is_idle and not self._has_work(at):
            return None
        lease = f"{holder}/{uuid4().hex}"
        with self._database.change() as connection:
            while row := connection.execute(sql.NEXT_JOB, {"at": at}).first():
                key: _Key = (row[0], row[1], row[2], row[3])
                rows = sorted(tuple(one) for one in connection.execute(sql.HOLD, {**sql.of_key(key), "lease": lease}))
                attempts = max((row[3] for row in rows), default=0)
                if not rows or attempts > MAX_ATTEMPTS:
                    _give_up(connection, key, lease, at)
                    continue
                self._hold(connection, key, lease, at, seconds)
                self._is_idle = False
                return Work(*key, tuple(msgspec.json.decode(row[2], type=Hint) for row in rows), lease, attempts)
        self._is_idle = True
        return None

    def renew(self, work: Work, at: float, seconds: float) -> bool:
        """Keep it until `at` + `seconds`. False when the lease had ended and somebody else has it."""
        told = {**sql.of_key(_key(work)), "lease": work.lease, "until_": at + seconds}
        with self._database.change() as connection:
            return connection.execute(sql.RENEW, told).rowcount > 0

    def done(self, work: Work, at: float) -> bool:
        """End it well. False when the lease had ended and it is no longer ours."""
        return self._end(work, at, "done", "")

    def failed(self, work: Work, at: float, reason: str) -> bool:
        """End it badly, to be seen by a person and taken up again when GitHub sends it again."""
        return self._end(work, at, "failed", reason[:MAX_REASON])

    def later(self, work: Work, until: float, *, counted: bool = False, whole: bool = False) -> bool:
        """Give it back, not to be begun before `until`; `counted` as an attempt or not.

        With `whole` nothing of its installation is begun before. False when it is no longer ours.
        """
        key = sql.of_key(_key(work))
        told = {**key, "lease": work.lease, "until_": until, "uncounted": int(not counted)}
        with self._database.change() as connection:
            ours = connection.execute(sql.GIVE_BACK, told).rowcount > 0
            if ours:
                connection.execute(sql.PUT_OFF, told)
            if ours and whole:
                connection.execute(sql.PUT_OFF_ALL, told)
            connection.execute(sql.FREE, told)
        return ours

    def swept(self, at: float) -> None:
        """Remember that everything GitHub holds was looked at."""
        self._mark("sweep", at)

    def last_sweep(self) -> float | None:
        """When that was; None for never."""
        with self._database.look() as connection:
            return _number(connection.scalar(sql.MARKED, {"name_": "sweep"}))

    def claim(self, name: str, at: float, every: float) -> bool:
        """Whether a chore falls to us now: nobody of all workers has claimed it for `every` seconds."""
        told = {"name_": f"chore {name}"}
        with self._database.look() as connection:
            if not _is_due(connection.scalar(sql.MARKED, told), at, every):
                return False
        with self._database.change() as connection:
            if not _is_due(connection.scalar(sql.MARKED, told), at, every):
                return False
            connection.execute(self._upserts.mark, {"name": f"chore {name}", "at": at})
        return True

    def owe(self, name: str, at: float, every: float) -> None:
        """Let a chore fall to somebody at `at`, for who claimed it did not end it."""
        self._mark(f"chore {name}", at - every)

    def check(self, at: float) -> None:
        """Raise when nothing can be written."""
        self._mark("check", at)

    def counts(self) -> Mapping[str, int]:
        """Deliveries by state."""
        with self._database.look() as connection:
            return {"received": 0, "done": 0, "failed": 0, **dict(connection.execute(sql.COUNTS).all())}

    def oldest(self, at: float) -> float | None:
        """Since when the oldest work waits that could be begun, or is in hand; None for none."""
        with self._database.look() as connection:
            return _number(connection.scalar(sql.OLDEST, {"at": at}))

    def letters(self, limit: int) -> Sequence[Letter]:
        """The dead letters, newest first, a line for each work and reason."""
        with self._database.look() as connection:
            return [_letter(tuple(row)) for row in connection.execute(sql.LETTERS, {"most": limit})]

    def retry(self) -> int:
        """Take up all dead letters again, and say how many deliveries that was."""
        with self._database.look() as connection:
            ids = connection.scalars(sql.FAILED).all()
        count = 0
        for start in range(0, len(ids), CHUNK):
            chunk = {"ids": ids[start : start + CHUNK]}
            with self._database.change() as connection:
                count += connection.execute(sql.RETRY, chunk).rowcount
                connection.execute(self._upserts.jobs, {**chunk, **self._waiting(())})
                connection.execute(self._upserts.served, chunk)
        return count

    def forget(self, done_before: float, failed_before: float) -> int:
        """Drop what ended before then, and say how much that was."""
        count = 0
        for state, before in (("done", done_before), ("failed", failed_before)):
            gone = CHUNK
            while gone == CHUNK:
                with self._database.change() as connection:
                    told = {"state_": state, "at": before, "most": CHUNK}
                    gone = connection.execute(sql.FORGET, told).rowcount
                count += gone
        return count

    def keep_only(self, installations: Collection[int], before: float) -> int:
        """Drop all that is known of installations that are gone: of no other one was anything heard since `before`.

        How many deliveries that was.
        """
        count = 0
        with self._database.change() as connection:
            for gone in set(connection.scalars(sql.INSTALLATIONS, {"at": before})) - {0, *installations}:
                count += [connection.execute(one, {"installation_": gone}) for one in sql.OF_INSTALLATION][-1].rowcount
        return count

    def close(self) -> None:
        """Write what waits, and let go."""
        self._writer.close()
        self._database.close()

    def _write(self, batch: Sequence[Waiting]) -> Sequence[bool]:
        """The writer's transaction; of two with the same id the first one is new."""
        rows: dict[str, sql.Row] = {}
        ids = []
        can_wait = []
        for one in batch:
            row = _row(one.hint, one.at)
            ids.append(row[0] if row[0] not in rows else "")
            can_wait += [row[0]] if self._burst and one.hint.can_wait else []
            rows.setdefault(row[0], row)
        with self._database.change() as connection:
            told = {"rows": msgspec.json.encode(list(rows.values())).decode()}
            news = set(connection.scalars(self._upserts.put, told))
            if news:
                connection.execute(self._upserts.jobs, {"ids": list(news), **self._waiting(can_wait)})
                connection.execute(self._upserts.served, {"ids": list(news)})
        return [one in news for one in ids]

    def _waiting(self, ids: Sequence[str]) -> dict[str, Any]:
        """Which of the deliveries can wait, and how long; no delivery is called ""."""
        return {"can_wait": list(ids) or [""], "burst": self._burst}

    def _has_work(self, at: float) -> bool:
        """Whether there is something to take; a reader costs nobody the lock, however often it looks."""
        with self._database.look() as connection:
            return connection.scalar(sql.NEXT_INSTALLATION, {"at": at}) is not None

    def _hold(self, connection: sa.Connection, key: _Key, lease: str, at: float, seconds: float) -> None:
        busy = dict(zip(sql.KEY, key, strict=True)) | {"holder": lease, "until": at + seconds}
        connection.execute(self._upserts.busy, busy)
        connection.execute(sql.BEGIN, sql.of_key(key))
        connection.execute(self._upserts.serve, {"installation": key[0], "at": at})

    def _end(self, work: Work, at: float, state: str, reason: str) -> bool:
        key = _key(work)
        told = {**sql.of_key(key), "lease": work.lease, "at": at, "state_": state, "why": reason}
        with self._database.change() as connection:
            ours = connection.execute(sql.END, told).rowcount > 0
            connection.execute(sql.FREE, told)
            _settle(connection, key)
        return ours

    def _mark(self, name: str, at: float) -> None:
        with self._database.change() as connection:
            connection.execute(self._upserts.mark, {"name": name, "at": at})


def _give_up(connection: sa.Connection, key: _Key, lease: str, at: float) -> None:
    """Leave to a person what killed its workers; what is newer than those waits on."""
    said = f"its worker ended {MAX_ATTEMPTS} times without an answer"
    connection.execute(sql.GIVE_BACK, {**sql.of_key(key), "lease": lease, "uncounted": 1})
    connection.execute(sql.GIVE_UP, {**sql.of_key(key), "at": at, "why": said, "most": MAX_ATTEMPTS})
    _settle(connection, key)


def _settle(connection: sa.Connection, key: _Key) -> None:
    """Make the job of a key what its waiting deliveries say: gone without any, else as old as the first of them."""
    if connection.execute(sql.DROP_JOB, sql.of_key(key)).rowcount == 0:
        connection.execute(sql.MOVE_JOB, sql.of_key(key))


def _key(work: Work) -> _Key:
    return work.installation, work.repository, work.kind, work.subject


def _row(hint: Hint, at: float) -> sql.Row:
    """A hint as it is written; what no delivery caused gets an id that GitHub gives to none."""
    own = hint.delivery == ""
    name = f"own:{uuid4().hex}" if own else hint.delivery
    about = ("repository", "") if hint.repository else (hint.kind, hint.subject)
    return name, hint.installation, hint.repository, *about, msgspec.json.encode(hint).decode(), at, int(own)


def _is_due(last: float | None, at: float, every: float) -> bool:
    return last is None or last <= at - every


def _number(found: float | None) -> float | None:
    return None if found is None else float(found)


def _letter(row: tuple[Any, ...]) -> Letter:
    installation, repository, kind, subject, reason, deliveries, attempts, ended_at, data = row
    places = msgspec.json.decode(data, type=Hint).places
    name = places[0].name if len(places) == 1 else ""
    return Letter(installation, repository, name, kind, subject, deliveries, attempts, ended_at, reason)
