"""OpenDocument text files (LibreOffice, WPS): their XML is turned into HTML elements, whose blocks do the rest."""

import zipfile
from collections.abc import Sequence
from typing import Any

from ingestion.errors import DamagedError, NoTextError, PasswordNeededError
from ingestion.load.archive import office_package, open_archive, read_member
from ingestion.load.block_writer import BlockWriter
from ingestion.load.html_blocks import write_html
from ingestion.load.safe_xml import attribute, local_name, parse_xml
from ingestion.models import LoadedDocument, LoadLimits, Progress

MEDIA_TYPE = "application/vnd.oasis.opendocument.text"

_CONTENT, _META, _MANIFEST = "content.xml", "meta.xml", "META-INF/manifest.xml"
_FIELDS = {"title": "title", "initial-creator": "author", "creator": "author", "creation-date": "created"}
_MAX_DEPTH = 100
_MAX_BLANKS = 100
_TAGS = {
    "list-item": "li",
    "list-header": "li",
    "table": "table",
    "table-row": "tr",
    "table-cell": "td",
    "covered-table-cell": "td",
    "line-break": "br",
    "section": "div",
    "text-box": "div",
    "index-body": "div",
}
# Paragraph styles that say what a paragraph is, by their names inside the file.
_PARAGRAPHS = {"Title": "h1", "Preformatted_20_Text": "pre", "Source_20_Code": "pre"}
_NUMBERED = "list-level-style-number"
# Deleted text kept for its history, comments, and what only the layout needs.
_DROPPED = frozenset(("tracked-changes", "annotation", "sequence-decls", "forms", "note", "object", "binary-data"))
_CONTENTS = frozenset(("table-of-content", "alphabetical-index", "illustration-index", "table-index"))
_SPANS = {"number-rows-spanned": "rowspan", "number-columns-spanned": "colspan"}


def load_odt(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the document's headings, paragraphs, lists, tables and notes as blocks.

    Raises:
        DamagedError, TooHeavyError: see ``office_package``.
        PasswordNeededError: it is encrypted; its encryption is not undone here, whatever the ``password``.
        NoTextError: there is no text in it.
    """
    data = office_package(data, password)
    with open_archive(data) as archive:
        if _MANIFEST in archive.namelist() and b"encryption-data" in read_member(archive, _MANIFEST):
            raise PasswordNeededError("encrypted OpenDocument")
        metadata = _metadata(archive)
        content = parse_xml(read_member(archive, _CONTENT))
    body = next((one for one in content.iter() if local_name(one) == "text" and one.getparent() is not None), None)
    if body is None:
        raise DamagedError("no text body")
    writer = BlockWriter(limits)
    converter = _Converter(content)
    write_html(converter.html(body, "div"), writer)
    notes = [one for one in body.iter() if local_name(one) == "note-body"]
    if notes:
        writer.end_sections()
        write_html(converter.numbered(notes), writer)
    if not writer.blocks:
        raise NoTextError()
    return writer.document(name, MEDIA_TYPE, title=metadata.get("title") or writer.first_heading, metadata=metadata)


def _metadata(archive: zipfile.ZipFile) -> dict[str, str]:
    if _META not in archive.namelist():
        return {}
    texts = {local_name(one): (one.text or "").strip() for one in parse_xml(read_member(archive, _META)).iter()}
    return {key: texts[name] for name, key in _FIELDS.items() if texts.get(name)}


class _Converter:
    """Makes HTML elements of a document's content, by what its styles are made from."""

    def __init__(self, content: Any) -> None:
        self._parents: dict[str, str] = {}
        self._numbered: set[str] = set()
        for style in content.iter():
            if local_name(style) == "style":
                self._parents[attribute(style, "name")] = attribute(style, "parent-style-name")
            elif local_name(style) == "list-style" and len(style) and local_name(style[0]) == _NUMBERED:
                self._numbered.add(attribute(style, "name"))

    def numbered(self, elements: Sequence[Any]) -> Any:
        """Return the elements as one numbered list."""
        # Imported here, and below: only workers that meet such a file need it.
        from lxml import etree  # type: ignore[import-untyped]

        root = etree.Element("div")
        items = etree.SubElement(root, "ol")
        items.extend(self.html(element, "li") for element in elements)
        return root

    def html(self, element: Any, tag: str, depth: int = 0) -> Any:
        """Return ``element`` as an HTML element ``tag`` with everything inside it.

        Raises:
            DamagedError: it is nested beyond reason.
        """
        from lxml import etree

        if depth > _MAX_DEPTH:
            raise DamagedError("nested too deeply")
        made = etree.Element(tag)
        for key, value in element.attrib.items():
            if key.rpartition("}")[2] in _SPANS:
                made.set(_SPANS[key.rpartition("}")[2]], value)
        made.text = element.text
        for child in element:
            name = local_name(child)
            if name and name not in _DROPPED:
                _append(made, self._child(child, name, depth + 1))
            _append_text(made, child.tail or "")
        return made

    def _child(self, child: Any, name: str, depth: int) -> Any:
        if name in ("s", "tab"):
            blank = self.html(child, "span", depth)
            count = attribute(child, "c")
            blank.text = " " * _number(count, _MAX_BLANKS)
            return blank
        made = self.html(child, self._tag(child, name), depth)
        if name in _CONTENTS:
            made.set("class", "toc")
        return made

    def _tag(self, child: Any, name: str) -> str:
        style = attribute(child, "style-name")
        if name == "h":
            level = attribute(child, "outline-level")
            return f"h{_number(level, 6)}"
        if name == "p":
            return _PARAGRAPHS.get(self._parents.get(style) or style, "p")
        if name == "list":
            return "ol" if style in self._numbered else "ul"
        # A frame, a text box, a section: what is inside stands where it does.
        return "div" if name in _CONTENTS else _TAGS.get(name, "span")


def _number(text: str, most: int) -> int:
    """Return a number of an attribute, 1 at least and where it is none; ``int`` refuses one of thousands of digits."""
    return max(1, min(int(text[:9]), most)) if text.isdecimal() else 1


def _append(made: Any, child: Any) -> None:
    """Append a child; lines of code, which are paragraphs of their own, become one block."""
    last = _last(made)
    if child.tag == "pre" and last is not None and last.tag == "pre" and not (last.tail or "").strip():
        _append_text(last, "\n" + (child.text or ""))
        last.extend(child)
        last.tail = None
    else:
        made.append(child)


def _append_text(made: Any, text: str) -> None:
    """Append text behind what is already in ``made``."""
    if not text:
        return
    last = _last(made)
    if last is None:
        made.text = (made.text or "") + text
    else:
        last.tail = (last.tail or "") + text


def _last(made: Any) -> Any:
    """Return the last child or None; ``lxml`` counts all children to tell how many there are."""
    return next(made.iterchildren(reversed=True), None)
