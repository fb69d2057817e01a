"""The tables of the queue as they are now; bot/engine/versions/ tells how they came to be."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, Table, Text

METADATA = MetaData()


def _key() -> list[Column[object]]:
    return [
        Column("installation", BigInteger, primary_key=True, autoincrement=False),
        Column("repository", BigInteger, primary_key=True, autoincrement=False),
        Column("kind", Text, primary_key=True),
        Column("subject", Text, primary_key=True),
    ]


DELIVERY = Table(
    "delivery",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("installation", BigInteger, nullable=False),
    Column("repository", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="received"),
    Column("received_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("holder", Text, nullable=False, server_default=""),
    Column("ended_at", Double, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
)
"""A hint: `received` until it is `done` or `failed`; `holder` is the lease under which somebody is at work on it."""

JOB = Table(
    "job",
    METADATA,
    *_key(),
    Column("first", Double, nullable=False),
    Column("due", Double, nullable=False, server_default="0"),
)
"""What waits, one row a key: since when, and not to be begun before `due`; `due` is -1 while nothing is new."""

BUSY = Table(
    "busy",
    METADATA,
    Column("installation", BigInteger, primary_key=True, autoincrement=False),
    Column("repository", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("until", Double, nullable=False),
)
"""The repositories in which somebody is at work, until then."""

SERVED = Table(
    "served",
    METADATA,
    Column("installation", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("due", Double, nullable=False, server_default="0"),
)
"""When each installation was last given a worker, and before when it is to get none."""

MARK = Table("mark", METADATA, Column("name", Text, primary_key=True), Column("at", Double, nullable=False))
"""When something was last done."""
