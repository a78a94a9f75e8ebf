"""Prompts of a base, its models, what an answer took, and what the models were used for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("knowledge_bases", sa.Column("model_id", sa.Text(), nullable=False, server_default=""))
    op.add_column("knowledge_bases", sa.Column("fallback_model_id", sa.Text(), nullable=False, server_default=""))
    op.add_column("messages", sa.Column("timing", sa.JSON(), nullable=True))
    op.add_column("messages", sa.Column("cost", sa.JSON(), nullable=True))
    op.add_column("messages", sa.Column("fallback", sa.JSON(), nullable=True))
    op.create_table(
        "prompts",
        sa.Column("base_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_id"], ["knowledge_bases.id"], name=op.f("fk_prompts_base_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("base_id", "kind", "language", name=op.f("pk_prompts")),
    )
    op.create_table(
        "model_calls",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=True),
        sa.Column("completion_tokens", sa.Integer(), nullable=True),
        sa.Column("first_token_s", sa.Double(), nullable=True),
        sa.Column("total_s", sa.Double(), nullable=False),
        sa.Column("cost", sa.Double(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_calls")),
    )
    op.create_index(op.f("ix_model_calls_created_at"), "model_calls", ["created_at"])


def downgrade() -> None:
    """Revert."""
    op.drop_table("model_calls")
    op.drop_table("prompts")
    op.drop_column("messages", "fallback")
    op.drop_column("messages", "cost")
    op.drop_column("messages", "timing")
    op.drop_column("knowledge_bases", "fallback_model_id")
    op.drop_column("knowledge_bases", "model_id")
