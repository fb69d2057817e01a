"""A database in, the same one with the tables of this version out; one made by a newer version is left alone.

Every process does it when it starts: the first one upgrades, in one transaction, and the others wait for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.engine.database import Database
from bot.errors import UserError

HEAD = "v2"
"""The newest file in bot/engine/versions/; so Alembic need not be loaded where there is nothing to do."""
VERSION = "flywheel_version"
VERSIONS = Path(__file__).parent / "versions"


def upgrade(database: Database, to: str = HEAD) -> None:
    """Bring the tables to version `to`. UserError when they are newer than we know."""
    if database.is_file:
        Path(database.name).parent.mkdir(parents=True, exist_ok=True)
    with database.change() as connection:
        version = _version(connection)
        if version == to:
            return
        if version and not (VERSIONS / f"{version}.py").is_file():
            raise UserError(f"{database.name}: it was made by a newer flywheel. Upgrade, or name another database.")
        _run(connection, to)


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION):
        return None
    return connection.scalar(sa.select(sa.column("version_num")).select_from(sa.table(VERSION)))


def _run(connection: sa.Connection, to: str) -> None:
    """https://alembic.sqlalchemy.org/en/latest/api/runtime.html: a migration without an env.py."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(VERSIONS.parent))

    def steps(version: Any, _context: object) -> Any:
        return script._upgrade_revs(to, version)

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, version_table=VERSION, transactional_ddl=False)
        environment.run_migrations()
