"""Corrections that ask the same: duplicates where they answer alike, contradictions where they do not."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb_app.models import Correction
from kb_app.retrieval.analyzer import terms
from kb_app.retrieval.corrected import CorrectedQuestion, CorrectedQuestions
from kb_app.services.corrections.reuse import EXACT, matched_question

#: Two answers that share this much of their terms say the same.
_SAME_ANSWER = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class SameQuestion:
    """Corrections of one question; ``contradict`` says whether their answers differ."""

    corrections: tuple[Correction, ...]
    contradict: bool


def same_questions(corrections: Sequence[Correction]) -> list[SameQuestion]:
    """Return the groups of two and more that ask the same within a base, contradictions first."""
    by_base: dict[str, list[Correction]] = defaultdict(list)
    for correction in corrections:
        if correction.status != "archived":
            by_base[correction.base_id].append(correction)
    groups = [group for ours in by_base.values() for group in _groups(ours)]
    found = [SameQuestion(corrections=tuple(group), contradict=_contradict(group)) for group in groups]
    return sorted(found, key=lambda one: not one.contradict)


def _groups(corrections: Sequence[Correction]) -> list[list[Correction]]:
    index = CorrectedQuestions(
        [CorrectedQuestion(id=one.id, version=one.version, question=matched_question(one)) for one in corrections]
    )
    known = {one.id: one for one in corrections}
    seen: set[str] = set()
    groups = []
    for one in corrections:
        if one.id in seen:
            continue
        fits = index.alike(matched_question(one))
        same = [fit.id for fit in fits if not fit.likeness.blocked and fit.likeness.score >= EXACT]
        group = [known[found] for found in same if found not in seen]
        seen |= {found.id for found in group}
        if len(group) > 1:
            groups.append(group)
    return groups


def _contradict(group: Iterable[Correction]) -> bool:
    answers = [set(terms(one.chosen)) for one in group if one.chosen]
    return any(
        len(first & second) < _SAME_ANSWER * max(len(first), len(second), 1)
        for place, first in enumerate(answers)
        for second in answers[place + 1 :]
    )
