"""Search and citation measures, worked out by hand."""

import math

import pytest

from kb_app.evaluation.retrieval_metrics import (
    Passage,
    citation_precision,
    citation_recall,
    hit_at,
    matches,
    ndcg_at,
    reciprocal_rank,
    same_place,
)

NONE: frozenset[int] = frozenset()
FIRST, SECOND = frozenset({0}), frozenset({1})


def test_hits_and_ranks() -> None:
    matched = [NONE, FIRST, NONE]
    assert hit_at(matched, 1) == 0.0
    assert hit_at(matched, 2) == 1.0
    assert reciprocal_rank(matched) == 0.5
    assert reciprocal_rank([NONE]) == 0.0
    assert reciprocal_rank([]) == 0.0


def test_ndcg_counts_every_wanted_passage_once() -> None:
    assert ndcg_at([FIRST, SECOND], 2, 10) == 1.0
    assert ndcg_at([FIRST, FIRST], 1, 10) == 1.0
    ideal = 1 + 1 / math.log2(3)
    assert ndcg_at([FIRST, NONE, SECOND], 2, 10) == pytest.approx((1 + 1 / 2) / ideal)
    assert ndcg_at([NONE, FIRST], 1, 10) == pytest.approx(1 / math.log2(3))
    assert ndcg_at([NONE, FIRST], 1, 1) == 0.0


def test_citations() -> None:
    assert citation_precision([FIRST, NONE]) == 0.5
    assert citation_precision([]) == 0.0
    assert citation_recall([FIRST, FIRST], 2) == 0.5
    assert citation_recall([], 1) == 0.0


TEXT = "绿茶用八十度的水冲泡，水太烫会发苦。" * 3 + "再焖两分钟，第一泡倒掉不喝。"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Passage("茶.md", TEXT), Passage("茶.md", TEXT), True),
        (Passage("茶.md", TEXT), Passage("酒.md", TEXT), False),
        (Passage("", TEXT), Passage("酒.md", TEXT), True),
        (Passage("茶.md", TEXT), Passage("茶.md", "水太烫会发苦"), True),
        (Passage("茶.md", TEXT), Passage("茶.md", TEXT[10:] + "另一段的开头是这样写的。"), True),
        (Passage("茶.md", TEXT), Passage("茶.md", "水果要放在冰箱里，不要放太久，会发苦。"), False),
        (Passage("茶.md", TEXT), Passage("茶.md", "……"), False),
    ],
)
def test_a_place_is_known_again_however_it_is_cut(one: Passage, other: Passage, same: bool) -> None:
    assert same_place(one, other) is same
    assert same_place(other, one) is same


def test_passages_are_matched_by_position() -> None:
    wanted = [Passage("a", "bees keep the brood at 35 degrees"), Passage("b", "wasps keep no brood in winter")]
    found = [Passage("b", "wasps keep no brood in winter, ever"), Passage("c", "storks"), Passage("a", "at 35 degrees")]
    assert matches(found, wanted) == [SECOND, NONE, FIRST]
