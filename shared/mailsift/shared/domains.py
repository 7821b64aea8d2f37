"""Read a domain, or the URL that somebody has instead of one; pure. A URL is read for its host, and never asked for."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

from mailsift.shared.addresses import Address, InvalidAddress, SyntaxFault, parse

MAX_TEXT_LENGTH: Final = 2048

# RFC 3986 has no place for them, and parsers differ in what they make of them.
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f\\]")
_SCHEME: Final = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_ANY_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:(?![0-9])", re.IGNORECASE)
_END_OF_AUTHORITY: Final = re.compile(r"[/?#]")
_PORT: Final = re.compile(r":[0-9]{0,5}\Z")
# Letters of any alphabet: which of them make a name, IDNA says.
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]|[^\x00-\x7f])+")
_WEB: Final = "www."

_IS_AN_ADDRESS: Final = "this is an address, not a domain; POST it to /api/verify"
_IS_A_NUMBER: Final = "an IP address is no domain; write a name like example.com"
_IS_NO_NAME: Final = "no name that DNS could know; write a domain like example.com"
_MESSAGES: Final = {
    SyntaxFault.DOMAIN_NO_DOT: "a domain has a dot in it, like example.com",
    SyntaxFault.DOMAIN_NUMERIC: _IS_A_NUMBER,
    SyntaxFault.DOMAIN_LITERAL: _IS_A_NUMBER,
    SyntaxFault.DOMAIN_RESERVED: "names of private networks are not looked up",
}


def parse_domain(text: str) -> str:
    """Return a domain in A-labels and lower case. Raises ValueError, with a message for whoever wrote it."""
    text = text.strip()
    _require_plain(text)
    if "@" in text:
        raise ValueError(_IS_AN_ADDRESS)
    return _name(text)


def domain_of_url(text: str) -> str:
    """Return the domain of a URL, with a scheme or without: who serves `www.` has mail without it. Raises ValueError.

    User, password, port, path and query are passed over: they are nobody's mail domain.
    """
    text = text.strip()
    _require_plain(text)
    scheme = _SCHEME.match(text)
    if scheme is None and _ANY_SCHEME.match(text):
        raise ValueError("only http and https URLs have a domain that is looked at; write https://example.com/")
    authority = _END_OF_AUTHORITY.split(text[scheme.end() if scheme else 0 :], maxsplit=1)[0]
    if scheme is None and "@" in authority:
        raise ValueError(_IS_AN_ADDRESS)
    host = _PORT.sub("", authority.rpartition("@")[2])
    name = _name(host)
    below = name.removeprefix(_WEB)
    return below if "." in below else name


def _require_plain(text: str) -> None:
    if not 0 < len(text) <= MAX_TEXT_LENGTH:
        raise ValueError(f"1 to {MAX_TEXT_LENGTH} characters: a domain like example.com, or a URL")
    if _FORBIDDEN.search(text):
        raise ValueError("no blanks, control characters or backslashes stand in a domain or a URL")


def _name(host: str) -> str:
    host = host.removesuffix(".")
    if host.startswith("[") or _is_number(host):
        raise ValueError(_IS_A_NUMBER)
    if not _HOST.fullmatch(host):
        raise ValueError(_IS_NO_NAME)
    # The parser of addresses knows which names are none, and how each is written.
    found = parse(f"a@{host}")
    # What a name becomes by IDNA may be a number that it did not look like.
    domain = found.domain if isinstance(found, Address) else None
    if domain is not None and not _is_number(domain):
        return domain
    reason = found.reason if isinstance(found, InvalidAddress) else SyntaxFault.DOMAIN_NUMERIC
    raise ValueError(_MESSAGES.get(SyntaxFault(reason), _IS_NO_NAME))


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
