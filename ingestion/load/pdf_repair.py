"""Makes a cut-off or damaged PDF openable: what lost its end lost the table that says where everything is.

Both engines find the objects of such a file by themselves, but not the one to begin with. So a trailer is written
behind it that names the file's catalog, or a new catalog of the pages that are left.
"""

import re
import zlib
from collections.abc import Iterator
from itertools import islice, pairwise

_OBJECT = re.compile(rb"(?<![\w.])(\d{1,8})\s{1,4}(\d{1,5})\s{1,4}obj\b")
_STREAM = re.compile(rb"stream\r?\n")
_CATALOG = re.compile(rb"/Type\s{0,4}/Catalog\b")
_PAGE = re.compile(rb"/Type\s{0,4}/Page\b")
_PACKED = re.compile(rb"/Type\s{0,4}/ObjStm\b")
_FIRST = re.compile(rb"/First\s{1,4}(\d{1,8})")
# A stream whose only filter is Flate: no array of filters.
_DEFLATED = re.compile(rb"/Filter\s{0,4}\[?\s{0,4}/FlateDecode\s{0,4}\]?[^<>\[\]]{0,200}>>\s{0,4}stream\r?\n")
_MAX_TRIED, _MAX_PACKED = 50, 65_536
#: A dictionary that says what it is says so within this.
_REACH = 4_000
_MAX_OBJECTS, _MAX_INFLATED = 200_000, 50_000_000

#: Number and generation of an object.
Reference = tuple[int, int]


def repaired_versions(data: bytes) -> Iterator[bytes]:
    """Yield the file with a trailer for its own catalog, then for one made of its pages; nothing if it has neither.

    Objects inside compressed object streams count too. Of an object written several times the last one is meant, in
    the place of the first.
    """
    catalogs: dict[Reference, None] = {}
    pages: dict[Reference, None] = {}
    largest = 0
    for reference, dictionary in _objects(data):
        largest = max(largest, reference[0])
        if _PAGE.search(dictionary):
            pages[reference] = None
        elif _CATALOG.search(dictionary):
            catalogs.pop(reference, None)
            catalogs[reference] = None
    if catalogs:
        yield data + _trailer(list(catalogs)[-1], largest)
    if pages:
        tree, catalog = largest + 1, largest + 2
        kids = b" ".join(b"%d %d R" % page for page in pages)
        added = b"\n%d 0 obj\n<</Type/Pages/Count %d/Kids[%s]>>\nendobj\n" % (
            tree,
            len(pages),
            kids,
        ) + b"%d 0 obj\n<</Type/Catalog/Pages %d 0 R>>\nendobj\n" % (catalog, tree)
        yield data + _END + added + _trailer((catalog, 0), catalog)


def has_broken_streams(data: bytes) -> bool:
    """Whether half or more of the deflated streams cannot be inflated, as after a transfer as text."""
    if b"/Encrypt" in data:
        return False
    broken = count = 0
    for match in islice(_DEFLATED.finditer(data), _MAX_TRIED):
        packed = data[match.end() : match.end() + _MAX_PACKED]
        count += 1
        try:
            zlib.decompressobj().decompress(packed[: _end_of_stream(packed)], _MAX_PACKED)
        except zlib.error:
            broken += 1
    return broken * 2 >= count > 0


def _end_of_stream(packed: bytes) -> int:
    end = packed.find(b"endstream")
    return end if end >= 0 else len(packed)


#: Ends whatever the cut went through.
_END = b"\nendstream\nendobj\n"


def _trailer(root: Reference, largest: int) -> bytes:
    return _END + b"trailer\n<</Size %d/Root %d %d R>>\nstartxref\n0\n%%%%EOF\n" % (largest + 1, *root)


def _objects(data: bytes) -> Iterator[tuple[Reference, bytes]]:
    """Yield the objects with the beginning of each, those in object streams where the stream stands."""
    left = _MAX_INFLATED
    for count, match in enumerate(_OBJECT.finditer(data)):
        if count >= _MAX_OBJECTS:
            return
        start = match.end()
        stream = _STREAM.search(data, start, start + _REACH)
        end = data.find(b"endobj", start, start + _REACH)
        stops = [place for place in (stream.start() if stream else -1, end) if place >= 0]
        dictionary = data[start : min(stops, default=start + _REACH)]
        yield (int(match[1]), int(match[2])), dictionary
        if stream and _PACKED.search(dictionary) and left > 0:
            inflated = _inflated(data, stream.end(), left)
            left -= len(inflated)
            yield from _packed_objects(dictionary, inflated)


def _inflated(data: bytes, start: int, limit: int) -> bytes:
    end = data.find(b"endstream", start)
    try:
        return zlib.decompressobj().decompress(data[start : end if end >= 0 else len(data)], limit)
    except zlib.error:
        return b""


def _packed_objects(dictionary: bytes, packed: bytes) -> Iterator[tuple[Reference, bytes]]:
    """Yield the objects of an object stream: pairs of number and offset, then the objects (ISO 32000-1, 7.5.7)."""
    first = _FIRST.search(dictionary)
    if first is None:
        return
    numbers = packed[: int(first[1])].split()
    if len(numbers) % 2 or not all(number.isdigit() and len(number) < 9 for number in numbers):
        return
    starts = [int(first[1]) + int(offset) for offset in numbers[1::2]]
    for number, (start, end) in zip(numbers[::2], pairwise([*starts, len(packed)]), strict=True):
        yield (int(number), 0), packed[start : min(end, start + _REACH)]
