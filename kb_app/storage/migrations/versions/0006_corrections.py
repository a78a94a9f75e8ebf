"""Corrections, their versions, and their reuse in answers."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "corrections",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("base_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stale", sa.Text(), nullable=False),
        sa.Column("question_group", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("not_helpful", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    for column in ("base_id", "message_id", "status", "question_group", "updated_at"):
        op.create_index(op.f(f"ix_corrections_{column}"), "corrections", [column])
    op.create_table(
        "correction_versions",
        sa.Column("correction_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        _of_a_correction("correction_versions"),
        sa.PrimaryKeyConstraint("correction_id", "version", name=op.f("pk_correction_versions")),
    )
    op.create_table(
        "correction_refusals",
        sa.Column("correction_id", sa.Text(), nullable=False),
        sa.Column("question_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        _of_a_correction("correction_refusals"),
        sa.PrimaryKeyConstraint("correction_id", "question_key", name=op.f("pk_correction_refusals")),
    )
    op.create_table(
        "correction_claims",
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_correction_claims")),
    )
    op.add_column("messages", sa.Column("correction_id", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("reuse", sa.Text(), nullable=False, server_default=""))
    op.add_column("knowledge_bases", sa.Column("reuse_exact", sa.Double(), nullable=True))
    op.add_column("knowledge_bases", sa.Column("reuse_related", sa.Double(), nullable=True))


def downgrade() -> None:
    """Revert."""
    op.drop_column("knowledge_bases", "reuse_related")
    op.drop_column("knowledge_bases", "reuse_exact")
    op.drop_column("messages", "reuse")
    op.drop_column("messages", "correction_id")
    for table in ("correction_claims", "correction_refusals", "correction_versions", "corrections"):
        op.drop_table(table)


def _of_a_correction(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["correction_id"], ["corrections.id"], name=op.f(f"fk_{table}_correction_id"), ondelete="CASCADE"
    )
