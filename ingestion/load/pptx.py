"""Presentations: each slide is a page with its title as heading; speaker notes are part of it."""

import io
import logging
from collections.abc import Iterator
from typing import Any

from ingestion.errors import DamagedError
from ingestion.load.archive import PARSER_ERRORS, office_package, open_archive
from ingestion.load.block_writer import BlockWriter
from ingestion.load.office import core_properties
from ingestion.models import LoadedDocument, LoadLimits, Progress

_LOG = logging.getLogger(__name__)

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

_DEFAULT_TITLES = ("PowerPoint Presentation", "PowerPoint 演示文稿", "幻灯片 1")
_MAX_GROUP_DEPTH = 20
_EMU_PER_LINE = 300_000
_MAX_CHART_POINTS = 5_000
# What a template puts on every slide.
_FURNITURE = ("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER")


def load_pptx(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the slides as pages of blocks, in the order they are shown; hidden slides are left out.

    Raises:
        DamagedError, PasswordNeededError, PasswordWrongError, TooHeavyError: see ``office_package``.
        NoTextError: there is no text on the slides.
    """
    # Imported here: only workers that meet a presentation need it.
    from pptx import Presentation

    data = office_package(data, password)
    with open_archive(data) as archive:
        metadata = core_properties(archive)
    writer = BlockWriter(limits)
    try:
        for number, slide in enumerate(Presentation(io.BytesIO(data)).slides, 1):
            if slide.element.get("show") != "0":
                writer.page = number
                _write_slide(slide, writer)
    except PARSER_ERRORS as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error
    title = metadata.get("title", "")
    if not title or title in _DEFAULT_TITLES:
        title = writer.first_heading
    return writer.document(name, MEDIA_TYPE, title=title, metadata=metadata)


def _write_slide(slide: Any, writer: BlockWriter) -> None:
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        writer.heading(1, title.text_frame.text.replace("\v", " "))
    else:
        writer.end_sections()
    for shape in _shapes(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            _write_shape(shape, writer)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        writer.add("paragraph", _lines(slide.notes_slide.notes_text_frame))


def _shapes(shapes: Any, depth: int = 0) -> Iterator[Any]:
    """Yield the shapes that hold text as they are read: from top to bottom, in lines from left to right."""
    if depth > _MAX_GROUP_DEPTH:
        return
    for shape in sorted(shapes, key=lambda shape: ((shape.top or 0) // _EMU_PER_LINE, shape.left or 0)):
        if shape.element.tag.endswith("}grpSp"):
            yield from _shapes(shape.shapes, depth + 1)
        elif not (shape.is_placeholder and shape.placeholder_format.type.name in _FURNITURE):
            yield shape


def _write_shape(shape: Any, writer: BlockWriter) -> None:
    if shape.has_text_frame:
        paragraphs = [paragraph for paragraph in shape.text_frame.paragraphs if paragraph.text.strip()]
        writer.add("list" if len(paragraphs) > 1 else "paragraph", _lines(shape.text_frame))
    elif getattr(shape, "has_table", False):
        rows = ([" ".join(cell.text.split()) for cell in row.cells] for row in shape.table.rows)
        writer.add("table", "\n".join(" | ".join(row) for row in rows if any(row)))
    elif getattr(shape, "has_chart", False):
        _write_chart(shape, writer)


def _write_chart(shape: Any, writer: BlockWriter) -> None:
    """Add a chart's title and its numbers: a row for each category, a column for each series."""
    try:
        chart = shape.chart
        if chart.has_title:
            writer.add("paragraph", chart.chart_title.text_frame.text)
        points = chart.element.xpath(".//c:ptCount/@val")
        if max(map(int, points), default=0) > _MAX_CHART_POINTS:  # they are claimed, not counted
            return
        tables = [_chart_rows(plot) for plot in chart.plots]
    except PARSER_ERRORS as error:  # without it the slides are as good as ever
        _LOG.info("a chart cannot be read: %s", error)
        return
    for rows in tables:
        writer.add("table", "\n".join(" | ".join(row) for row in rows))


def _chart_rows(plot: Any) -> list[list[str]]:
    columns = [(str(one.name), list(one.values)) for one in plot.series]
    rows = [["", *(name for name, _ in columns)]]
    for number, category in enumerate(plot.categories):
        cells = (values[number] if number < len(values) else None for _, values in columns)
        rows.append([" ".join(str(category).split()), *("" if cell is None else f"{cell:.12g}" for cell in cells)])
    return rows if len(rows) > 1 else []


def _lines(frame: Any) -> str:
    """Return the paragraphs of a text frame as lines, inner levels further in."""
    texts = ((paragraph.level, paragraph.text.replace("\v", " ").strip()) for paragraph in frame.paragraphs)
    return "\n".join("  " * level + text for level, text in texts if text)
