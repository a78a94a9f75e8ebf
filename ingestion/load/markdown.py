"""Markdown files: the source is kept as it is; front matter becomes metadata."""

import re

from ingestion.load.encoding import decode
from ingestion.load.text import encoding_warnings
from ingestion.models import LoadedDocument, LoadedPage, LoadLimits, Progress

MEDIA_TYPE = "text/markdown"

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\r?\n(.*?)\r?\n\1[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_ENTRY = re.compile(r"""^([A-Za-z_][\w-]*)[ \t]*[:=][ \t]*["']?(.*?)["']?[ \t]*\r?$""", re.MULTILINE)


def load_markdown(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the source text; ``password`` and ``limits`` do not apply.

    Raises:
        BinaryError: it is not text.
    """
    decoded = decode(data)
    metadata = front_matter(decoded.text)[1]
    return LoadedDocument(
        name=name,
        media_type=MEDIA_TYPE,
        pages=(LoadedPage(number=None, text=decoded.text),),
        title=metadata.get("title", ""),
        encoding=decoded.encoding,
        metadata=metadata,
        warnings=encoding_warnings(decoded),
    )


def front_matter(text: str) -> tuple[int, dict[str, str]]:
    """Return where the body begins, and the simple ``key: value`` entries of the YAML or TOML before it.

    A rule at the start of a file that is followed by no such entry is no front matter.
    """
    match = _FRONT_MATTER.match(text)
    entries = dict(_ENTRY.findall(match.group(2))) if match else {}
    if match is None or not entries:
        return 0, {}
    return match.end(), {key.lower(): value for key, value in entries.items() if value}
