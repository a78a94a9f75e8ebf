"""What a file is by its first bytes, whatever it is called."""

import io
import lzma
import zipfile
import zlib

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
    (b"#!AMR", "AMR"),
    (b"\x1a\x45\xdf\xa3", "MATROSKA"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF"),
    (b"\x00asm", "WASM"),
    (b"wOFF", "WOFF"),
    (b"wOF2", "WOFF"),
    (b"%!PS-Adobe", "PS"),
    (b"{\\rtf", "RTF"),
)
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")
_HEADER_WINDOW = 1024

#: Kinds that are text underneath, so a text loader may read them.
TEXT_KINDS = frozenset(("HTML", "RTF", "PS"))
UNKNOWN = "BIN"
#: Sound and video: by content, and by name where the content has no mark of its own.
MEDIA_KINDS = frozenset(("MP3", "OGG", "FLAC", "AMR", "MATROSKA", "ASF", "WAVE", "AVI", "MP4"))
MEDIA_EXTENSIONS = frozenset(
    f".{extension}"
    for extension in (
        *("mp3", "m4a", "m4b", "aac", "wav", "flac", "ogg", "oga", "opus", "wma", "amr", "aiff"),
        *("mp4", "m4v", "mov", "mkv", "webm", "avi", "wmv", "flv", "mpg", "mpeg", "3gp", "rmvb", "m2ts"),
    )
)
#: Documents and archives that cannot be read here: worth a word where other strangers are left out in silence.
CLOSED_EXTENSIONS = frozenset(
    f".{extension}"
    for extension in (
        *("doc", "dot", "wps", "wpd", "pages", "ppt", "pps", "dps", "key", "odp", "et", "numbers", "pub", "vsd", "one"),
        *("mobi", "azw", "azw3", "djvu", "caj", "chm", "xps", "ps", "rar", "7z", "tar", "gz", "tgz"),
    )
)
_PICTURE_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")
_PACKAGE_PARTS = (("word/", "DOCX"), ("ppt/", "PPTX"), ("xl/", "XLSX"))
_PACKAGE_TYPES = {
    b"application/epub+zip": "EPUB",
    b"application/vnd.oasis.opendocument.spreadsheet": "ODS",
    b"application/vnd.oasis.opendocument.text": "ODT",
}
_MAX_TYPE_BYTES = 200


def sniff(data: bytes) -> str | None:
    """Return the short name of the kind the bytes begin with (``PDF``, ``ZIP``, ``HTML``...), or None."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] in (b"WAVE", b"AVI ", b"WEBP"):
        return data[8:12].decode("ascii").strip()
    if data[4:8] == b"ftyp":
        return "HEIF" if data[8:12] in _PICTURE_BRANDS else "MP4"
    head = data[:_HEADER_WINDOW].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.lower().startswith(_HTML_STARTS):
        return "HTML"
    # Readers accept a PDF header within the first kilobyte.
    return "PDF" if b"%PDF-" in data[:_HEADER_WINDOW] else None


def sniff_package(data: bytes) -> str:
    """Return what a ZIP file holds: ``DOCX``, ``PPTX``, ``XLSX``, ``ODS``, ``ODT``, ``EPUB``, or ``ZIP`` otherwise."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if "[Content_Types].xml" in names:
                return next((kind for part, kind in _PACKAGE_PARTS if any(n.startswith(part) for n in names)), "ZIP")
            if "mimetype" in names and archive.getinfo("mimetype").file_size <= _MAX_TYPE_BYTES:
                return _PACKAGE_TYPES.get(archive.read("mimetype").strip(), "ZIP")
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError):
        # Cut off or broken: the loader chosen by the name says so.
        return "ZIP"
    return "ZIP"
