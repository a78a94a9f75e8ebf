"""The conversation of each indexed message beside it, so that a search need not read the messages."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("indexed_messages", sa.Column("conversation_id", sa.Text(), nullable=False, server_default=""))
    op.execute(
        "UPDATE indexed_messages SET conversation_id ="
        " (SELECT conversation_id FROM messages WHERE messages.id = indexed_messages.message_id)"
    )


def downgrade() -> None:
    """Revert."""
    op.drop_column("indexed_messages", "conversation_id")
