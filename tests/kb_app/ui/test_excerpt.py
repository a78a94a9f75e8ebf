"""The passage a reader opens is the passage the model was given, at its place in the document."""

from ingestion.models import PageSpan
from kb_app.models import Source
from kb_app.ui.excerpt import excerpt, excerpt_html, locate


def source(text: str, start: int) -> Source:
    return Source(
        marker=1,
        base_id="b",
        document_id="d",
        document="d.md",
        chunk_id="d:0",
        text=text,
        score=1.0,
        start=start,
        end=start + len(text),
    )


def test_offsets_are_used_where_they_still_fit() -> None:
    assert locate("one two one two", source("one", 8)) == (8, 11)


def test_a_moved_passage_is_found_at_the_nearest_place() -> None:
    assert locate("xx one two one two", source("one", 10)) == (11, 14)


def test_a_passage_that_is_gone_is_said_to_be_gone() -> None:
    assert locate("something else", source("one", 0)) is None


def test_context_ends_at_line_ends_and_grows_to_the_whole() -> None:
    text = "".join(f"line {number}\n" for number in range(100))
    start = text.index("line 50")
    small = excerpt(text, (start, start + 7), 30)

    assert text[small.start : small.end].startswith("line ")
    assert not small.is_whole
    assert excerpt(text, (start, start + 7), 10_000).is_whole


def test_html_escapes_everything_and_marks_exactly_the_passage() -> None:
    text = "before <script>alert(1)</script>\nthe <b>passage</b> itself\nafter & more"
    start, end = text.index("the <b>"), text.index("\nafter")
    html = excerpt_html(excerpt(text, (start, end), 500), (), {})

    assert "<script>" not in html
    assert "<mark>the &lt;b&gt;passage&lt;/b&gt; itself</mark>" in html
    assert html.count("<mark>") == 1


def test_page_breaks_are_shown_also_inside_the_passage() -> None:
    text = "page one text\npage two text"
    pages = (PageSpan(number=1, start=0, end=14), PageSpan(number=2, start=14, end=27))
    html = excerpt_html(excerpt(text, (5, 22), 100), pages, {1: "Page 1", 2: "Page 2"})

    assert html.count("kb-page-break") == 2
    assert html.index("Page 2") < html.index("page two")
    assert html.count("<mark>") == 2


def test_the_passage_is_in_sight_without_scrolling() -> None:
    text = "word " * 2000
    shown = excerpt(text, (5000, 5400), 500)

    assert shown.passage_start - shown.start <= 125
    assert shown.end - shown.passage_end == 500
