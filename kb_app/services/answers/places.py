"""The page of what an answer cites: a passage may begin on the page before."""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from ingestion.models import PageSpan
from kb_app.errors import KBAppError
from kb_app.models import Source
from kb_app.services.answers.citations import quoted
from kb_app.services.answers.support import evidence

_LOG = logging.getLogger(__name__)

PagesOf = Callable[[str], Sequence[PageSpan]]


def placed(text: str, sources: Sequence[Source], cited: Collection[int], pages_of: PagesOf) -> tuple[Source, ...]:
    """Return the sources, those that ``text`` cites with the page on which its first cited sentence stands.

    ``pages_of`` returns the pages of a document; where it is gone, or no sentence is known, the page stays that on
    which the passage begins.
    """
    return tuple(_placed(text, source, pages_of) if source.marker in cited else source for source in sources)


def _placed(text: str, source: Source, pages_of: PagesOf) -> Source:
    spans = () if source.page is None or source.is_card else quoted(text, source) or evidence(text, source)
    if not spans:
        return source
    place = source.start + spans[0][0]
    try:
        pages = pages_of(source.document_id)
    except KBAppError as error:
        _LOG.info("the page of a citation stays that of its passage: %s", error)
        return source
    page = next((page.number for page in pages if page.start <= place < page.end), source.page)
    return replace(source, page=page)
