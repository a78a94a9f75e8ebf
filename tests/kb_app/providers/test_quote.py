import re
from dataclasses import replace
from pathlib import Path

import pytest

from ingestion.embed import HashedEmbedder
from ingestion.prepare import prepare
from kb_app.errors import ModelNotFoundError
from kb_app.messages import translate
from kb_app.models import ChatRequest, Finished, Source, Token
from kb_app.providers.builtin import BuiltinProvider
from kb_app.providers.quote import QuoteModel, QuoteProvider

GUIDE = Path(__file__).parents[3] / "examples" / "泡茶手册.md"
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


def test_what_leads_to_a_question_does_not_choose_the_quotation():
    text = "The report of my class was released by volunteers. " + TEXT
    lead = "Hello, I have to write a report for my class, released by volunteers, and I am lost. "
    asked = request(text)
    assert answer(replace(asked, question=lead + asked.question)) == answer(asked)


def test_code_keeps_its_fence():
    text = answer(request("```python\nimport joyrl  # based on a library\n```\n"))
    assert "> ```python\n> import joyrl  # based on a library\n> ```\n>\n> [7]" in text


@pytest.mark.parametrize("question", ["绿茶用多少度的水泡？", "绿茶水温多少？"])
def test_a_table_row_of_the_example_base_is_shown_with_its_header(question):
    document = prepare(GUIDE.read_bytes(), GUIDE.name)
    sources = tuple(
        Source(
            marker=chunk.index + 1,
            base_id="b",
            document_id="d",
            document=GUIDE.name,
            chunk_id=f"d:{chunk.index}",
            text=chunk.text,
            score=1.0,
            title=document.document.title,
            heading=chunk.heading,
        )
        for chunk in document.chunks
    )
    text = answer(ChatRequest(messages=(), question=question, sources=sources, language="zh"))
    assert text.split("\n\n")[1] == (
        "> | 茶类 | 水温 | 说明 |\n"
        "> | --- | --- | --- |\n"
        "> | 绿茶 | 80 ℃ 左右 | 水太烫会把嫩芽烫熟，茶汤发黄发苦 |\n"
        ">\n"
        "> [1]"
    )


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
