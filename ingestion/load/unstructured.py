"""Formats left to the library ``unstructured``, an optional extra: Outlook messages (.msg).

It is kept quiet and offline here, in the one place that imports it. Run it in a worker process only: importing it
takes seconds. Its exact version is pinned because one of its private names is replaced (docs/adr/0008).
"""

import importlib.util
import io
import os
import re
import sys
from collections.abc import Iterable
from typing import Any

from ingestion.errors import DamagedError, ReaderMissingError
from ingestion.load.archive import OLE_MAGIC, PARSER_ERRORS
from ingestion.load.block_writer import BlockWriter
from ingestion.load.html import parse_html
from ingestion.load.html_blocks import write_html
from ingestion.models import LoadedDocument, LoadLimits, Progress

MEDIA_TYPE = "application/vnd.ms-outlook"
#: What the extra ``unstructured`` of pyproject.toml installs.
REQUIREMENT = "unstructured==0.27.32"

# Without these it sends a request when it is imported and at every call, and advertises a service.
_SILENCE = {"DO_NOT_TRACK": "true", "SCARF_NO_ANALYTICS": "true", "UNSTRUCTURED_DISABLE_NOTICE": "1"}

# Stands for the end of a line on the way through it; private, so no body holds it.
_LINE_END = "\ue0f1"


def is_unstructured_available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("unstructured") is not None


def install_command() -> str:
    """Return what installs the extra into the environment this process runs in."""
    if importlib.util.find_spec("pip") is None:
        return f'uv pip install --python "{sys.executable}" {REQUIREMENT}'
    return f'"{sys.executable}" -m pip install {REQUIREMENT}'


def load_outlook(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return an Outlook message's text; attachments are named, not read, and ``password`` does not apply.

    Raises:
        ReaderMissingError: the extra is not installed.
        DamagedError: it is no Outlook message.
        NoTextError: it says nothing.
        TooHeavyError: it is longer than ``limits`` allow.
    """
    if not is_unstructured_available():
        raise ReaderMissingError("unstructured", command=install_command())
    if not data.startswith(OLE_MAGIC):
        raise DamagedError("no compound file")
    writer = BlockWriter(limits)
    try:
        message, elements = _read(data)
        subject = " ".join(message.subject.split())
        facts = _facts(message)
        attachments = [" ".join((one.file_name or "").split()) for one in message.attachments]
    except PARSER_ERRORS as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error
    writer.heading(1, subject)
    writer.add("paragraph", "\n".join(f"{key}: {value}" for key, value in facts.items()))
    write_elements(elements, writer, level_shift=1)
    writer.add("list", "\n".join(f"- {one}" for one in attachments if one))
    metadata = {key.lower(): value for key, value in facts.items()}
    return writer.document(name, MEDIA_TYPE, title=subject, metadata=metadata)


def _read(data: bytes) -> tuple[Any, list[Any]]:
    """Return the message with its headers, and the elements of its body."""
    os.environ.update(_SILENCE)
    import spacy  # type: ignore[import-not-found, unused-ignore]
    from oxmsg import Message  # type: ignore[import-not-found, unused-ignore]
    from unstructured.nlp import tokenize  # type: ignore[import-not-found, unused-ignore]
    from unstructured.partition.msg import partition_msg  # type: ignore[import-not-found, unused-ignore]

    # Its English model would be fetched from GitHub at the first call. All it serves is to guess which paragraph
    # is a title, and those guesses are not used.
    blank = spacy.blank("xx")
    blank.add_pipe("sentencizer")
    tokenize._get_nlp = lambda: blank
    # No languages to guess, and paragraphs by blank lines: its own grouping counts words by blanks.
    elements = partition_msg(
        file=io.BytesIO(data), process_attachments=False, languages=[""], paragraph_grouper=_mark_lines
    )
    return Message.load(data), elements


def _mark_lines(text: str) -> str:
    """Return a body with its line ends marked, so that only blank lines part paragraphs."""
    return re.sub(r"(?<!\n)\n(?!\n)", _LINE_END, text.replace("\r\n", "\n"))


def _facts(message: Any) -> dict[str, str]:
    """Return who wrote to whom and when, as far as the message says."""
    recipients = (_address(one.name or "", one.email_address or "") for one in message.recipients)
    date = message.sent_date
    facts = {
        "From": message.sender or "",
        "To": ", ".join(one for one in recipients if one),
        "Date": date.isoformat(" ", "minutes") if date else message.message_headers.get("Date", ""),
    }
    return {key: " ".join(value.split()) for key, value in facts.items() if value.strip()}


def _address(name: str, address: str) -> str:
    return f"{name} <{address}>" if name and address and name != address else name or address


def write_elements(elements: Iterable[Any], writer: BlockWriter, *, level_shift: int = 0) -> None:
    """Add the elements of ``unstructured`` to ``writer``.

    A title counts where the format itself says so, by ``category_depth``; the others are guesses, made for English,
    that take every short line for one.
    """
    items: list[str] = []
    for element in (*elements, None):
        category = element.category if element is not None else ""
        if category == "ListItem":
            depth = max(0, (element.metadata.category_depth or 1) - 1)
            items.append("  " * depth + f"- {element.text}")
            continue
        writer.add("list", "\n".join(items))
        items = []
        if element is not None:
            _write_element(element, category, writer, level_shift)


def _write_element(element: Any, category: str, writer: BlockWriter, level_shift: int) -> None:
    depth, table = element.metadata.category_depth, element.metadata.text_as_html
    if category == "Title" and depth is not None:
        writer.heading(depth + 1 + level_shift, element.text)
    elif category == "Table" and table:
        write_html(parse_html(table), writer)
    else:
        writer.add("code" if category == "CodeSnippet" else "paragraph", element.text.replace(_LINE_END, "\n"))
