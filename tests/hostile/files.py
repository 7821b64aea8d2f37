"""Files that mean harm or have come to it, made as they are needed; each with how reading it has to end."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat

from mailsift.ingest.dialect import Container
from packing import MIB, PACK, STREAMED, one_gigabyte_line, overlapping_zip, zipped

GOOD = b"name,email\n" + b"".join(b"Ann %d,user%d@example.com\n" % (number, number) for number in range(20_000))
NOISE = random.Random(7).randbytes(2 * MIB)


@dataclass(frozen=True, slots=True)
class HostileFile:
    """A file, and the code of the error that reading it ends with; None if its good rows are kept."""

    pieces: Callable[[], Iterator[bytes]]
    code: str | None


def _of(*pieces: bytes, code: str | None) -> HostileFile:
    return HostileFile(lambda: iter(pieces), code)


def _nested_zips(depth: int, width: int) -> bytes:
    """As 42.zip: zip files of zip files, petabytes at the bottom."""
    packed = zipped({"0.dll": bytes(4 * MIB)})
    for _ in range(depth):
        packed = zipped({f"lib {number}.zip": packed for number in range(width)})
    return packed


HOSTILE: dict[str, HostileFile] = {
    "one line of a gigabyte": HostileFile(lambda: repeat(b"x" * MIB, 1024), "line_too_long"),
    **{
        f"one line of a gigabyte, {container}": _of(one_gigabyte_line(container), code="line_too_long")
        for container in STREAMED
    },
    **{
        f"a list and a bomb behind it, {container}": _of(
            PACK[container](GOOD), PACK[container](b"\n" + bytes(32 * MIB)) * 32, code="archive_bomb"
        )
        for container in STREAMED
    },
    "an endless line in a list": HostileFile(
        lambda: iter([b"a@b.cd\nc@b.cd\n", *repeat(b"x" * MIB, 128), b"\ne@b.cd\n"]), None
    ),
    "a zip bomb": _of(zipped({"list.csv": GOOD + bytes(256 * MIB)}), code="archive_bomb"),
    "members that overlap": _of(overlapping_zip(10_000), code="archive_bomb"),
    "zip files in zip files": _of(_nested_zips(4, 8), code="nested_archive"),
    "thousands of members": _of(zipped({f"{n}.csv": b"" for n in range(5_000)}), code="archive_too_large"),
    "a million columns": _of(",".join(f"c{n}" for n in range(10**6)).encode() + b"\n", GOOD, code="too_many_columns"),
    "nothing but NULs": HostileFile(lambda: repeat(bytes(MIB), 256), "binary_file"),
    "NULs behind a list": HostileFile(lambda: iter([GOOD, *repeat(bytes(MIB), 256)]), None),
    "a list that becomes noise": _of(GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, NOISE, code="binary_file"),
    "brackets without end": HostileFile(lambda: repeat(b"[" * MIB, 512), "malformed_json"),
    "objects without end": HostileFile(lambda: repeat(b'{"a":' * MIB, 128), "malformed_json"),
    "JSON cut off": _of(json.dumps([{"email": "a@b.cd"}] * 200_000).encode()[:-9], code="malformed_json"),
    "an endless text in JSON": HostileFile(
        lambda: iter([b'["a@b.cd", "c@b.cd", "', *repeat(b"x" * MIB, 128), b'", "e@b.cd"]']), None
    ),
    "JSON objects with keys of their own": _of(
        json.dumps([{"email": "a@b.cd", f"k{n}": n} for n in range(16_000)]).encode(), code="too_many_columns"
    ),
    "a mailbox without end": HostileFile(
        lambda: iter([b"a@b.cd, c@b.cd, ", *repeat(b'"(<\\' * (MIB // 4), 16), b"\ne@b.cd"]), None
    ),
    "an xz archive cut off": _of(PACK[Container.XZ](GOOD * 4)[:-100], code="archive_damaged"),
}
