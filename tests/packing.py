"""Packs lists the way people do, and the way people do who mean harm."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import partial

from mailsift.ingest.dialect import Container

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 2**20


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members.items():
            # No date of today: the same list is the same file.
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return packed.getvalue()


PACK: dict[Container, Callable[[bytes], bytes]] = {
    Container.GZIP: partial(gzip.compress, mtime=0),
    Container.BZIP2: bz2.compress,
    Container.XZ: lzma.compress,
    Container.ZSTD: zstd.compress,
    Container.ZIP: lambda content: zipped({"list.csv": content}),
}
STREAMED = [Container.GZIP, Container.BZIP2, Container.XZ, Container.ZSTD]


def one_gigabyte_line(container: Container) -> bytes:
    """A gigabyte without a line end, in parts so that packing it takes no time."""
    return PACK[container](b"x" * (8 * MIB)) * 128


def overlapping_zip(entries: int) -> bytes:
    """Many entries in the table of contents of which each is the same megabytes of zeros (Fifield, 2019)."""
    packed = zipped({"list.csv": bytes(10 * MIB)})
    start = packed.index(b"PK\x01\x02")
    end = packed.index(b"PK\x05\x06")
    directory = packed[start:end] * entries
    closing = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, len(directory), start, 0)
    return packed[:start] + directory + closing


def with_encrypted_flag(packed: bytes) -> bytes:
    """As if its members were locked; zipfile cannot write such a file."""
    changed = bytearray(packed)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[packed.index(mark) + place] |= 1
    return bytes(changed)


def with_sizes(packed: bytes, *, expanded: int) -> bytes:
    """With another size in both headers of the first member than it has."""
    changed = bytearray(packed)
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = packed.index(mark) + place
        changed[at : at + 4] = struct.pack("<L", expanded)
    return bytes(changed)


def xz_that_asks_for(dictionary: int) -> bytes:
    """An xz stream whose header asks for a dictionary of so many bytes, a power of two, and needs none of them."""
    # A compressor for it would itself take the memory that the reader must not, so only the header is changed.
    header = bytearray(lzma.compress(b"x" * 1000, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 4096}]))
    # Stream header 12 bytes; block header: size, flags, filter id, size of properties, dictionary, padding, CRC.
    header[16] = 2 * (dictionary.bit_length() - 1) - 24
    length = (header[12] + 1) * 4
    header[12 + length - 4 : 12 + length] = struct.pack("<L", zlib.crc32(header[12 : 12 + length - 4]))
    return bytes(header)
