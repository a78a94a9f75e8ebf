"""Prompts that a base has of its own, and what the models were used for."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kb_app.storage.tables.base import Row


class PromptRow(Row):
    """A prompt in place of the default one."""

    __tablename__ = "prompts"

    base_id: Mapped[str] = mapped_column(ForeignKey("knowledge_bases.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    updated_at: Mapped[str]


class ModelCallRow(Row):
    """One request to a model. It outlives the conversation, so that what was spent stays known.

    Tokens are null where the server did not say how many; ``cost`` is null where no price was set.
    """

    __tablename__ = "model_calls"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    model_id: Mapped[str]
    purpose: Mapped[str]
    prompt_tokens: Mapped[int | None]
    completion_tokens: Mapped[int | None]
    first_token_s: Mapped[float | None]
    total_s: Mapped[float]
    cost: Mapped[float | None]
    currency: Mapped[str]
    created_at: Mapped[str] = mapped_column(index=True)
