"""The keyword index: one tantivy index per knowledge base, holding terms only; texts stay in the database.

Only the process that owns the data folder may write; any process and thread may read at the same time.
"""

import logging
import shutil
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tantivy

from kb_app.errors import KeywordIndexError
from kb_app.models import StoredChunk
from kb_app.retrieval.analyzer import heading_text, terms, title_text
from kb_app.retrieval.scoring import Statistics

_log = logging.getLogger(__name__)

#: Fields searched, with their boosts in the first ranking. The exact score weighs them again.
_BOOSTS = {"title": 1.5, "heading": 1.0, "body": 1.0}
_WRITER_HEAP_BYTES = 30_000_000
#: A question term in more than this share of all chunks only costs time when choosing candidates.
_COMMON_SHARE = 0.3
_COMMON_COUNT = 50
_KEPT_TERMS = 3
#: So many documents are dear to name in a query; the best chunks are mostly theirs anyway, out of some times more.
_MANY_DOCUMENTS, _WIDENING = 300, 8
#: tantivy reports most failures as ValueError; a failed assertion in Rust arrives as this BaseException.
_RUST_PANIC = "PanicException"


@dataclass(slots=True)
class _Reader:
    """An open index and the state of its ``meta.json`` when it was last loaded."""

    index: Any
    stamp: tuple[int, int, int]
    average_length: float


class KeywordIndex:
    """BM25 over the terms of title, heading path and body. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Keep the indexes under ``folder``, which is made when first needed."""
        self._folder = folder
        self._lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._readers: dict[str, _Reader] = {}

    def add(self, base_id: str, chunks: Sequence[StoredChunk]) -> None:
        """Insert or overwrite chunks. An empty sequence makes the index of a new base.

        Raises:
            KeywordIndexError: the index exists and cannot be opened or written.
        """
        entries = [(chunk.id, _document(chunk)) for chunk in chunks]
        with self._writer(base_id, create=True) as writer:
            for chunk_id, entry in entries:
                writer.delete_documents_by_term("id", chunk_id)
                writer.add_document(entry)

    def delete_documents(self, base_id: str, document_ids: Collection[str]) -> None:
        """Forget every chunk of these documents. Raises KeywordIndexError where there is no index."""
        with self._writer(base_id, create=False) as writer:
            for document_id in document_ids:
                writer.delete_documents_by_term("document", document_id)

    def delete_chunks(self, base_id: str, chunk_ids: Collection[str]) -> None:
        """Forget single chunks. Raises KeywordIndexError where there is no index."""
        with self._writer(base_id, create=False) as writer:
            for chunk_id in chunk_ids:
                writer.delete_documents_by_term("id", chunk_id)

    def drop(self, base_id: str) -> None:
        """Forget a whole base; a base never seen is fine. A damaged index is dropped as well."""
        with self._write_lock, self._lock:
            self._readers.pop(base_id, None)
            folder = self._path(base_id)
            if folder.exists():
                shutil.rmtree(folder)

    def ids(self, base_id: str) -> set[str]:
        """Return every chunk id held; a base never seen has none. Raises KeywordIndexError where it is damaged."""
        if self._is_new(base_id):
            return set()
        with _damage_reported(base_id):
            searcher = self._open(base_id).index.searcher()
            if not searcher.num_docs:
                return set()
            found = searcher.search(tantivy.Query.all_query(), limit=searcher.num_docs, count=False)
            return {searcher.doc(address).get_first("id") for _, address in found.hits}

    def search(
        self, base_id: str, query_terms: Collection[str], limit: int, document_ids: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return up to ``limit`` (chunk id, BM25 > 0), best first, of these documents only if given.

        What a few documents say may be nothing but terms that are common in the whole base, so that with
        ``document_ids`` common terms count as well.

        Raises:
            KeywordIndexError: the index is missing or damaged.
        """
        if self._is_new(base_id):
            return []
        with _damage_reported(base_id):
            index = self._open(base_id).index
            searcher = index.searcher()
            chosen = list(dict.fromkeys(query_terms))
            if not chosen or not searcher.num_docs:
                return []
            if document_ids is None:
                return _best(searcher, _any_of(index.schema, _selective(searcher, chosen)), limit)
            if len(document_ids) > _MANY_DOCUMENTS:
                widely = _best(searcher, _any_of(index.schema, _selective(searcher, chosen)), limit * _WIDENING)
                passed = [hit for hit in widely if hit[0].rpartition(":")[0] in document_ids][:limit]
                if len(passed) == limit:
                    return passed
            return _best(searcher, _within(index.schema, _any_of(index.schema, chosen), document_ids), limit)

    def statistics(self, base_id: str, query_terms: Collection[str]) -> Statistics:
        """Return chunk count, mean length and the document frequencies that exact scoring needs.

        Raises:
            KeywordIndexError: the index is missing or damaged.
        """
        if self._is_new(base_id):
            return Statistics(chunk_count=0, average_length=1.0, frequencies={})
        with _damage_reported(base_id):
            reader = self._open(base_id)
            searcher = reader.index.searcher()
            return Statistics(
                chunk_count=searcher.num_docs,
                average_length=reader.average_length,
                frequencies={term: _frequency(searcher, term) for term in query_terms},
            )

    def words(self, base_id: str, prefix: str) -> list[tuple[str, int]]:
        """Return the body's terms that begin with ``prefix`` and how many chunks hold each.

        Raises:
            KeywordIndexError: the index is missing or damaged.
        """
        if self._is_new(base_id):
            return []
        with _damage_reported(base_id):
            found: list[tuple[str, int]] = self._open(base_id).index.searcher().terms_with_prefix("body", prefix)
            return found

    def _is_new(self, base_id: str) -> bool:
        """Whether nothing was ever added: there is no folder, and none has vanished."""
        return base_id not in self._readers and not self._path(base_id).exists()

    def _path(self, base_id: str) -> Path:
        return self._folder / base_id

    @contextmanager
    def _writer(self, base_id: str, *, create: bool) -> Iterator[Any]:
        """Open the one writer, commit unless the block fails, and give tantivy's lock back."""
        with self._write_lock, _damage_reported(base_id):
            path = self._path(base_id)
            if create:
                path.mkdir(parents=True, exist_ok=True)
            index = tantivy.Index(_schema(), path=str(path)) if create else tantivy.Index.open(str(path))
            writer = index.writer(heap_size=_WRITER_HEAP_BYTES, num_threads=1)
            try:
                yield writer
                writer.commit()
                writer.garbage_collect_files()
            finally:
                writer.wait_merging_threads()

    def _open(self, base_id: str) -> _Reader:
        """Return the reader, reloaded if anybody, in any process, has committed since."""
        meta = self._path(base_id) / "meta.json"
        status = meta.stat()
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        with self._lock:
            reader = self._readers.get(base_id)
            if reader is None or reader.stamp != stamp:
                index = tantivy.Index.open(str(meta.parent)) if reader is None else reader.index
                index.reload()
                reader = _Reader(index, stamp, _average_length(index.searcher()))
                self._readers[base_id] = reader
            return reader


@contextmanager
def _damage_reported(base_id: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise KeywordIndexError(f"keyword index of base {base_id}: {error}") from error
    except BaseException as error:
        # The binding raises its PanicException, no Exception, when files are damaged in unforeseen ways.
        if type(error).__name__ != _RUST_PANIC:
            raise
        raise KeywordIndexError(f"keyword index of base {base_id}: {error}") from error


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("document", tokenizer_name="raw", index_option="basic")
    for field in _BOOSTS:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    builder.add_integer_field("length", fast=True)
    return builder.build()


def _document(chunk: StoredChunk) -> Any:
    body = terms(chunk.search_text)
    return tantivy.Document(
        id=chunk.id,
        document=chunk.document_id,
        title=" ".join(terms(title_text(chunk))),
        heading=" ".join(terms(heading_text(chunk))),
        body=" ".join(body),
        length=len(body),
    )


def _term_query(schema: Any, field: str, boost: float, term: str) -> Any:
    query = tantivy.Query.term_query(schema, field, term, index_option="freq")
    return query if boost == 1.0 else tantivy.Query.boost_query(query, boost)


def _best(searcher: Any, query: Any, limit: int) -> list[tuple[str, float]]:
    found = searcher.search(query, limit=limit, count=False)
    return [(searcher.doc(address).get_first("id"), score) for score, address in found.hits]


def _any_of(schema: Any, chosen: Collection[str]) -> Any:
    return tantivy.Query.boolean_query(
        [
            (tantivy.Occur.Should, _term_query(schema, field, boost, term))
            for term in chosen
            for field, boost in _BOOSTS.items()
        ]
    )


def _within(schema: Any, query: Any, document_ids: Collection[str]) -> Any:
    """Return ``query`` limited to these documents, without a change of its scores."""
    inside = tantivy.Query.const_score_query(tantivy.Query.term_set_query(schema, "document", list(document_ids)), 0.0)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, inside)])


def _frequency(searcher: Any, term: str) -> int:
    """Chunks that hold ``term`` in some field: at least the largest count of one field, which is taken."""
    return max(int(searcher.doc_freq(field, term)) for field in _BOOSTS)


def _selective(searcher: Any, query_terms: Collection[str]) -> list[str]:
    """Drop very common terms, which hardly move the ranking, unless too few are left."""
    frequencies = {term: _frequency(searcher, term) for term in query_terms}
    present = sorted((term for term in frequencies if frequencies[term]), key=frequencies.__getitem__)
    limit = max(_COMMON_SHARE * searcher.num_docs, _COMMON_COUNT)
    return [term for rank, term in enumerate(present) if rank < _KEPT_TERMS or frequencies[term] <= limit]


def _average_length(searcher: Any) -> float:
    if not searcher.num_docs:
        return 1.0
    result = searcher.aggregate(tantivy.Query.all_query(), {"length": {"avg": {"field": "length"}}})
    return float(result["length"]["value"] or 1.0)
