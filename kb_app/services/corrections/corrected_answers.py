"""Corrected answers as text: served as the answer itself, or given to a model as worked examples."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from typing import NamedTuple

from kb_app.messages import Language, translate
from kb_app.models import ChatMessage, Correction, Source
from kb_app.services.prompting.prompts import estimate_tokens

_MARKER = re.compile(r"\[(\d{1,3})\](?!\()")
#: Share of the prompt's room that examples may take.
_ROOM = 0.2


class CorrectedAnswer(NamedTuple):
    """A corrected answer with the passages it rests on, numbered from 1."""

    text: str
    sources: tuple[Source, ...]


def corrected_answer(correction: Correction) -> CorrectedAnswer:
    """Return the answer as it is served: its markers point at its supporting passages, and all of them are cited."""
    sources = tuple(replace(one, marker=number) for number, one in enumerate(correction.support, start=1))
    numbers = {old.marker: new.marker for old, new in zip(correction.support, sources, strict=True)}
    text = _renumbered(correction.chosen, numbers)
    if sources and not _MARKER.search(text):
        text += " " + "".join(f"[{one.marker}]" for one in sources)
    return CorrectedAnswer(text, sources)


def with_support(sources: Sequence[Source], corrections: Sequence[Correction]) -> tuple[Source, ...]:
    """Return ``sources`` and, after them, what the corrections rest on and is not among them."""
    merged = list(sources)
    for correction in corrections:
        for one in correction.support:
            if _same_as(one, merged) is None:
                merged.append(replace(one, marker=len(merged) + 1))
    return tuple(merged)


def with_examples(
    messages: Sequence[ChatMessage], corrections: Sequence[Correction], sources: Sequence[Source], language: Language
) -> tuple[ChatMessage, ...]:
    """Return ``messages`` with the corrections told behind the passages, fenced as data."""
    if not corrections:
        return tuple(messages)
    system, *rest = messages
    block = _block(corrections, sources, language)
    return (replace(system, content=f"{system.content.rstrip()}\n\n{block}"), *rest)


def fitting(corrections: Sequence[Correction], language: Language, room: int) -> list[Correction]:
    """Return the first of the corrections that may be told in a prompt with ``room`` tokens."""
    kept: list[Correction] = []
    for correction in corrections:
        if examples_tokens([*kept, correction], language) > room * _ROOM:
            break
        kept.append(correction)
    return kept


def examples_tokens(corrections: Sequence[Correction], language: Language) -> int:
    """Return how many tokens telling these corrections takes."""
    return estimate_tokens(_block(corrections, (), language)) if corrections else 0


def as_offer(correction: Correction, sources: Sequence[Source], language: Language) -> str:
    """Return what readers of the quote model are shown below the quotations."""
    question = " ".join(correction.question.split())
    answer = _renumbered(correction.chosen, _numbers(correction, sources))
    return translate(language, "answer.similar_corrected", question=question, answer=answer)


def _block(corrections: Sequence[Correction], sources: Sequence[Source], language: Language) -> str:
    template = resources.files("kb_app.prompts").joinpath(f"examples.{language}.md").read_text(encoding="utf-8")
    told = "\n\n".join(_example(one, sources) for one in corrections)
    return template.strip().replace("{examples}", told)


def _example(correction: Correction, sources: Sequence[Source]) -> str:
    answer = _renumbered(correction.chosen, _numbers(correction, sources))
    # The fence is a tag that neither text can close.
    question, answer = (text.replace("</corrected", "<\u200b/corrected") for text in (correction.question, answer))
    return f"<corrected>\n<question>{question}</question>\n{answer}\n</corrected>"


def _numbers(correction: Correction, sources: Sequence[Source]) -> dict[int, int]:
    """Return the correction's own marker -> the marker of the same passage among ``sources``."""
    found = ((one.marker, _same_as(one, sources)) for one in correction.support)
    return {own: same.marker for own, same in found if same is not None}


def _same_as(source: Source, among: Sequence[Source]) -> Source | None:
    """Return the source that holds at least half of this passage."""
    for other in among:
        shared = min(source.end, other.end) - max(source.start, other.start)
        if other.document_id == source.document_id and 2 * shared >= source.end - source.start:
            return other
    return None


def _renumbered(text: str, numbers: Mapping[int, int]) -> str:
    """Return ``text`` with its markers as ``numbers`` says; those that point at nothing are dropped."""
    return _MARKER.sub(lambda match: f"[{numbers[n]}]" if (n := int(match[1])) in numbers else "", text)
