"""Tags of documents."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "document_tags",
        sa.Column("base_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_id"], ["knowledge_bases.id"], name=op.f("fk_document_tags_base_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("base_id", "name", "tag", name=op.f("pk_document_tags")),
    )
    op.create_index("ix_document_tags_base_id_tag", "document_tags", ["base_id", "tag"])


def downgrade() -> None:
    """Revert."""
    op.drop_table("document_tags")
