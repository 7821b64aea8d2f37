"""Make of an answer what is safe to keep. Whoever owns a domain writes there what he likes."""

import re
from typing import Final

from mailsift.analyzer.evidence import MailHost, Reach
from mailsift.analyzer.probes.resolver import Answer
from mailsift.analyzer.records.networks import is_address
from mailsift.analyzer.records.replies import RecordType, Reply

MAX_TEXT_BYTES: Final = 8_192
"""TXT data beyond this is cut off; every record that is read here is far shorter."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_OF_A_HOST: Final = re.compile(r"[^a-z0-9._-]")


def read(answer: Answer, record_type: RecordType) -> Reply:
    """Read the records of the type that was asked for."""
    data = answer.records
    return Reply(
        answer.lookup,
        hosts=tuple(_mail_host(each.priority, each.exchange) for each in data) if record_type == "MX" else (),
        addresses=tuple(each.addr for each in data) if record_type in {"A", "AAAA"} else (),
        texts=tuple(_text(each.data) for each in data) if record_type == "TXT" else (),
        names=tuple(_name(each.nsdname) for each in data) if record_type == "NS" else (),
        is_alias=answer.is_alias,
        ttl_seconds=answer.ttl_seconds,
    )


def _text(data: bytes) -> str:
    """TXT data as text; what is no ASCII, or a control character, becomes one that no record's grammar knows.

    A NUL would be refused by the database, together with the facts of all domains that are kept beside it.
    """
    return _CONTROL.sub("\ufffd", data[:MAX_TEXT_BYTES].decode("ascii", "replace"))


def _name(name: str | bytes) -> str:
    """A host's name in the letters of one: a spreadsheet would run `=cmd|...`."""
    text = name if isinstance(name, str) else name.decode("ascii", "replace")
    return _NOT_OF_A_HOST.sub("?", text.rstrip(".").lower())


def _mail_host(preference: int, exchange: str | bytes) -> MailHost:
    host = _name(exchange)
    text = exchange if isinstance(exchange, str) else exchange.decode("ascii", "replace")
    if is_address(text.rstrip(".")):
        return MailHost(preference, host, Reach.LITERAL)
    # No sender asks for a name with such a character in it.
    return MailHost(preference, host, Reach.NO_ADDRESS) if "?" in host else MailHost(preference, host)
