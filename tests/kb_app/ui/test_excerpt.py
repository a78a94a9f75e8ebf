"""The passage a reader opens is the passage the model was given, at its place in the document."""

from ingestion.models import PageSpan
from kb_app.models import Source
from kb_app.ui.excerpt import excerpt, excerpt_html, heading_at, locate, markdown_parts


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


def test_html_escapes_everything_tints_the_passage_and_marks_what_was_taken_from_it() -> None:
    text = "before <script>alert(1)</script>\nthe <b>passage</b> itself\nafter & more"
    start, end = text.index("the <b>"), text.index("\nafter")
    hits = range(end - 6, end)
    html = excerpt_html(excerpt(text, (start, end), 500), [(start, start + 3)], hits, (), {})

    assert "<script>" not in html
    assert '<span class="kb-passage"><mark>the</mark></span><span class="kb-passage"> &lt;b&gt;' in html
    assert '<span class="kb-passage"><b>itself</b></span>\nafter' in html
    assert html.count("<mark>") == 1


def test_page_breaks_are_shown_also_inside_the_passage() -> None:
    text = "page one text\npage two text"
    pages = (PageSpan(number=1, start=0, end=14), PageSpan(number=2, start=14, end=27))
    html = excerpt_html(excerpt(text, (5, 22), 100), [(5, 22)], (), pages, {1: "Page 1", 2: "Page 2"})

    assert html.count("kb-page-break") == 2
    assert html.index("Page 2") < html.index("page two")


COURSE = """# Guide

Intro.

## Oil

```sh
# not a heading
```

The chain needs oil [now](http://a.test).

### Rain

- After **rain** at once: $a[0]$ and `b[1]`.
"""


def test_the_heading_is_the_one_above_the_place_and_not_a_comment_in_code() -> None:
    assert heading_at(COURSE, COURSE.index("The chain")) == ("Guide", "Oil")
    assert heading_at(COURSE, COURSE.index("After")) == ("Guide", "Oil", "Rain")
    assert heading_at(COURSE, COURSE.index("Intro")) == ("Guide",)
    assert heading_at("no heading", 3) == ()


def test_a_passage_is_drawn_as_markdown_with_its_sentences_coloured_outside_code() -> None:
    start, end = COURSE.index("## Oil"), COURSE.index("### Rain")
    shown = excerpt(COURSE, (start, end), 500)
    before, passage, after = markdown_parts(shown, [(start, end), (COURSE.index("After"), len(COURSE))])

    assert "# Guide" in before
    assert ":orange-background[Oil]" in passage
    assert ":orange-background[The chain needs oil [now](http://a.test).]" in passage
    assert "\n# not a heading\n" in passage
    assert "- :orange-background[After **rain** at once: $a[0]$ and `b[1]`.]" in after
    assert "\ue001" not in before + passage + after


def test_a_mark_that_would_tear_markdown_apart_is_left_out() -> None:
    text = "A [link](http://a.test) and **bold** end."
    cuts = [(text.index("nk]"), text.index("and"))], [(text.index("old"), text.index(" end"))]
    for marks in cuts:
        assert ":orange" not in markdown_parts(excerpt(text, (0, len(text)), 9), marks)[1]


def test_a_passage_that_begins_inside_code_stays_code() -> None:
    text = "```py\na = 1\nb = 2\n```\nprose\n"
    start = text.index("b = 2")

    before, passage, _ = markdown_parts(excerpt(text, (start, len(text)), 500), [])
    assert before == "```py\na = 1\n\n```"
    assert passage == "```\nb = 2\n```\nprose\n"
    assert markdown_parts(excerpt(text, (text.index("```\n"), len(text)), 500), [])[1] == "prose\n"
