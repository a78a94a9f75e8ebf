"""What a file is by its first bytes, whatever it is called."""

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "PDF"),
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "DOC"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"\x1f\x8b\x08", "GZIP"),
    (b"7z\xbc\xaf\x27\x1c", "7Z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"BZh91AY&SY", "BZIP2"),
    (b"\xfd7zXZ\x00", "XZ"),
    (b"\x28\xb5\x2f\xfd", "ZSTD"),
    (b"\x7fELF", "ELF"),
    (b"\xca\xfe\xba\xbe", "CLASS"),
    (b"SQLite format 3\x00", "SQLITE"),
    (b"ID3\x03", "MP3"),
    (b"ID3\x04", "MP3"),
    (b"OggS\x00", "OGG"),
    (b"fLaC\x00", "FLAC"),
    (b"\x00asm", "WASM"),
    (b"wOFF", "WOFF"),
    (b"wOF2", "WOFF"),
    (b"%!PS-Adobe", "PS"),
    (b"{\\rtf1", "RTF"),
)
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")
_HEADER_WINDOW = 1024

#: Kinds that are text underneath, so a text loader may read them.
TEXT_KINDS = frozenset(("HTML", "RTF", "PS"))
UNKNOWN = "BIN"


def sniff(data: bytes) -> str | None:
    """Return the short name of the kind the bytes begin with (``PDF``, ``ZIP``, ``HTML``...), or None."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] in (b"WAVE", b"AVI ", b"WEBP"):
        return data[8:12].decode("ascii").strip()
    if data[4:8] == b"ftyp":
        return "MP4"
    head = data[:_HEADER_WINDOW].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.lower().startswith(_HTML_STARTS):
        return "HTML"
    # Readers accept a PDF header within the first kilobyte.
    return "PDF" if b"%PDF-" in data[:_HEADER_WINDOW] else None
