"""HTML pages: the main content, without scripts, menus and the site's frame."""

import codecs
import re
from typing import Any

from ingestion.errors import NoTextError
from ingestion.load.block_writer import BlockWriter
from ingestion.load.encoding import Decoded, decode
from ingestion.load.html_blocks import inline_text, is_dropped, write_html
from ingestion.load.text import encoding_warnings
from ingestion.models import LoadedDocument, LoadLimits, Progress

MEDIA_TYPE = "text/html"

_HEAD_BYTES = 2048
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
# Web pages declare the smaller set and use the larger one, as browsers know.
_LARGER_SET = {"gb2312": "gb18030", "gbk": "gb18030", "iso8859-1": "cp1252", "ascii": "cp1252", "euc_kr": "cp949"}
_FRAME_TAGS = ("header", "footer", "aside")
_FRAME_ROLES = ("banner", "contentinfo", "complementary")
#: How pages without tags of a meaning name their menus, as parts of classes and ids, and their footers, as a whole.
_MENU_NAMES = frozenset(("nav", "navbar", "navigation", "menu", "sidebar", "breadcrumb", "breadcrumbs", "topbar"))
_FOOTER_NAMES = frozenset(("footer", "copyright", "site-footer", "page-footer"))
_NAME_PARTS = re.compile(r"[\s_-]+")
_MIN_MENU_LINKS, _MAX_MENU_SHARE, _MAX_FOOTER_SHARE = 0.6, 0.5, 0.1
_MIN_MAIN_SHARE = 0.4
_MAX_FORM_SHARE = 0.5


def load_html(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the page's main content as blocks; ``password`` does not apply.

    Raises:
        BinaryError: it is not text.
        NoTextError: it is empty without its scripts.
        TooHeavyError: it is longer than ``limits`` allow.
    """
    decoded = decode_declared(data)
    root = parse_html(decoded.text)
    writer = BlockWriter(limits)
    titles = root.findall(".//title")
    write_html(main_content(root), writer)
    title = inline_text(titles[0]) if titles else ""
    # "Installation - Docs of X": the page's own heading is its name, the rest is the site's.
    if not title or writer.first_heading in title:
        title = writer.first_heading or title
    return writer.document(
        name, MEDIA_TYPE, title=title, encoding=decoded.encoding, warnings=encoding_warnings(decoded)
    )


def decode_declared(data: bytes) -> Decoded:
    """Return the text by what the bytes prove, then by what the page declares, then by the best guess.

    Raises:
        BinaryError: it is not text.
    """
    declared = _DECLARED.search(data[:_HEAD_BYTES])
    if declared is None or data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(data)
    try:
        encoding = codecs.lookup(declared.group(1).decode("ascii")).name
    except LookupError:
        return decode(data)
    # UTF-8 proves itself, whatever is declared; a declared UTF-16 that was found as ASCII is a mistake.
    for candidate in ("utf-8", _LARGER_SET.get(encoding, encoding)):
        if not candidate.startswith("utf-16"):
            try:
                return Decoded(text=data.decode(candidate), encoding=candidate)
            except (UnicodeDecodeError, LookupError):
                continue
    return decode(data)


def parse_html(text: str) -> Any:
    """Return the root element of a page.

    Raises:
        NoTextError: there is no element in it.
    """
    # Imported here: pages that only list the formats need no parser.
    from lxml import etree  # type: ignore[import-untyped]

    # A parser of bytes: with an XML declaration lxml refuses text.
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    root = etree.fromstring(text.replace("\0", "").encode("utf-8", errors="replace"), parser) if text.strip() else None
    if root is None:
        raise NoTextError("no element")
    return root


def main_content(root: Any) -> Any:
    """Return the element that holds the page's content, with the site's frame removed around it."""
    body = root.find(".//body")
    body = root if body is None else body
    candidates = [*body.iter("main"), *body.xpath('.//*[@role="main"]')]
    articles = list(body.iter("article"))
    candidates += articles if len(articles) == 1 else []
    forms = list(body.iter("form"))
    whole = _text_length(body) if candidates or forms else 0
    for candidate in candidates:
        if _text_length(candidate) >= _MIN_MAIN_SHARE * whole:
            body = candidate
            break
    else:
        _drop_frame(body)
        _drop_named_frame(body)
    for form in forms:
        # Some frameworks wrap the whole page into a form.
        if _text_length(form) <= _MAX_FORM_SHARE * whole:
            _remove(form)
    return body


def _drop_frame(body: Any) -> None:
    for element in [*body.iter(*_FRAME_TAGS), *body.xpath(".//*[@role]")]:
        is_frame = element.tag in _FRAME_TAGS or element.get("role") in _FRAME_ROLES
        in_article = next(element.iterancestors("article", "main", "section"), None) is not None
        if is_frame and not in_article and next(element.iter("h1"), None) is None:
            _remove(element)


def _drop_named_frame(body: Any) -> None:
    """Drop what its class or id calls a menu, where it is mostly links, or a footer, where it is short."""
    named = [(element, _names(element)) for element in body.iter("div", "ul", "ol", "table", "td", "section", "p")]
    named = [(element, names) for element, names in named if names & (_MENU_NAMES | _FOOTER_NAMES)]
    whole = _text_length(body) if named else 0
    for element, names in named:
        length = _text_length(element)
        links = sum(_text_length(link) for link in element.iter("a"))
        is_menu = bool(names & _MENU_NAMES) and _MIN_MENU_LINKS * length <= links and length <= _MAX_MENU_SHARE * whole
        is_footer = bool(names & _FOOTER_NAMES) and length <= _MAX_FOOTER_SHARE * whole
        if (is_menu or is_footer) and next(element.iter("h1"), None) is None:
            _remove(element)


def _names(element: Any) -> frozenset[str]:
    words = f"{element.get('class', '')} {element.get('id', '')}".lower().split()
    return (_FOOTER_NAMES & set(words)) | (_MENU_NAMES & {part for word in words for part in _NAME_PARTS.split(word)})


def _remove(element: Any) -> None:
    """Take an element out of its tree, keeping the text that follows it."""
    parent = element.getparent()
    if parent is None:
        return
    previous = element.getprevious()
    if previous is None:
        parent.text = (parent.text or "") + " " + (element.tail or "")
    else:
        previous.tail = (previous.tail or "") + " " + (element.tail or "")
    parent.remove(element)


def _text_length(element: Any) -> int:
    """Return the number of characters a reader sees, roughly."""
    if is_dropped(element):
        return 0
    inside = sum(_text_length(child) + len((child.tail or "").strip()) for child in element)
    return len((element.text or "").strip()) + inside
