"""Which questions are nearly the same, and which split a group of them belongs to.

Questions of one group never part: a model trained on one of them has seen the other.
"""

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingestion.analyzer import fold
from kb_app.models import Split
from kb_app.retrieval.analyzer import analyse

#: Questions are nearly the same from this share of common terms on (Jaccard index of the analyzer's content terms).
SAME_SHARE = 0.7
_NUMBER = re.compile(r"\d+")
_SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class SplitShares(NamedTuple):
    """Shares of the groups of questions that go into each split; they sum to 1."""

    train: float
    validation: float
    test: float


def question_key(question: str) -> str:
    """Return the normal form of a question: simplified, lower case, letters and digits only."""
    return "".join(char for char in fold(question).lower() if char.isalnum())


def group_questions(questions: Sequence[str], known_groups: Sequence[Hashable] = ()) -> list[int]:
    """Return for each question the position of the first one of its group.

    Questions are joined when their content terms are nearly the same and they name the same numbers ("revenue in
    2023" and "in 2024" are two), and when their ``known_groups`` (falsy ones apart) are equal; joins chain.
    """
    groups = _Groups(len(questions))
    _join_equal(groups, known_groups)
    _join_equal(groups, [question_key(question) for question in questions])
    terms = [frozenset(analyse(question).terms) for question in questions]
    by_numbers: dict[Hashable, dict[frozenset[str], int]] = defaultdict(dict)
    for place, question in enumerate(questions):
        alike = by_numbers[tuple(sorted(_NUMBER.findall(fold(question))))]
        groups.join(place, alike.setdefault(terms[place], place))
    for alike in by_numbers.values():
        _join_similar(groups, list(alike.values()), list(alike))
    return [groups.root(place) for place in range(len(questions))]


def split_of(group: str, shares: SplitShares, seed: int) -> Split:
    """Return the split of a group by its name and nothing else, so that new items never move old ones."""
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    point = int.from_bytes(digest[:8], "big") / 2**64
    bounds = np.cumsum(shares)
    return _SPLITS[min(int(np.searchsorted(bounds, point, side="right")), len(_SPLITS) - 1)]


class _Groups:
    """Disjoint sets of positions; the smallest position names its set (union-find, Tarjan 1975)."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def root(self, place: int) -> int:
        while self._parents[place] != place:
            self._parents[place] = self._parents[self._parents[place]]
            place = self._parents[place]
        return place

    def join(self, one: int, other: int) -> None:
        first, second = sorted((self.root(one), self.root(other)))
        self._parents[second] = first


def _join_equal(groups: _Groups, names: Sequence[Hashable]) -> None:
    first: dict[Hashable, int] = {}
    for place, name in enumerate(names):
        if name:
            groups.join(place, first.setdefault(name, place))


def _join_similar(groups: _Groups, places: Sequence[int], term_sets: Sequence[frozenset[str]]) -> None:
    """Join every pair that shares enough, exactly.

    Two sets with a Jaccard index of t share one of the (1 - t) * size + 1 rarest terms of each (prefix filter, Bayardo
    et al. 2007),
    so only sets with a rare term in common are compared.
    """
    frequency = Counter(term for terms in term_sets for term in terms)
    ordered = [sorted(terms, key=lambda term: (frequency[term], term)) for terms in term_sets]
    prefixes = [terms[: len(terms) - math.ceil(SAME_SHARE * len(terms)) + 1] for terms in ordered]
    by_rare, by_any = _postings(prefixes), _postings(ordered)
    sizes = np.asarray([len(terms) for terms in term_sets])
    labels = np.arange(len(term_sets))
    for index in range(1, len(term_sets)):
        others = np.flatnonzero(np.bincount(_earlier(by_rare, prefixes[index], index), minlength=index))
        if not len(others):
            continue
        common = np.bincount(_earlier(by_any, ordered[index], index), minlength=index)[others]
        alike = others[common >= SAME_SHARE * (sizes[index] + sizes[others] - common)]
        for label in np.unique(labels[alike]).tolist():
            groups.join(places[index], places[label])
            labels[labels == label] = index


def _postings(term_lists: Sequence[Sequence[str]]) -> dict[str, NDArray[np.int64]]:
    found: dict[str, list[int]] = defaultdict(list)
    for index, terms in enumerate(term_lists):
        for term in terms:
            found[term].append(index)
    return {term: np.asarray(places, dtype=np.int64) for term, places in found.items()}


def _earlier(postings: Mapping[str, NDArray[np.int64]], terms: Sequence[str], index: int) -> NDArray[np.int64]:
    """Return the positions before ``index`` that hold one of ``terms``, once for each term."""
    parts = [postings[term][: np.searchsorted(postings[term], index)] for term in terms]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
