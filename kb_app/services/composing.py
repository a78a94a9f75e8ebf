"""What a model is asked: passages, corrections of earlier answers and the history, fitted into its window."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kb_app.messages import Language
from kb_app.models import (
    AnswerStyle,
    ChatOptions,
    ChatRequest,
    Correction,
    ErrorInfo,
    Message,
    Retrieval,
    Retrieved,
    Source,
)
from kb_app.protocols import ChatModel
from kb_app.services.corrected_answers import as_offer, examples_tokens, fitting, with_examples, with_support
from kb_app.services.prompts import answer_prompt
from kb_app.services.sources import sources_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is to answer a question from. ``query`` is what was searched for, ``problems`` what went wrong."""

    query: str
    language: Language
    history: Sequence[Message]
    retrieval: Retrieval
    corrections: Sequence[Correction]
    problems: tuple[ErrorInfo, ...]

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return the passages that count.

        Those found with too little confidence do not; those that the corrections rest on do.
        """
        return with_support(sources_of(self.retrieval) if self.retrieval.found else (), self.corrections)

    def as_event(self, sources: tuple[Source, ...]) -> Retrieved:
        """Return what readers of the answer are told, with the passages the model gets."""
        return Retrieved(
            query=self.retrieval.query,
            sources=sources,
            confidence=self.retrieval.confidence,
            elapsed_s=self.retrieval.elapsed_s,
            problems=self.problems,
        )


class Composed(NamedTuple):
    """A request, and what is said below the answer; ``offer`` is empty where nothing is."""

    request: ChatRequest
    offer: str


def compose(model: ChatModel, found: Found, question: str, template: str, style: AnswerStyle) -> Composed:
    """Return the request for ``model``: as many examples and passages as its window has room for.

    Args:
        model: Who is asked.
        found: What there is to answer from.
        question: The question with the wishes for its answer.
        template: The prompt of the base.
        style: The wanted form of the answer, for a model that reads no prompt.
    """
    options = ChatOptions()
    room = model.context_tokens - options.max_tokens
    told = fitting(found.corrections, found.language, room)
    left = room - examples_tokens(told, found.language)
    sources = found.sources
    prompt = answer_prompt(question, found.history, sources, template=template, prompt_tokens=left)
    offered = prompt.sources if model.prompted else sources
    offers = bool(found.corrections) and not model.prompted
    return Composed(
        ChatRequest(
            messages=with_examples(prompt.messages, told, offered, found.language),
            question=found.query,
            sources=offered,
            language=found.language,
            style=style,
            options=options,
        ),
        as_offer(found.corrections[0], sources, found.language) if offers else "",
    )
