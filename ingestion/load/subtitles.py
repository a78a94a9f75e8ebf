"""Subtitles (SRT, WebVTT) as transcripts: lines joined into paragraphs, each with the time it begins at."""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from ingestion.errors import DamagedError
from ingestion.load.block_writer import BlockWriter
from ingestion.load.encoding import decode
from ingestion.load.text import encoding_warnings
from ingestion.models import LoadedDocument, LoadLimits, Progress

_SRT = "application/x-subrip"
_VTT = "text/vtt"

_TIMES = re.compile(
    r"^[ \t]*((?:\d+:)?\d{1,2}:\d{2})[.,]\d{1,3}[ \t]*-->[ \t]*((?:\d+:)?\d{1,2}:\d{2})[.,](\d{1,3}).*$", re.MULTILINE
)
_VOICE = re.compile(r"<v(?:\.[^ >]*)?[ \t]+([^>]+)>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
_NOTE = re.compile(r"^(?:NOTE|STYLE|REGION)\b.*?(?:\n[ \t]*\n|\Z)", re.MULTILINE | re.DOTALL)
_SENTENCE_END = re.compile(r"[。！？!?…]|\.(?=\W|$)")
_LATIN_EDGE = re.compile(r"[!-~\u00a1-\u024f]")

_PAUSE_S = 4
_PARAGRAPH_S = 60
_LONGEST_PARAGRAPH_S = 120


class _Cue(NamedTuple):
    """What is shown from ``start`` to ``end``, in seconds."""

    start: int
    end: int
    text: str


def load_subtitles(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the transcript as paragraphs of about a minute, each after its ``[hh:mm:ss]``.

    Raises:
        BinaryError: it is not text.
        DamagedError: there are no times in it.
        NoTextError: nothing is said.
        TooHeavyError: it is longer than ``limits`` allow.
    """
    decoded = decode(data)
    text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    cues = list(_cues(text))
    if not cues and not _TIMES.search(text):
        raise DamagedError("no times")
    writer = BlockWriter(limits)
    for paragraph in _paragraphs(cues):
        start = paragraph[0].start
        clock = f"{start // 3600:02}:{start // 60 % 60:02}:{start % 60:02}"
        writer.add("paragraph", f"[{clock}] {_join([cue.text for cue in paragraph])}")
    media_type = _VTT if text.startswith("WEBVTT") else _SRT
    metadata = {"duration_s": str(max(cue.end for cue in cues))} if cues else {}
    return writer.document(
        name, media_type, metadata=metadata, encoding=decoded.encoding, warnings=encoding_warnings(decoded)
    )


def _cues(text: str) -> Iterator[_Cue]:
    """Yield what is said, in order; a line that is shown again (rolling captions) is said once."""
    text = _NOTE.sub("", text)
    times = list(_TIMES.finditer(text))
    shown: list[str] = []
    for index, match in enumerate(times):
        end = times[index + 1].start() if index + 1 < len(times) else len(text)
        lines = _cue_lines(text[match.end() : end], is_last=index + 1 == len(times))
        fresh = [line for line in lines if line not in shown]
        shown = lines
        if fresh:
            yield _Cue(_seconds(match.group(1)), _seconds(match.group(2)), _join(fresh))


def _cue_lines(source: str, *, is_last: bool) -> list[str]:
    """Return the lines of a cue: up to the blank line, after which the next one's number may stand."""
    source = source.lstrip("\n") if source.startswith("\n") else source
    body, _, rest = source.partition("\n\n")
    if not rest and not is_last:
        lines = body.rstrip("\n").split("\n")
        # Files without blank lines: the number of the next cue is the last line.
        body = "\n".join(lines[:-1] if lines[-1].strip().isdecimal() else lines)
    words = _TAG.sub("", _VOICE.sub(r"\1: ", body))
    return [" ".join(line.split()) for line in html.unescape(words).split("\n") if line.strip()]


def _seconds(clock: str) -> int:
    total = 0
    for part in clock.split(":"):
        total = total * 60 + int(part)
    return total


def _paragraphs(cues: list[_Cue]) -> Iterator[list[_Cue]]:
    """Yield runs of cues: until a pause, or the end of a sentence after a minute."""
    run: list[_Cue] = []
    for cue in cues:
        if run:
            length = cue.start - run[0].start
            is_sentence = bool(_SENTENCE_END.match(run[-1].text[-1:]))
            is_pause = cue.start - run[-1].end >= _PAUSE_S
            if is_pause or length >= _LONGEST_PARAGRAPH_S or (length >= _PARAGRAPH_S and is_sentence):
                yield run
                run = []
        run.append(cue)
    if run:
        yield run


def _join(parts: list[str]) -> str:
    """Join pieces of speech: with a blank between Latin letters, Chinese without."""
    text = ""
    for part in parts:
        is_latin = bool(text) and (_LATIN_EDGE.match(text[-1]) or _LATIN_EDGE.match(part[0]))
        text += (" " if is_latin else "") + part
    return text
