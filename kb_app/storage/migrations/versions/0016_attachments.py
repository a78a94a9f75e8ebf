"""Files attached to questions: the private base of a conversation, and their names beside the question."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("knowledge_bases", sa.Column("conversation_id", sa.Text(), nullable=False, server_default=""))
    op.create_index(
        "uq_knowledge_bases_conversation_id",
        "knowledge_bases",
        ["conversation_id"],
        unique=True,
        sqlite_where=sa.text("conversation_id <> ''"),
        postgresql_where=sa.text("conversation_id <> ''"),
    )
    op.add_column("messages", sa.Column("attachments", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    """Revert."""
    op.drop_column("messages", "attachments")
    op.drop_index("uq_knowledge_bases_conversation_id", "knowledge_bases")
    op.drop_column("knowledge_bases", "conversation_id")
