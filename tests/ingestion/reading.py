"""Looking things up in what was read."""

from ingestion.models import Document


def page_at(document: Document, offset: int) -> int | None:
    return next(page.number for page in document.pages if page.start <= offset < page.end)
