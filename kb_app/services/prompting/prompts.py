"""From a question, its history and its passages to the messages a language model gets, within its window."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from kb_app.messages import Language, translate
from kb_app.models import AnswerStyle, ChatMessage, Message, Source
from kb_app.services.prompting.store import fill

_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\uff00-\uffef\u3000-\u303f]")
#: Share of the prompt that earlier turns may take.
_HISTORY_SHARE = 0.25
_HISTORY_MESSAGES = 6
#: Template markup of a message that a server adds.
_MESSAGE_TOKENS = 8
_LEAST_PASSAGE_TOKENS = 100


class AnswerPrompt(NamedTuple):
    """The messages, and the passages that fit, as they stand in them."""

    messages: tuple[ChatMessage, ...]
    sources: tuple[Source, ...]


def estimate_tokens(text: str) -> int:
    """Return an upper estimate: one token per CJK character, one per three other characters."""
    cjk = len(_CJK.findall(text))
    return cjk + (len(text) - cjk + 2) // 3


def language_of(question: str, default: Language) -> Language:
    """Return the language to answer in: Chinese if the question holds any Han character, else English."""
    if re.search(r"[\u3400-\u9fff]", question):
        return "zh"
    return "en" if re.search(r"[A-Za-z]", question) else default


def with_wishes(question: str, language: Language, style: AnswerStyle, *, is_forced: bool) -> str:
    """Return the question with what the reader wishes of its answer: its form and, if ``is_forced``, its language.

    The wishes stand with the question, as a base may have a system prompt of its own.
    """
    wishes = [] if style == "normal" else [translate(language, f"wish.{style}")]
    if is_forced:
        wishes.append(translate(language, "wish.language"))
    return "\n\n".join([question, " ".join(wishes)]) if wishes else question


def answer_prompt(
    question: str,
    history: Sequence[Message],
    sources: Sequence[Source],
    *,
    template: str,
    prompt_tokens: int,
) -> AnswerPrompt:
    """Return the messages for an answer that fit ``prompt_tokens``; passages come best first, the rest is left out.

    ``template`` is the prompt of kind ``answer`` (:class:`kb_app.services.prompting.store.Prompts`).

    The best passage is always there, cut if it must be: an answer without any would be invented.
    """
    room = prompt_tokens - estimate_tokens(template) - estimate_tokens(question) - 2 * _MESSAGE_TOKENS
    turns = _recent_turns(history, int(room * _HISTORY_SHARE))
    room -= sum(estimate_tokens(turn.content) + _MESSAGE_TOKENS for turn in turns)
    given = _fitting(sources, room)
    system = fill(template, passages="\n\n".join(map(_passage, given)))
    messages = (ChatMessage(role="system", content=system), *turns, ChatMessage(role="user", content=question))
    return AnswerPrompt(messages, given)


def _fitting(sources: Sequence[Source], room: int) -> tuple[Source, ...]:
    """Return the first sources whose passages fit ``room`` tokens; of the very first, as much as fits."""
    given: list[Source] = []
    for source in sources:
        cost = estimate_tokens(_passage(source))
        if cost > room and given:
            break
        given.append(
            source if cost <= room else _cut(source, room - estimate_tokens(_passage(replace(source, text=""))))
        )
        room -= cost
    return tuple(given)


def _cut(source: Source, tokens: int) -> Source:
    """Return the source with only the beginning of its text, about ``tokens`` long."""
    share = max(tokens, _LEAST_PASSAGE_TOKENS) / max(estimate_tokens(source.text), 1)
    text = source.text[: int(len(source.text) * min(share, 1.0))]
    return replace(source, text=text, end=source.start + len(text))


def _passage(source: Source) -> str:
    where = " › ".join(_attribute(part) for part in (source.document, *source.heading) if part)
    page = f", p. {source.page}" if source.page is not None else ""
    # The fence is a tag the passage itself cannot close.
    body = source.text.replace("</passage", "<\u200b/passage")
    return f'<passage id="{source.marker}" from="{where}{page}">\n{body}\n</passage>'


def _attribute(text: str) -> str:
    return text.replace('"', "'").replace("<", "(").replace(">", ")")


def _recent_turns(history: Sequence[Message], room: int) -> list[ChatMessage]:
    """Return the newest complete question-answer pairs that fit, oldest first, roles strictly in turn."""
    pairs = [
        (asked, answered)
        for asked, answered in pairwise(history)
        if asked.role == "user" and answered.role == "assistant" and answered.status == "complete" and answered.text
    ]
    turns: list[ChatMessage] = []
    for asked, answered in reversed(pairs[-_HISTORY_MESSAGES // 2 :]):
        cost = estimate_tokens(asked.text) + estimate_tokens(answered.text) + 2 * _MESSAGE_TOKENS
        if cost > room:
            break
        room -= cost
        plain = re.sub(r"\[\d{1,3}\]", "", answered.text)  # old markers would be read as today's passages
        turns[:0] = [ChatMessage(role="user", content=asked.text), ChatMessage(role="assistant", content=plain)]
    return turns
