"""Bounds on what a model server sends, whatever its SDK would read: no endless answer may eat the memory."""

import sys
import zlib
from collections.abc import Iterator
from typing import Any

#: Of one response. An answer of 400,000 characters, each a frame of its own, is half of this.
MOST_BYTES = 256_000_000
#: Between two line ends: SDKs keep a line until it is whole. A batch of long vectors is a sixth of this.
LONGEST_LINE_BYTES = 32_000_000
_GZIP_OR_ZLIB = 47  # zlib's window bits: the largest window, the container recognised


def bound(response: Any) -> None:
    """Make ``response`` fail with its library's DecodingError beyond the bounds; meant as a response event hook.

    A packed body is unpacked here: the libraries unpack a piece whole, once for every method a server names, so that
    "gzip, gzip" makes terabytes of a few kilobytes.
    """
    library = sys.modules[type(response).__module__.partition(".")[0]]  # httpx, or the httpx2 of newer SDKs
    packing = response.headers.pop("content-encoding", "")

    class BoundedStream(library.SyncByteStream):  # type: ignore[misc, name-defined]
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __iter__(self) -> Iterator[bytes]:
            return bounded(unpacked(iter(self._inner), packing, library.DecodingError), library.DecodingError)

        def close(self) -> None:
            self._inner.close()

    response.stream = BoundedStream(response.stream)


def unpacked(
    pieces: Iterator[bytes], packing: str, error: type[Exception], limit: int = LONGEST_LINE_BYTES + 1
) -> Iterator[bytes]:
    """Yield the bytes of a body packed by gzip, deflate or not at all; of each piece no more than ``limit``.

    Raises:
        Exception: ``error``, where they are packed otherwise or broken.
    """
    method = packing.strip().lower()
    if method in ("", "identity"):
        yield from pieces
        return
    if method not in ("gzip", "x-gzip", "deflate"):
        raise error(f"content encoding {packing}")
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        for piece in pieces:
            yield unpacker.decompress(piece, limit)
            if unpacker.unconsumed_tail:
                raise error(f"{len(piece)} bytes unpack to more than {limit}")
    except zlib.error as problem:
        raise error(str(problem)) from problem


def bounded(pieces: Iterator[bytes], error: type[Exception]) -> Iterator[bytes]:
    """Yield ``pieces`` while they are within the bounds. Raises ``error`` beyond."""
    total = line = 0
    for piece in pieces:
        total += len(piece)
        after = len(piece) - piece.rfind(b"\n") - 1
        line = line + len(piece) if after == len(piece) else after
        if total > MOST_BYTES or line > LONGEST_LINE_BYTES:
            raise error(f"more than {MOST_BYTES} bytes, or {LONGEST_LINE_BYTES} without a line end")
        yield piece
