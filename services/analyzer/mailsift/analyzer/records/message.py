"""DNS messages: a question made, an answer held against it and taken apart (RFC 1035, RFC 6891)."""

import struct
from typing import Any, Final, NamedTuple

from mailsift.analyzer.records.replies import RecordType
from mailsift.analyzer.records.wire import READERS, Labels, MalformedMessage, encode_name, read_name, skip_name

MAX_RECORDS: Final = 100
"""Records looked at in one answer; more serve nobody but an attacker."""

MAX_ALIASES: Final = 16

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)

_HEADER: Final = struct.Struct(">HHHHHH")
_RECORD: Final = struct.Struct(">HHIH")
_QUESTION_AT: Final = 12
_IS_RESPONSE, _IS_AUTHORITATIVE, _IS_TRUNCATED = 0x8000, 0x0400, 0x0200
_POINTER_TO_QUESTION: Final = b"\xc0\x0c"

_NS, _CNAME, _SOA, _OPT = 2, 5, 6, 41
_EXTENDED_ERROR: Final = 15
_LONGEST_TTL: Final = 2**31 - 1

_ASK: Final = b"\x01\x00\0\x01\0\0\0\0\0"
"""Recursion desired, one question."""
_CLASS: Final = b"\0\x01"
_EDNS: Final = b"\0" + _RECORD.pack(_OPT, 1232, 0, 0)
"""Answers may have as many bytes as get through without being cut in pieces (RFC 9715)."""


_Owner = Labels | None
"""Whose record it is; null for the name that was asked about."""


class Message(NamedTuple):
    """What an answer says, as far as it is about the question."""

    rcode: int
    is_truncated: bool = False
    records: tuple[Any, ...] = ()
    """The data of the records asked for, where the aliases lead to."""
    ttl_seconds: int | None = None
    """The shortest of the records on the way; of a denial what its SOA says (RFC 2308)."""
    is_alias: bool = False
    is_referral: bool = False
    """Nothing but a hint at other nameservers: a denial comes with authority or with a SOA (RFC 2308 2.2)."""
    extended_error: int | None = None
    """The first code of an Extended DNS Error (RFC 8914)."""


class _Rest(NamedTuple):
    """What the sections after the answer say."""

    has_nameservers: bool = False
    soa_ttl: int | None = None
    rcode_above: int = 0
    extended_error: int | None = None


def make_question(name: str, record_type: RecordType) -> bytes | None:
    """The question section; None for what is no name."""
    wire = encode_name(name)
    return None if wire is None else wire + READERS[record_type][0].to_bytes(2, "big") + _CLASS


def make_query(question: bytes, *, edns: bool = True) -> bytes:
    """A whole message but for its id, the first two bytes."""
    return _ASK + b"\x01" + question + _EDNS if edns else _ASK + b"\0" + question


def is_answer_to(question: bytes, wire: bytes) -> bool:
    """Whether the message repeats the question; one about a failure may leave it away."""
    if len(wire) < _QUESTION_AT:
        return False
    _, flags, questions, *_ = _HEADER.unpack_from(wire)
    if not flags & _IS_RESPONSE:
        return False
    if questions == 0:
        return flags & 0xF not in {NOERROR, NXDOMAIN}
    found = wire[_QUESTION_AT : _QUESTION_AT + len(question)]
    return questions == 1 and (found == question or found.lower() == question.lower())


def read_message(wire: bytes, record_type: RecordType) -> Message:
    """Take an answer apart. Raises MalformedMessage for bytes that are none."""
    try:
        return _read(wire, record_type)
    except (IndexError, struct.error):
        raise MalformedMessage from None


def _read(wire: bytes, record_type: RecordType) -> Message:
    _, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(wire)
    if flags & _IS_TRUNCATED:
        return Message(flags & 0xF, is_truncated=True)
    at = skip_name(wire, _QUESTION_AT) + 4 if questions else _QUESTION_AT
    records, ttl, is_alias, at = _read_answers(wire, at, answers, record_type)
    if records and not flags & 0xF:
        return Message(NOERROR, False, records, ttl, is_alias)
    rest = _read_rest(wire, at, authorities, additionals)
    is_empty = flags & 0xF == NOERROR and not answers
    return Message(
        rest.rcode_above << 4 | flags & 0xF,
        ttl_seconds=min((each for each in (ttl, rest.soa_ttl) if each is not None), default=None),
        is_alias=is_alias,
        is_referral=is_empty and not flags & _IS_AUTHORITATIVE and rest.has_nameservers and rest.soa_ttl is None,
        extended_error=rest.extended_error,
    )


def _read_answers(
    wire: bytes, at: int, count: int, record_type: RecordType
) -> tuple[tuple[Any, ...], int | None, bool, int]:
    number, read = READERS[record_type]
    found: list[tuple[_Owner, int, Any]] = []
    aliases: dict[_Owner, tuple[_Owner, int]] = {}
    for _ in range(count):
        owner = _owner(wire, at)
        at = skip_name(wire, at)
        kind, _, ttl, length = _RECORD.unpack_from(wire, at)
        at += _RECORD.size
        if at + length > len(wire):
            raise MalformedMessage
        if kind == number and len(found) < MAX_RECORDS:
            found.append((owner, ttl, read(wire, at, at + length)))
        elif kind == _CNAME and len(aliases) < MAX_RECORDS:
            aliases.setdefault(owner, (_owner(wire, at), ttl))
        at += length
    owner, ttls = _follow(aliases, {name for name, _, _ in found}) if aliases else (None, [])
    records = [(ttl, data) for name, ttl, data in found if name == owner]
    ttls += [ttl for ttl, _ in records]
    shortest = min((0 if ttl > _LONGEST_TTL else ttl for ttl in ttls), default=None)
    return tuple(data for _, data in records), shortest, bool(aliases), at


def _owner(wire: bytes, at: int) -> _Owner:
    if wire[at : at + 2] == _POINTER_TO_QUESTION:
        return None
    name = read_name(wire, at)
    return None if name == read_name(wire, _QUESTION_AT) else name


def _follow(aliases: dict[_Owner, tuple[_Owner, int]], found: set[_Owner]) -> tuple[_Owner, list[int]]:
    """Where the name that was asked about leads to."""
    name: _Owner = None
    ttls: list[int] = []
    while name in aliases and name not in found and len(ttls) < MAX_ALIASES:
        name, ttl = aliases[name]
        ttls.append(ttl)
    return name, ttls


def _read_rest(wire: bytes, at: int, authorities: int, additionals: int) -> _Rest:
    has_nameservers, soa_ttl, rcode_above, extended_error = False, None, 0, None
    for number in range(authorities + additionals):
        at = skip_name(wire, at)
        kind, _, ttl, length = _RECORD.unpack_from(wire, at)
        at += _RECORD.size
        if at + length > len(wire):
            raise MalformedMessage
        if number < authorities:
            has_nameservers = has_nameservers or kind == _NS
            if kind == _SOA and length >= 4:  # its last field says how long a denial holds
                soa_ttl = min(ttl, int.from_bytes(wire[at + length - 4 : at + length], "big"))
        elif kind == _OPT:
            rcode_above, extended_error = ttl >> 24, _extended_error(wire[at : at + length])
        at += length
    return _Rest(has_nameservers, soa_ttl, rcode_above, extended_error)


def _extended_error(options: bytes) -> int | None:
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(">HH", options, at)
        if code == _EXTENDED_ERROR and length >= 2:
            return int.from_bytes(options[at + 4 : at + 6], "big")
        at += 4 + length
    return None
