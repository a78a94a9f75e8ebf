"""What is known of a document, in lines for its list: size, pages, tags, and what was not quite right with it."""

from collections.abc import Collection, Sequence

from ingestion.load.ocr import OCR_WARNING
from kb_app.models import KEPT_WARNING, DocumentRecord, SummaryCard
from kb_app.ui.markup import label, plain, short
from kb_app.ui.tags import tag_line
from kb_app.ui.text import describe, file_size, t

#: Warnings with a sentence of their own, ``ui.documents.warning_*``.
_WARNINGS = ("repaired", "incomplete", "encoding_uncertain", "characters_replaced", KEPT_WARNING)
_PAGES_SHOWN = 20
_CARD_CHARS = 500


def fact_lines(document: DocumentRecord, card: SummaryCard | None = None) -> list[str]:
    """Return Markdown lines about a document, the plainest first."""
    parts = [file_size(document.byte_count)]
    if document.page_count:
        parts.append(t("jobs.pages", count=document.page_count))
    if document.chunk_count:
        parts.append(t("jobs.chunks", count=document.chunk_count))
    if OCR_WARNING in document.warnings:
        parts.append(t("documents.recognised"))
    lines = [f":gray[{' · '.join(parts)}]"]
    if document.tags:
        lines.append(tag_line(document))
    lines += [f":orange[{plain(text)}]" for text in warning_texts(document.warnings, document.encoding)]
    if document.unreadable_pages:
        lines.append(f":orange[{unreadable_text(document.unreadable_pages)}]")
    if card is not None:
        text = t("summaries.by_model", model=card.model_id, text=short(card.text, _CARD_CHARS))
        lines.append(f":gray[:material/auto_awesome: {label(text, 2 * _CARD_CHARS)}]")
    if document.error is not None:
        message, hint = describe(document.error)
        lines.append(f":red[{plain(message)}] :gray[{plain(hint)}]")
    return lines


def warning_texts(warnings: Collection[str], encoding: str | None) -> list[str]:
    """Return the sentences of what was not quite right when a document was read."""
    return [t(f"documents.warning_{code}", encoding=encoding or "?") for code in _WARNINGS if code in warnings]


def unreadable_text(pages: Sequence[int]) -> str:
    """Return which pages could not be read."""
    shown = ", ".join(str(page) for page in pages[:_PAGES_SHOWN])
    return t("documents.partial", pages=shown + (", …" if len(pages) > _PAGES_SHOWN else ""), count=len(pages))
