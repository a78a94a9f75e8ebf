"""Files attached to the questions of one conversation: kept in a base of its own, which no list has.

They are read like all others. An answer waits for them, says which could not be read, and is made from the rest.
"""

import re
import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from kb_app.models import ErrorInfo, Hit, Job, KnowledgeBase, NewTurn, Reading, Retrieval, SearchFilters, Source
from kb_app.services.documents.intake import Intake, Repositories, Upload, clean_document_name
from kb_app.services.documents.library import Library
from kb_app.services.documents.versions import base_versions
from kb_app.settings import Settings
from kb_app.storage.conversations import ConversationRepository

#: How long an answer waits for the files of its conversation.
LONGEST_S = 180.0
_POLL_S = 0.1
_EMBEDDER = "builtin"
_JOBS = 200
_MOST_PROBLEMS = 5
_BEGINNING_CHARS = 400
#: A question about a file as such, which shares no words with what stands in it.
_ABOUT_FILES = re.compile(
    r"文件|附件|文档|文章|论文|报告|表格|本文|总结|概括|概述|主要内容|讲了什么|翻译"
    r"|(?<![a-z])(?:files?|attach[a-z]*|documents?|papers?|pdf|reports?|summar[a-z]*|translate|overview)(?![a-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """The files a question can be answered from: the base they are in, and the names of those that came with it.

    ``base_id`` is empty where the conversation has none. ``is_meant`` says that the question is about a file as such.
    """

    base_id: str = ""
    names: tuple[str, ...] = ()
    is_meant: bool = False

    def beginning(self, sources: Sequence[Source]) -> str:
        """Return what the first file among the sources begins with; empty unless the question is about it as such."""
        own = (source.text for source in sources if source.base_id == self.base_id)
        return next(own, "")[:_BEGINNING_CHARS] if self.is_meant else ""


class Attachments:
    """The private bases of conversations. Safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        repositories: Repositories,
        conversations: ConversationRepository,
        intake: Intake,
        library: Library,
    ) -> None:
        """Keep files through ``intake``, in bases that ``library`` deletes like any other."""
        self._settings = settings
        self._bases = repositories.bases
        self._documents = repositories.documents
        self._chunks = repositories.chunks
        self._jobs = repositories.jobs
        self._conversations = conversations
        self._intake = intake
        self._library = library
        self._making = threading.Lock()

    # --- coming and going ----------------------------------------------------------------------

    def add(self, turn: NewTurn, uploads: Sequence[Upload]) -> str:
        """Keep files for the conversation of a question to be asked; return the conversation's id at once.

        From then on they are safe, whatever becomes of the question. The conversation is made if there is none. A file
        over the size limit, or one that cannot be opened, becomes a failed job.

        Raises:
            NotFoundError: the conversation was deleted.
            DiskFullError, StorageError: the data folder refused; files already queued stay queued.
        """
        conversation_id = self._conversations.open(turn)
        base = self._base_for(conversation_id, turn)
        batch_id: str | None = None
        for upload in uploads:
            batch_id = self._intake.add(base.id, upload, batch_id)
        return conversation_id

    def _base_for(self, conversation_id: str, turn: NewTurn) -> KnowledgeBase:
        with self._making:
            known = self._bases.private_to(conversation_id)
            return known or self._make_base(conversation_id, turn)

    def _make_base(self, conversation_id: str, turn: NewTurn) -> KnowledgeBase:
        """Return a new base; its passages are compared by the model of the bases that are asked together with it."""
        asked = next(iter(turn.base_ids), "")
        like = self._bases.get(asked) if asked in self._bases.choices([asked]) else None
        embedder = like.embedder if like else _EMBEDDER
        values = {
            "name": turn.title or conversation_id,
            "conversation_id": conversation_id,
            "embedder": embedder,
            "dimension": like.dimension if like else self._library.dimension_of(embedder),
            "chunk_size_units": self._settings.chunk_size,
            "chunk_overlap_units": self._settings.chunk_overlap,
            "ocr": True,  # nobody is there to ask for it while an answer waits
            **base_versions(),
        }
        return self._bases.add(values, f"\n{conversation_id}")  # no name a user gives has a line break

    def sweep(self) -> None:
        """Delete the files of conversations that were removed for good."""
        for base_id in self._bases.orphans():
            self._library.delete(base_id)

    # --- answering -----------------------------------------------------------------------------

    def has_files(self, conversation_id: str) -> bool:
        """Return whether files were ever attached in a conversation."""
        return self._bases.private_to(conversation_id) is not None

    def of(self, conversation_id: str, question_id: str) -> Attached:
        """Return the files a question of a conversation can be answered from. Raises NotFoundError."""
        base = self._bases.private_to(conversation_id)
        if base is None:
            return Attached()
        question = self._conversations.message(question_id)
        is_meant = _ABOUT_FILES.search(question.text) is not None
        return Attached(base_id=base.id, names=question.attachments, is_meant=is_meant)

    def reading(self, attached: Attached, stopped: threading.Event) -> Generator[Reading]:
        """Wait until the files have been read, ``LONGEST_S`` have passed or ``stopped`` is set; tell how far it is."""
        deadline = time.monotonic() + LONGEST_S
        total, told = 0, None
        while attached.base_id and time.monotonic() < deadline:
            waiting = len(self._active(attached.base_id))
            total = max(total, waiting)
            now = Reading(done=total - waiting, total=total)
            if total and now != told:
                yield now
                told = now
            if not waiting or stopped.wait(_POLL_S):
                return
        if total:
            yield Reading(done=total, total=total)

    def _active(self, base_id: str) -> list[Job]:
        # What is indexed anew answers meanwhile.
        return [job for job in self._jobs.active(base_id) if not job.tidies_up and job.kind != "reindex"]

    def problems(self, attached: Attached) -> tuple[ErrorInfo, ...]:
        """Return why files of the question take no part in its answer; ``params["attached"]`` names each."""
        if not attached.names:
            return ()
        last = {job.name: job for job in self._jobs.recent(attached.base_id, _JOBS) if _is_of(job.name, attached.names)}
        found = [(name, _problem(job)) for name, job in last.items()]
        return tuple(
            replace(error, params={**error.params, "attached": name}) for name, error in found if error is not None
        )[:_MOST_PROBLEMS]

    def widened(
        self, filters: SearchFilters | None, base_ids: Sequence[str], attached: Attached
    ) -> SearchFilters | None:
        """Return filters that let the attached files through as well, which nobody can have picked or tagged."""
        if filters is None or not filters.limits_documents or not attached.base_id:
            return filters
        own = self._chunks.documents([attached.base_id], SearchFilters())
        if not own:  # no document at all would mean no limit
            return filters
        passing = self._chunks.documents([one for one in base_ids if one != attached.base_id], filters)
        return SearchFilters(document_ids=passing | own, per_document=filters.per_document)

    def opened(self, retrieval: Retrieval, attached: Attached, top_k: int) -> Retrieval:
        """Return what was found, with the beginnings of the files where the question is about them as such.

        Such a question ("What is in this file?") shares no words with the file, so no search can find it. The same goes
        for one that came with files and found nothing. Of a later question, what was found counts.
        """
        is_wanted = attached.is_meant and bool(attached.names)
        is_needed = not retrieval.found and (attached.is_meant or bool(attached.names))
        if not (is_wanted or is_needed):
            return retrieval
        begun = self._beginnings(attached, top_k if not retrieval.found else max(top_k // 2, 1))
        if not begun:
            return retrieval
        known = {hit.chunk.id for hit in begun}
        others = [hit for hit in retrieval.hits if hit.chunk.id not in known] if retrieval.found else []
        return replace(retrieval, hits=(*begun, *others)[:top_k], found=True)

    def _beginnings(self, attached: Attached, limit: int) -> list[Hit]:
        """Return the first passages of the files that came with the question, of all if none did; as many of each."""
        ready = [one for one in self._documents.of_base(attached.base_id) if one.chunk_count]
        files = [one for one in ready if _is_of(one.name, attached.names)] if attached.names else ready
        each = max(limit // max(len(files), 1), 1)
        chunks = [chunk for one in files[:limit] for chunk in self._chunks.of_document(one.id)[:each]]
        return [Hit(chunk=chunk, score=0.0) for chunk in chunks]


def attached_names(uploads: Sequence[Upload]) -> tuple[str, ...]:
    """Return the names the files will have as documents."""
    return tuple(dict.fromkeys(clean_document_name(upload.name) for upload in uploads))


def _is_of(name: str, names: Sequence[str]) -> bool:
    """Return whether a document is one of the files, or was in one of them that is a ZIP."""
    return any(name == one or name.startswith(f"{one}/") for one in names)


def _problem(job: Job) -> ErrorInfo | None:
    if job.is_active:
        return ErrorInfo(code="attachment_slow")
    return job.error if job.state in ("failed", "skipped") else None
