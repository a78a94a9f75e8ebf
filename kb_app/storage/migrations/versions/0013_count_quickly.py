"""An index that counts the documents and passages of a base without reading them."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_documents_base_id_status_chunk_count", "documents", ["base_id", "status", "chunk_count"])


def downgrade() -> None:
    """Revert."""
    op.drop_index("ix_documents_base_id_status_chunk_count", "documents")
