"""ZIP files that take a password."""

import io
import struct
import zipfile
import zlib


def encrypted(password, **files):
    """Return a ZIP whose members are protected as old packers do it; the standard library reads that, but cannot."""
    plain = {name: text.encode() for name, text in files.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in plain.items():
            archive.writestr(name, zipcrypto(bytes(11) + bytes([zlib.crc32(data) >> 24]) + data, password))
    whole = bytearray(buffer.getvalue())
    for signature, flag, crc, size in ((b"PK\x03\x04", 6, 14, 22), (b"PK\x01\x02", 8, 16, 24)):
        starts = [i for i in range(len(whole)) if whole[i : i + 4] == signature]
        for start, data in zip(starts, plain.values(), strict=True):
            whole[start + flag] |= 1
            struct.pack_into("<I", whole, start + crc, zlib.crc32(data))
            struct.pack_into("<I", whole, start + size, len(data))
    return bytes(whole)


def zipcrypto(data, password):
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte):
        keys[0] = zlib.crc32(bytes([byte]), keys[0] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = zlib.crc32(bytes([keys[1] >> 24]), keys[2] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in data:
        mask = (keys[2] & 0xFFFF) | 2
        out.append(byte ^ ((mask * (mask ^ 1)) >> 8 & 0xFF))
        update(byte)
    return bytes(out)
