"""Summary cards of documents. The card's passage, which the indexes hold, stands among the chunks at position -1."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kb_app.storage.tables.base import Row


class SummaryCardRow(Row):
    """What a model wrote about a document; it goes when the document does."""

    __tablename__ = "summary_cards"

    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    base_id: Mapped[str] = mapped_column(index=True)
    text: Mapped[str]
    model_id: Mapped[str]
    prompt_tokens: Mapped[int | None]
    completion_tokens: Mapped[int | None]
    created_at: Mapped[str]
