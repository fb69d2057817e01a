"""The queue as it first was: a SQLite file of flywheel 0.1 that has it already is left as it is."""

from alembic import op

revision = "v1"
down_revision = None

TABLES = """
CREATE TABLE IF NOT EXISTS delivery (
    id TEXT NOT NULL PRIMARY KEY, installation BIGINT NOT NULL, repository BIGINT NOT NULL, kind TEXT NOT NULL,
    subject TEXT NOT NULL, hint TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'received',
    received_at DOUBLE PRECISION NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, holder TEXT NOT NULL DEFAULT '',
    ended_at DOUBLE PRECISION NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waiting ON delivery (installation, repository, kind, subject, received_at)
    WHERE state = 'received';
CREATE INDEX IF NOT EXISTS ended ON delivery (ended_at) WHERE state <> 'received';
CREATE TABLE IF NOT EXISTS job (
    installation BIGINT NOT NULL, repository BIGINT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    first DOUBLE PRECISION NOT NULL, PRIMARY KEY (installation, repository, kind, subject)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS next ON job (installation, first);
CREATE TABLE IF NOT EXISTS busy (
    installation BIGINT NOT NULL, repository BIGINT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    holder TEXT NOT NULL, until DOUBLE PRECISION NOT NULL, PRIMARY KEY (installation, repository)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS served (installation BIGINT PRIMARY KEY, at DOUBLE PRECISION NOT NULL);
CREATE INDEX IF NOT EXISTS longest_ago ON served (at);
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL);
"""


def upgrade() -> None:
    """Make the tables. In PostgreSQL a table of somebody else that bears one of these names is an error."""
    of_ours = TABLES
    if op.get_bind().dialect.name == "postgresql":
        of_ours = of_ours.replace(" WITHOUT ROWID", "").replace(" IF NOT EXISTS", "")
    for statement in of_ours.split(";"):
        if statement.strip():
            op.execute(statement)
