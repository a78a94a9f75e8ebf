import random

import pytest

from kb_app.retrieval.fusion import fuse, min_max, trust


def test_votes_lie_between_the_least_and_the_best_cosine():
    assert min_max([("a", 0.9), ("b", 0.7), ("c", 0.8)]) == pytest.approx({"a": 1, "b": 0, "c": 0.5})


@pytest.mark.parametrize("found", [[], [("a", 0.4)], [("a", 1.0), ("b", 1.0)]])
def test_equal_cosines_give_no_vote(found):
    assert min_max(found) == {}


def test_an_embedder_that_agrees_with_the_words_is_believed():
    lexical = [0.9, 0.7, 0.5, 0.3, 0.2, 0.1]
    assert trust(lexical, [1.0, 0.9, 0.5, 0.4, 0.2, 0.1]) == 1


def test_a_random_embedder_hardly_moves_a_keyword_ranking():
    rng = random.Random(7)
    lexical = [0.9 - 0.01 * place for place in range(50)]
    trusts = [trust(lexical, [rng.random() for _ in lexical]) for _ in range(200)]
    assert sum(trusts) / len(trusts) < 0.1


def test_an_embedder_that_contradicts_the_words_is_not_believed():
    lexical = [0.9, 0.7, 0.5, 0.3, 0.2, 0.1]
    assert fuse(lexical, [0.1, 0.2, 0.3, 0.5, 0.7, 1.0]) == lexical


def test_where_words_know_nothing_the_vote_decides():
    scores = fuse([0.05, 0.02, 0.0], [0.0, 0.1, 1.0])
    assert scores.index(max(scores)) == 2


def test_nothing_to_fuse():
    assert fuse([], []) == []
