"""The measures of text against the reference packages, and against cases worked out by hand."""

import random
import warnings

import pytest

from kb_app.evaluation.text_metrics import (
    best,
    bleu,
    contains,
    exact_match,
    rouge_l,
    rouge_n,
    token_f1,
    tokens,
    without_markers,
)

PAIRS = [
    ("The quick brown fox jumped over the lazy dog.", "A fast brown fox jumps over the lazy dog"),
    ("It is cold outside.", "cold cold cold cold"),
    ("In 1986, Denver's defense allowed 3.1 yards/play (best).", "The Broncos' defense ranked #1 in 1986: 3.1 yards"),
    ("Beyoncé sang a naïve café song", "Beyoncé sang the naive song in a cafe"),
    ("state-of-the-art results_on the task", "results on the state of the art task"),
    ("", "something"),
    ("something", ""),
    ("one", "one"),
]


def random_pairs(count: int) -> list[tuple[str, str]]:
    chance = random.Random(7)
    words = ["the", "a", "of", "cat", "dog", "sat", "mat", "on", "is", "was", "12", "3.5", "U.S.", "don't", "red-brown"]
    return [
        (
            " ".join(chance.choices(words, k=chance.randint(1, 30))),
            " ".join(chance.choices(words, k=chance.randint(1, 30))),
        )
        for _ in range(count)
    ]


def test_rouge_agrees_with_rouge_score() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(["rouge1", "rouge2", "rougeL"])
    for answer, expected in PAIRS + random_pairs(60):
        theirs = scorer.score(expected, answer)
        pair = answer, expected
        ours = {"rouge1": rouge_n(*pair, 1), "rouge2": rouge_n(*pair, 2), "rougeL": rouge_l(*pair)}
        for name, value in ours.items():
            assert tuple(value) == pytest.approx(tuple(theirs[name]), abs=1e-6), (name, pair)


def test_bleu_is_sacrebleus() -> None:
    from sacrebleu import sentence_bleu

    for answer, expected in PAIRS[:4] + random_pairs(20):
        assert bleu(answer, expected) == pytest.approx(sentence_bleu(answer, [expected]).score / 100, abs=1e-6)
    chinese = ("绿茶用八十度的水冲泡", "绿茶宜用八十度的水冲泡。")
    wanted = sentence_bleu(chinese[0], [chinese[1]], tokenize="zh").score / 100
    assert bleu(*chinese) == pytest.approx(wanted, abs=1e-6)
    assert 0.5 < wanted < 1
    assert bleu("八十度", "八十度") == pytest.approx(1.0)


def test_repeating_an_expected_word_gains_nothing() -> None:
    overlap = rouge_n("cold cold cold cold", "It is cold outside.", 1)
    assert overlap == (0.25, 0.25, 0.25)


def test_rouge_of_chinese_counts_characters() -> None:
    # 水 温 八 十 度 against 八 十 五 度: three of five given, three of four wanted.
    assert rouge_n("水温八十度", "八十五度", 1) == pytest.approx((3 / 5, 3 / 4, 2 / 3))
    # Pairs: 水温 温八 八十 十度 against 八十 十五 五度: one common.
    assert rouge_n("水温八十度", "八十五度", 2) == pytest.approx((1 / 4, 1 / 3, 2 / 7))
    assert rouge_l("度八十", "八十五度") == pytest.approx((2 / 3, 2 / 4, 4 / 7))
    assert rouge_l("八十五度", "八十五度").f1 == 1.0


def test_chinese_tokens_are_characters_simplified_and_half_width() -> None:
    assert tokens("龍井茶８０度,GPT-4") == ["龙", "井", "茶", "80", "度", "gpt", "4"]


@pytest.mark.parametrize(
    ("answer", "expected", "equal"),
    [
        ("The Eiffel Tower!", "eiffel tower", 1.0),
        ("八十度。", "八十度", 1.0),
        ("「八十度」", "八十度", 1.0),
        ("８０ 度", "80度", 1.0),
        ("八十五度", "八十度", 0.0),
    ],
)
def test_exact_match_ignores_case_punctuation_articles_and_blanks(answer: str, expected: str, equal: float) -> None:
    assert exact_match(answer, expected) == equal


def test_token_f1() -> None:
    assert token_f1("the cat sat", "a cat sat down") == pytest.approx((1.0, 2 / 3, 0.8))
    # 李白 写 了 诗: four characters, all of them among the six wanted.
    assert token_f1("李白写诗", "李白写了首诗") == pytest.approx((1.0, 4 / 6, 0.8))
    assert token_f1("", "x").f1 == 0.0


def test_an_answer_may_say_more_than_what_was_asked() -> None:
    assert contains("水温应为八十度左右。", "八十度") == 1.0
    assert contains("It is concatenated", "cat") == 0.0
    assert contains("anything", "") == 0.0


def test_the_closest_of_several_accepted_answers_counts() -> None:
    assert best(exact_match, "八十度", ["80度", "八十度"]) == 1.0


def test_markers_and_quote_signs_are_no_part_of_an_answer() -> None:
    assert without_markers("> 水温八十度 [1]\n\n再焖两分钟。[2][3]") == "水温八十度\n\n再焖两分钟。"
