"""E-books (EPUB 2 and 3): the chapters in reading order, each through the HTML loader."""

import posixpath
import zipfile
from typing import Any
from urllib.parse import unquote

from ingestion.errors import DamagedError, NoTextError, PasswordNeededError
from ingestion.load.archive import open_archive, read_member
from ingestion.load.block_writer import BlockWriter
from ingestion.load.html import decode_declared, parse_html
from ingestion.load.html_blocks import write_html
from ingestion.load.safe_xml import attribute, local_name, parse_xml
from ingestion.models import LoadedDocument, LoadLimits, Progress

MEDIA_TYPE = "application/epub+zip"

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_HTML_TYPES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


def load_epub(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the book's chapters in the order of its spine; ``password`` does not apply.

    Raises:
        DamagedError: it is no EPUB, or a part is missing.
        NoTextError: it holds pictures only.
        PasswordNeededError: its text is locked by a seller (DRM).
        TooHeavyError: it is longer than ``limits`` allow.
    """
    with open_archive(data) as archive:
        package_name = _package_name(archive)
        package = parse_xml(read_member(archive, package_name))
        chapters = _chapters(package, posixpath.dirname(package_name))
        _refuse_locked(archive, chapters)
        metadata = _metadata(package)
        writer = BlockWriter(limits)
        for number, chapter in enumerate(chapters, 1):
            _write_chapter(read_member(archive, chapter), writer)
            if on_progress is not None:
                on_progress("load", number, len(chapters))
    return writer.document(name, MEDIA_TYPE, title=metadata.get("title") or writer.first_heading, metadata=metadata)


def _package_name(archive: zipfile.ZipFile) -> str:
    for element in parse_xml(read_member(archive, _CONTAINER)).iter():
        if local_name(element) == "rootfile":
            return attribute(element, "full-path")
    raise DamagedError("no package in the container")


def _chapters(package: Any, folder: str) -> list[str]:
    """Return the archive's names of the chapters in reading order."""
    files: dict[str, str] = {}
    order: list[str] = []
    for element in package.iter():
        name = local_name(element)
        if name == "item" and attribute(element, "media-type") in _HTML_TYPES:
            is_contents = "nav" in attribute(element, "properties").split()
            files[attribute(element, "id")] = "" if is_contents else unquote(attribute(element, "href"))
        elif name == "itemref":
            order.append(attribute(element, "idref"))
    found = [files[key] for key in dict.fromkeys(order) if files.get(key)]
    return [posixpath.normpath(posixpath.join(folder, file)) for file in found]


def _refuse_locked(archive: zipfile.ZipFile, chapters: list[str]) -> None:
    """Fonts may be scrambled, chapters may not: those only the seller's reader can open."""
    if _ENCRYPTION not in archive.namelist():
        return
    for element in parse_xml(read_member(archive, _ENCRYPTION)).iter():
        if local_name(element) == "CipherReference" and unquote(attribute(element, "URI")) in chapters:
            raise PasswordNeededError("chapters are encrypted")


def _metadata(package: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    names = {"title": "title", "creator": "author", "language": "language", "publisher": "publisher", "date": "date"}
    for element in package.iter():
        key = names.get(local_name(element))
        if key and (element.text or "").strip():
            found.setdefault(key, element.text.strip())
    return found


def _write_chapter(data: bytes, writer: BlockWriter) -> None:
    try:
        root = parse_html(decode_declared(data).text)
    except NoTextError:
        # An empty chapter is no reason to refuse the book.
        return
    body = root.find(".//body")
    write_html(root if body is None else body, writer)
