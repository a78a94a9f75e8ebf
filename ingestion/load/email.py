"""E-mails (RFC 822 files): the subject as title, who wrote to whom and when, the text, the names of attachments."""

import email
from email import policy
from email.message import EmailMessage

from ingestion.errors import BinaryError, DamagedError, NoTextError
from ingestion.load.block_writer import BlockWriter
from ingestion.load.encoding import decode
from ingestion.load.html import decode_declared, parse_html
from ingestion.load.html_blocks import write_html
from ingestion.load.text_blocks import write_paragraphs
from ingestion.models import LoadedDocument, LoadLimits, Progress

MEDIA_TYPE = "message/rfc822"

_SHOWN = ("From", "To", "Cc", "Date")
_HEADERS = (*_SHOWN, "Subject", "Message-ID", "Received", "MIME-Version", "Return-Path", "Content-Type")
# What the standard library's parser raises on headers and bodies it cannot make sense of.
_PARSER_ERRORS = (AttributeError, IndexError, KeyError, LookupError, RecursionError, TypeError, ValueError)
_MAX_NESTING = 10
# Mailers declare the smaller Chinese set and use the larger one.
_LARGER_SET = {"gb2312": "gb18030", "gbk": "gb18030"}


def load_email(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return an e-mail's text; attachments are named, not read, and ``password`` does not apply.

    Raises:
        DamagedError: it is no e-mail.
        NoTextError: it says nothing.
        TooHeavyError: it is longer than ``limits`` allow.
    """
    writer = BlockWriter(limits)
    try:
        message = email.message_from_bytes(data, policy=policy.default)
        if not isinstance(message, EmailMessage) or not any(header in message for header in _HEADERS):
            raise DamagedError("no e-mail headers")
        subject = _header(message, "Subject")
        _write_message(message, writer, level=1)
        metadata = {header.lower(): _header(message, header) for header in _SHOWN}
    except _PARSER_ERRORS as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error
    return writer.document(name, MEDIA_TYPE, title=subject, metadata=metadata)


def _header(message: EmailMessage, name: str) -> str:
    """Return a header's words; raw Chinese bytes, which the standard forbids and mailers write, are decoded too."""
    value = message.get(name)
    if value is None:
        return ""
    text = str(value)
    if any("\udc80" <= character <= "\udcff" for character in text) or "\ufffd" in text:
        text = _raw_header(message, name) or text
    return " ".join(text.split())


def _raw_header(message: EmailMessage, name: str) -> str:
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            raw = str(value).encode("ascii", errors="surrogateescape")
            try:
                return decode(raw).text
            except (BinaryError, UnicodeEncodeError):
                return ""
    return ""


def _write_message(message: EmailMessage, writer: BlockWriter, *, level: int) -> None:
    writer.heading(level, _header(message, "Subject"))
    lines = [f"{header}: {value}" for header in _SHOWN if (value := _header(message, header))]
    writer.add("paragraph", "\n".join(lines))
    body = message.get_body(preferencelist=("plain", "html"))
    if isinstance(body, EmailMessage):
        _write_body(body, writer, level)
    names = []
    for attachment in message.iter_attachments():
        inner = attachment.get_content() if attachment.get_content_type() == MEDIA_TYPE else None
        if isinstance(inner, EmailMessage) and level < _MAX_NESTING:
            _write_message(inner, writer, level=level + 1)
        elif attachment.get_filename():
            names.append(" ".join(str(attachment.get_filename()).split()))
    if names:
        writer.add("list", "\n".join(f"- {attached}" for attached in names))


def _write_body(body: EmailMessage, writer: BlockWriter, level: int) -> None:
    payload = body.get_payload(decode=True)
    if not isinstance(payload, bytes) or not payload.strip():
        return
    if body.get_content_type() == "text/html":
        try:
            write_html(parse_html(_text(body, payload) or decode_declared(payload).text), writer, level_shift=level)
        except NoTextError:
            return
    else:
        write_paragraphs(_text(body, payload) or decode(payload).text, writer)


def _text(body: EmailMessage, payload: bytes) -> str:
    """Return the payload by its declared charset, or nothing if that does not fit."""
    declared = (body.get_content_charset() or "").lower()
    try:
        return payload.decode(_LARGER_SET.get(declared, declared or "utf-8"))
    except (UnicodeDecodeError, LookupError):
        return ""
