"""What of an answer its passages hold: cases as models write them, in both languages."""

import pytest

from kb_app.models import Source
from kb_app.services.answers.citations import quoted
from kb_app.services.answers.support import evidence, unsupported

BEES = (
    "A bee colony keeps its brood at 35 degrees. In winter the bees form a cluster around the queen. "
    "One queen lays up to 2,000 eggs a day, about twenty-five thousand a month."
)
TEA = "绿茶用80度左右的水冲泡，时间约两分钟。红茶可以用沸水。福州的茉莉花茶始于宋代，年产五十万公斤。"


def source(text: str, marker: int = 1, document: str = "a.md") -> Source:
    return Source(marker=marker, base_id="b", document_id="d", document=document, chunk_id="c", text=text, score=1.0)


def marked(text: str, question: str = "") -> list[str]:
    spans = unsupported(text, question, [source(BEES), source(TEA, 2)])
    return [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    "answer",
    [
        "The brood of a bee colony is kept at 35 degrees [1].",
        "During winter, bees cluster around their queen. [1]",
        "A queen can lay 2000 eggs per day [1], or 25 thousand a month [1].",
        "绿茶适合用 80 度的水泡约两分钟 [2]。",
        "福州茉莉花茶每年的产量是 50 万公斤[2]。",
        "福州茉莉花茶每年的产量是 500000 公斤[2]。",
        "Here is what the passages say about it:",
        "Would you like to know more about other kinds of tea and their preparation?",
        "Yes.",
        "There are 3 kinds of bees in a colony [1].",
        "## Winter habits of the European honey bee colonies",
        "```python\nprint('bees have exactly 9999 wings in total')\n```",
        "| colony | wings |\n|---|---|\n| bees | 9999 |",
        "蜂群在冬天会围绕蜂王聚成一团来取暖 [1]。",
    ],
)
def test_what_the_passages_hold_is_not_marked(answer: str) -> None:
    assert marked(answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        "The brood of a bee colony is kept at 39 degrees [1].",
        "Honey was traded along the Silk Road by Persian merchants and later banned by the emperor [1].",
        "绿茶最早由荷兰商人在广州收购并运往欧洲各国宫廷 [2]。",
        "福州茉莉花茶始于 1860 年[2]。",
    ],
)
def test_what_the_passages_do_not_hold_is_marked(answer: str) -> None:
    assert marked(answer) == [answer]


def test_only_the_sentence_in_question_is_marked() -> None:
    answer = (
        "The brood is kept at 35 degrees [1]. It was measured in 1987. Bees cluster in winter around the queen. [1]"
    )

    assert marked(answer) == ["It was measured in 1987."]


def test_what_the_question_says_needs_no_passage() -> None:
    assert marked("In 1987 the brood was kept at 35 degrees [1].", "How warm was the brood in 1987?") == []


def test_a_statement_leads_to_the_sentence_it_rests_on() -> None:
    [(start, end)] = evidence("In winter they gather around the queen [1]. And tea [2].", source(BEES))

    assert BEES[start:end] == "In winter the bees form a cluster around the queen."
    assert evidence("Something wholly different from everything [1].", source(BEES)) == ()


def test_a_quotation_is_found_again_word_by_word() -> None:
    passage = "First line\nwraps here. See \\[3] and [4] for more.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    answer = (
        "These are the words:\n\n> First line\n> wraps here. [2]\n\n> other [1]\n\n"
        "> | a | b |\n> |---|---|\n> | 1 | 2 |\n>\n> [2]\n"
    )
    found = [passage[start:end] for start, end in quoted(answer, source(passage, 2))]

    assert found == ["First line\nwraps here.", "| a | b |\n|---|---|\n| 1 | 2 |"]
