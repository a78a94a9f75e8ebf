"""A folder that a base is kept in step with, and the files seen in it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("knowledge_bases", sa.Column("watch_folder", sa.Text(), nullable=False, server_default=""))
    op.add_column("knowledge_bases", sa.Column("watch_inode", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "watched_files",
        sa.Column("base_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_id"], ["knowledge_bases.id"], name=op.f("fk_watched_files_base_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("base_id", "name", name=op.f("pk_watched_files")),
    )


def downgrade() -> None:
    """Revert."""
    op.drop_table("watched_files")
    op.drop_column("knowledge_bases", "watch_inode")
    op.drop_column("knowledge_bases", "watch_folder")
