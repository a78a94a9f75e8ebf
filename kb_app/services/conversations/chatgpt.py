"""ChatGPT's export: ``conversations.json``, a list of conversations whose ``mapping`` is a tree of messages.

A node is ``{"id", "parent", "children", "message"}``; a message has ``author.role``, ``content`` (``content_type`` and
``parts``), ``create_time`` and ``metadata``. What a reader never saw (system and tool messages, hidden context,
thoughts) is left out, and what hangs on it moves up to the message before it.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kb_app.errors import ConversationFormatError
from kb_app.models import Conversation, Message
from kb_app.services.conversations.json_file import Transcript
from kb_app.services.wording import title_from, well_formed
from kb_app.storage.rows import now

_ROLES = {"user": "user", "assistant": "assistant"}
_KINDS = frozenset({"text", "multimodal_text", "code"})
#: Markup between private-use characters, such as references to web pages.
_MARKUP = re.compile("\ue200[^\ue200\ue201]*\ue201|[\ue200-\ue206]")
_MODEL_LIMIT = 100


def is_chatgpt(content: Any) -> bool:
    """Return whether this is what ChatGPT exports."""
    records = content if isinstance(content, list) else [content]
    return bool(records) and all(isinstance(one, dict) and isinstance(one.get("mapping"), dict) for one in records)


def from_chatgpt(content: Any) -> list[Transcript]:
    """Return the conversations of an export that hold anything. Raises ConversationFormatError."""
    records = content if isinstance(content, list) else [content]
    found = [_transcript(record) for record in records]
    return [transcript for transcript in found if transcript.messages]


def _transcript(record: Mapping[str, Any]) -> Transcript:
    mapping: dict[str, Any] = {key: node for key, node in record["mapping"].items() if isinstance(node, dict)}
    key = _text(record.get("conversation_id") or record.get("id") or min(mapping, default=""))
    conversation_id = f"chatgpt:{key}"
    created = _time(record.get("create_time"), "")
    kept = {name: message for name, node in mapping.items() if (message := _message(node.get("message")))}
    current = _text(record.get("current_node"))
    before = _before([*kept, current], mapping, kept)
    messages = [
        Message(
            id=f"{conversation_id}:{name}",
            conversation_id=conversation_id,
            parent_id=_id(conversation_id, before[name]),
            role="user" if message["role"] == "user" else "assistant",
            text=message["text"],
            model_id=message["model"],
            created_at=_time(message["time"], created),
        )
        for name, message in sorted(kept.items(), key=lambda item: (_seconds(item[1]["time"]), item[0]))
    ]
    times = [message.created_at for message in messages]
    leaf = current if current in kept else before[current]
    conversation = Conversation(
        id=conversation_id,
        title=title_from(_text(record.get("title")) or next((one.text for one in messages), "")),
        base_ids=(),
        model_id="quote",
        created_at=created or min(times, default=now()),
        updated_at=_time(record.get("update_time"), max(times, default="")) or now(),
        is_named=True,
        archived=record.get("is_archived") is True,
        origin="import",
        leaf_id=_id(conversation_id, leaf),
    )
    return Transcript(conversation, messages)


def _id(conversation_id: str, name: str) -> str:
    return f"{conversation_id}:{name}" if name else ""


def _before(names: Iterable[str], mapping: Mapping[str, Any], kept: Collection[str]) -> dict[str, str]:
    """Return for each name the nearest message before it that is kept; parents that run in a circle lead nowhere.

    What lies between is walked once, however many messages hang on it.
    """
    found: dict[str, str] = {}  # hidden node -> the message it hangs on
    nearest: dict[str, str] = {}
    for first in names:
        passed: dict[str, None] = {}
        name = _parent(first, mapping)
        while name and name != first and name not in kept and name not in found and name not in passed:
            passed[name] = None
            name = _parent(name, mapping)
        anchor = found.get(name, name if name in kept else "")
        found.update(dict.fromkeys(passed, anchor))
        nearest[first] = "" if anchor == first else anchor
    return nearest


def _parent(name: str, mapping: Mapping[str, Any]) -> str:
    return _text(mapping.get(name, {}).get("parent"))


def _message(message: Any) -> dict[str, Any] | None:
    """Return role, text, model and time of a message that a reader saw."""
    if not isinstance(message, dict):
        return None
    author, content, metadata = (_object(message.get(part)) for part in ("author", "content", "metadata"))
    role = _ROLES.get(_text(author.get("role")))
    text = _content(content)
    is_hidden = metadata.get("is_visually_hidden_from_conversation") is True
    is_for_tool = message.get("recipient") not in (None, "all")
    if role is None or not text or is_hidden or is_for_tool:
        return None
    model = " ".join(_text(metadata.get("model_slug")).split())[:_MODEL_LIMIT]
    return {"role": role, "text": text, "model": model, "time": message.get("create_time")}


def _content(content: Mapping[str, Any]) -> str:
    if content.get("content_type") not in _KINDS:
        return ""
    parts = content.get("parts")
    if isinstance(parts, Sequence) and not isinstance(parts, str):
        text = "\n\n".join(part for part in parts if isinstance(part, str) and part.strip())
    else:
        text = _text(content.get("text"))
    return _MARKUP.sub("", well_formed(text)).strip()


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return well_formed(value) if isinstance(value, str) else ""


def _seconds(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return 0.0
    try:
        return float(value)
    except OverflowError as error:
        raise ConversationFormatError("a time of hundreds of digits") from error


def _time(value: Any, default: str) -> str:
    seconds = _seconds(value)
    if not seconds:
        return default or now()
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError, OSError) as error:
        raise ConversationFormatError(f"time {seconds}") from error
