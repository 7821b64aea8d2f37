"""Ways to spoil a file: each takes the draw and the bytes, and gives other bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from random import Random

from packing import zipped

MOST_BYTES = 3 * 2**20
"""A mutated file is not longer than this."""

_TOKENS = (
    *(b"\0", b'"', b"'", b",", b";", b"\t", b"\r", b"\n", b"\\", b"@", b"<", b">", b"{", b"[", b"]", b"}", b":"),
    *(b'""', b'",', b'\r\n"', b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xff", b"\x80", b"\xed\xa0\x80", b"\x1a"),
    *(
        b"\x1f\x8b\x08",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"BZh9",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"%PDF-",
        b"\xd0\xcf\x11\xe0",
    ),
    *(
        b"null",
        b"1e999",
        b"-0",
        b"NaN",
        b'"\\ud800"',
        b'{"a":' * 40,
        b"[" * 2000,
        b"99999999999999999999",
        b"\xe2\x80\xae",
    ),
    *(
        b"<!DOCTYPE x [<!ENTITY a 'aa'>]>",
        b"&a;",
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
        b"a@b.cd",
        b"\xe2\x80\x8b",
        b"=cmd|'x'!A1",
    ),
)


def flip(draw: Random, content: bytes) -> bytes:
    """Some bits."""
    spoilt = bytearray(content)
    for _ in range(draw.choice((1, 1, 3, 20))):
        if spoilt:
            spoilt[draw.randrange(len(spoilt))] ^= 1 << draw.randrange(8)
    return bytes(spoilt)


def insert(draw: Random, content: bytes) -> bytes:
    """What means something to one reader or another."""
    at = _place(draw, content)
    return content[:at] + draw.choice(_TOKENS) * draw.choice((1, 1, 2, 50)) + content[at:]


def overwrite(draw: Random, content: bytes) -> bytes:
    """In place, so that what is counted elsewhere still fits."""
    at, token = _place(draw, content), draw.choice(_TOKENS)
    return content[:at] + token + content[at + len(token) :]


def cut(draw: Random, content: bytes) -> bytes:
    """A piece out of the middle."""
    begin, end = _piece(draw, content)
    return content[:begin] + content[end:]


def truncate(draw: Random, content: bytes) -> bytes:
    """As a broken transfer leaves it."""
    return content[: _place(draw, content)]


def repeat(draw: Random, content: bytes) -> bytes:
    """A piece, many times over."""
    begin, end = _piece(draw, content)
    times = draw.choice((2, 10, 1000, 100_000))
    times = min(times, MOST_BYTES // max(1, end - begin))
    return content[:begin] + content[begin:end] * times + content[end:]


def shuffle(draw: Random, content: bytes) -> bytes:
    """A piece moves to another place."""
    begin, end = _piece(draw, content)
    rest = content[:begin] + content[end:]
    at = _place(draw, rest)
    return rest[:at] + content[begin:end] + rest[at:]


def turn_into_another(draw: Random, content: bytes) -> bytes:
    """From somewhere on it is noise, or text in another encoding."""
    at = _place(draw, content)
    try:
        other = content[at:].decode("latin-1").encode(draw.choice(("utf-16", "utf-8", "utf-7", "cp500")), "replace")
    except UnicodeError:
        other = b""
    return content[:at] + draw.choice((other, draw.randbytes(draw.randrange(2000))))


MUTATIONS: Sequence[Callable[[Random, bytes], bytes]] = (
    *(flip, insert, overwrite, cut, truncate, repeat, shuffle, turn_into_another),
)


def mutate(draw: Random, content: bytes) -> bytes:
    """One after the other, now and then none."""
    for _ in range(draw.choice((0, 1, 1, 1, 2, 4))):
        content = draw.choice(MUTATIONS)(draw, content)[:MOST_BYTES]
    return content


def mutate_members(draw: Random, content: bytes) -> bytes:
    """What is in a zip file, which stays one; as it is where there is none."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name in draw.sample(sorted(members), k=min(len(members), draw.choice((1, 1, 2)))):
        members[name] = mutate(draw, members[name])
    return zipped(members)


def _place(draw: Random, content: bytes) -> int:
    # Much is decided at the beginning, and in a zip file at the end.
    near = min(len(content), 64)
    return draw.choice((draw.randint(0, len(content)), draw.randint(0, near), len(content) - draw.randint(0, near)))


def _piece(draw: Random, content: bytes) -> tuple[int, int]:
    begin = _place(draw, content)
    return begin, min(len(content), begin + draw.choice((1, 2, 10, 100, 4096)))
