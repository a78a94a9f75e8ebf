"""What a model is asked: passages, corrections of earlier answers and the history, fitted into its window."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from kb_app.services.answers.attachments import Attached
from kb_app.services.answers.sources import sources_of
from kb_app.services.corrections.corrected_answers import (
    as_offer,
    examples_tokens,
    fitting,
    with_examples,
    with_support,
)
from kb_app.services.prompting.prompts import answer_prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is to answer a question from. ``query`` is what was searched for, ``problems`` what went wrong.

    ``attached`` are the files of the conversation, whose passages are among those that were found.
    """

    query: str
    language: Language
    history: Sequence[Message]
    retrieval: Retrieval
    corrections: Sequence[Correction]
    problems: tuple[ErrorInfo, ...]
    attached: Attached

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


class Asked(NamedTuple):
    """The question with the wishes for its answer, the prompt of the base, and the form for models without prompts."""

    question: str
    template: str
    style: AnswerStyle


class Composed(NamedTuple):
    """A request, the corrections that take part, and what is said below the answer; ``offer`` is empty for nothing."""

    request: ChatRequest
    told: tuple[Correction, ...]
    offer: str


def within(options: ChatOptions, model: ChatModel) -> ChatOptions:
    """Return options whose answer leaves at least half of the model's window to the prompt."""
    return replace(options, max_tokens=min(options.max_tokens, model.context_tokens // 2))


def compose(model: ChatModel, options: ChatOptions, found: Found, asked: Asked) -> Composed:
    """Return the request for ``model``: as many examples and passages as its window has room for.

    Args:
        model: Who is asked.
        options: How it shall answer.
        found: What there is to answer from.
        asked: What was asked.
    """
    options = within(options, model)
    room = model.context_tokens - options.max_tokens
    told = fitting(found.corrections, found.language, room)
    left = room - examples_tokens(told, found.language)
    sources = found.sources
    prompt = answer_prompt(asked.question, found.history, sources, template=asked.template, prompt_tokens=left)
    offered = prompt.sources if model.prompted else sources
    # A model without prompts reads no examples: the nearest is offered below what it quotes.
    offered_below = () if model.prompted else found.corrections[:1]
    return Composed(
        ChatRequest(
            messages=with_examples(prompt.messages, told, offered, found.language),
            question=found.query,
            beginning=found.attached.beginning(offered),
            sources=offered,
            language=found.language,
            style=asked.style,
            options=options,
        ),
        tuple(told if model.prompted else offered_below),
        as_offer(offered_below[0], sources, found.language) if offered_below else "",
    )
