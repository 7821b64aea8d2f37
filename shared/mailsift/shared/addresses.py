"""Parse and normalise one e-mail address; pure."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

MAX_TEXT_LENGTH = 320
"""Longest text looked at: 64 for the local part, the at-sign and 255 for the domain (RFC 5321 4.5.3.1)."""

MAX_ADDRESS_LENGTH = 254
"""RFC 5321 4.5.3.1.3 less the two angle brackets of a path (RFC 3696, erratum 1690)."""

MAX_LOCAL_PART_LENGTH = 64
MAX_DOMAIN_LENGTH = 253
MAX_LABEL_LENGTH = 63
_MAX_DETAIL_LENGTH = 200

_IPV6_TAG = "IPv6:"
_ZERO_WIDTH = "\ufeff\u200b\u200c\u200d\u2060"
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ATOM_CHARACTER = re.compile(rf"{_ATEXT}|\.")
_NOT_IN_A_HOST_NAME = re.compile(r"[^A-Za-z0-9.\x80-\U0010ffff-]")

MAX_PLAIN_LENGTH = 64
"""In so few characters no local part, label or domain is too long, which leaves little to look at."""

_ALPHANUMERIC = "[A-Za-z0-9]+"
# "--" may start an A-label, whose decoding the full parser checks; "_" is no letter of a domain.
_PLAIN = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*@{_ALPHANUMERIC}(?:[.-]{_ALPHANUMERIC})*\.[A-Za-z]{{2,}}")

_NOT_ON_THE_INTERNET = frozenset({"arpa", "internal", "invalid", "local", "localhost", "onion", "test"})
"""Names that no public mail can reach (RFC 6761, 6762, 7686; ICANN keeps `internal` for private networks, about which
our nameservers may know more than a user should hear); `.example` is left to DNS."""

_RESERVED_ENDINGS = tuple(f".{name}" for name in _NOT_ON_THE_INTERNET)


class SyntaxFault(StrEnum):
    """Why a text is no address: a stable code, kept in the database and shown to users."""

    EMPTY = "syntax_empty"
    TOO_LONG = "syntax_too_long"
    NO_AT = "syntax_no_at"
    SEVERAL_AT = "syntax_several_at"
    DISPLAY_NAME = "syntax_display_name"
    SPACE = "syntax_space"
    UNSAFE_CHARACTER = "syntax_unsafe_character"
    LOCAL_PART_EMPTY = "syntax_local_part_empty"
    LOCAL_PART_TOO_LONG = "syntax_local_part_too_long"
    LOCAL_PART_DOTS = "syntax_local_part_dots"
    LOCAL_PART_QUOTED = "syntax_local_part_quoted"
    LOCAL_PART_COMMENT = "syntax_local_part_comment"
    LOCAL_PART = "syntax_local_part"
    DOMAIN_EMPTY = "syntax_domain_empty"
    DOMAIN_TOO_LONG = "syntax_domain_too_long"
    DOMAIN_DOTS = "syntax_domain_dots"
    DOMAIN_NO_DOT = "syntax_domain_no_dot"
    DOMAIN_LITERAL = "syntax_domain_literal"
    DOMAIN_NUMERIC = "syntax_domain_numeric"
    DOMAIN_RESERVED = "syntax_domain_reserved"
    DOMAIN_HYPHEN = "syntax_domain_hyphen"
    DOMAIN_CHARACTER = "syntax_domain_character"
    DOMAIN = "syntax_domain"


@dataclass(frozen=True, slots=True)
class Address:
    """An address that can be written to, as far as syntax tells."""

    local_part: str
    """NFC, letter case as found; in quotes only where it cannot do without (RFC 5321 4.1.2)."""
    domain: str | None
    """A-labels in lower case: what DNS is asked for; null where an IP address stands in its place."""
    normalized: str
    """The key for duplicates: lower-cased local part, at-sign, domain or address literal."""

    @property
    def is_quoted(self) -> bool:
        """Whether the local part needs its quotes: `"john smith"@company.com`."""
        return self.local_part.startswith('"')

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only hosts with SMTPUTF8 take it (RFC 6531); of a domain, the A-labels do."""
        return not self.local_part.isascii()

    @property
    def literal(self) -> IPv4Address | IPv6Address | None:
        """The host, where its IP address stands for a domain: `john@[192.0.2.1]` (RFC 5321 4.1.3)."""
        if self.domain is not None:
            return None
        return ip_address(self.normalized.rpartition("@[")[2].removesuffix("]").removeprefix(_IPV6_TAG))


@dataclass(frozen=True, slots=True)
class InvalidAddress:
    """A text that is no address, and why."""

    reason: str
    """A value of SyntaxFault."""
    detail: str
    """The same in words, for people."""


def parse(text: str) -> Address | InvalidAddress:
    """Read one address as found in a file; blanks around it are ignored and nothing is ever raised."""
    text = text.strip()
    plain = accept_plain(text)
    if plain is not None:
        normalized, domain = plain
        return Address(text.rpartition("@")[0], domain, normalized)
    return _parse_fully(text.strip(_ZERO_WIDTH).strip())


def accept_plain(text: str) -> tuple[str, str] | None:
    """Accept what is surely an address, as its `normalized` and `domain`, or defer to `parse`, which takes longer."""
    if len(text) > MAX_PLAIN_LENGTH or _PLAIN.fullmatch(text) is None:
        return None
    normalized = text.lower()
    if normalized.endswith(_RESERVED_ENDINGS):
        return None
    return normalized, normalized[normalized.index("@") + 1 :]


def _parse_fully(text: str) -> Address | InvalidAddress:
    if not text:
        return InvalidAddress(SyntaxFault.EMPTY, "There is no address.")
    if len(text) > MAX_TEXT_LENGTH:
        return InvalidAddress(SyntaxFault.TOO_LONG, f"The text is longer than {MAX_TEXT_LENGTH} characters.")
    try:
        found = validate_email(
            text,
            strict=True,  # without it, local parts over 64 characters pass
            check_deliverability=False,
            allow_smtputf8=True,
            allow_empty_local=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
            allow_display_name=False,
            test_environment=False,
            globally_deliverable=True,
        )
    except EmailNotValidError as error:
        return InvalidAddress(_fault(text), str(error)[:_MAX_DETAIL_LENGTH])
    except (ValueError, IndexError) as error:  # the Unicode tables below the parser have their own errors
        return InvalidAddress(_fault(text), f"The text cannot be read as an address: {error}"[:_MAX_DETAIL_LENGTH])
    return _normalize(found)


def _normalize(found: ValidatedEmail) -> Address | InvalidAddress:
    local_part = unicodedata.normalize("NFC", found.local_part)
    key = unicodedata.normalize("NFC", local_part.lower())
    if max(_bytes_of(local_part), _bytes_of(key)) > MAX_LOCAL_PART_LENGTH:
        return InvalidAddress(
            SyntaxFault.LOCAL_PART_TOO_LONG, f"There are more than {MAX_LOCAL_PART_LENGTH} bytes before the @-sign."
        )
    if found.domain.startswith("["):
        return Address(local_part, None, f"{key}@{found.domain}")
    domain = (found.ascii_domain or "").lower()
    if _is_reserved(domain):
        return InvalidAddress(SyntaxFault.DOMAIN_RESERVED, "The name after the @-sign is one of private networks.")
    return Address(local_part, domain, f"{key}@{domain}")


def _fault(text: str) -> SyntaxFault:
    """Name the fault of a text already refused: the refusal is the parser's, only the word is ours."""
    local_part, at_sign, domain = text.rpartition("@")
    if any(unicodedata.category(character)[0] == "C" for character in text):
        return SyntaxFault.UNSAFE_CHARACTER
    if not at_sign:
        return SyntaxFault.NO_AT
    return next((fault for fault, applies in _FAULTS if applies(local_part, domain)), SyntaxFault.DOMAIN)


def _bytes_of(text: str) -> int:
    """RFC 5321 counts octets, and RFC 6532 has them in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def _has_space(local_part: str, domain: str) -> bool:
    return any(character.isspace() for character in local_part + domain)


def _has_stray_dots(name: str) -> bool:
    return "" in name.split(".")


def _has_non_atext(local_part: str) -> bool:
    return any(character.isascii() and not _ATOM_CHARACTER.fullmatch(character) for character in local_part)


def _has_comment(local_part: str) -> bool:
    return "(" in local_part and ")" in local_part


def _has_outer_hyphen(domain: str) -> bool:
    return any("-" in (label[0], label[-1]) for label in domain.split("."))


def _is_too_long(domain: str) -> bool:
    return len(domain) > MAX_DOMAIN_LENGTH or any(len(label) > MAX_LABEL_LENGTH for label in domain.split("."))


def _is_reserved(domain: str) -> bool:
    return domain.rpartition(".")[2] in _NOT_ON_THE_INTERNET


def _is_over_all_too_long(local_part: str, domain: str) -> bool:
    return _bytes_of(f"{local_part}@{domain}") > MAX_ADDRESS_LENGTH


_FAULTS: Final[tuple[tuple[SyntaxFault, Callable[[str, str], bool]], ...]] = (
    (SyntaxFault.DISPLAY_NAME, lambda local, domain: "<" in local and domain.endswith(">")),
    (SyntaxFault.LOCAL_PART_QUOTED, lambda local, _: local[:1] == '"'),
    (SyntaxFault.SEVERAL_AT, lambda local, _: "@" in local),
    (SyntaxFault.SPACE, _has_space),
    (SyntaxFault.LOCAL_PART_EMPTY, lambda local, _: not local),
    (SyntaxFault.LOCAL_PART_TOO_LONG, lambda local, _: _bytes_of(local) > MAX_LOCAL_PART_LENGTH),
    (SyntaxFault.LOCAL_PART_COMMENT, lambda local, _: _has_comment(local)),
    (SyntaxFault.LOCAL_PART_DOTS, lambda local, _: _has_stray_dots(local)),
    (SyntaxFault.LOCAL_PART, lambda local, _: _has_non_atext(local)),
    (SyntaxFault.DOMAIN_EMPTY, lambda _, domain: not domain),
    (SyntaxFault.DOMAIN_LITERAL, lambda _, domain: domain[0] == "[" or domain[-1] == "]"),
    (SyntaxFault.DOMAIN_DOTS, lambda _, domain: _has_stray_dots(domain)),
    (SyntaxFault.DOMAIN_TOO_LONG, lambda _, domain: _is_too_long(domain)),
    (SyntaxFault.TOO_LONG, _is_over_all_too_long),
    (SyntaxFault.DOMAIN_NO_DOT, lambda _, domain: "." not in domain),
    (SyntaxFault.DOMAIN_NUMERIC, lambda _, domain: domain[-1].isdigit()),
    (SyntaxFault.DOMAIN_RESERVED, lambda _, domain: _is_reserved(domain.lower())),
    (SyntaxFault.DOMAIN_CHARACTER, lambda _, domain: _NOT_IN_A_HOST_NAME.search(domain) is not None),
    (SyntaxFault.DOMAIN_HYPHEN, lambda _, domain: _has_outer_hyphen(domain)),
)
"""The first that applies names the fault."""
