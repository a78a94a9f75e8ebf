"""Labels that users give their documents."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from kb_app.storage.tables.base import Row


class DocumentTagRow(Row):
    """A tag of the document of this name: it outlives a replacement and a re-index, which make new document rows."""

    __tablename__ = "document_tags"
    __table_args__ = (Index("ix_document_tags_base_id_tag", "base_id", "tag"),)

    base_id: Mapped[str] = mapped_column(ForeignKey("knowledge_bases.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
