"""What is asked of the tables, in words that SQLite and PostgreSQL both understand.

Parameters by name: `at` now, in seconds since 1970; `rows` a JSON list of Row, `ids` a list, `can_wait` those of them
that are begun `burst` seconds after the first of them; `lease`; a key's columns.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.engine.tables import BUSY, DELIVERY, JOB, MARK, SERVED

KEY = ("installation", "repository", "kind", "subject")
AT = sa.bindparam("at", type_=sa.Double)
UNTIL = sa.bindparam("until_", type_=sa.Double)
LEASE = sa.bindparam("lease", type_=sa.Text)
INSTALLATION = sa.bindparam("installation_", type_=sa.BigInteger)
IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
CAN_WAIT: sa.BindParameter[Any] = sa.bindparam("can_wait", expanding=True)
BURST = sa.bindparam("burst", type_=sa.Double)
IN_HAND = -1.0
"""The `due` of a job from its begin until something new is told: what CI says then is a burst of its own."""
Row = tuple[str, int, int, str, str, str, float, int]
"""id, installation, repository, kind, subject, hint, received at, 1 where no delivery caused it."""


def _of(table: sa.Table) -> sa.ColumnElement[bool]:
    """The row of a key; the parameters are the columns with a `_` behind."""
    return sa.and_(*(table.c[name] == sa.bindparam(f"{name}_", type_=table.c[name].type) for name in KEY))


def of_key(key: tuple[Any, ...]) -> dict[str, Any]:
    """The parameters of a key."""
    return {f"{name}_": value for name, value in zip(KEY, key, strict=True)}


_BUSY = sa.exists().where(
    BUSY.c.installation == JOB.c.installation, BUSY.c.repository == JOB.c.repository, BUSY.c.until > AT
)
_READY = sa.and_(JOB.c.due <= AT, ~_BUSY)
NEXT_INSTALLATION = (
    sa.select(SERVED.c.installation)
    .where(SERVED.c.due <= AT, sa.exists().where(JOB.c.installation == SERVED.c.installation, _READY))
    .order_by(SERVED.c.at)
    .limit(1)
)
"""The installation that was served longest ago, of those with something to do where nobody is at work."""
NEXT_JOB = (
    sa.select(*(JOB.c[name] for name in KEY))
    .where(JOB.c.installation == NEXT_INSTALLATION.scalar_subquery(), _READY)
    .order_by(JOB.c.first)
    .limit(1)
)
"""The oldest of its jobs that can be begun."""
_WAITING = sa.and_(_of(DELIVERY), DELIVERY.c.state == "received")
HOLD = (
    sa.update(DELIVERY)
    .where(_WAITING)
    .values(holder=LEASE, attempts=DELIVERY.c.attempts + 1)
    .returning(DELIVERY.c.received_at, DELIVERY.c.id, DELIVERY.c.hint, DELIVERY.c.attempts)
)
GIVE_UP = (
    sa.update(DELIVERY)
    .where(_WAITING, DELIVERY.c.attempts >= sa.bindparam("most", type_=sa.Integer))
    .values(state="failed", ended_at=AT, reason=sa.bindparam("why", type_=sa.Text))
)
_HELD = sa.and_(_WAITING, DELIVERY.c.holder == LEASE)
END = (
    sa.update(DELIVERY)
    .where(_HELD)
    .values(
        state=sa.bindparam("state_", type_=sa.Text), ended_at=AT, reason=sa.bindparam("why", type_=sa.Text), holder=""
    )
)
GIVE_BACK = (
    sa.update(DELIVERY)
    .where(_HELD)
    .values(holder="", attempts=DELIVERY.c.attempts - sa.bindparam("uncounted", type_=sa.Integer))
)
BEGIN = sa.update(JOB).where(_of(JOB)).values(due=IN_HAND)
PUT_OFF = sa.update(JOB).where(_of(JOB)).values(due=UNTIL)
PUT_OFF_ALL = sa.update(SERVED).where(SERVED.c.installation == INSTALLATION, SERVED.c.due < UNTIL).values(due=UNTIL)
DROP_JOB = sa.delete(JOB).where(_of(JOB), ~sa.exists().where(_WAITING))
_FIRST = sa.select(sa.func.min(DELIVERY.c.received_at)).where(_WAITING).scalar_subquery()
MOVE_JOB = sa.update(JOB).where(_of(JOB), JOB.c.first != _FIRST).values(first=_FIRST)
_LEASED = sa.and_(
    BUSY.c.installation == INSTALLATION,
    BUSY.c.repository == sa.bindparam("repository_", type_=sa.BigInteger),
    BUSY.c.holder == LEASE,
)
FREE = sa.delete(BUSY).where(_LEASED)
RENEW = sa.update(BUSY).where(_LEASED).values(until=UNTIL)
MARKED = sa.select(MARK.c.at).where(MARK.c.name == sa.bindparam("name_", type_=sa.Text))
COUNTS = sa.select(DELIVERY.c.state, sa.func.count()).group_by(DELIVERY.c.state)
OLDEST = sa.select(sa.func.min(JOB.c.first)).where(JOB.c.due <= AT)
LETTERS = (
    sa.select(
        *(DELIVERY.c[name] for name in KEY),
        DELIVERY.c.reason,
        sa.func.count(),
        sa.func.max(DELIVERY.c.attempts),
        sa.func.max(DELIVERY.c.ended_at).label("ended"),
        sa.func.max(DELIVERY.c.hint),
    )
    .where(DELIVERY.c.state == "failed")
    .group_by(*(DELIVERY.c[name] for name in KEY), DELIVERY.c.reason)
    .order_by(sa.desc("ended"))
    .limit(sa.bindparam("most", type_=sa.Integer))
)
FAILED = sa.select(DELIVERY.c.id).where(DELIVERY.c.state == "failed").order_by(DELIVERY.c.received_at)
RETRY = (
    sa.update(DELIVERY)
    .where(DELIVERY.c.id.in_(IDS), DELIVERY.c.state == "failed")
    .values(state="received", attempts=0, holder="", ended_at=0, reason="")
)
FORGET = sa.delete(DELIVERY).where(
    DELIVERY.c.id.in_(
        sa.select(DELIVERY.c.id)
        .where(DELIVERY.c.state == sa.bindparam("state_", type_=sa.Text), DELIVERY.c.state != "received")
        .where(DELIVERY.c.ended_at < AT)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )
)
INSTALLATIONS = (
    sa.select(DELIVERY.c.installation)
    .group_by(DELIVERY.c.installation)
    .having(sa.func.max(DELIVERY.c.received_at) < AT)
)
OF_INSTALLATION = tuple(
    sa.delete(table).where(table.c.installation == INSTALLATION) for table in (SERVED, JOB, BUSY, DELIVERY)
)


class Upserts:
    """The statements that insert or update; the two databases agree on the words, SQLAlchemy has them twice."""

    def __init__(self, *, is_sqlite: bool) -> None:
        insert: Any = sqlite.insert if is_sqlite else postgresql.insert
        self.put = _put(insert, is_sqlite=is_sqlite)
        self.jobs = _jobs(insert)
        self.served = (
            insert(SERVED)
            .from_select(
                ["installation", "at"],
                sa.select(DELIVERY.c.installation, sa.literal(0.0)).where(DELIVERY.c.id.in_(IDS)).distinct(),
            )
            .on_conflict_do_nothing()
        )
        self.busy = _upsert(insert, BUSY, ["installation", "repository"])
        self.serve = _upsert(insert, SERVED, ["installation"], kept=("due",))
        self.mark = _upsert(insert, MARK, ["name"])


def _jobs(insert: Any) -> Any:
    """A row for each key of `ids`, due at once when one of them is. What is due at once is not put off by what can
    wait, and goes before it; what was put off for longer than a burst stays so."""
    due = sa.case((DELIVERY.c.id.in_(CAN_WAIT), DELIVERY.c.received_at + BURST), else_=0.0)
    made = insert(JOB).from_select(
        [*KEY, "first", "due"],
        sa.select(*(DELIVERY.c[name] for name in KEY), sa.func.min(DELIVERY.c.received_at), sa.func.min(due))
        .where(DELIVERY.c.id.in_(IDS))
        .group_by(*(DELIVERY.c[name] for name in KEY)),
    )
    new = made.excluded
    sooner = sa.and_(new.due == 0.0, JOB.c.due != 0.0, JOB.c.due <= new.first + BURST)
    next_burst = sa.and_(new.due != 0.0, JOB.c.due == IN_HAND)
    return made.on_conflict_do_update(index_elements=KEY, set_={"due": new.due}, where=sa.or_(sooner, next_burst))


def _upsert(insert: Any, table: sa.Table, key: list[str], kept: tuple[str, ...] = ()) -> Any:
    made = insert(table).values(
        {one.name: sa.bindparam(one.name, type_=one.type) for one in table.c if one.name not in kept}
    )
    changed = {one.name: made.excluded[one.name] for one in table.c if one.name not in (*key, *kept)}
    return made.on_conflict_do_update(index_elements=key, set_=changed)


def _put(insert: Any, *, is_sqlite: bool) -> Any:
    """Insert all `rows` that are new, or had failed, and give their ids.

    One statement for a whole batch: each one more would wait for the interpreter's lock while the server is busy. What
    no delivery caused is not new when the same already waits for somebody to begin it.
    """
    rows = sa.bindparam("rows", type_=sa.Text)
    listed = sa.func.json_each(rows) if is_sqlite else sa.func.json_array_elements(sa.cast(rows, postgresql.JSON))
    value = listed.table_valued(sa.column("value", sa.JSON)).c.value
    types = (sa.Text, sa.BigInteger, sa.BigInteger, sa.Text, sa.Text, sa.Text, sa.Double)
    cells: list[sa.ColumnElement[Any]] = [sa.cast(value[number].as_string(), kind) for number, kind in enumerate(types)]
    same = DELIVERY.alias("same")
    waits = sa.exists().where(
        *(same.c[name] == cells[number] for number, name in enumerate(KEY, 1)),
        same.c.state == "received",
        same.c.holder == "",
    )
    caused = sa.cast(value[len(types)].as_string(), sa.Text) == "0"
    made = insert(DELIVERY).from_select(
        ["id", *KEY, "hint", "received_at"], sa.select(*cells).where(sa.or_(caused, ~waits))
    )
    again = {"state": "received", "attempts": 0, "holder": "", "ended_at": 0, "reason": ""}
    return made.on_conflict_do_update(index_elements=["id"], set_=again, where=DELIVERY.c.state == "failed").returning(
        DELIVERY.c.id
    )
