"""Corrections: taken from an answer, written, approved by whoever must, kept in every version."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from kb_app.errors import CorrectionEmptyError, NotFoundError, SecondPersonError
from kb_app.models import ChatMessage, Correction, CorrectionStatus, KnowledgeBase, Message, Params
from kb_app.services.wording import well_formed
from kb_app.storage.conversations import ConversationRepository
from kb_app.storage.corrections import CorrectionRepository

#: Where in ``Correction.settings`` the words are that were searched for, when they are not the question itself.
QUERY = "query"


class Corrections:
    """What a person can do with corrections. Safe to share between threads."""

    def __init__(
        self,
        corrections: CorrectionRepository,
        conversations: ConversationRepository,
        base: Callable[[str], KnowledgeBase],
        *,
        top_k: int,
        needs_second_person: bool = False,
    ) -> None:
        """Work on ``corrections``; ``base`` returns a base by its id, or raises NotFoundError.

        With ``needs_second_person``, nobody approves what they wrote themselves, and a change undoes an approval.
        """
        self._corrections = corrections
        self._conversations = conversations
        self._base = base
        self._top_k = top_k
        self.needs_second_person = needs_second_person

    # --- reading -------------------------------------------------------------------------------

    def all(
        self,
        base_id: str | None = None,
        status: CorrectionStatus | None = None,
        *,
        stale: bool | None = None,
        words: str = "",
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Correction]:
        """Return corrections, newest change first; None limits nothing; ``words`` stand in question or answer."""
        return self._corrections.all(
            base_ids=None if base_id is None else (base_id,),
            statuses=None if status is None else (status,),
            stale=stale,
            words=words,
            limit=limit,
            offset=offset,
        )

    def count(
        self,
        base_id: str | None = None,
        status: CorrectionStatus | None = None,
        *,
        stale: bool | None = None,
        words: str = "",
    ) -> int:
        """Return how many :meth:`all` would return without a limit."""
        return self._corrections.count(
            base_ids=None if base_id is None else (base_id,),
            statuses=None if status is None else (status,),
            stale=stale,
            words=words,
        )

    def get(self, correction_id: str) -> Correction:
        """Return one correction. Raises CorrectionGoneError."""
        return self._corrections.get(correction_id)

    def of_messages(self, message_ids: Collection[str]) -> dict[str, Correction]:
        """Return message id -> its correction, of those messages that have one."""
        return self._corrections.of_messages(message_ids)

    def of_ids(self, correction_ids: Collection[str]) -> dict[str, Correction]:
        """Return those of the corrections that exist, by id."""
        return self._corrections.of_ids(correction_ids)

    def versions(self, correction_id: str) -> list[tuple[Correction, str]]:
        """Return every version of a correction and who saved it, newest first. Raises CorrectionGoneError."""
        return self._corrections.versions(correction_id)

    # --- writing -------------------------------------------------------------------------------

    def from_message(self, message_id: str, author: str = "") -> Correction:
        """Return the correction of an answer: the saved one, or a new draft, not saved yet, with all that was seen.

        Raises:
            NotFoundError: the message does not exist, or is no answer.
        """
        saved = self._corrections.of_messages([message_id])
        if message_id in saved:
            return saved[message_id]
        answer = self._conversations.message(message_id)
        if answer.reuse == "exact" and answer.correction_id is not None:
            served = self._corrections.of_ids([answer.correction_id])
            if served:  # what is wrong with it is wrong with the correction
                return served[answer.correction_id]
        before = self._conversations.before(answer.id)
        asked = before[-1] if before else None
        if answer.role != "assistant" or asked is None or asked.role != "user":
            raise NotFoundError(f"message {message_id} is no answer", name=message_id)
        base_id = self._base_of(answer)
        return Correction(
            id="",
            base_id=base_id,
            question=asked.text,
            chosen="",
            rejected="" if answer.status == "no_sources" else answer.text,  # "nothing found" is no answer
            history=_turns(before[:-1]),
            sources=answer.sources,
            support=tuple(source for source in answer.sources if source.marker in answer.cited),
            model_id=answer.model_id,
            settings=self._settings(answer, asked, base_id),
            confidence=answer.confidence,
            message_id=message_id,
            author=author,
            version=0,
        )

    def create(self, correction: Correction) -> Correction:
        """Save a new correction as a draft and return it. Raises as :meth:`create_all`."""
        return self.create_all([correction])[0]

    def create_all(self, corrections: Sequence[Correction]) -> list[Correction]:
        """Save new corrections as drafts, all or none.

        Raises:
            CorrectionConflictError: the answer one is taken from has been corrected meanwhile.
            CorrectionEmptyError: one has no question.
        """
        drafts = [replace(_stripped(correction), status="draft", reviewer="") for correction in corrections]
        return self._corrections.add(drafts)

    def save(self, correction: Correction, editor: str = "") -> Correction:
        """Save a correction as its next version; ``editor`` is who changed it, by default its author.

        Raises:
            CorrectionConflictError: somebody else saved it since ``correction`` was read; nothing is overwritten.
            CorrectionEmptyError: it has no question, or is approved without an answer.
            CorrectionGoneError: it was deleted.
        """
        clean = _stripped(correction)
        if self.needs_second_person:
            clean = replace(clean, status="draft" if clean.status == "approved" else clean.status, reviewer="")
        if clean.status == "approved":
            _require_answer(clean)
        return self._corrections.save(clean, editor or clean.author)

    def approve(self, correction_id: str, reviewer: str) -> Correction:
        """Let a correction count from now on.

        Raises:
            CorrectionEmptyError: it has no corrected answer.
            SecondPersonError: somebody else than who wrote it has to do this.
            CorrectionConflictError, CorrectionGoneError: it was changed or deleted meanwhile.
        """
        correction = self._corrections.get(correction_id)
        _require_answer(correction)
        writers = {_folded(correction.author), _folded(self._last_editor(correction_id))}
        if self.needs_second_person and (not reviewer.strip() or _folded(reviewer) in writers):
            raise SecondPersonError(correction_id, name=reviewer.strip())
        approved = replace(correction, status="approved", reviewer=reviewer.strip())
        return self._corrections.save(approved, reviewer.strip())

    def archive(self, correction_id: str, editor: str = "") -> Correction:
        """Put a correction away: it is kept, but neither reused nor exported. Raises as :meth:`approve`."""
        return self._set_status(correction_id, "archived", editor)

    def reopen(self, correction_id: str, editor: str = "") -> Correction:
        """Make an approved or archived correction a draft again. Raises as :meth:`approve`."""
        return self._set_status(correction_id, "draft", editor)

    def delete(self, *correction_ids: str) -> None:
        """Delete corrections with all their versions."""
        self._corrections.delete(correction_ids)

    # --- inside --------------------------------------------------------------------------------

    def _set_status(self, correction_id: str, status: CorrectionStatus, editor: str) -> Correction:
        correction = self._corrections.get(correction_id)
        return self._corrections.save(replace(correction, status=status), editor or correction.author)

    def _last_editor(self, correction_id: str) -> str:
        """Return who wrote the newest text; who only changed the status wrote nothing."""
        writer, before = "", None
        for one, editor in reversed(self._corrections.versions(correction_id)):
            text = (one.question, one.chosen)
            if text != before:
                writer, before = editor, text
        return writer

    def _base_of(self, answer: Message) -> str:
        """Return the base the answer stands on: that of the first passage it cites, or else of the best one."""
        cited = [source for source in answer.sources if source.marker in answer.cited]
        asked = self._conversations.get(answer.conversation_id).base_ids
        found = (source.base_id for source in (*cited, *answer.sources))
        return next((base_id for base_id in found if not self._is_private(base_id)), asked[0] if asked else "")

    def _is_private(self, base_id: str) -> bool:
        """Return whether a base goes with its conversation, so that a correction would go with it."""
        try:
            return bool(self._base(base_id).conversation_id)
        except NotFoundError:
            return False

    def _settings(self, answer: Message, asked: Message, base_id: str) -> Params:
        settings: dict[str, str | int | float] = {"top_k": self._top_k}
        if answer.query and answer.query != asked.text:
            settings[QUERY] = answer.query
        try:
            base = self._base(base_id)
        except NotFoundError:
            return settings
        return settings | {
            "embedder": base.embedder,
            "chunk_size": base.chunk_size_units,
            "chunk_overlap": base.chunk_overlap_units,
        }


def _stripped(correction: Correction) -> Correction:
    clean = replace(
        correction,
        question=well_formed(correction.question).strip(),
        chosen=well_formed(correction.chosen).strip(),
        author=well_formed(correction.author),
    )
    if not clean.question:
        raise CorrectionEmptyError("no question")
    return clean


def _require_answer(correction: Correction) -> None:
    if not correction.chosen.strip():
        raise CorrectionEmptyError("no corrected answer")


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _turns(messages: Sequence[Message]) -> tuple[ChatMessage, ...]:
    """Return the complete turns, roles strictly alternating."""
    return tuple(
        ChatMessage(role=message.role, content=message.text)
        for asked, answered in pairwise(messages)
        if asked.role == "user" and answered.role == "assistant" and asked.text and answered.text
        for message in (asked, answered)
    )
