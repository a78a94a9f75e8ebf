"""Outlook messages (.msg), written here: nothing that may be installed writes them."""

import struct
from collections.abc import Mapping

_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_STRING, _BINARY, _LONG = 0x001F, 0x0102, 0x0003

Tree = Mapping[str, "bytes | Tree"]


def outlook_message(
    *, subject: str, sender: str = "", body: str = "", html: bytes = b"", headers: str = "", attachment: str = ""
) -> bytes:
    """A message with what is given; an attachment holds the letter x."""
    strings = {0x0037: subject, 0x0C1A: sender, 0x1000: body, 0x007D: headers, 0x001A: "IPM.Note"}
    values: dict[tuple[int, int], bytes] = {
        (pid, _STRING): text.encode("utf-16-le") for pid, text in strings.items() if text
    }
    if html:
        values[0x1013, _BINARY] = html
    tree: dict[str, bytes | Tree] = _properties(values, header_bytes=32, codepage=65001)
    recipient = {(0x3001, _STRING): "李四".encode("utf-16-le"), (0x39FE, _STRING): "li@example.cn".encode("utf-16-le")}
    tree["__recip_version1.0_#00000000"] = _properties(recipient, header_bytes=8)
    if attachment:
        named = {(0x3707, _STRING): attachment.encode("utf-16-le"), (0x3701, _BINARY): b"x"}
        tree["__attach_version1.0_#00000000"] = _properties(named, header_bytes=8)
    return compound_file(tree)


def _properties(
    values: Mapping[tuple[int, int], bytes], *, header_bytes: int, codepage: int | None = None
) -> dict[str, "bytes | Tree"]:
    """The streams of one object: a table of its properties, and a stream for each value."""
    rows = [struct.pack("<HHIQ", kind, pid, 6, len(value)) for (pid, kind), value in values.items()]
    if codepage is not None:
        rows.append(struct.pack("<HHIQ", _LONG, 0x3FDE, 6, codepage))
    streams: dict[str, bytes | Tree] = {
        f"__substg1.0_{pid:04X}{kind:04X}": value for (pid, kind), value in values.items()
    }
    return {**streams, "__properties_version1.0": bytes(header_bytes) + b"".join(rows)}


class _Space:
    """Sectors of one size and the chains that join them."""

    def __init__(self, sector: int) -> None:
        self.sector = sector
        self.data = b""
        self.chains: list[int] = []

    def store(self, data: bytes) -> int:
        first, count = len(self.chains), -(-len(data) // self.sector)
        self.data += data.ljust(count * self.sector, b"\0")
        self.chains += [*range(first + 1, first + count), _END]
        return first

    def table(self) -> bytes:
        return struct.pack(f"<{len(self.chains)}I", *self.chains)


def compound_file(tree: Tree) -> bytes:
    """A compound file (OLE2, version 3) of nested streams."""
    large, small = _Space(_SECTOR), _Space(_MINI)
    entries: list[bytes] = []
    _directory("Root Entry", tree, _FREE, entries, lambda data: (large if len(data) >= _CUTOFF else small).store(data))
    # The small streams lie in one large stream, which is the root's.
    entries[0] = entries[0][:116] + struct.pack("<IQ", large.store(small.data), len(small.data))
    directory = large.store(b"".join(entries))
    mini_table = small.table()
    mini = large.store(mini_table + b"\xff" * (-len(mini_table) % _SECTOR))
    first_fat = len(large.chains)
    fat_count = -(-(first_fat * 4) // (_SECTOR - 4))
    large.chains += [_FAT] * fat_count
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIII",
        *(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6),
        *(0, fat_count, directory, 0, _CUTOFF, mini, -(-len(mini_table) // _SECTOR), _END, 0),
    )
    places = struct.pack("<109I", *(first_fat + at if at < fat_count else _FREE for at in range(109)))
    return header + places + large.data + large.table().ljust(fat_count * _SECTOR, b"\xff")


def _directory(name: str, content: "bytes | Tree", right: int, entries: list[bytes], store) -> int:
    """Append the entries of ``content`` and all below it, ``right`` being its sibling; return the index of its own."""
    index = len(entries)
    entries.append(b"")
    child, start, size = _FREE, 0, 0
    if isinstance(content, bytes):
        kind, start, size = 2, store(content), len(content)
    else:
        kind = 1 if index else 5
        # Siblings as a tree without left branches, the smallest name first.
        for key in sorted(content, key=lambda key: (len(key), key.upper()), reverse=True):
            child = _directory(key, content[key], child, entries, store)
    title = (name + "\0").encode("utf-16-le")
    entries[index] = struct.pack(
        "<64sHBBIII16sIQQIQ", title, len(title), kind, 1, _FREE, right, child, bytes(16), 0, 0, 0, start, size
    )
    return index
