"""Reading options of a base, what a document was read with, pausing, and when a job began."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


# Plain ALTER TABLE, no batches: a batch may copy and drop a table, and dropping one deletes what hangs on it.


def upgrade() -> None:
    """Apply."""
    op.add_column("knowledge_bases", sa.Column("rules_off", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("knowledge_bases", sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("documents", sa.Column("prepared_with", sa.Text(), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("started_at", sa.Text(), nullable=True))
    # Until now every document was read with its base's sizes and all the rules.
    op.execute(
        "UPDATE documents SET prepared_with = (SELECT chunk_size_units || '/' || chunk_overlap_units || '/'"
        " FROM knowledge_bases WHERE knowledge_bases.id = documents.base_id)"
    )


def downgrade() -> None:
    """Revert."""
    op.drop_column("jobs", "started_at")
    op.drop_column("documents", "prepared_with")
    op.drop_column("knowledge_bases", "paused")
    op.drop_column("knowledge_bases", "rules_off")
