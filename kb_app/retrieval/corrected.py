"""Which corrected questions a question is, or is about: by its words, by vectors, and through what it finds.

A reworded question may share no word with the one that was corrected, and yet find the passage the correction rests on.
The constants were set on CMRC 2018 (benchmarks/corrections/README.md).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ingestion.protocols import Vectors
from kb_app.models import Hit
from kb_app.retrieval.analyzer import Question, analyse
from kb_app.retrieval.likeness import Likeness, Wording, likeness, wording
from kb_app.retrieval.scoring import idf

#: Questions compared word by word; more share a word only by chance.
_CANDIDATES = 20
#: What finding the supporting passage counts at most, and the score it counts so much from.
_PASSAGE_WEIGHT, _SURE_SCORE = 0.7, 0.6
#: Hits looked at, and how much a hit behind the best one counts: its share of the best score, to this power.
_HITS, _BEHIND = 5, 3
#: Two passages are the same when they share this much of the shorter one.
_SHARED = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a document's text."""

    document_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedQuestion:
    """A question that was corrected, and the passages its answer rests on. ``vector`` has length 1."""

    id: str
    version: int
    question: str
    support: tuple[Span, ...] = ()
    vector: Vectors | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How well a corrected question fits; see :class:`kb_app.models.CorrectionMatch`."""

    id: str
    likeness: Likeness
    related: float
    parts: Mapping[str, float] = field(default_factory=dict)


class CorrectedQuestions:
    """The corrected questions of one base, in memory. Read only, so safe to share between threads."""

    def __init__(self, questions: Sequence[CorrectedQuestion]) -> None:
        """Index ``questions``; either all of them have vectors or none."""
        self.questions = tuple(questions)
        self._wordings: list[Wording] = [wording(one.question) for one in self.questions]
        self._by_key: dict[str, list[int]] = defaultdict(list)
        self._passages: dict[str, list[tuple[int, Span]]] = defaultdict(list)
        for place, one in enumerate(self.questions):
            self._by_key[self._wordings[place].key].append(place)
            for span in one.support:
                self._passages[span.document_id].append((place, span))
        self._terms = [analyse(one.question).terms for one in self.questions]
        self._frequencies = Counter(term for terms in self._terms for term in terms)
        self._postings = {term: np.array(places) for term, places in _postings(self._terms).items()}
        self._mass = np.array([sum(map(self._weight, terms)) for terms in self._terms])
        vectors = [one.vector for one in self.questions if one.vector is not None]
        self._vectors = np.stack(vectors) if vectors and len(vectors) == len(self.questions) else None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.questions)

    def alike(self, question: str) -> list[Fit]:
        """Return the corrected questions that may be this one, the most alike first."""
        asked = wording(question)
        words = self._words(analyse(question))
        near = {int(place) for place in np.argsort(-words)[:_CANDIDATES] if words[place] > 0}
        places = near | set(self._by_key.get(asked.key, ()))
        fits = [
            Fit(
                id=self.questions[place].id,
                likeness=likeness(asked, self._wordings[place]),
                related=float(words[place]),
            )
            for place in places
        ]
        return sorted(fits, key=lambda fit: (bool(fit.likeness.blocked), -fit.likeness.score, -fit.related, fit.id))

    def related(
        self, question: str, hits: Sequence[Hit], vector: Vectors | None = None, unrelated: float = 0.0
    ) -> list[Fit]:
        """Return the corrected questions that have something to do with this one, the most related first.

        Args:
            question: What is asked.
            hits: What it finds, best first.
            vector: Its vector of length 1, where the base's embedder knows meaning.
            unrelated: The cosine that two unrelated questions have with this embedder.
        """
        if not self.questions:
            return []
        words = self._words(analyse(question))
        passages = self._found(hits)
        cosines = np.zeros(len(self.questions))
        if vector is not None and self._vectors is not None:
            cosines = np.clip((self._vectors @ vector - unrelated) / (1 - unrelated), 0.0, 1.0)
        nearness = np.maximum(words, cosines)
        near = {int(place) for place in np.argsort(-nearness)[:_CANDIDATES] if nearness[place] > 0}
        asked = wording(question)
        fits = []
        for place in near | passages.keys():
            parts = {
                "words": float(words[place]),
                "vector": float(cosines[place]),
                "passage": passages.get(place, 0.0),
            }
            related = 1 - (1 - float(nearness[place])) * (1 - _PASSAGE_WEIGHT * parts["passage"])
            alike = likeness(asked, self._wordings[place])
            fits.append(Fit(id=self.questions[place].id, likeness=alike, related=related, parts=parts))
        return sorted(fits, key=lambda fit: (-fit.related, fit.id))

    def _words(self, question: Question) -> np.ndarray:
        """Return for each corrected question the share of weight both have in common (Dice), in [0, 1]."""
        common = np.zeros(len(self.questions))
        mass = 0.0
        for term in question.terms:
            weight = self._weight(term)
            mass += weight
            if term in self._postings:
                common[self._postings[term]] += weight
        total = self._mass + mass
        return np.divide(2 * common, total, out=np.zeros(len(self.questions)), where=total > 0)

    def _weight(self, term: str) -> float:
        return idf(self._frequencies.get(term, 0), len(self.questions), term)

    def _found(self, hits: Sequence[Hit]) -> dict[int, float]:
        """Return place -> how surely the question finds what that correction rests on, in (0, 1]."""
        found: dict[int, float] = {}
        best = hits[0].score if hits else 0.0
        if best <= 0:
            return found
        sure = min(1.0, best / _SURE_SCORE)
        for hit in hits[:_HITS]:
            chunk = hit.chunk
            here = Span(document_id=chunk.document_id, start=chunk.start, end=chunk.end)
            share = sure * math.pow(max(hit.score, 0.0) / best, _BEHIND)
            for place, span in self._passages.get(chunk.document_id, ()):
                if share > found.get(place, 0.0) and _is_same(here, span):
                    found[place] = share
        return found


def _postings(terms: Sequence[Collection[str]]) -> dict[str, list[int]]:
    postings: dict[str, list[int]] = defaultdict(list)
    for place, ours in enumerate(terms):
        for term in ours:
            postings[term].append(place)
    return postings


def _is_same(one: Span, other: Span) -> bool:
    shorter = min(one.end - one.start, other.end - other.start)
    return min(one.end, other.end) - max(one.start, other.start) >= max(1.0, _SHARED * shorter)
