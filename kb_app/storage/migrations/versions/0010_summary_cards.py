"""Summary cards of documents, and the model that writes them for a base."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("knowledge_bases", sa.Column("summary_model", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "summary_cards",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("base_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=True),
        sa.Column("completion_tokens", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_summary_cards_document_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_summary_cards")),
    )
    op.create_index("ix_summary_cards_base_id", "summary_cards", ["base_id"])


def downgrade() -> None:
    """Revert."""
    op.drop_table("summary_cards")
    op.execute("DELETE FROM chunks WHERE position < 0")
    op.drop_column("knowledge_bases", "summary_model")
