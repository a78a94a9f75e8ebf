"""What the ingester has in hand: files that are being read, and files that wait to be stored together."""

import time
from concurrent.futures import Future
from dataclasses import dataclass, field

from ingestion.models import PreparedDocument
from kb_app.models import Job, KnowledgeBase, StoredChunk
from kb_app.storage.chunks import stored_chunks
from kb_app.storage.documents import ReadyDocument
from kb_app.storage.jobs import ClaimedJob

#: A group is stored when it has this many chunks or files, or is this old.
_CHUNKS = 1_000
_FILES = 64
GROUP_AGE_S = 2.0


@dataclass(slots=True)
class Reading:
    """A file that a worker process is reading."""

    claimed: ClaimedJob
    base: KnowledgeBase
    started: float
    prepared: Future[PreparedDocument]


@dataclass(slots=True)
class Group:
    """Files of one base that are read and embedded, and wait to be stored."""

    base_id: str
    since: float
    documents: list[ReadyDocument] = field(default_factory=list)
    jobs: list[tuple[Job, float]] = field(default_factory=list)
    chunk_count: int = 0

    @property
    def is_due(self) -> bool:
        """Whether the group is large or old enough to be stored."""
        age_s = time.monotonic() - self.since
        return self.chunk_count >= _CHUNKS or len(self.jobs) >= _FILES or age_s >= GROUP_AGE_S

    def chunks(self) -> list[StoredChunk]:
        """Return the chunks of all its documents, as they will be stored."""
        return [
            chunk
            for one in self.documents
            for chunk in stored_chunks(one.prepared, document_id=one.id, base_id=self.base_id, name=one.new.name)
        ]
