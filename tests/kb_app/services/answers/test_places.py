"""The page named for a citation is that of the cited words, not that on which their passage begins."""

from dataclasses import replace

import pytest

from ingestion.models import PageSpan
from kb_app.errors import NotFoundError
from kb_app.models import Source
from kb_app.services.answers.places import placed

FIRST = "The lighthouse was built in 1871. "
SECOND = "Its lamp burned whale oil until 1902."
BEFORE = 100
SOURCE = Source(
    marker=1, base_id="b", document_id="d", document="a.pdf", chunk_id="d:3", text=FIRST + SECOND, score=1.0, page=7
)
SOURCE = replace(SOURCE, start=BEFORE, end=BEFORE + len(SOURCE.text))
PAGES = (
    PageSpan(number=7, start=0, end=BEFORE + len(FIRST)),
    PageSpan(number=8, start=BEFORE + len(FIRST), end=500),
)


@pytest.mark.parametrize(
    ("text", "page"),
    [
        (f"> {FIRST.strip()} [1]", 7),
        (f"> {SECOND} [1]", 8),
        ("The lamp burned whale oil until 1902 [1].", 8),
        ("Nothing of the kind was ever said anywhere [1].", 7),
    ],
)
def test_the_page_is_that_of_what_is_cited(text: str, page: int) -> None:
    (source,) = placed(text, [SOURCE], [1], lambda _: PAGES)
    assert source == replace(SOURCE, page=page)


def test_what_is_not_cited_or_has_no_pages_or_is_gone_stays_as_it_is() -> None:
    def gone(document_id: str) -> tuple[PageSpan, ...]:
        raise NotFoundError(document_id, name=document_id)

    text = f"> {SECOND} [1]"
    without = replace(SOURCE, page=None)
    assert placed(text, [SOURCE], [], lambda _: PAGES) == (SOURCE,)
    assert placed(text, [without], [1], lambda _: PAGES) == (without,)
    assert placed(text, [SOURCE], [1], gone) == (SOURCE,)
