"""HTML elements to blocks: headings, paragraphs, lists, tables and code; what is no content is left out."""

import re
from collections.abc import Iterator
from typing import Any

from ingestion.load.block_writer import BlockWriter

# lxml has no types; an element is anything with a tag.
Element = Any


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DROPPED = _names(
    "script style noscript template svg canvas iframe object embed nav head title meta link button select option "
    "input textarea datalist dialog audio video map rt rp colgroup"
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = _names(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer form "
    "header hgroup hr html legend li main ol p section summary tbody td tfoot th thead tr ul"
)
_NEEDS_WALK = frozenset((*_HEADINGS, "pre", "table"))
_DROPPED_ROLES = frozenset(("navigation", "search", "menu", "menubar", "dialog", "alertdialog"))
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_PERMALINKS = frozenset(("¶", "#", "§", "🔗", "↑"))
_TEX = "application/x-tex"

_CJK = "\u2e80-\u303f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
# A line break in the source is a blank between words, but nothing between Chinese characters.
_CJK_BREAK = re.compile(rf"(?<=[{_CJK}])[ \t]*\n[ \t\n]*(?=[{_CJK}])")
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_BREAK = "\x0b"
_AROUND_BREAK = re.compile(rf"[ \n]*{_BREAK}[ \n]*")


def write_html(root: Element, writer: BlockWriter, *, level_shift: int = 0) -> None:
    """Add the content of ``root`` to ``writer``; ``level_shift`` moves its headings down below others."""
    walker = _Walker(writer, level_shift)
    walker.walk(root)
    walker.flush()


def inline_text(element: Element) -> str:
    """Return the words of an element as a reader sees them; line breaks stay line breaks."""
    return _tidy("".join(_words(element)))


class _Walker:
    """Gathers running text until a block begins or ends."""

    def __init__(self, writer: BlockWriter, level_shift: int) -> None:
        self._writer = writer
        self._level_shift = level_shift
        self._pending: list[str] = []

    def flush(self) -> None:
        self._writer.add("paragraph", _tidy("".join(self._pending)))
        self._pending = []

    def walk(self, element: Element) -> None:
        """Add what is inside ``element``, which is a block or the root."""
        self._pending.append(element.text or "")
        for child in element:
            if not is_dropped(child):
                self._child(child)
            self._pending.append(child.tail or "")

    def _child(self, child: Element) -> None:
        tag = child.tag
        if tag in _HEADINGS or tag == "pre" or _is_data_table(child) or _is_plain_list(child):
            self.flush()
            self._whole(child)
        elif tag in _BLOCKS or tag == "table":
            self.flush()
            if "toc" in child.get("class", "").split():
                self._writer.add("toc", inline_text(child))
            else:
                self.walk(child)
                self.flush()
        elif any(inner.tag in _BLOCKS or inner.tag in _NEEDS_WALK for inner in child.iterdescendants()):
            # Browsers allow blocks inside <a>, <span> or <font>, and so do pages.
            self.walk(child)
        else:
            self._pending += _words(child, with_own_mark=True)

    def _whole(self, child: Element) -> None:
        if child.tag in _HEADINGS:
            self._writer.heading(_HEADINGS[child.tag] + self._level_shift, inline_text(child))
        elif child.tag == "pre":
            self._writer.add("code", "".join(_words(child)).replace(_BREAK, "\n").strip("\n"))
        elif child.tag == "table":
            caption = child.find("caption")
            if caption is not None:
                self._writer.add("paragraph", inline_text(caption))
            self._writer.add("table", "\n".join(" | ".join(row) for row in _rows(child)))
        else:
            self._writer.add("list", "\n".join(_list_lines(child)))


def is_dropped(element: Element) -> bool:
    """Whether an element is no content, or not visible: comments, scripts, menus, hidden text."""
    if not isinstance(element.tag, str) or element.tag in _DROPPED:
        return True
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    style = element.get("style")
    if element.get("role") in _DROPPED_ROLES or (style and _HIDDEN_STYLE.search(style)):
        return True
    return element.tag == "a" and (element.text or "").strip() in _PERMALINKS and len(element) == 0


def _words(element: Element, *, with_own_mark: bool = False) -> Iterator[str]:
    """Yield the pieces of text inside an element without its tail."""
    tag = element.tag
    if with_own_mark and tag in ("br", "img", "math"):
        yield _mark(element)
        return
    yield element.text or ""
    for child in element:
        if not is_dropped(child):
            is_block = child.tag in _BLOCKS
            yield _BREAK if is_block else ""
            yield from _words(child, with_own_mark=True)
            yield _BREAK if is_block else ""
        yield child.tail or ""


def _mark(element: Element) -> str:
    """Return what stands for an element that is not made of words: a picture's description, a formula's source."""
    if element.tag == "br":
        return _BREAK
    if element.tag == "img":
        return str(element.get("alt", ""))
    for inner in element.iter("annotation"):
        if inner.get("encoding") == _TEX:
            return f"${(inner.text or '').strip()}$"
    return str(element.get("alttext") or "".join(element.itertext()))


def _tidy(text: str) -> str:
    text = _BLANKS.sub(" ", _CJK_BREAK.sub("", text))
    return _AROUND_BREAK.sub("\n", re.sub(rf"(?:{_BREAK} ?)+", _BREAK, text)).strip()


def _is_plain_list(element: Element) -> bool:
    return element.tag in ("ul", "ol") and not any(inner.tag in _NEEDS_WALK for inner in element.iterdescendants())


def _list_lines(element: Element, depth: int = 0) -> Iterator[str]:
    """Yield the items as lines, those of inner lists further in."""
    number = 0
    for item in element:
        if is_dropped(item):
            continue
        if item.tag in ("ul", "ol"):
            yield from _list_lines(item, depth + 1)
            continue
        number += 1
        mark = f"{number}. " if element.tag == "ol" else "- "
        inner = [child for child in item.iterdescendants("ul", "ol") if _outer_list(child, item)]
        text = _tidy("".join(_own_words(item)))
        if text:
            yield "  " * depth + mark + text.replace("\n", "\n" + "  " * (depth + 1))
        for nested in inner:
            yield from _list_lines(nested, depth + 1)


def _outer_list(element: Element, item: Element) -> bool:
    """Whether no other list stands between ``element`` and the item that holds it."""
    for ancestor in element.iterancestors():
        if ancestor is item:
            return True
        if ancestor.tag in ("ul", "ol"):
            return False
    return False


def _own_words(item: Element) -> Iterator[str]:
    """Yield the words of a list item without those of the lists inside it."""
    yield item.text or ""
    for child in item:
        if child.tag not in ("ul", "ol") and not is_dropped(child):
            is_block = child.tag in _BLOCKS
            yield _BREAK if is_block else ""
            has_list = next(child.iterdescendants("ul", "ol"), None) is not None
            yield from _own_words(child) if has_list else _words(child, with_own_mark=True)
            yield _BREAK if is_block else ""
        yield child.tail or ""


def _is_data_table(element: Element) -> bool:
    """Whether a table holds data; one with headings, code or tables in it only lays out a page."""
    return element.tag == "table" and not any(inner.tag in _NEEDS_WALK for inner in element.iterdescendants())


def _rows(table: Element) -> Iterator[list[str]]:
    """Yield the rows of cells; a cell that spans rows is repeated, so that each row makes sense alone."""
    spanning: dict[int, tuple[int, str]] = {}
    for row in table.iter("tr"):
        if is_dropped(row):
            continue
        cells: list[str] = []
        for cell in row.iterchildren("td", "th"):
            _repeat(spanning, cells)
            text = " ".join(inline_text(cell).split())
            down = _span(cell, "rowspan")
            if down > 1:
                spanning[len(cells)] = (down - 1, text)
            cells += [text] + [""] * (_span(cell, "colspan") - 1)
        _repeat(spanning, cells)
        if any(cells):
            yield cells


def _repeat(spanning: dict[int, tuple[int, str]], cells: list[str]) -> None:
    """Append the cells that reach down into this place from the rows above."""
    while len(cells) in spanning:
        left, text = spanning.pop(len(cells))
        if left > 1:
            spanning[len(cells)] = (left - 1, text)
        cells.append(text)


def _span(cell: Element, name: str) -> int:
    value = cell.get(name, "1").strip()
    return max(1, min(int(value), 100)) if value.isdecimal() and len(value) < 6 else 1
