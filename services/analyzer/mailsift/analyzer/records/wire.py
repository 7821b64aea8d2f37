"""Names and record data as they stand in a DNS message (RFC 1035 3 and 4.1)."""

from collections.abc import Callable, Mapping
from ipaddress import IPv6Address
from typing import Final

from mailsift.analyzer.records.replies import RecordType

MAX_NAME_BYTES: Final = 255
_MAX_LABEL_BYTES: Final = 63
_LENGTHS: Final = [bytes((length,)) for length in range(_MAX_LABEL_BYTES + 1)]
_POINTER: Final = 0xC0

Labels = tuple[bytes, ...]


class MalformedMessage(Exception):
    """The bytes are no DNS message."""


def encode_name(name: str) -> bytes | None:
    """The name as it goes into a question; None where no question can hold it."""
    if not name.isascii():
        return None
    labels = name.removesuffix(".").encode().split(b".")
    if b"" in labels or max(map(len, labels)) > _MAX_LABEL_BYTES:
        return None
    wire = b"".join([_LENGTHS[len(label)] + label for label in labels]) + b"\0"
    return wire if len(wire) <= MAX_NAME_BYTES else None


def skip_name(wire: bytes, at: int) -> int:
    """Return where the name that begins here ends."""
    while length := wire[at]:
        if length >= _POINTER:
            return at + 2
        if length > _MAX_LABEL_BYTES:
            raise MalformedMessage
        at += 1 + length
    return at + 1


def read_name(wire: bytes, at: int) -> Labels:
    """Read a name in lower case. A pointer leads further back than any before, so no name is endless."""
    labels: list[bytes] = []
    earliest, size = at, 1
    while length := wire[at]:
        if length >= _POINTER:
            at = (length & ~_POINTER) << 8 | wire[at + 1]
            if at >= earliest:
                raise MalformedMessage
            earliest = at
            continue
        size += 1 + length
        if length > _MAX_LABEL_BYTES or size > MAX_NAME_BYTES:
            raise MalformedMessage
        labels.append(wire[at + 1 : at + 1 + length].lower())
        at += 1 + length
    return tuple(labels)


def name_as_text(labels: Labels) -> str:
    r"""A name with dots between its labels; a dot within one, and what is no ASCII, becomes U+FFFD."""
    if any(b"." in label for label in labels):
        labels = tuple(label.replace(b".", b"\xff") for label in labels)
    return b".".join(labels).decode("ascii", "replace")


def _mail_exchange(wire: bytes, at: int, _: int) -> tuple[int, str]:
    return wire[at] << 8 | wire[at + 1], name_as_text(read_name(wire, at + 2))


def _host(wire: bytes, at: int, _: int) -> str:
    return name_as_text(read_name(wire, at))


def _address(wire: bytes, at: int, end: int) -> str:
    if end - at != 4:
        raise MalformedMessage
    return f"{wire[at]}.{wire[at + 1]}.{wire[at + 2]}.{wire[at + 3]}"


def _long_address(wire: bytes, at: int, end: int) -> str:
    if end - at != 16:
        raise MalformedMessage
    return str(IPv6Address(wire[at:end]))


def _text(wire: bytes, at: int, end: int) -> bytes:
    """The strings of a TXT record as one, as SPF and its kin are read (RFC 7208 3.3)."""
    if at < end and wire[at] == end - at - 1:
        return wire[at + 1 : end]
    strings = []
    while at < end:
        after = at + 1 + wire[at]
        strings.append(wire[at + 1 : after])
        at = after
    if at != end or not strings:
        raise MalformedMessage
    return b"".join(strings)


Read = Callable[[bytes, int, int], object]
"""Reads the data of a record between two places of a message."""

READERS: Final[Mapping[RecordType, tuple[int, Read]]] = {
    "A": (1, _address),
    "NS": (2, _host),
    "MX": (15, _mail_exchange),
    "TXT": (16, _text),
    "AAAA": (28, _long_address),
}
"""The number of each type, and what reads one."""
