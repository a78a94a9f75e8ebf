import pytest

from kb_app.retrieval.spelling import edit_distance, may_be_misspelt, nearest


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("maastrich", "maastricht", 1),
        ("ghandi", "gandhi", 2),
        ("recieve", "receive", 1),
        ("cat", "cat", 0),
        ("cypiddid", "cydippid", 3),
        ("abc", "xyz", 3),
    ],
)
def test_letters_inserted_left_out_replaced_or_swapped_count_once(one, other, distance):
    assert edit_distance(one, other, 3) == edit_distance(other, one, 3) == distance


def test_more_than_is_asked_for_is_not_counted_out():
    assert edit_distance("completely", "different", 2) == 3


@pytest.mark.parametrize(("term", "may"), [("maastrich", True), ("git", False), ("as-278", False), ("南瓜书籍", False)])
def test_only_words_of_some_length_may_be_misspelt(term, may):
    assert may_be_misspelt(term) is may


def test_the_nearest_word_is_meant_and_of_two_the_more_frequent():
    known = [("maastricht", 2), ("master", 90), ("maastrichts", 9)]
    assert nearest("maastrich", known) == "maastricht"
    assert nearest("parlment", [("parlament", 1), ("parliment", 5)]) == "parliment"
    assert nearest("marley", [("harley", 5), ("merle", 5)]) == ""


def test_a_stop_word_is_never_meant():
    assert nearest("abuot", [("about", 100)], {"about"}) == ""
