"""Takes whole conversations into the database, each in one transaction, and each only once."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb_app.models import Conversation, Message
from kb_app.storage.chat_rows import answer_values
from kb_app.storage.database import Database
from kb_app.storage.message_index import Words, index_messages
from kb_app.storage.rows import rating_row
from kb_app.storage.tables import ConversationRow, MessageRow

Outcome = Literal["added", "updated", "unchanged"]

_OWN_ID = re.compile(r"[0-9a-f]{32}")
_NAMESPACE = uuid.UUID("6f0c3a52-9d0b-4c43-9f5a-6b6b9f1d2a77")
_GROUP = 500


class ConversationImports:
    """Saves conversations that come from a file."""

    def __init__(self, database: Database) -> None:
        """Write to ``database``."""
        self._database = database

    def take(self, conversation: Conversation, messages: Sequence[Message]) -> Outcome:
        """Save a conversation, or of one that is known what it lacks; one in the trash comes back.

        Ids that are ours are kept, others are replaced by ones made of them, the same every time.
        """
        conversation_id = _own(conversation.id, "")
        with self._database.write() as session:
            row = session.get(ConversationRow, conversation_id)
            known = _ids(session, conversation_id)
            names = _names(session, conversation_id, messages)
            ordered = _parents_first([_renamed(message, conversation_id, names) for message in messages])
            new = [message for message in ordered if message.id not in known]
            was_deleted = row is not None and bool(row.deleted_at)
            if row is None:
                session.add(_row(replace(conversation, id=conversation_id), names, ordered))
                session.flush()
            elif was_deleted:
                row.deleted_at = ""
            _add(session, conversation_id, new)
        if row is None:
            return "added"
        return "updated" if new or was_deleted else "unchanged"


def _own(name: str, scope: str) -> str:
    return name if _OWN_ID.fullmatch(name) else uuid.uuid5(_NAMESPACE, f"{scope}\n{name}").hex


def _ids(session: Session, conversation_id: str) -> set[str]:
    return set(session.scalars(select(MessageRow.id).where(MessageRow.conversation_id == conversation_id)))


def _names(session: Session, conversation_id: str, messages: Sequence[Message]) -> dict[str, str]:
    """Return the id each message gets: its own, unless that is not one of ours or another conversation has it."""
    names = {message.id: _own(message.id, conversation_id) for message in messages}
    wanted = list(names.values())
    taken: set[str] = set()
    for start in range(0, len(wanted), _GROUP):
        query = select(MessageRow.id).where(
            MessageRow.id.in_(wanted[start : start + _GROUP]), MessageRow.conversation_id != conversation_id
        )
        taken.update(session.scalars(query))
    return {
        old: uuid.uuid5(_NAMESPACE, f"{conversation_id}\n{new}").hex if new in taken else new
        for old, new in names.items()
    }


def _renamed(message: Message, conversation_id: str, names: Mapping[str, str]) -> Message:
    parent_id = names.get(message.parent_id, "")
    return replace(message, id=names[message.id], parent_id=parent_id, conversation_id=conversation_id)


def _parents_first(messages: Sequence[Message]) -> list[Message]:
    """Return the messages in their order, but none before its parent; a circle of parents is cut open."""
    waiting = {message.id: message for message in messages}
    ordered: dict[str, Message] = {}
    for message in waiting.values():
        chain: dict[str, Message] = {}
        current: Message | None = message
        while current is not None and current.id not in ordered and current.id not in chain:
            chain[current.id] = current
            current = waiting.get(current.parent_id)
        if current is not None and current.id in chain:
            last = chain.popitem()[1]
            chain[last.id] = replace(last, parent_id="")
        ordered.update(reversed(chain.items()))
    return list(ordered.values())


def _row(conversation: Conversation, names: Mapping[str, str], ordered: Sequence[Message]) -> ConversationRow:
    last = ordered[-1].id if ordered else ""
    return ConversationRow(
        id=conversation.id,
        title=conversation.title,
        base_ids=list(conversation.base_ids),
        model_id=conversation.model_id,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        is_named=conversation.is_named,
        pinned=conversation.pinned,
        archived=conversation.archived,
        tags=list(dict.fromkeys(conversation.tags)),
        origin=conversation.origin,
        leaf_id=names.get(conversation.leaf_id, last),
    )


def _add(session: Session, conversation_id: str, messages: Sequence[Message]) -> None:
    last = session.scalar(select(func.max(MessageRow.position)).where(MessageRow.conversation_id == conversation_id))
    first = 0 if last is None else last + 1
    for position, message in enumerate(messages, start=first):
        session.add(
            MessageRow(
                id=message.id,
                conversation_id=conversation_id,
                parent_id=message.parent_id,
                position=position,
                role=message.role,
                created_at=message.created_at,
                attachments=list(message.attachments),
                **answer_values(message),
            )
        )
        if message.rating is not None:
            rating = rating_row(message.id, message.rating)
            rating.created_at = message.rating.created_at
            session.add(rating)
    session.flush()
    for start in range(0, len(messages), _GROUP):
        group = messages[start : start + _GROUP]
        index_messages(session, [Words(message.id, conversation_id, message.text) for message in group])
