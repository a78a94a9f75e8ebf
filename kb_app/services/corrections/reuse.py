"""Finds, at ask time, the approved corrections that answer a question or help to.

A nearly identical question is answered by the correction itself; a related one goes to the model as an example. What
is stale, refused for this question by a reader, or rests on a document that has just gone, is neither.
"""

import functools
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib import resources

import numpy as np

from ingestion.protocols import Embedder, Vectors
from kb_app.errors import ProviderError
from kb_app.models import Correction, CorrectionMatch, KnowledgeBase, Message, Retrieval
from kb_app.models import Reuse as ReuseKind
from kb_app.retrieval.corrected import CorrectedQuestion, CorrectedQuestions, Fit, Span
from kb_app.retrieval.followup import leans
from kb_app.retrieval.likeness import wording
from kb_app.retrieval.retriever import SILENT
from kb_app.services.corrections.curation import QUERY
from kb_app.storage.bases import BaseRepository
from kb_app.storage.corrections import CorrectionRepository, Fingerprint

_LOG = logging.getLogger(__name__)

#: How alike two questions are when one answer serves both; set on benchmarks/corrections.
EXACT = 0.95
#: From where on a correction has enough to do with a question to be an example for it; set there as well.
RELATED = 0.45
#: Examples of one prompt.
MOST_EXAMPLES = 3
_PREVIEWED = 10


class Reuse:
    """Matches questions with corrections. Safe to share between threads."""

    def __init__(
        self, corrections: CorrectionRepository, bases: BaseRepository, embedder_for: Callable[[str], Embedder]
    ) -> None:
        """Reuse ``corrections``; ``embedder_for`` gives the embedder of a base by the base's id."""
        self._corrections = corrections
        self._bases = bases
        self._embedder_for = embedder_for
        self._lock = threading.Lock()
        self._indexes: dict[str, tuple[Fingerprint, CorrectedQuestions]] = {}
        self._vectors: dict[tuple[str, str], Vectors] = {}
        self._unrelated: dict[str, float] = {}

    def exact(self, question: str, base_ids: Sequence[str]) -> CorrectionMatch | None:
        """Return the correction that answers ``question``, a whole question that needs nothing before it."""
        refused: set[str] | None = None
        found: list[CorrectionMatch] = []
        for base_id in base_ids:
            index = self._index(base_id)
            if not len(index):
                continue
            if refused is None:
                refused = self._corrections.refused(wording_key(question))
            least = thresholds(self._bases.get(base_id))[0]
            fits = [fit for fit in index.alike(question) if _is_exact(fit, least) and fit.id not in refused]
            found += self._matches(fits, "exact")
        # Of two that contradict each other the one counts that was changed last.
        return max(found, key=lambda match: (match.likeness, match.correction.updated_at), default=None)

    def examples(self, question: str, base_ids: Sequence[str], retrieval: Retrieval) -> list[CorrectionMatch]:
        """Return the corrections that help to answer ``question``, the most related first."""
        refused: set[str] | None = None
        found: list[CorrectionMatch] = []
        for base_id in base_ids:
            fits = self._related(base_id, question, retrieval)
            least = thresholds(self._bases.get(base_id))[1] if fits else 0.0
            near = [fit for fit in fits if fit.related >= least][: 2 * MOST_EXAMPLES]
            if near and refused is None:
                refused = self._corrections.refused(wording_key(question))
            found += self._matches([fit for fit in near if fit.id not in (refused or ())], "example")
        return sorted(found, key=lambda match: -match.related)[:MOST_EXAMPLES]

    def preview(self, question: str, base_id: str, retrieval: Retrieval) -> list[CorrectionMatch]:
        """Return the corrections nearest to ``question`` with their scores and what would become of each."""
        exact, related = thresholds(self._bases.get(base_id))
        matches = self._matches(self._related(base_id, question, retrieval)[:_PREVIEWED], "")
        kinds = [
            "exact" if not one.blocked and one.likeness >= exact else "example" if one.related >= related else ""
            for one in matches
        ]
        told = [replace(one, kind=kind) for one, kind in zip(matches, kinds, strict=True)]  # type: ignore[arg-type]
        return sorted(told, key=lambda one: (one.kind != "exact", -one.related))

    def set_thresholds(self, base_id: str, exact: float | None, related: float | None) -> None:
        """Set how alike questions of a base must be; None for the default. Raises NotFoundError."""
        self._bases.get(base_id)
        self._bases.change(base_id, {"reuse_exact": exact, "reuse_related": related})

    def count(self, corrections: Iterable[Correction]) -> None:
        """Record that corrections took part in an answer."""
        for correction in corrections:
            self._corrections.count_hit(correction.id)

    def not_helpful(self, answer: Message, question: str) -> None:
        """Record that the correction in ``answer`` did not help: for this question it is not used again."""
        if answer.correction_id is not None:
            self._corrections.refuse(answer.correction_id, wording_key(question))
            if answer.query:  # what a follow-up question was matched by
                self._corrections.refuse(answer.correction_id, wording_key(answer.query), counted=False)

    # --- inside --------------------------------------------------------------------------------

    def _related(self, base_id: str, question: str, retrieval: Retrieval) -> list[Fit]:
        index = self._index(base_id)
        if not len(index):
            return []
        vector, unrelated = self._vector(base_id, question)
        return index.related(question, retrieval.hits, vector, unrelated)

    def _matches(self, fits: Sequence[Fit], kind: ReuseKind) -> list[CorrectionMatch]:
        """Return the fits with their corrections, without those whose documents have just gone."""
        if not fits:
            return []
        ids = [fit.id for fit in fits]
        gone = self._corrections.uprooted(ids)
        known = self._corrections.of_ids([one for one in ids if one not in gone])
        return [
            CorrectionMatch(
                correction=known[fit.id],
                kind=kind,
                likeness=fit.likeness.score,
                related=fit.related,
                blocked=fit.likeness.blocked,
                parts=fit.parts,
            )
            for fit in fits
            # It may have been put away or have gone stale since the questions were indexed.
            if fit.id in known and known[fit.id].status == "approved" and not known[fit.id].stale
        ]

    def _index(self, base_id: str) -> CorrectedQuestions:
        """Return the corrected questions of a base, indexed anew when one of them has changed."""
        fingerprint = self._corrections.fingerprint(base_id)
        with self._lock:
            held = self._indexes.get(base_id)
        if held is None or held[0] != fingerprint:
            usable = self._corrections.usable(base_id) if fingerprint[0] else []
            held = fingerprint, CorrectedQuestions(self._with_vectors(base_id, usable))
            with self._lock:
                self._indexes[base_id] = held
        return held[1]

    def _with_vectors(self, base_id: str, corrections: Sequence[Correction]) -> list[CorrectedQuestion]:
        asked = [matched_question(one) for one in corrections]
        vectors = self._embedded(base_id, asked) if asked else None
        return [
            CorrectedQuestion(
                id=one.id,
                version=one.version,
                question=question,
                support=tuple(
                    Span(document_id=source.document_id, start=source.start, end=source.end) for source in one.support
                ),
                vector=None if vectors is None else vectors[place],
            )
            for place, (one, question) in enumerate(zip(corrections, asked, strict=True))
        ]

    def _embedded(self, base_id: str, texts: Sequence[str]) -> list[Vectors] | None:
        """Return unit vectors of ``texts``, or None where the base's embedder knows no meaning or cannot be asked."""
        embedder = self._embedder_for(base_id)
        if embedder.model_id in SILENT:
            return None
        name = embedder.model_id
        # Read once: another thread may forget its question between two looks.
        known = {text: held for text in texts if (held := self._vectors.get((name, text))) is not None}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        try:
            made: Sequence[Vectors] = list(embedder.embed_documents(missing)) if missing else []
        except ProviderError as error:
            _LOG.warning("corrections are matched without vectors: %s", error)
            return None
        for text, vector in zip(missing, made, strict=True):
            known[text] = self._vectors[name, text] = vector / (np.linalg.norm(vector) or 1.0)
        return [known[text] for text in texts]

    def _vector(self, base_id: str, question: str) -> tuple[Vectors | None, float]:
        """Return the question's unit vector, and the cosine of unrelated questions with this embedder."""
        vectors = self._embedded(base_id, [*background(), question])
        if vectors is None:
            return None, 0.0
        name = self._embedder_for(base_id).model_id
        self._vectors.pop((name, question), None)
        if name not in self._unrelated:
            cosines = np.stack(vectors[:-1]) @ np.stack(vectors[:-1]).T
            self._unrelated[name] = float(np.quantile(cosines[np.triu_indices(len(cosines), 1)], 0.9))
        return vectors[-1], self._unrelated[name]


def thresholds(base: KnowledgeBase) -> tuple[float, float]:
    """Return from where on a correction of the base is the answer, and from where on an example."""
    return (
        EXACT if base.reuse_exact is None else base.reuse_exact,
        RELATED if base.reuse_related is None else base.reuse_related,
    )


def wording_key(question: str) -> str:
    """Return the same for all ways to write a question that count as identical."""
    return wording(question).key


def matched_question(correction: Correction) -> str:
    """Return the question to match: one that leaned on the turn before stands for what was searched for then."""
    if correction.history and leans(correction.question):
        return str(correction.settings.get(QUERY, "")) or correction.question
    return correction.question


@functools.cache
def background() -> tuple[str, ...]:
    """Return questions that have nothing to do with one another, to learn an embedder's scale from."""
    raw = resources.files("kb_app.retrieval").joinpath("data/background_questions.txt").read_text(encoding="utf-8")
    return tuple(raw.split("\n")[:-1])


def _is_exact(fit: Fit, least: float) -> bool:
    return not fit.likeness.blocked and fit.likeness.score >= least
