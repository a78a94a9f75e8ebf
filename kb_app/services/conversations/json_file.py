"""Our own JSON of conversations: everything of them, all branches, so that reading it gives back what was written."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from kb_app.errors import ConversationFormatError, ConversationNewerError
from kb_app.messages import error_text
from kb_app.models import Conversation, ErrorInfo, Message
from kb_app.services.conversations.history import clean_tags
from kb_app.services.wording import title_from

FORMAT = "kb-app/conversations"
VERSION = 1
_CONVERSATION = TypeAdapter(Conversation)
_MESSAGES = TypeAdapter(list[Message])


class Transcript(NamedTuple):
    """A conversation with the messages of all its branches, in the order of writing."""

    conversation: Conversation
    messages: Sequence[Message]


def to_json(transcripts: Iterable[Transcript]) -> dict[str, Any]:
    """Return the content of a file of conversations."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "conversations": [
            {**asdict(conversation), "messages": [asdict(message) for message in messages]}
            for conversation, messages in transcripts
        ],
    }


def from_json(content: Mapping[str, Any]) -> list[Transcript]:
    """Return what a file of conversations holds.

    Raises:
        ConversationNewerError: a newer version of the app wrote it.
        ConversationFormatError: something in it is not what it should be.
    """
    version = content.get("version")
    if not isinstance(version, int) or version < 1:
        raise ConversationFormatError(f"version {version!r}")
    if version > VERSION:
        raise ConversationNewerError(f"version {version} > {VERSION}")
    found = content.get("conversations")
    if not isinstance(found, list):
        raise ConversationFormatError("no list of conversations")
    return [_transcript(record) for record in found]


def _transcript(record: Any) -> Transcript:
    if not isinstance(record, dict):
        raise ConversationFormatError("a conversation is no object")
    try:
        json.dumps(record, ensure_ascii=False).encode()  # fails on half a surrogate pair, which no database takes
        conversation = _CONVERSATION.validate_python({**record, "deleted_at": ""})
        messages = _MESSAGES.validate_python(record.get("messages", []))
        conversation = replace(
            conversation,
            title=title_from(conversation.title),
            tags=clean_tags(conversation.tags),
            created_at=_time(conversation.created_at),
            updated_at=_time(conversation.updated_at),
        )
        return Transcript(conversation, [_checked(message) for message in messages])
    except (ValidationError, ValueError, OverflowError) as error:
        raise ConversationFormatError(str(error)) from error


def _checked(message: Message) -> Message:
    """Return the message as this version can show it. Raises ValueError where it never could be."""
    markers = [source.marker for source in message.sources]
    if len(set(markers)) < len(markers):
        raise ValueError("two sources of one number")
    rating, fallback = message.rating, message.fallback
    return replace(
        message,
        created_at=_time(message.created_at),
        status="interrupted" if message.status == "streaming" else message.status,
        error=message.error and _known(message.error),
        problems=tuple(map(_known, message.problems)),
        fallback=fallback and replace(fallback, error=_known(fallback.error)),
        rating=rating and replace(rating, created_at=_time(rating.created_at)),
    )


def _known(error: ErrorInfo) -> ErrorInfo:
    """Return a failure that the catalogue has a sentence for."""
    try:
        error_text("en", error)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        return ErrorInfo(code="internal")
    return error


def _time(text: str) -> str:
    """Return a time as the database holds it, in UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
