"""Near-duplicate questions stay together, and a split never moves what it once assigned."""

import random
import time

import pytest

from kb_app.retrieval.analyzer import analyse
from kb_app.services.evaluation.question_groups import SAME_SHARE, SplitShares, group_questions, question_key, split_of

SHARES = SplitShares(0.8, 0.1, 0.1)


def grouped(*questions: str, known: tuple[str, ...] = ()) -> list[int]:
    return group_questions(questions, known)


def test_reworded_questions_are_one_group_in_both_languages() -> None:
    assert grouped(
        "绿茶用多少度的水冲泡？",
        "How warm do bees keep the brood?",
        "請問綠茶用幾度的水冲泡",
        "how warm do the bees keep their brood",
        "红茶能放多久？",
    ) == [0, 1, 0, 1, 4]


def test_other_numbers_make_other_questions() -> None:
    assert grouped("2023年的营业收入是多少？", "2024年的营业收入是多少？") == [0, 1]


def test_likeness_chains_and_known_groups_join() -> None:
    assert grouped("a", "b", "c", known=("g", "", "g")) == [0, 1, 0]
    assert grouped("什么?", "什么？", "") == [0, 0, 2]


def test_the_first_question_names_the_group_whatever_comes_later() -> None:
    old = ["绿茶用多少度的水冲泡？", "红茶能放多久？"]
    assert grouped(*old, "绿茶要用多少度的水来冲泡")[:2] == grouped(*old)


def test_shares_are_kept_and_repeatable() -> None:
    splits = [split_of(str(number), SHARES, seed=7) for number in range(5000)]
    assert splits == [split_of(str(number), SHARES, seed=7) for number in range(5000)]
    assert splits.count("train") / 5000 == pytest.approx(0.8, abs=0.02)
    assert splits.count("validation") / 5000 == pytest.approx(0.1, abs=0.02)
    assert splits != [split_of(str(number), SHARES, seed=8) for number in range(5000)]
    assert {split_of(str(number), SplitShares(1, 0, 0), seed=1) for number in range(500)} == {"train"}
    assert {split_of(str(number), SplitShares(0, 0, 1), seed=1) for number in range(500)} == {"test"}


def test_keys_ignore_script_width_case_and_punctuation() -> None:
    assert question_key("綠茶　用 ８０ 度？") == question_key("绿茶用80度")


def brute_force(questions: list[str]) -> list[int]:
    """Return the groups by comparing every pair."""
    terms = [set(analyse(question).terms) for question in questions]
    groups = list(range(len(questions)))
    for one in range(len(questions)):
        for other in range(one):
            if len(terms[one] & terms[other]) >= SAME_SHARE * len(terms[one] | terms[other]):
                low, high = sorted((groups[one], groups[other]))
                groups = [low if group == high else group for group in groups]
    return groups


@pytest.mark.parametrize("letters", ["茶水温度山川", "茶水温度山川风月花鸟虫鱼"])
def test_groups_are_those_of_comparing_every_pair(letters: str) -> None:
    chance = random.Random(3)
    questions = ["".join(chance.choices(letters, k=chance.randint(1, 6))) for _ in range(150)]
    assert group_questions(questions) == brute_force(questions)


@pytest.mark.parametrize("template", ["请问{}公司去年的主要产品和销售渠道分别是什么？", "{}的产地在哪里"])
def test_questions_of_one_pattern_are_no_trouble(template: str) -> None:
    chance = random.Random(3)
    names = ["".join(chance.choices("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉", k=4)) for _ in range(1_000)]
    started = time.thread_time()
    group_questions([template.format(name) for name in names])
    assert time.thread_time() - started < 5
