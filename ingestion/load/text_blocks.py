"""Running text to paragraphs."""

import re

from ingestion.load.block_writer import BlockWriter

_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")


def write_paragraphs(text: str, writer: BlockWriter) -> None:
    """Add the paragraphs of ``text``, which blank lines part, to ``writer``."""
    for paragraph in _BLANK_LINES.split(text.replace("\r\n", "\n").replace("\r", "\n")):
        writer.add("paragraph", paragraph.strip("\n"))
