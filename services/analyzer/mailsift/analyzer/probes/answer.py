"""How a question ended, in our words."""

from dataclasses import dataclass
from typing import Any, Final

from mailsift.analyzer.evidence import Lookup
from mailsift.analyzer.records.message import FORMERR, NOERROR, NOTIMP, NXDOMAIN, REFUSED, SERVFAIL, Message

_LOOKUP_AFTER: Final = {
    FORMERR: Lookup.MALFORMED,
    SERVFAIL: Lookup.SERVFAIL,
    NXDOMAIN: Lookup.NXDOMAIN,
    NOTIMP: Lookup.SERVFAIL,
    REFUSED: Lookup.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """How a question ended, with the records of the type asked for."""

    lookup: Lookup
    records: tuple[Any, ...] = ()
    ttl_seconds: int | None = None
    """The shortest of the records on the way, aliases included."""
    is_alias: bool = False
    """There was a CNAME on the way."""
    is_referral: bool = False
    """The nameserver only points to others."""
    extended_error: int | None = None


def answer_of(message: Message) -> Answer:
    """Put a message into our words; a code that nobody here knows is a failure of the nameserver."""
    if message.rcode == NOERROR:
        # An answer may hold a chain of aliases and no record at its end: that is NODATA.
        lookup = Lookup.FOUND if message.records else Lookup.NODATA
        return Answer(lookup, message.records, message.ttl_seconds, message.is_alias, message.is_referral)
    lookup = _LOOKUP_AFTER.get(message.rcode, Lookup.SERVFAIL)
    return Answer(lookup, (), message.ttl_seconds, message.is_alias, extended_error=message.extended_error)
