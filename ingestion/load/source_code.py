"""Program source and configuration: the text as it is; its structure is found by ``ingestion.source_blocks``."""

from pathlib import PurePath

from ingestion.load.encoding import decode
from ingestion.load.html import decode_declared
from ingestion.load.text import encoding_warnings
from ingestion.models import LoadedDocument, LoadedPage, LoadLimits, Progress

#: Extension to media type; ``ingestion.source_blocks`` knows which of them have functions and classes.
SOURCE_TYPES = {
    ".py": "text/x-python",
    ".js": "text/javascript",
    ".jsx": "text/javascript",
    ".mjs": "text/javascript",
    ".ts": "text/x-typescript",
    ".tsx": "text/x-typescript",
    ".vue": "text/x-vue",
    ".java": "text/x-java",
    ".kt": "text/x-kotlin",
    ".scala": "text/x-scala",
    ".cs": "text/x-csharp",
    ".c": "text/x-c",
    ".h": "text/x-c",
    ".cc": "text/x-c++",
    ".cpp": "text/x-c++",
    ".hpp": "text/x-c++",
    ".go": "text/x-go",
    ".rs": "text/x-rust",
    ".swift": "text/x-swift",
    ".php": "text/x-php",
    ".rb": "text/x-ruby",
    ".lua": "text/x-lua",
    ".r": "text/x-r",
    ".sh": "text/x-sh",
    ".ps1": "text/x-powershell",
    ".bat": "text/x-bat",
    ".sql": "text/x-sql",
    ".css": "text/css",
    ".yaml": "text/x-yaml",
    ".yml": "text/x-yaml",
    ".toml": "text/x-toml",
    ".ini": "text/x-ini",
    ".xml": "text/xml",
}


def load_source_code(
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
    media_type = SOURCE_TYPES.get(PurePath(name).suffix.lower(), "text/x-source")
    # XML declares its encoding as HTML does.
    decoded = decode_declared(data) if media_type == "text/xml" else decode(data)
    return LoadedDocument(
        name=name,
        media_type=media_type,
        pages=(LoadedPage(number=None, text=decoded.text),),
        encoding=decoded.encoding,
        warnings=encoding_warnings(decoded),
    )
