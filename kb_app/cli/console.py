"""What the commands write: results on standard output, everything else on standard error."""

import io
import json
import locale
import os
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, TextIO

from kb_app.messages import Language, error_text, pick_language, translate
from kb_app.models import ErrorInfo

Record = Mapping[str, Any]

#: The ends of lines, for Unicode, that JSON does not escape.
_LINE_ENDS = {number: f"\\u{number:04x}" for number in (0x85, 0x2028, 0x2029)}


def system_language() -> Language:
    """Return the language of ``KB_LANGUAGE`` or of the system's locale."""
    for name in ("KB_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return pick_language(value)
    if sys.platform == "win32":
        # Python names Windows locales in English words: "Chinese (Simplified)_China".
        return "zh" if (locale.getlocale()[0] or "").startswith(("Chinese", "zh")) else "en"
    return "en"


class Console:
    """Writes for people, or one JSON object per line when ``as_json``."""

    def __init__(
        self, *, language: Language, as_json: bool = False, out: TextIO | None = None, err: TextIO | None = None
    ) -> None:
        """Write to ``out`` and ``err``, by default the process's own streams in UTF-8."""
        self.language: Language = language
        self.as_json = as_json
        self._out = out or _utf8(sys.stdout)
        self._err = err or _utf8(sys.stderr)
        self._progress_width = 0

    def text(self, key: str, /, **params: str | int | float) -> str:
        """Return a sentence of the catalogue in the user's language."""
        return translate(self.language, key, **params)

    def line(self, text: str = "", *, end: str = "\n") -> None:
        """Write a line of the result."""
        self.clear_progress()
        self._out.write(text + end)
        self._out.flush()

    def record(self, record: Record) -> None:
        """Write one JSON object as a line, whatever its reader takes for the end of one."""
        self.line(json.dumps(record, ensure_ascii=False).translate(_LINE_ENDS))

    def note(self, key: str, /, **params: str | int | float) -> None:
        """Tell the user something that is not part of the result."""
        self.remark(self.text(key, **params))

    def remark(self, text: str) -> None:
        """Write a ready-made sentence to standard error."""
        self.clear_progress()
        self._err.write(text + "\n")
        self._err.flush()

    def failure(self, error: ErrorInfo) -> None:
        """Say what failed and what to do; with JSON as ``{"error": ...}`` on standard output as well."""
        if self.as_json:
            self.record({"error": self.error_record(error)})
        self.remark(self.sentences(error))

    def sentences(self, error: ErrorInfo) -> str:
        """Return what failed and what to do about it as running text."""
        return ("" if self.language == "zh" else " ").join(part for part in error_text(self.language, error) if part)

    def error_record(self, error: ErrorInfo | None) -> Record | None:
        """Return the failure as the JSON output shows it."""
        if error is None:
            return None
        message, hint = error_text(self.language, error)
        return {"code": error.code, "message": message, "hint": hint}

    def progress(self, text: str) -> None:
        """Show ``text`` on the last line of a terminal, in place; nothing elsewhere."""
        if not self._err.isatty():
            return
        clipped = clip(text, 78)
        self._err.write("\r" + pad(clipped, self._progress_width))
        self._err.flush()
        self._progress_width = width(clipped)

    def clear_progress(self) -> None:
        """Remove what ``progress`` showed."""
        if self._progress_width:
            self._err.write("\r" + " " * self._progress_width + "\r")
            self._err.flush()
            self._progress_width = 0

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Write rows as columns aligned by their width on screen."""
        lines = [list(row) for row in rows]
        widths = [max(width(cell) for cell in column) for column in zip(*lines, strict=True)]
        for row in lines:
            self.line("  ".join(pad(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip())


def _utf8(stream: TextIO) -> TextIO:
    # JSON is UTF-8 by definition, and names may be Chinese on a system whose locale is not.
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="replace")
    return stream


def width(text: str) -> int:
    """Return how many columns ``text`` takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def pad(text: str, columns: int) -> str:
    """Return ``text`` filled with blanks to ``columns``."""
    return text + " " * max(0, columns - width(text))


def clip(text: str, columns: int) -> str:
    """Return ``text`` on one line, cut to ``columns`` with an ellipsis."""
    line = " ".join(text.split())
    ends = list(accumulate(width(character) for character in line[: columns + 1]))
    if not ends or ends[-1] <= columns:
        return line
    return line[: bisect_right(ends, columns - 1)] + "…"
