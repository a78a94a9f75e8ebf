import re

import pytest

from ingestion.embed import HashedEmbedder
from kb_app.errors import ModelNotFoundError
from kb_app.messages import translate
from kb_app.models import ChatRequest, Finished, Source, Token
from kb_app.providers.builtin import BuiltinProvider
from kb_app.providers.quote import QuoteModel, QuoteProvider

TEXT = (
    "JoyRL is a library based on PyTorch and Ray. It was released by volunteers in 2022.\n\n"
    "```python\nimport joyrl\n```\n"
)


def request(text: str = TEXT, language="en") -> ChatRequest:
    source = Source(marker=7, base_id="b", document_id="d", document="joyrl.md", chunk_id="d:0", text=text, score=1.0)
    return ChatRequest(messages=(), question="Which library is JoyRL based on?", sources=(source,), language=language)


def answer(chat_request: ChatRequest) -> str:
    *tokens, last = QuoteModel().stream(chat_request)
    assert last == Finished(reason="complete")
    assert all(isinstance(token, Token) for token in tokens)
    return "".join(token.text for token in tokens)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_says_first_that_no_language_model_was_used(language):
    assert answer(request(language=language)).startswith(translate(language, "quote.intro"))


def test_it_quotes_the_source_and_marks_every_quotation():
    text = answer(request())
    assert "> JoyRL is a library based on PyTorch and Ray. It was released by volunteers in 2022. [7]" in text
    quotations = text.split("\n\n")[1:]
    assert all(quotation.endswith("[7]") for quotation in quotations)


def test_code_keeps_its_fence():
    text = answer(request("```python\nimport joyrl  # based on a library\n```\n"))
    assert "> ```python\n> import joyrl  # based on a library\n> ```\n>\n> [7]" in text


def test_it_streams_in_small_pieces():
    pieces = [event.text for event in QuoteModel().stream(request()) if isinstance(event, Token)]
    assert len(pieces) > 5
    assert max(map(len, pieces)) < 30


def test_without_anything_to_quote_it_says_so_and_cites_nothing():
    text = answer(request("# Only a heading"))
    assert text == translate("en", "quote.none")
    assert not re.search(r"\[\d+\]", text)


def test_the_model_reads_sources_not_prompts():
    assert QuoteModel().model_id == "quote"
    assert QuoteModel().prompted is False


def test_providers_list_and_make_their_one_model():
    assert [(info.id, info.kind, info.state) for info in QuoteProvider().models()] == [("quote", "chat", "ready")]
    assert [(info.id, info.kind, info.state) for info in BuiltinProvider().models()] == [
        ("builtin", "embedding", "ready")
    ]
    assert isinstance(QuoteProvider().chat_model(""), QuoteModel)
    assert isinstance(BuiltinProvider().embedder(""), HashedEmbedder)


@pytest.mark.parametrize(
    "call",
    [
        lambda: QuoteProvider().chat_model("x"),
        lambda: QuoteProvider().embedder(""),
        lambda: BuiltinProvider().chat_model(""),
        lambda: BuiltinProvider().embedder("x"),
    ],
)
def test_unknown_models_are_refused(call):
    with pytest.raises(ModelNotFoundError) as caught:
        call()
    assert caught.value.params["provider"] in ("quote", "builtin")
