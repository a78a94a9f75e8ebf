"""From corrections and rated answers to training examples, before they take a format."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from kb_app.messages import Language
from kb_app.models import ChatMessage, Correction, Message, Source
from kb_app.services.answers.citations import resolve, without_markers
from kb_app.services.prompting.prompts import answer_prompt, language_of
from kb_app.services.training.formats import Example
from kb_app.storage.rated_answers import RatedAnswer

_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)\s*", re.DOTALL)
_ALL_TOKENS = 10_000_000

#: Returns the base's prompt for answers in a language.
Template = Callable[[Language], str]


def of_correction(correction: Correction, template: Template | None) -> Example:
    """Return the example of a correction; with a ``template`` it is asked as the app asks, passages and all."""
    sources = _offered(correction.sources, correction.support)
    example = Example(
        id=correction.id,
        question=correction.question,
        chosen=correction.chosen,
        rejected=correction.rejected,
        history=correction.history,
        has_passages=bool(sources) or "should_decline" in correction.reasons,
        facts={
            "reasons": " ".join(correction.reasons),
            "note": correction.note,
            "author": correction.author,
            "reviewer": correction.reviewer,
            "model": correction.model_id,
            "documents": "; ".join(dict.fromkeys(source.document for source in correction.support)),
            "updated_at": correction.updated_at,
        },
    )
    return _asked(example, sources, template)


def labelled(example: Example) -> list[Example]:
    """Return a correction's two answers as single ones, the right one labelled True, the wrong one False."""
    right = replace(example, label=True, rejected="")
    if not example.rejected.strip() or example.rejected.strip() == example.chosen.strip():
        return [right]
    return [right, replace(example, id=f"{example.id}:rejected", chosen=example.rejected, rejected="", label=False)]


def of_rating(rated: RatedAnswer, template: Template | None) -> Example | None:
    """Return the example of a rated answer; None for one without its question."""
    asked = rated.before[-1] if rated.before else None
    if asked is None or asked.role != "user" or rated.answer.rating is None:
        return None
    example = Example(
        id=rated.answer.id,
        question=asked.text,
        chosen=rated.answer.text,
        history=_turns(rated.before[:-1]),
        label=rated.answer.rating.verdict == "good",
        has_passages=bool(rated.answer.sources),
    )
    return _asked(example, rated.answer.sources, template)


def _asked(example: Example, sources: Sequence[Source], template: Template | None) -> Example:
    """Return the example with passages and markers, or without either: markers of passages not shown mean nothing."""
    count = max((source.marker for source in sources), default=0)

    def told(text: str) -> str:
        bare = _THINKING.sub("", text)
        return (resolve(bare, count).text if template else without_markers(bare, count)).strip()

    system = ""
    if template is not None:
        language = language_of(example.question, "zh")
        prompt = answer_prompt(example.question, (), sources, template=template(language), prompt_tokens=_ALL_TOKENS)
        system = prompt.messages[0].content
    history = tuple(
        replace(turn, content=without_markers(_THINKING.sub("", turn.content), count)) for turn in example.history
    )
    return replace(
        example,
        question=example.question.strip(),
        chosen=told(example.chosen),
        rejected=told(example.rejected),
        system=system,
        history=history,
    )


def _offered(sources: Sequence[Source], support: Iterable[Source]) -> tuple[Source, ...]:
    """Return the passages of the answer and those the right one rests on, each under a number of its own."""
    offered = list(sources)
    known = {source.chunk_id or source.text for source in sources}
    for source in support:
        if (source.chunk_id or source.text) in known:
            continue
        taken = {one.marker for one in offered}
        free = source.marker if source.marker > 0 and source.marker not in taken else max(taken, default=0) + 1
        offered.append(replace(source, marker=free))
        known.add(source.chunk_id or source.text)
    return tuple(offered)


def _turns(messages: Sequence[Message]) -> tuple[ChatMessage, ...]:
    return tuple(ChatMessage(role=message.role, content=message.text) for message in messages)
