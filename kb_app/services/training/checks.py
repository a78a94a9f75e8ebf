"""What stands in the way of examples for training: items a trainer would drop or misread, and personal data."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from kb_app.models import ChatMessage
from kb_app.services.training.formats import Example, Need, ProblemKind, problem_of
from kb_app.services.training.personal_data import Finding, Masker, find_personal_data


class Problem(NamedTuple):
    """An item that a trainer would drop or misread, and why."""

    id: str
    question: str
    kind: ProblemKind


def checked(examples: Sequence[Example], need: Need, *, with_context: bool) -> tuple[list[Problem], list[Example]]:
    """Return what is wrong with some of the examples, and the others."""
    problems, whole = [], []
    for example in examples:
        kind = problem_of(example, need, with_context=with_context)
        if kind is None:
            whole.append(example)
        else:
            problems.append(Problem(example.id, example.question, kind))
    return problems, whole


def _texts(example: Example) -> list[str]:
    turns = [turn.content for turn in example.history]
    return [example.system, *turns, example.question, example.chosen, example.rejected]


def findings(example: Example) -> list[Finding]:
    """Return the personal data in an example."""
    return [finding for text in _texts(example) for finding in find_personal_data(text)]


def masked(examples: Sequence[Example]) -> list[Example]:
    """Return the examples with personal data replaced, the same person by the same name everywhere."""
    mask = Masker().mask
    return [
        replace(
            example,
            system=mask(example.system),
            history=tuple(ChatMessage(role=turn.role, content=mask(turn.content)) for turn in example.history),
            question=mask(example.question),
            chosen=mask(example.chosen),
            rejected=mask(example.rejected),
            facts={name: mask(fact) for name, fact in example.facts.items()},
        )
        for example in examples
    ]
