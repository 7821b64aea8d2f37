"""Make of an answer what is safe to keep. Whoever owns a domain writes there what he likes."""

import re
from typing import Final

from mailsift.analyzer.evidence import Lookup, MailHost, Reach
from mailsift.analyzer.records.message import FORMERR, NOERROR, NOTIMP, NXDOMAIN, REFUSED, SERVFAIL, Message
from mailsift.analyzer.records.networks import is_address
from mailsift.analyzer.records.replies import RecordType, Reply

MAX_TEXT_BYTES: Final = 8_192
"""TXT data beyond this is cut off; every record that is read here is far shorter."""

_LOOKUP_AFTER: Final = {
    FORMERR: Lookup.MALFORMED,
    SERVFAIL: Lookup.SERVFAIL,
    NXDOMAIN: Lookup.NXDOMAIN,
    NOTIMP: Lookup.SERVFAIL,
    REFUSED: Lookup.REFUSED,
}

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_OF_A_HOST: Final = re.compile(r"[^a-z0-9._-]")


def read(message: Message, record_type: RecordType) -> Reply:
    """Read the records of the type that was asked for."""
    data = message.records if message.rcode == NOERROR else ()
    return Reply(
        _lookup_of(message),
        hosts=tuple(_mail_host(*each) for each in data) if record_type == "MX" else (),
        addresses=data if record_type in {"A", "AAAA"} else (),
        texts=tuple(map(_text, data)) if record_type == "TXT" else (),
        names=tuple(map(_name, data)) if record_type == "NS" else (),
        is_alias=message.is_alias,
        ttl_seconds=message.ttl_seconds,
        is_referral=message.is_referral,
        extended_error=message.extended_error,
    )


def _lookup_of(message: Message) -> Lookup:
    if message.rcode == NOERROR:
        # An answer may hold a chain of aliases and no record at its end: that is NODATA.
        return Lookup.FOUND if message.records else Lookup.NODATA
    # A code that nobody here knows is a failure of the nameserver.
    return _LOOKUP_AFTER.get(message.rcode, Lookup.SERVFAIL)


def _text(data: bytes) -> str:
    """TXT data as text; what is no ASCII, or a control character, becomes one that no record's grammar knows.

    A NUL would be refused by the database, together with the facts of all domains that are kept beside it.
    """
    return _CONTROL.sub("\ufffd", data[:MAX_TEXT_BYTES].decode("ascii", "replace"))


def _name(name: str) -> str:
    """A host's name in the letters of one: a spreadsheet would run `=cmd|...`."""
    return _NOT_OF_A_HOST.sub("?", name.lower())


def _mail_host(preference: int, exchange: str) -> MailHost:
    host = _name(exchange)
    if is_address(exchange):
        return MailHost(preference, host, Reach.LITERAL)
    # No sender asks for a name with such a character in it.
    return MailHost(preference, host, Reach.NO_ADDRESS) if "?" in host else MailHost(preference, host)
