"""Word documents: Mammoth turns them into HTML by their styles, and the HTML loader's blocks do the rest.

Mammoth reads what simpler readers skip: footnotes, text boxes, content controls, inserted (tracked) text.
"""

import io
import zipfile
from typing import Any

from ingestion.errors import DamagedError, NoTextError
from ingestion.load.archive import PARSER_ERRORS, office_package, open_archive, read_member
from ingestion.load.block_writer import BlockWriter
from ingestion.load.docx_math import with_formulas_as_text
from ingestion.load.html import parse_html
from ingestion.load.html_blocks import write_html
from ingestion.load.office import core_properties
from ingestion.load.safe_xml import attribute, local_name, parse_xml
from ingestion.models import LoadedDocument, LoadLimits, Progress

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_STYLES_PART = "word/styles.xml"
_CODE_STYLES = ("HTML Preformatted", "Code", "Source Code", "Plain Text", "代码", "代码块")
_STYLE_MAP = (
    "p[style-name='Title'] => h1:fresh",
    "p[style-name^='toc '] => p.toc:fresh",
    "p[style-name^='TOC '] => p.toc:fresh",
    *(f"p[style-name='{name}'] => pre:separator('\\n')" for name in _CODE_STYLES),
)
_MAX_HEADING = 6


def load_docx(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the document's headings, paragraphs, lists, tables and footnotes as blocks.

    Raises:
        DamagedError, PasswordNeededError, PasswordWrongError, TooHeavyError: see ``office_package``.
        NoTextError: there is no text in it.
    """
    data = office_package(data, password)
    with open_archive(data) as archive:
        metadata = core_properties(archive)
        style_map = "\n".join((*_STYLE_MAP, *_heading_styles(archive)))
    writer = BlockWriter(limits)
    _write(parse_html(_as_html(data, style_map)), writer)
    return writer.document(name, MEDIA_TYPE, title=metadata.get("title") or writer.first_heading, metadata=metadata)


def _as_html(data: bytes, style_map: str) -> str:
    """Return Mammoth's rendering of a document. Raises DamagedError, NoTextError."""
    # Imported here: only workers that meet a Word file need it.
    import mammoth  # type: ignore[import-untyped]

    try:
        result = mammoth.convert_to_html(
            io.BytesIO(with_formulas_as_text(data)),
            style_map=style_map,
            include_embedded_style_map=False,
            convert_image=_description,
        )
    except PARSER_ERRORS as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error
    html = str(result.value)
    if not html.strip():
        raise NoTextError()
    return html


def _write(root: Any, writer: BlockWriter) -> None:
    """Add the text, then the notes under no heading: at the end they would seem to belong to the last section."""
    notes = root.xpath('.//ol[li[starts-with(@id, "footnote-") or starts-with(@id, "endnote-")]]')
    for note in notes:
        note.getparent().remove(note)
    write_html(root, writer)
    writer.end_sections()
    for note in notes:
        holder = note.makeelement("div")
        holder.append(note)
        write_html(holder, writer)


def _description(image: Any) -> list[Any]:
    """Return an image's alternative text in its place; its pixels are never read."""
    from mammoth import html

    return [html.text(image.alt_text)] if image.alt_text else []


def _heading_styles(archive: zipfile.ZipFile) -> list[str]:
    """Return a rule for every paragraph style with an outline level of its own or of the style it is based on.

    Templates name their headings at will (一级标题, Chapter...); the outline level is what makes them headings.
    """
    if _STYLES_PART not in archive.namelist():
        return []
    names: dict[str, str] = {}
    levels: dict[str, int] = {}
    parents: dict[str, str] = {}
    for style in parse_xml(read_member(archive, _STYLES_PART)):
        if local_name(style) != "style" or attribute(style, "type") != "paragraph":
            continue
        key = attribute(style, "styleId")
        for part in style.iter():
            value = attribute(part, "val")
            if local_name(part) == "name":
                names[key] = value
            elif local_name(part) == "basedOn":
                parents[key] = value
            elif local_name(part) == "outlineLvl" and value.isdecimal():
                levels[key] = int(value) + 1
    found = ((name, _level(key, levels, parents)) for key, name in names.items())
    return [
        f"p[style-name='{name}'] => h{min(level, _MAX_HEADING)}:fresh"
        for name, level in found
        if level and level <= 9 and not set(name) & set("'\\\n")
    ]


def _level(key: str, levels: dict[str, int], parents: dict[str, str]) -> int:
    seen: set[str] = set()
    while key and key not in seen:
        if key in levels:
            return levels[key]
        seen.add(key)
        key = parents.get(key, "")
    return 0
