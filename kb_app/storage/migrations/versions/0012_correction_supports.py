"""The documents that corrections rest on."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "correction_supports",
        sa.Column("correction_id", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["correction_id"],
            ["corrections.id"],
            name=op.f("fk_correction_supports_correction_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("correction_id", "document_id", name=op.f("pk_correction_supports")),
    )


def downgrade() -> None:
    """Revert."""
    op.drop_table("correction_supports")
