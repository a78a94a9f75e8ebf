"""Plain text files."""

from ingestion.load.encoding import Decoded, decode
from ingestion.models import LoadedDocument, LoadedPage, LoadLimits, Progress

MEDIA_TYPE = "text/plain"


def load_text(
    data: bytes,
    name: str,
    *,
    password: str | None = None,
    limits: LoadLimits,
    on_progress: Progress | None = None,
) -> LoadedDocument:
    """Return the text of a file in any common encoding; ``password`` and ``limits`` do not apply.

    Raises:
        BinaryError: it is not text.
    """
    decoded = decode(data)
    return LoadedDocument(
        name=name,
        media_type=MEDIA_TYPE,
        pages=(LoadedPage(number=None, text=decoded.text),),
        encoding=decoded.encoding,
        warnings=encoding_warnings(decoded),
    )


def encoding_warnings(decoded: Decoded) -> tuple[str, ...]:
    """Return the warning codes a decoded file deserves."""
    found = []
    if not decoded.is_certain:
        found.append("encoding_uncertain")
    if decoded.replaced_count:
        found.append("characters_replaced")
    return tuple(found)
