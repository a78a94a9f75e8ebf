"""Repository of conversations and messages: SQL in, plain dataclasses out. Every method is one transaction."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ScalarSelect, func, select, update
from sqlalchemy.orm import Session

from kb_app.errors import NotFoundError
from kb_app.models import Conversation, ConversationView, ErrorInfo, Message, NewTurn, Rating
from kb_app.storage.chat_rows import answer_values, to_conversation, to_message
from kb_app.storage.database import Database
from kb_app.storage.message_index import Words, index_messages
from kb_app.storage.rows import error_to_json, new_id, now, rating_row
from kb_app.storage.tables import ConversationRow, MessageRow
from kb_app.storage.trees import MessageTree


class Turn(NamedTuple):
    """A saved question, the row of the answer that will stream, and the message that the question follows."""

    conversation_id: str
    question_id: str
    answer_id: str
    after_id: str = ""


class ConversationRepository:
    """Every conversation: its messages, their branches, and which branch it shows."""

    def __init__(self, database: Database) -> None:
        """Read and write ``database``."""
        self._database = database

    # --- writing -------------------------------------------------------------------------------

    def start_turn(self, new: NewTurn) -> Turn:
        """Save a question, making the conversation when there is none, and an empty answer marked as streaming.

        The question goes on from the branch that is shown, or stands beside the one it edits. The branch shown is from
        then on the one that ends in the answer.

        Raises:
            NotFoundError: the conversation was deleted, or the question named is not in it.
        """
        time = now()
        with self._database.write() as session:
            row = _conversation_for(session, new, time)
            row.base_ids, row.model_id, row.updated_at = list(new.base_ids), new.model_id, time
            if new.origin == "app" and row.origin == "cli":
                row.origin = "app"  # somebody has taken it up
            question_id = new.again_id and _message_of(session, row.id, new.again_id).id
            parent_id = ""
            if not question_id:
                edited = _message_of(session, row.id, new.edited_id) if new.edited_id else None
                parent_id = edited.parent_id if edited else row.leaf_id
                names = [*(edited.attachments if edited else ()), *new.attachments]
                said = {"text": new.question, "model_id": new.model_id, "attachments": names}
                asked = _add(session, row.id, parent_id, role="user", **said)
                index_messages(session, [Words(asked.id, row.id, asked.text)])
                question_id = asked.id
            answer = _add(session, row.id, question_id, role="assistant", status="streaming", model_id=new.model_id)
            row.leaf_id = answer.id
            return Turn(row.id, question_id, answer.id, parent_id)

    def open(self, new: NewTurn) -> str:
        """Return the id of the conversation a question is about to be asked in, made if there is none.

        Raises:
            NotFoundError: the conversation was deleted.
        """
        with self._database.write() as session:
            return _conversation_for(session, new, now()).id

    def save_answer(self, message: Message) -> None:
        """Save an answer as it stands, partial or final; a final one can be found by its words from then on."""
        with self._database.write() as session:
            query = update(MessageRow).where(MessageRow.id == message.id).values(answer_values(message))
            if session.scalars(query.returning(MessageRow.id)).all() and message.status != "streaming":
                index_messages(session, [Words(message.id, message.conversation_id, message.text)])

    def interrupt_streaming(self, error: ErrorInfo) -> int:
        """Mark answers that were streaming when the process died as interrupted; return how many."""
        with self._database.write() as session:
            query = update(MessageRow).where(MessageRow.status == "streaming")
            changed = query.values(status="interrupted", error=error_to_json(error)).returning(MessageRow.id)
            return len(session.scalars(changed).all())

    def show(self, message_id: str) -> str:
        """Show the newest branch that leads through a message; return the conversation's id. Raises NotFoundError."""
        with self._database.write() as session:
            message = session.get(MessageRow, message_id)
            if message is None:
                raise NotFoundError(f"message {message_id}", name=message_id)
            row = _get(session, message.conversation_id)
            tree = _tree(session, row.id)
            if message_id not in tree.path(row.leaf_id):
                row.leaf_id = tree.newest_leaf(message_id)
            return row.id

    def rate(self, message_id: str, rating: Rating | None) -> None:
        """Set or take back the rating of an answer; its time is now. Raises NotFoundError."""
        with self._database.write() as session:
            message = session.get(MessageRow, message_id)
            if message is None or message.role != "assistant":
                raise NotFoundError(f"answer {message_id}", name=message_id)
            if message.rating is not None:
                session.delete(message.rating)
                session.flush()
            if rating is not None:
                session.add(rating_row(message_id, rating))

    # --- reading -------------------------------------------------------------------------------

    def get(self, conversation_id: str) -> Conversation:
        """Return one conversation. Raises NotFoundError: it never was, or is in the trash."""
        with self._database.read() as session:
            return to_conversation(_get(session, conversation_id))

    def messages(self, conversation_id: str, last: int | None = None) -> list[Message]:
        """Return the messages of the branch that is shown in order, or only the ``last`` ones."""
        with self._database.read() as session:
            path = _shown(session, conversation_id)[1]
            return _load(session, path if last is None else path[-last:])

    def view(self, conversation_id: str, size: int, around: str = "") -> ConversationView:
        """Return the last ``size`` messages of the branch shown, or those from just before ``around`` on."""
        with self._database.read() as session:
            tree, path = _shown(session, conversation_id)
            start = max(len(path) - size, 0)
            if around in path:
                start = max(path.index(around) - 1, 0)
            end = min(start + size, len(path))
            siblings = {message_id: tree.siblings(message_id) for message_id in path[start:end]}
            return ConversationView(
                messages=tuple(_load(session, path[start:end])),
                earlier=start,
                later=len(path) - end,
                previous_id=path[max(start - size + 1, 0)] if start else "",
                next_id=path[min(end + 1, len(path) - 1)] if end < len(path) else "",
                siblings={message_id: ids for message_id, ids in siblings.items() if len(ids) > 1},
            )

    def before(self, message_id: str, last: int | None = None) -> list[Message]:
        """Return the messages that lead to ``message_id`` in order, or only the ``last`` ones. Raises NotFoundError."""
        with self._database.read() as session:
            message = session.get(MessageRow, message_id)
            if message is None:
                raise NotFoundError(f"message {message_id}", name=message_id)
            path = _tree(session, message.conversation_id).path(message_id)[:-1]
            return _load(session, path if last is None else path[-last:])

    def tree(self, conversation_id: str) -> list[Message]:
        """Return the messages of all branches in the order of writing."""
        query = select(MessageRow).where(MessageRow.conversation_id == conversation_id).order_by(MessageRow.position)
        with self._database.read() as session:
            return [to_message(row) for row in session.scalars(query)]

    def message(self, message_id: str) -> Message:
        """Return one message. Raises NotFoundError."""
        with self._database.read() as session:
            row = session.get(MessageRow, message_id)
            if row is None:
                raise NotFoundError(f"message {message_id}", name=message_id)
            return to_message(row)

    def newest_reply(self, message_id: str) -> Message | None:
        """Return the newest message that goes on from one."""
        query = select(MessageRow).where(MessageRow.parent_id == message_id).order_by(MessageRow.position.desc())
        with self._database.read() as session:
            row = session.scalars(query.where(MessageRow.conversation_id == _owner(message_id)).limit(1)).first()
            return None if row is None else to_message(row)

    def message_count(self, conversation_id: str) -> int:
        """Return how many messages the branch that is shown has."""
        with self._database.read() as session:
            return len(_shown(session, conversation_id)[1])


def _owner(message_id: str) -> ScalarSelect[str]:
    return select(MessageRow.conversation_id).where(MessageRow.id == message_id).scalar_subquery()


def _conversation_for(session: Session, new: NewTurn, time: str) -> ConversationRow:
    if new.conversation_id is not None:
        return _get(session, new.conversation_id)
    row = ConversationRow(
        id=new_id(),
        title=new.title,
        base_ids=list(new.base_ids),
        model_id=new.model_id,
        origin=new.origin,
        created_at=time,
        updated_at=time,
        leaf_id="",
    )
    session.add(row)
    session.flush()
    return row


def _get(session: Session, conversation_id: str) -> ConversationRow:
    row = session.get(ConversationRow, conversation_id)
    if row is None or row.deleted_at:
        raise NotFoundError(f"conversation {conversation_id}", name=conversation_id)
    return row


def _message_of(session: Session, conversation_id: str, message_id: str) -> MessageRow:
    row = session.get(MessageRow, message_id)
    if row is None or row.conversation_id != conversation_id:
        raise NotFoundError(f"message {message_id}", name=message_id)
    return row


def _add(session: Session, conversation_id: str, parent_id: str, **values: Any) -> MessageRow:
    last = session.scalar(select(func.max(MessageRow.position)).where(MessageRow.conversation_id == conversation_id))
    row = MessageRow(
        id=new_id(),
        conversation_id=conversation_id,
        parent_id=parent_id,
        position=0 if last is None else last + 1,
        created_at=now(),
        **values,
    )
    session.add(row)
    session.flush()
    return row


def _tree(session: Session, conversation_id: str) -> MessageTree:
    query = select(MessageRow.id, MessageRow.parent_id).where(MessageRow.conversation_id == conversation_id)
    return MessageTree((row.id, row.parent_id) for row in session.execute(query.order_by(MessageRow.position)))


def _shown(session: Session, conversation_id: str) -> tuple[MessageTree, list[str]]:
    """Return the tree of a conversation and the branch it shows; both are empty when it does not exist."""
    row = session.get(ConversationRow, conversation_id)
    if row is None:
        return MessageTree(()), []
    tree = _tree(session, conversation_id)
    return tree, tree.path(row.leaf_id)


def _load(session: Session, message_ids: Sequence[str]) -> list[Message]:
    rows = session.scalars(select(MessageRow).where(MessageRow.id.in_(message_ids)))
    found = {row.id: to_message(row) for row in rows}
    return [found[message_id] for message_id in message_ids]
