"""Formats that are ZIP files of XML inside (Office, EPUB), opened with bounds: archives can be bombs.

Members are only ever read into memory by name; none becomes a path.
"""

import io
import lzma
import struct
import zipfile
import zlib
from xml.parsers.expat import ExpatError

from ingestion.errors import DamagedError, PasswordNeededError, PasswordWrongError, TooHeavyError

_MAX_MEMBERS = 20_000
_MAX_BYTES = 1_000_000_000
_MAX_XML_BYTES = 200_000_000
_MAX_RATIO = 100
_RATIO_MATTERS_FROM_BYTES = 50_000_000
_ENCRYPTED_FLAG = 0x1
_XML_ENDINGS = (".xml", ".rels", ".vml", ".xhtml", ".html", ".htm", ".opf", ".ncx")
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")

#: What parsers of archives and XML raise on broken structure; few of them have errors of their own.
PARSER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ExpatError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    zipfile.BadZipFile,
    struct.error,
    zlib.error,
)


def open_archive(data: bytes) -> zipfile.ZipFile:
    """Return the archive after checking what it claims to hold; reading never gives more than it claims.

    Raises:
        DamagedError: it is no ZIP file, or cut off.
        PasswordNeededError: its members are encrypted.
        TooHeavyError: it would unpack to far more than an honest document.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except PARSER_ERRORS as error:
        raise DamagedError(f"not a ZIP file: {error}") from error
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    xml = sum(member.file_size for member in members if member.filename.lower().endswith(_XML_ENDINGS))
    if len(members) > _MAX_MEMBERS:
        raise TooHeavyError(f"{len(members)} members", limit="bytes")
    is_bomb = total > _RATIO_MATTERS_FROM_BYTES and total > _MAX_RATIO * len(data)
    if total > _MAX_BYTES or xml > _MAX_XML_BYTES or is_bomb:
        raise TooHeavyError(f"unpacks from {len(data)} to {total} bytes", limit="bytes")
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
        raise PasswordNeededError("encrypted ZIP members")
    return archive


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return one member's bytes.

    Raises:
        DamagedError: there is none of that name, or it is broken.
    """
    try:
        return archive.read(name)
    except PARSER_ERRORS as error:
        raise DamagedError(f"{name}: {error}") from error


def office_package(data: bytes, password: str | None) -> bytes:
    """Return the bytes of an Office file, decrypted where needed, that are safe to hand to its parser.

    Raises:
        DamagedError: it is no Office file, is broken, or declares entities, which the standard (ECMA-376 part 2)
            forbids and only attacks do.
        PasswordNeededError: it is encrypted and ``password`` is None.
        PasswordWrongError: ``password`` does not open it.
        TooHeavyError: see ``open_archive``.
    """
    if is_encrypted_office(data):
        data = _decrypt(data, password)
    with open_archive(data) as archive:
        for member in archive.namelist():
            # Without the NULs, UTF-16 is caught as well.
            if member.lower().endswith(_XML_ENDINGS) and b"<!DOCTYPE" in read_member(archive, member).replace(
                b"\0", b""
            ):
                raise DamagedError(f"{member} declares a document type")
    return data


def is_encrypted_office(data: bytes) -> bool:
    """Whether this is a modern Office file inside the old container that encryption puts around it."""
    return data.startswith(OLE_MAGIC) and _ENCRYPTED_STREAM in data


def _decrypt(data: bytes, password: str | None) -> bytes:
    # Imported here because few files need it.
    import msoffcrypto  # type: ignore[import-untyped]
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError  # type: ignore[import-untyped]

    if password is None:
        raise PasswordNeededError()
    plain = io.BytesIO()
    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(data))
        office.load_key(password=password, verify_password=True)
        office.decrypt(plain)
    except InvalidKeyError as error:
        raise PasswordWrongError() from error
    except (FileFormatError, DecryptionError, ParseError, *PARSER_ERRORS) as error:
        raise DamagedError(f"the encryption is broken: {error}") from error
    return plain.getvalue()
