import pytest

from kb_app.models import Hit
from kb_app.retrieval.diversity import diversified


@pytest.fixture
def hits(make_chunk):
    def make(*documents_and_scores):
        return [
            Hit(chunk=make_chunk(f"text {n}", document, n), score=score)
            for n, (document, score) in enumerate(documents_and_scores)
        ]

    return make


def documents(hits):
    return [hit.chunk.document_id for hit in hits]


def test_a_document_lets_others_that_are_nearly_as_good_go_first(hits):
    ranked = hits(("a", 1.0), ("a", 0.99), ("a", 0.98), ("a", 0.97), ("b", 0.95), ("c", 0.94))
    assert documents(diversified(ranked, 4)) == ["a", "a", "b", "c"]


def test_worse_passages_do_not_push_good_ones_out(hits):
    ranked = hits(("a", 1.0), ("a", 0.99), ("a", 0.98), ("a", 0.97), ("b", 0.5))
    assert documents(diversified(ranked, 4)) == ["a"] * 4


def test_one_document_alone_fills_the_list(hits):
    assert len(diversified(hits(*[("a", 1.0)] * 9), 8)) == 8
    assert diversified([], 8) == []
