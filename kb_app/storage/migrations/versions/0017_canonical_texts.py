"""Chunks keep their analysed text; those stored before are analysed when a question finds them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("chunks", sa.Column("canonical", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Revert."""
    op.drop_column("chunks", "canonical")
