"""Questions in a conversation: which lean on the turn before, and what they take along."""

import json
import os
from pathlib import Path

import pytest

from kb_app.retrieval.followup import leans, standalone

SHARED_DATA = Path(os.environ.get("KB_SHARED_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))


@pytest.mark.parametrize(
    ("previous", "question", "searched"),
    [
        ("什么是南瓜书？", "那它的作者呢？", "南瓜书 那它的作者呢？"),
        ("南瓜书是谁写的？", "他还写过什么书？", "南瓜书 他还写过什么书？"),
        ("茶汤太苦怎么补救？", "为什么？", "茶汤太苦 补救 为什么？"),
        ("紫砂壶怎么洗？", "能用洗洁精洗它吗？", "紫砂壶 能用洗洁精洗它吗？"),
        ("绿茶放在哪里？", "能放多久？", "绿茶放 能放多久？"),
        ("紫砂壺怎麼洗？", "為什麼？", "紫砂壶 為什麼？"),
        ("How do I fix a puncture?", "Why?", "fix puncture Why?"),
        ("How often should I oil the chain?", "And in winter?", "often oil chain And in winter?"),
        ("How often should I oil the chain?", "How do I clean it?", "often oil chain How do I clean it?"),
        ("Who won the Tour in 2018?", "and in 2019?", "won Tour and in 2019?"),
        ("大模型的幻觉是什么意思？", "怎么减少？", "大模型的幻觉 怎么减少？"),
        ("What is the torque of the stem bolts?", "What about the pedals?", "torque What about the pedals?"),
        ("Who wrote the Pumpkin Book?", "When did they publish it?", "wrote Pumpkin Book When did they publish it?"),
    ],
)
def test_a_question_that_leans_takes_the_words_of_the_one_before(previous, question, searched):
    assert set(standalone(question, [previous]).split()) == set(searched.split())
    assert standalone(question, [previous]).endswith(question)


@pytest.mark.parametrize(
    "question",
    [
        "什么是南瓜书？",
        "茶是什么？",
        "普洱茶可以放冰箱吗？",
        "南瓜书和它的作者有什么关系？",
        "其他茶叶怎么保存？",
        "茶叶应该放在哪里？",
        "那红茶的水温是多少？",
        "巴吞他尼府建于哪一年？",
        "天气因此有什么变化？",
        "谢谢",
        "你好",
        "你是谁",
        "How long does it take to fix a puncture?",
        "Is it safe to sand the brake pads?",
        "And what is the torque of the pedals?",
        "Why do bees keep their brood warm?",
        "Which bird is the one that flies highest?",
        "What happened this year in Warsaw?",
        "thanks",
        "",
    ],
)
def test_a_question_that_stands_alone_is_not_touched(question):
    assert standalone(question, ["How often should I oil the chain?", "绿茶用多少度的水泡？"]) == question


def test_the_thing_asked_for_instead_takes_the_place_of_the_first():
    assert standalone("那红茶呢？", ["绿茶用多少度的水泡？"]) == "度的水泡 那红茶呢？"
    assert standalone("And black tea?", ["How hot should the water be for green tea?"]) == "hot water And black tea?"


def test_a_chain_of_follow_ups_keeps_the_subject():
    turns = ["什么是南瓜书？", "它的作者是谁？"]
    assert "南瓜书" in standalone("还有呢？", turns)
    assert standalone("还有呢？", [*turns, "How do I fix a puncture?"]) == "fix puncture 还有呢？"


def test_greetings_between_carry_nothing():
    assert standalone("为什么？", ["茶汤太苦怎么补救？", "谢谢"]) == "茶汤太苦 补救 为什么？"
    assert standalone("为什么？", ["你好"]) == "为什么？"
    assert standalone("为什么？", []) == "为什么？"


@pytest.mark.parametrize("name", ["cmrc2018_dev.json", "xquad.en.json"])
def test_hardly_any_question_of_the_development_data_is_taken_for_a_follow_up(name):
    """About one in a hundred does lean (他司职什么位置？, When was he elected by Nixon?)."""
    file = SHARED_DATA / name
    if not file.exists():
        pytest.skip("development data not present")
    raw = json.loads(file.read_text(encoding="utf-8"))
    questions = [
        asked["question"] for article in raw["data"] for part in article["paragraphs"] for asked in part["qas"]
    ]
    assert sum(map(leans, questions)) / len(questions) < 0.012
