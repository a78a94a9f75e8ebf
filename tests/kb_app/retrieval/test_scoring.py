"""Exact scores: lengths are counted as the index counts them."""

import pytest

from ingestion.analyzer import terms
from kb_app.retrieval.scoring import prepare


@pytest.mark.parametrize("text", ["How warm is it?", "绿茶用八十度的水。", "南瓜书 (PumpkinBook) 第2版", "茶"])
def test_a_passage_is_as_long_as_the_terms_the_index_keeps_of_it(make_chunk, text):
    assert prepare(make_chunk(text, "d")).length == len(list(terms(text)))
