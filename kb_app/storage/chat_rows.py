"""Between the rows of conversations and plain data."""

from typing import Any, get_args

from kb_app.models import Conversation, ErrorInfo, Message, Origin
from kb_app.storage.rows import (
    cost_from_json,
    error_from_json,
    error_to_json,
    fallback_from_json,
    plain_to_json,
    rating_from_row,
    source_from_json,
    source_to_json,
    timing_from_json,
    usage_from_json,
)
from kb_app.storage.tables import ConversationRow, MessageRow


def to_conversation(row: ConversationRow) -> Conversation:
    """Return the conversation a row stands for."""
    return Conversation(
        id=row.id,
        title=row.title,
        base_ids=tuple(row.base_ids),
        model_id=row.model_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        is_named=row.is_named,
        pinned=row.pinned,
        archived=row.archived,
        tags=tuple(row.tags),
        origin=_origin(row.origin),
        leaf_id=row.leaf_id,
        deleted_at=row.deleted_at,
    )


def _origin(value: str) -> Origin:
    return next((known for known in get_args(Origin) if known == value), "app")


def to_message(row: MessageRow) -> Message:
    """Return the message a row stands for."""
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        parent_id=row.parent_id,
        attachments=tuple(row.attachments),
        role="user" if row.role == "user" else "assistant",
        text=row.text,
        status=row.status,  # type: ignore[arg-type]  # only written from MessageStatus
        thinking=row.thinking,
        model_id=row.model_id,
        query=row.query,
        sources=tuple(source_from_json(value) for value in row.sources),
        cited=tuple(row.cited),
        confidence=row.confidence,
        usage=usage_from_json(row.usage),
        error=error_from_json(row.error),
        elapsed_s=row.elapsed_s,
        timing=timing_from_json(row.timing),
        cost=cost_from_json(row.cost),
        fallback=fallback_from_json(row.fallback),
        problems=tuple(ErrorInfo(**value) for value in row.problems),
        rating=rating_from_row(row.rating),
        correction_id=row.correction_id,
        reuse=row.reuse,  # type: ignore[arg-type]  # only written from Reuse
        created_at=row.created_at,
    )


def answer_values(message: Message) -> dict[str, Any]:
    """Return the columns of a message that an answer fills as it comes."""
    return {
        "text": message.text,
        "status": message.status,
        "thinking": message.thinking,
        "model_id": message.model_id,
        "query": message.query,
        "sources": [source_to_json(source) for source in message.sources],
        "cited": list(message.cited),
        "confidence": message.confidence,
        "usage": plain_to_json(message.usage),
        "error": error_to_json(message.error),
        "elapsed_s": message.elapsed_s,
        "timing": plain_to_json(message.timing),
        "cost": plain_to_json(message.cost),
        "fallback": plain_to_json(message.fallback),
        "problems": [error_to_json(problem) for problem in message.problems],
        "correction_id": message.correction_id,
        "reuse": message.reuse,
    }
