"""What was left out of the search for an answer, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("messages", sa.Column("problems", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    """Revert."""
    op.drop_column("messages", "problems")
