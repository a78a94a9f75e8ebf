"""Conversations for reading and printing: Markdown, and one HTML file that loads nothing from anywhere."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from html import escape
from importlib import resources

from markdown_it import MarkdownIt
from markdown_it.token import Token

from kb_app.messages import Language, translate
from kb_app.models import Conversation, Message, Source
from kb_app.services.answers.citations import MARKER

_BLANK_LINE = re.compile(r"\n\s*\n")


def to_markdown(conversation: Conversation, messages: Sequence[Message], language: Language) -> str:
    """Return the branch ``messages`` as Markdown, each answer followed by its sources."""
    parts = [f"# {conversation.title}", _facts(conversation, language)]
    for message in messages:
        parts += [f"## {_speaker(message, language)}", message.text.strip()]
        parts += [f"*{note}*" for note in _notes(message, language)]
        sources = _cited(message)
        if sources:
            parts.append(f"### {translate(language, 'export.sources')}")
            parts += [_markdown_source(source, language) for source in sources]
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown_source(source: Source, language: Language) -> str:
    quotation = "\n".join(f"> {line}" for line in _BLANK_LINE.sub("\n", source.text.strip()).splitlines())
    return f"**[{source.marker}]** {_place(source, language)}\n\n{quotation}"


def to_html(conversation: Conversation, messages: Sequence[Message], language: Language) -> str:
    """Return the branch ``messages`` as one HTML page for reading and printing.

    What people, models and documents wrote is escaped; images are shown as links; nothing is loaded, which the page's
    own policy enforces.
    """
    page = resources.files("kb_app.services").joinpath("data/conversation.html").read_text(encoding="utf-8")
    body = "\n".join(_html_message(message, language) for message in messages)
    fields = {
        "language": "zh-CN" if language == "zh" else "en",
        "title": escape(conversation.title),
        "facts": escape(_facts(conversation, language)),
        "body": body,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: fields[match[1]], page)


def _html_message(message: Message, language: Language) -> str:
    head = f"<h2>{escape(_speaker(message, language))}</h2>"
    if message.role == "user":
        return f'<section class="question">{head}<p class="verbatim">{escape(message.text)}</p></section>'
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in _notes(message, language))
    sources = "".join(_html_source(message, source, language) for source in _cited(message))
    if sources:
        sources = f"<h3>{escape(translate(language, 'export.sources'))}</h3><ol>{sources}</ol>"
    return f'<section class="answer">{head}{_rendered(message)}{notes}{sources}</section>'


def _html_source(message: Message, source: Source, language: Language) -> str:
    place = escape(_place(source, language))
    text = escape(source.text.strip())
    return (
        f'<li id="{_anchor(message, source.marker)}" value="{source.marker}"><p class="place">{place}</p>'
        f'<blockquote class="verbatim">{text}</blockquote></li>'
    )


def _anchor(message: Message, marker: int) -> str:
    return escape(f"source-{message.id}-{marker}")


@cache
def _markdown() -> MarkdownIt:
    # No HTML, no images, no link definitions: a document could turn "[1]" into a link of its own.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(["image", "reference"])


def _rendered(message: Message) -> str:
    """Return an answer as HTML, its markers as links to the sources below it."""
    markers = {source.marker for source in _cited(message)}
    tokens = _markdown().parse(message.text)
    for token in tokens:
        if token.type == "inline" and token.children is not None:
            token.children = [one for child in token.children for one in _linked(child, message, markers)]
    return str(_markdown().renderer.render(tokens, _markdown().options, {}))


def _linked(token: Token, message: Message, markers: set[int]) -> list[Token]:
    if token.type != "text":
        return [token]
    found: list[Token] = []
    position = 0
    for match in MARKER.finditer(token.content):
        if int(match[1]) in markers:
            link = f'<a class="marker" href="#{_anchor(message, int(match[1]))}">[{match[1]}]</a>'
            found.append(Token("text", "", 0, content=token.content[position : match.start()]))
            found.append(Token("html_inline", "", 0, content=link))
            position = match.end()
    return [*found, Token("text", "", 0, content=token.content[position:])]


def _speaker(message: Message, language: Language) -> str:
    name = translate(language, f"export.{message.role}")
    model = f" · {message.model_id}" if message.role == "assistant" and message.model_id else ""
    return f"{name}{model} · {_minute(message.created_at)}"


def _facts(conversation: Conversation, language: Language) -> str:
    facts = [translate(language, "export.started", time=_minute(conversation.created_at)), *conversation.tags]
    return " · ".join(facts)


def _notes(message: Message, language: Language) -> list[str]:
    notes = []
    if message.status in ("stopped", "interrupted", "failed"):
        notes.append(translate(language, f"export.{message.status}"))
    if message.rating is not None:
        notes.append(translate(language, f"export.rated_{message.rating.verdict}"))
        notes += [translate(language, f"ui.reason.{reason}") for reason in message.rating.reasons]
        notes += [message.rating.note] if message.rating.note else []
    return notes


def _cited(message: Message) -> list[Source]:
    return [source for source in message.sources if source.marker in message.cited]


def _place(source: Source, language: Language) -> str:
    parts = [source.document]
    if source.page is not None:
        parts.append(translate(language, "export.page", page=source.page))
    if source.heading:
        parts.append(" › ".join(source.heading))
    return " · ".join(parts)


def _minute(time: str) -> str:
    return f"{datetime.fromisoformat(time):%Y-%m-%d %H:%M} UTC" if time else ""
