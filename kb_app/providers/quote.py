"""Answers without a language model: the documents' own sentences, with the numbers of their passages."""

import re
from collections.abc import Generator, Mapping

from ingestion.protocols import Embedder
from kb_app.errors import ModelNotFoundError
from kb_app.messages import translate
from kb_app.models import AnswerStyle, ChatRequest, Finished, ModelEvent, ModelInfo, Token
from kb_app.protocols import ChatModel
from kb_app.providers.stream import EventStream, Hangup
from kb_app.retrieval.preamble import without_preamble
from kb_app.retrieval.quote import Quote, select_quotes

_PIECE_CHARS = 12
#: How many sentences are quoted at most.
_QUOTES: Mapping[AnswerStyle, int] = {"short": 1, "normal": 3, "list": 5, "detailed": 6}
_OWN_BRACKETS = re.compile(r"\[(\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)\](?!\()")
_WINDOW_TOKENS = 1_000_000


class QuoteModel:
    """The ``quote`` model: says that no language model is used, then quotes sentence by sentence."""

    model_id = "quote"
    context_tokens = _WINDOW_TOKENS
    prompted = False

    def stream(self, request: ChatRequest) -> EventStream:
        """Stream the answer in small pieces, then ``Finished``; every quotation ends in its ``[marker]``."""
        return EventStream(self._events(request), Hangup())

    def _events(self, request: ChatRequest) -> Generator[ModelEvent]:
        wanted = (without_preamble(request.question), request.beginning)
        found = (select_quotes(one, request.sources, _QUOTES[request.style]) for one in wanted if one)
        quotes = next((quotes for quotes in found if quotes), [])
        intro = translate(request.language, "quote.intro" if quotes else "quote.none")
        text = "\n\n".join([intro, *map(_as_markdown, quotes)])
        for start in range(0, len(text), _PIECE_CHARS):
            yield Token(text=text[start : start + _PIECE_CHARS])
        yield Finished(reason="complete")


def _as_markdown(quote: Quote) -> str:
    """Return the quotation as a Markdown quote, its marker on the last line; code keeps its fence, a row its header."""
    is_block = quote.text.startswith(("```", "~~~", "|"))
    is_code = is_block and not quote.text.startswith("|")
    # A number in brackets in the document's own words is not a citation of ours.
    text = f"{quote.header}\n{quote.text}" if quote.header else quote.text
    text = text if is_code else _OWN_BRACKETS.sub(r"\\[\1\\]", text)
    lines = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    is_block = is_block or text.rpartition("\n")[2].lstrip().startswith("|")  # a marker would be one more cell
    return f"{lines}\n>\n> [{quote.marker}]" if is_block else f"{lines} [{quote.marker}]"


class QuoteProvider:
    """Offers the ``quote`` model."""

    name = "quote"

    def models(self) -> list[ModelInfo]:
        """Return the one model, always ready."""
        return [ModelInfo(id="quote", provider="quote", kind="chat", state="ready")]

    def chat_model(self, model: str) -> ChatModel:
        """Return the quote model; its id has no second part."""
        if model:
            raise ModelNotFoundError(f"quote/{model}", provider=self.name, model=model, address="")
        return QuoteModel()

    def embedder(self, model: str) -> Embedder:
        """Raise ModelNotFoundError: there is none."""
        raise ModelNotFoundError(f"quote/{model}", provider=self.name, model=model or "quote", address="")
