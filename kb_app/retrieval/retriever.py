"""From a question to passages: candidates by keyword and vector, exact scores, rerank, folding, confidence."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from operator import add

from ingestion.analyzer import fold
from ingestion.protocols import Embedder
from kb_app.errors import ProviderError, error_info
from kb_app.models import ErrorInfo, Hit, Retrieval, SearchFilters
from kb_app.pacing import INTERPRETER
from kb_app.protocols import ChunkSource, Reranker, VectorSearch
from kb_app.retrieval.analyzer import Question, analyse, question_words
from kb_app.retrieval.confidence import confidence, threshold
from kb_app.retrieval.diversity import diversified, spread
from kb_app.retrieval.fusion import fuse, min_max
from kb_app.retrieval.headings import asked_headings, stands_under, without_ending
from kb_app.retrieval.keyword import KeywordIndex
from kb_app.retrieval.passages import Passage, fold_duplicates, join_neighbours, neighbour_ids
from kb_app.retrieval.preamble import asked_alone
from kb_app.retrieval.rerank import Ranking, gather
from kb_app.retrieval.scoring import Statistics, is_common, merged, prepare, weigh
from kb_app.retrieval.spelling import may_be_misspelt, nearest

#: Chunks of each base that keywords propose, and that embedders may vote for.
CANDIDATES, VOTED = 40, 50
#: Passages that a reranker reads.
RERANKED = 30
#: With more words that no document holds, a question is a pasted text or of another language, and not misspelt; each
#: is compared with all words of its letter, while other questions wait.
_MOST_MISSPELT = 12
#: What a passage gets for standing under a heading that the question names: it comes before nearly all others.
_NAMED_BONUS = 1.0
#: Embedders that do not vote: hashed vectors know nothing that the keyword index does not know better.
SILENT = frozenset({"builtin"})


class Retriever:
    """Searches one or several knowledge bases. Safe to share between threads."""

    def __init__(
        self,
        chunks: ChunkSource,
        keyword: KeywordIndex,
        vectors: VectorSearch,
        embedder_for: Callable[[str], Embedder],
        reranker: Reranker | None = None,
    ) -> None:
        """Search ``keyword`` and ``vectors``; every hit is looked up in ``chunks``, the truth.

        ``embedder_for`` gives the embedder of a base by the base's id; ``reranker`` orders the best hits anew.
        """
        self._reranker = reranker
        self._chunks = chunks
        self._keyword = keyword
        self._vectors = vectors
        self._embedder_for = embedder_for

    def retrieve(
        self,
        question: str,
        base_ids: Sequence[str],
        *,
        top_k: int = 8,
        filters: SearchFilters | None = None,
        vote: bool = True,
    ) -> Retrieval:
        """Return up to ``top_k`` passages, best first, of the documents that pass ``filters``.

        Without ``vote`` the embedders are not asked, and keywords alone decide. Where a text of several sentences finds
        nothing sure, but the one that asks does, that one counts, and is the ``query`` of what is returned.

        Hits are returned whether or not the question counts as answered; ``found`` says that. Where the reranker
        fails, they stand in their own order, and ``problem`` says why.

        Raises:
            KeywordIndexError: an index is missing or damaged.
            ProviderError: the embedder of a base failed.
        """
        started = time.perf_counter()
        ranking, sure = self._judged(question, base_ids, filters, vote=vote)
        if sure < threshold() and (alone := asked_alone(question)):
            other, other_sure = self._judged(alone, base_ids, filters, vote=vote)
            if other_sure >= threshold():
                question, ranking, sure = alone, other, other_sure
        ranked, problem = self._reranked(question, _hits(ranking))
        ranked = spread(ranked, filters.per_document if filters else 0)
        with INTERPRETER.turn():
            hits = diversified(fold_duplicates(ranked[: 2 * top_k], lambda hit: hit.chunk.search_text), top_k)
        return Retrieval(
            query=question,
            hits=tuple(hits),
            confidence=sure,
            found=sure >= threshold(),
            elapsed_s=time.perf_counter() - started,
            meant=ranking.question.meant,
            problem=problem,
        )

    def _judged(
        self, question: str, base_ids: Sequence[str], filters: SearchFilters | None, *, vote: bool
    ) -> tuple[Ranking, float]:
        """Return the ranking of a question and the confidence in it."""
        ranking = self.rank(question, base_ids, filters, vote=vote)
        with INTERPRETER.turn():
            return ranking, confidence(ranking)

    def _reranked(self, question: str, hits: list[Hit]) -> tuple[list[Hit], ErrorInfo | None]:
        """Return the hits, the best ``RERANKED`` in the reranker's order, and what went wrong, if so."""
        if self._reranker is None or not hits:
            return hits, None
        best, rest = hits[:RERANKED], hits[RERANKED:]
        try:
            scores = self._reranker.scores(question, [hit.chunk.text for hit in best])
        except ProviderError as error:
            return hits, error_info(error)
        scored = [
            replace(hit, score=score, parts={**hit.parts, "reranker": score})
            for hit, score in zip(best, scores, strict=True)
        ]
        # What was not read comes after what was, with no higher a score.
        least = min(scores)
        below = [replace(hit, score=min(hit.score, least)) for hit in rest]
        return [*sorted(scored, key=lambda hit: -hit.score), *below], None

    def rank(
        self, question: str, base_ids: Sequence[str], filters: SearchFilters | None = None, *, vote: bool = True
    ) -> Ranking:
        """Return every candidate passage with its evidence, best first; ``retrieve`` makes hits of them."""
        analysed = analyse(question)
        bases = list(dict.fromkeys(base_ids))
        within = self._chunks.documents(bases, filters) if filters and filters.limits_documents else None
        dense = self._dense(question, bases, within) if vote else {}
        with INTERPRETER.turn():  # nobody waits here for a server
            return self._ranking(analysed, bases, within, dense)

    def _ranking(
        self,
        analysed: Question,
        bases: Collection[str],
        within: Collection[str] | None,
        dense: Mapping[str, float],
    ) -> Ranking:
        """Return the ranking of a question, limited to some documents if given, with the embedders' votes."""
        analysed, statistics = self._known(analysed, bases)
        weighted = weigh(analysed, statistics)
        passages = self._passages(_united(self._by_keyword(analysed, bases, within), dense), bases)
        prepared = [prepare(passage.chunk) for passage in passages]
        evidence = gather(weighted, prepared, statistics.average_length)
        votes = [max(dense.get(name, 0.0) for name in passage.members) for passage in passages]
        asked = asked_headings(analysed.text)
        named = [_NAMED_BONUS * stands_under(passage.chunk, asked) for passage in passages]
        scores = list(map(add, fuse([found.score for found in evidence], votes), named))
        order = sorted(range(len(scores)), key=lambda i: (-scores[i], passages[i].chunk.id))
        return Ranking(
            question=analysed,
            weighted=weighted,
            chunk_count=statistics.chunk_count,
            evidence=tuple(evidence[i] for i in order),
            scores=tuple(scores[i] for i in order),
            votes=tuple(votes[i] for i in order),
        )

    def _known(self, question: Question, base_ids: Collection[str]) -> tuple[Question, Statistics]:
        """Return the question with what its misspelt words were meant to be, and what the indexes know about it.

        A file's name loses its ending, as the indexes hold it without, unless a text holds it in full.
        """
        statistics = merged([self._keyword.statistics(base, question.terms) for base in base_ids])
        files = [term for term in question.units if without_ending(term) != term]
        if files and not any(statistics.frequencies.get(term) for term in files):
            question = analyse(without_ending(fold(question.text)))
            statistics = merged([self._keyword.statistics(base, question.terms) for base in base_ids])
        unknown = [
            term
            for term in question.units
            if not statistics.frequencies.get(term) and may_be_misspelt(term) and not is_common(term)
        ]
        if not 0 < len(unknown) <= _MOST_MISSPELT or not statistics.chunk_count:
            return question, statistics
        words = {term: [word for base in base_ids for word in self._keyword.words(base, term[0])] for term in unknown}
        guesses = ((term, nearest(term, words[term], question_words().stop_words)) for term in unknown)
        meant = tuple((term, word) for term, word in guesses if word and word not in question.units)
        if not meant:
            return question, statistics
        question = replace(question, meant=meant)
        return question, merged([self._keyword.statistics(base, question.terms) for base in base_ids])

    def _passages(self, chunk_ids: Collection[str], base_ids: Collection[str]) -> list[Passage]:
        """Return the candidates, given best first, that still exist in these bases, joined with their neighbours."""
        wanted = {*chunk_ids, *(name for chunk in chunk_ids for name in neighbour_ids(chunk))}
        found = self._chunks.chunks(wanted)
        candidates = [found[name] for name in chunk_ids if name in found and found[name].base_id in base_ids]
        return join_neighbours(candidates, found)

    def _by_keyword(
        self, question: Question, base_ids: Collection[str], documents: Collection[str] | None
    ) -> list[str]:
        """Return the ids of the candidates, best first; each base gives its best."""
        searches = (self._keyword.search(base, question.terms, CANDIDATES, documents) for base in base_ids)
        found = [hit for hits in searches for hit in hits]
        return [chunk for chunk, _ in sorted(found, key=lambda hit: -hit[1])]

    def _dense(self, question: str, base_ids: Collection[str], documents: Collection[str] | None) -> dict[str, float]:
        """Return chunk id -> vote in [0, 1]: the cosine between the least and the best of each embedder's hits."""
        groups: dict[str, tuple[Embedder, list[str]]] = {}
        for base_id in base_ids:
            embedder = self._embedder_for(base_id)
            if embedder.model_id not in SILENT:
                groups.setdefault(embedder.model_id, (embedder, []))[1].append(base_id)
        votes: dict[str, float] = {}
        for embedder, members in groups.values():
            vector = embedder.embed_query(question)
            found = [hit for base in members for hit in self._vectors.query(base, vector, VOTED, documents)]
            votes |= min_max(sorted(found, key=lambda hit: -hit[1])[:VOTED])
        return votes


def _united(keyword: Sequence[str], dense: Mapping[str, float]) -> list[str]:
    """Return the candidates of both kinds, the keywords' first: a chunk's better neighbours join it in this order."""
    return list(dict.fromkeys((*keyword, *sorted(dense, key=lambda name: -dense[name]))))


def _hits(ranking: Ranking) -> list[Hit]:
    return [
        Hit(chunk=found.prepared.chunk, score=score, parts={**found.parts, "dense": vote})
        for score, found, vote in zip(ranking.scores, ranking.evidence, ranking.votes, strict=True)
    ]
