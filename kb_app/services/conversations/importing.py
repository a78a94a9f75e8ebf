"""Conversations from a file: our own JSON or ChatGPT's export, plain or in a ZIP. Taken over in the background."""

import io
import json
import logging
import lzma
import math
import threading
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal

from kb_app.errors import (
    BusyError,
    ConversationDamagedError,
    ConversationFormatError,
    ConversationTooLargeError,
    KBAppError,
    error_info,
)
from kb_app.models import ErrorInfo
from kb_app.services.conversations.chatgpt import from_chatgpt, is_chatgpt
from kb_app.services.conversations.json_file import FORMAT, Transcript, from_json
from kb_app.storage.conversation_imports import ConversationImports

_LOG = logging.getLogger(__name__)

#: Of JSON, unpacked. Parsed it takes several times as much memory.
LIMIT_MB = 256
_MEMBERS = ("conversations.json", "conversations-*.json", "*.conversations.json")
_MOST_MEMBERS = 10_000
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """How far a file has been taken over; ``added``, ``updated`` and ``unchanged`` count conversations."""

    state: Literal["running", "done", "failed"] = "running"
    name: str = ""
    total: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    error: ErrorInfo | None = None

    @property
    def done(self) -> int:
        """Conversations looked at so far."""
        return self.added + self.updated + self.unchanged


class ConversationImporter:
    """Takes conversations over, one file at a time. Safe to share between threads."""

    def __init__(self, imports: ConversationImports) -> None:
        """Save through ``imports``."""
        self._imports = imports
        self._lock = threading.Lock()
        self._progress: ImportProgress | None = None
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="import")

    @property
    def progress(self) -> ImportProgress | None:
        """The file that is being taken over, or the last one."""
        return self._progress

    def start(self, name: str, data: bytes) -> None:
        """Begin to take a file over; returns at once. Raises BusyError: another is on its way."""
        with self._lock:
            if self._progress is not None and self._progress.state == "running":
                raise BusyError("a file of conversations is being read")
            self._progress = ImportProgress(name=name)
        self._thread.submit(self._background, data)

    def run(self, data: bytes) -> ImportProgress:
        """Take a file over and return what came of it. Raises ConversationFileError, StorageError."""
        self._progress = ImportProgress()
        return self._run(data)

    def forget(self) -> None:
        """Forget the last file, unless it is still being read."""
        with self._lock:
            if self._progress is not None and self._progress.state != "running":
                self._progress = None

    def close(self) -> None:
        """Stop after the conversation that is being saved."""
        self._closing = True
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _background(self, data: bytes) -> None:
        try:
            self._run(data)
        except KBAppError as error:
            self._change(state="failed", error=error_info(error))
        except Exception:  # noqa: BLE001 - the top of the thread: a bug must end the import, visibly
            _LOG.exception("the conversations could not be read")
            self._change(state="failed", error=ErrorInfo(code="internal"))

    def _run(self, data: bytes) -> ImportProgress:
        transcripts = read_conversations(data)
        counts = {"added": 0, "updated": 0, "unchanged": 0}
        self._change(total=len(transcripts))
        for conversation, messages in transcripts:
            if self._closing:
                break
            counts[self._imports.take(conversation, messages)] += 1
            self._change(**counts)
        return self._change(state="done")

    def _change(self, **changes: Any) -> ImportProgress:
        assert self._progress is not None
        self._progress = replace(self._progress, **changes)
        return self._progress


def read_conversations(data: bytes) -> list[Transcript]:
    """Return the conversations in a file.

    Raises:
        ConversationDamagedError: it is cut off, or no JSON.
        ConversationFormatError, ConversationNewerError: it holds something else.
        ConversationTooLargeError: it is more than ``LIMIT_MB``, or unpacks to more.
    """
    texts = _members(data) if zipfile.is_zipfile(io.BytesIO(data)) else [data]
    if sum(map(len, texts)) > LIMIT_MB * 1_000_000:
        raise ConversationTooLargeError("too large", limit_mb=LIMIT_MB)
    return [transcript for text in texts for transcript in _transcripts(_parsed(text))]


def _members(data: bytes) -> list[bytes]:
    """Return the files of a ZIP that may hold conversations, unpacked within the limit."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist()[:_MOST_MEMBERS] if _may_hold(name)]
            if not names:
                raise ConversationFormatError("no conversations in the ZIP")
            return _unpacked(archive, names)
    except _BROKEN as error:
        raise ConversationDamagedError(str(error)) from error


def _may_hold(name: str) -> bool:
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return any(fnmatchcase(last, pattern) for pattern in _MEMBERS)


def _unpacked(archive: zipfile.ZipFile, names: list[str]) -> list[bytes]:
    room = LIMIT_MB * 1_000_000
    found: list[bytes] = []
    for name in names:
        with archive.open(name) as member:
            text = member.read(room + 1)  # never what the header says, which may be a lie
        room -= len(text)
        if room < 0:
            raise ConversationTooLargeError(name, limit_mb=LIMIT_MB)
        found.append(text)
    return found


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ConversationDamagedError(str(error)[:200]) from error


def _refuse(name: str) -> float:
    raise ValueError(name)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(digits)
    return value


def _transcripts(content: Any) -> list[Transcript]:
    if isinstance(content, dict) and content.get("format") == FORMAT:
        return from_json(content)
    if is_chatgpt(content):
        return from_chatgpt(content)
    raise ConversationFormatError("neither our own format nor ChatGPT's")
