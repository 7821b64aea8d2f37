"""Read SPF records by the grammar of RFC 7208 (the walk through what they refer to is in spf_walk)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

MAX_RECORD_LENGTH: Final = 4096
"""Longer than any record a receiver would take (a DNS answer over UDP has 1232 bytes)."""

_VERSION = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_ONCE: Final = frozenset({"redirect", "exp"})
_QUALIFIERS: Final = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

_MACRO = r"%\{[slodiphv](?:[1-9][0-9]*)?r?[.\-+,/_=]*\}"
_EXPLAINING_MACRO = r"%\{[slodiphvcrt](?:[1-9][0-9]*)?r?[.\-+,/_=]*\}"
_LITERAL = r"[!-$&-~]"
_TOP_LABEL = r"(?!-)(?=[0-9]*[a-z\-])[a-z0-9\-]++(?<!-)"
_DOMAIN = rf"(?:{_LITERAL}|{_MACRO}|%%|%_|%-)*(?:\.{_TOP_LABEL}\.?|{_MACRO})"
_ANY_TEXT = rf"(?:{_LITERAL}|{_EXPLAINING_MACRO}|%%|%_|%-)*"
_CIDR4 = r"/(?:0|[1-9]|[12][0-9]|3[0-2])"
_CIDR6 = r"/(?:0|[1-9][0-9]?|1[01][0-9]|12[0-8])"
_DUAL_CIDR = rf"(?:{_CIDR4})?(?:/{_CIDR6})?"
_DIRECTIVE = re.compile(
    rf"(?P<qualifier>[+\-?~])?(?:"
    rf"(?P<all>all)"
    rf"|(?P<lookup>(?P<named>include|exists):(?P<name>{_DOMAIN})"
    rf"|(?P<host>a|mx)(?::(?P<host_name>{_DOMAIN}))?{_DUAL_CIDR}"
    rf"|(?P<reverse>ptr)(?::{_DOMAIN})?)"
    rf"|ip4:(?P<ip4>[0-9.]+)(?:{_CIDR4})?"
    rf"|ip6:(?P<ip6>[0-9a-f:.]+)(?:{_CIDR6})?"
    rf")",
    re.IGNORECASE,
)
_MODIFIER = re.compile(
    rf"(?:(?P<redirect>redirect=(?P<target>{_DOMAIN}))|(?P<exp>exp={_DOMAIN})|(?!(?:redirect|exp)=)[a-z][a-z0-9_.\-]*={_ANY_TEXT})",
    re.IGNORECASE,
)


class Mechanism(StrEnum):
    """A mechanism that needs a lookup."""

    INCLUDE = "include"
    EXISTS = "exists"
    A = "a"
    MX = "mx"
    PTR = "ptr"


@dataclass(frozen=True, slots=True)
class SpfTerm:
    """One term that needs a lookup."""

    mechanism: Mechanism
    target: str | None = None
    """The name it looks up; null for the domain of the record itself."""
    result: str = "pass"
    """What a match comes to."""


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """What one record says, as far as it matters to a sender whom nothing names."""

    all_policy: str | None = None
    terms: tuple[SpfTerm, ...] = ()
    """Those that need a lookup and stand before `all`, in order."""
    redirect: str | None = None
    """Null where an `all` makes it void (6.1)."""


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record at all (4.5)."""
    return _VERSION.match(text) is not None


def has_macros(name: str) -> bool:
    """Whether a name depends on the message (7)."""
    return "%" in name


def read_spf(text: str) -> SpfRecord | None:
    """Read one record; None when its syntax is wrong (4.6)."""
    if len(text) > MAX_RECORD_LENGTH or not is_spf(text):
        return None
    return _read(text)


# The same few records of large providers are referred to by most domains of a list.
@lru_cache(maxsize=1024)
def _read(text: str) -> SpfRecord | None:
    terms = [term for term in text[len("v=spf1") :].split(" ") if term]
    directives = [found for term in terms if (found := _DIRECTIVE.fullmatch(term)) is not None]
    modifiers = [found for term in terms if (found := _MODIFIER.fullmatch(term)) is not None]
    names = [found[0].partition("=")[0].lower() for found in modifiers]
    known = [name for name in names if name in _ONCE]
    if len(directives) + len(modifiers) < len(terms) or len(known) > len(set(known)):
        return None
    if not all(_has_real_network(directive) for directive in directives):
        return None
    return _summarise(directives, next((found["target"] for found in modifiers if found["target"]), None))


def _summarise(directives: Sequence[re.Match[str]], redirect: str | None) -> SpfRecord:
    terms: list[SpfTerm] = []
    for directive in directives:
        result = _QUALIFIERS[directive["qualifier"] or "+"]
        if directive["all"]:  # mechanisms after it are never looked at (5.1), nor is `redirect` (6.1)
            return SpfRecord(result, tuple(terms))
        if directive["lookup"]:
            word = directive["named"] or directive["host"] or directive["reverse"]
            name = directive["name"] or directive["host_name"]
            terms.append(SpfTerm(Mechanism(word.lower()), _plain(name), result))
    return SpfRecord(None, tuple(terms), _plain(redirect))


def _plain(name: str | None) -> str | None:
    return None if name is None else name.lower().removesuffix(".")


def _has_real_network(directive: re.Match[str]) -> bool:
    try:
        if directive["ip4"]:
            IPv4Address(directive["ip4"])
        if directive["ip6"]:
            IPv6Address(directive["ip6"])
    except AddressValueError:
        return False
    return True
