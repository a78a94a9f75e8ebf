import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingestion.analyzer import fold, number_terms, stem, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("知识库", ["知", "识", "库", "知识", "识库"]),
        ("知識庫", ["知", "识", "库", "知识", "识库"]),
        ("libraries", ["librari"]),
        ("Running RUNS", ["run", "run"]),
        ("１２３ ＡＢＣ", ["123", "abc"]),
        ("1,234.5", ["1234.5"]),
        ("1.5.9", ["1.5.9"]),
        ("torch.nn", ["torch.nn", "torch", "nn"]),
        ("JoyRL-book", ["joyrl-book", "joyrl", "joy", "rl", "book"]),
        ("snake_case", ["snake_case", "snake", "case"]),
        ("GPT4", ["gpt4", "gpt", "4"]),
        ("C++ C#", ["c++", "c", "c#", "c"]),
        ("Newton's", ["newton"]),
        ("Müller", ["muller"]),
        ("", []),
        ("，。！ \n", []),
    ],
)
def test_terms(text, expected):
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("十八号线", ["18"]),
        ("一九八六年", ["1986"]),
        ("二〇〇九", ["2009"]),
        ("二十三亿五千万", ["2350000000"]),
        ("三百二十", ["320"]),
        ("一个", []),
        ("百万", []),
    ],
)
def test_chinese_numerals_are_found_as_digits(run, expected):
    assert number_terms(run) == expected


def test_numeral_and_digits_share_a_term():
    assert "18" in terms("地铁十八号线")
    assert "18" in terms("地铁18号线")


def test_folding_keeps_case_and_leaves_ascii_alone():
    assert fold("Machine LEARNING") == "Machine LEARNING"
    assert fold("機器學習") == "机器学习"


def test_a_monstrous_token_is_cut():
    assert all(len(term) <= 100 for term in terms("a1" * 5000))


@pytest.mark.parametrize(
    "words",
    [
        "write wrote written writing", "build built builds", "woman women", "matrix matrices",
        "colour color colours", "organisation organization", "centre center", "septicaemia septicemia",
        "analysed analyze", "archaeology archeology", "defence defense", "dialogue dialog",
    ],
)  # fmt: skip
def test_irregular_forms_and_both_spellings_of_a_word_are_one_term(words):
    assert len(set(terms(words))) == 1


@pytest.mark.parametrize("words", ["hour for", "four for", "founded found", "crisis crises crize", "promise prom"])
def test_words_that_only_look_alike_stay_apart(words):
    assert len(set(terms(words))) > 1


def test_many_threads_find_the_same_stems() -> None:
    endings = ("alization", "ational", "iveness", "fulness", "ingly", "ization", "ators", "ously", "ements")
    words = [start + end for start in ("nation", "gener", "relat", "hope", "oper") for end in endings]
    alone = [stem.__wrapped__(word) for word in words]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            together = list(threads.map(stem.__wrapped__, words * 100))
    finally:
        sys.setswitchinterval(interval)
    assert together == alone * 100
