"""Read SPF records by the grammar of RFC 7208; the walk through `include` and `redirect` is not made here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from mailsift.analyzer.evidence import Lookup, SpfPosture

MAX_LOOKUP_TERMS: Final = 10
"""RFC 7208 4.6.4. Terms in the included records count too, so this many here is already too many anywhere."""

MAX_RECORD_LENGTH: Final = 4096
"""Longer than any record a receiver would take (a DNS answer over UDP has 1232 bytes)."""

_VERSION = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
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
    rf"|(?P<lookup>include:{_DOMAIN}|exists:{_DOMAIN}|(?:a|mx)(?::{_DOMAIN})?{_DUAL_CIDR}|ptr(?::{_DOMAIN})?)"
    rf"|ip4:(?P<ip4>[0-9.]+)(?:{_CIDR4})?"
    rf"|ip6:(?P<ip6>[0-9a-f:.]+)(?:{_CIDR6})?"
    rf")",
    re.IGNORECASE,
)
_MODIFIER = re.compile(
    rf"(?:(?P<redirect>redirect={_DOMAIN})|(?P<exp>exp={_DOMAIN})|(?!(?:redirect|exp)=)[a-z][a-z0-9_.\-]*={_ANY_TEXT})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """What one record says, as far as it can be read without asking further."""

    all_policy: str | None
    lookup_terms: int


def judge_spf(lookup: Lookup, texts: Sequence[str]) -> SpfPosture:
    """Judge the TXT records of a domain; what could not be looked up stays unknown."""
    if not lookup.tells:
        return SpfPosture(None, lookup.value)
    records = [text for text in texts if _VERSION.match(text)]
    if not records:
        return SpfPosture(valid=False, detail="none")
    if len(records) > 1:
        return SpfPosture(valid=False, detail="several")
    record = read_spf(records[0])
    if record is None:
        return SpfPosture(valid=False, detail="syntax")
    if record.lookup_terms > MAX_LOOKUP_TERMS:
        return SpfPosture(valid=False, detail="too_many_lookups", all_policy=record.all_policy)
    return SpfPosture(valid=True, detail="valid", all_policy=record.all_policy)


def read_spf(text: str) -> SpfRecord | None:
    """Read one record; None when its syntax is wrong (4.6)."""
    if len(text) > MAX_RECORD_LENGTH or not _VERSION.match(text):
        return None
    terms = [term for term in text[len("v=spf1") :].split(" ") if term]
    directives = [found for term in terms if (found := _DIRECTIVE.fullmatch(term)) is not None]
    modifiers = [found for term in terms if (found := _MODIFIER.fullmatch(term)) is not None]
    names = [found.lastgroup for found in modifiers if found.lastgroup]
    if len(directives) + len(modifiers) < len(terms) or len(names) > len(set(names)):
        return None
    if not all(_has_real_network(directive) for directive in directives):
        return None
    return _summarise(directives, has_redirect="redirect" in names)


def _summarise(directives: Sequence[re.Match[str]], *, has_redirect: bool) -> SpfRecord:
    lookup_terms = 0
    for directive in directives:
        if directive["all"]:  # mechanisms after it are never looked at (5.1), nor is `redirect` (6.1)
            return SpfRecord(_QUALIFIERS[directive["qualifier"] or "+"], lookup_terms)
        lookup_terms += directive["lookup"] is not None
    return SpfRecord(None, lookup_terms + has_redirect)


def _has_real_network(directive: re.Match[str]) -> bool:
    try:
        if directive["ip4"]:
            IPv4Address(directive["ip4"])
        if directive["ip6"]:
            IPv6Address(directive["ip6"])
    except AddressValueError:
        return False
    return True
