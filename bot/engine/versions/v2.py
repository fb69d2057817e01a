"""Work can be put off: a piece of it, or all of an installation, until a limit of GitHub's is over."""

import sqlalchemy as sa
from alembic import op

revision = "v2"
down_revision = "v1"


def upgrade() -> None:
    """All that waits is due at once."""
    op.add_column("job", sa.Column("due", sa.Double, nullable=False, server_default="0"))
    op.add_column("served", sa.Column("due", sa.Double, nullable=False, server_default="0"))
