"""One answer as dnspython reads it, and as we do: the data of the records that were asked for, as text."""

from __future__ import annotations

import dns.exception
import dns.message
import dns.rdatatype

from mailsift.analyzer.records.message import read_message
from mailsift.analyzer.records.replies import RecordType


def as_dnspython_reads(wire: bytes) -> set[str]:
    """By way of the aliases; nothing where they lead in a circle."""
    response = dns.message.from_wire(wire)
    assert isinstance(response, dns.message.QueryMessage)
    try:
        found = response.resolve_chaining().answer
    except dns.exception.DNSException:
        return set()
    return {_shown(each) for each in found or ()}


def as_we_read(wire: bytes, record_type: RecordType) -> set[str]:
    """In the same words."""
    return {_told(record) for record in read_message(wire, record_type).records}


def _shown(data: object) -> str:
    match getattr(data, "rdtype", None):
        case dns.rdatatype.MX:
            return f"{data.preference} {data.exchange}".rstrip(".").lower()  # type: ignore[attr-defined]
        case dns.rdatatype.NS:
            return str(data.target).rstrip(".").lower()  # type: ignore[attr-defined]
        case dns.rdatatype.TXT:
            return b"".join(data.strings).decode("latin-1")  # type: ignore[attr-defined]
    return str(data)


def _told(record: object) -> str:
    if isinstance(record, tuple):
        return f"{record[0]} {record[1]}"
    return record.decode("latin-1") if isinstance(record, bytes) else str(record)
