"""Which mailbox an address leads to, as far as its provider documents that."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from mailsift.analyzer.address_evidence import Mailbox, MailboxFault, MailboxProvider
from mailsift.shared.addresses import Address

_DATA: Final = "mailbox_providers.toml"

COMMON_SEPARATOR: Final = "+"
"""What most hosts that know tags have them begin with (RFC 5233), as far as anybody can tell from outside."""

OF_EVERY_DOMAIN: Final = frozenset({"abuse", "postmaster"})
"""Mailboxes that each domain has, whatever it gives to its users (RFC 2142 4, RFC 5321 4.5.1)."""


@dataclass(frozen=True, slots=True)
class MailboxRules:
    """What one provider documents."""

    provider: MailboxProvider
    domain: str
    """The domain that its addresses have in their canonical form."""
    separator: str | None = None
    ignored: str = ""
    has_subdomains: bool = False
    shortest: int = 1
    longest: int = 64
    characters: re.Pattern[str] | None = None
    proper: re.Pattern[str] | None = None
    """All of these characters, and neither too short nor too long."""

    def less_ignored(self, name: str) -> str:
        """The name less what makes no difference."""
        return name.replace(self.ignored, "") if self.ignored else name

    def canonical(self, name: str) -> str:
        """The canonical address of a mailbox of this name."""
        return f"{self.less_ignored(name)}@{self.domain}"

    def rename(self, domain: str) -> bool:
        """Whether a mailbox of a name at this domain may have another canonical address than that."""
        return self.domain != domain or self.ignored != ""

    def take_as_it_is(self, local_part: str) -> bool:
        """Whether a local part without a plus sign is surely a mailbox's name, less what makes no difference."""
        if self.has_subdomains or (self.separator is not None and self.separator in local_part):
            return False
        return self.proper is None or self.proper.fullmatch(self.less_ignored(local_part)) is not None

    def fault_of(self, name: str) -> MailboxFault | None:
        """Why there can be no mailbox of this name."""
        if self.characters is None or name in OF_EVERY_DOMAIN:
            return None
        if self.characters.fullmatch(name) is None:
            return MailboxFault.CHARACTER
        if len(name) < self.shortest:
            return MailboxFault.TOO_SHORT
        return MailboxFault.TOO_LONG if len(name) > self.longest else None


@cache
def _providers() -> dict[str, MailboxRules]:
    """What is known, by domain."""
    data = tomllib.loads(files(__package__).joinpath("data", _DATA).read_text("utf-8"))
    version = data.pop("version")
    return {
        domain: _rules(name, version, domain, stated) for name, stated in data.items() for domain in stated["domains"]
    }


def _rules(name: str, version: str, domain: str, stated: Mapping[str, Any]) -> MailboxRules:
    canonical, local_part = stated.get("canonical", {}), stated.get("local_part", {})
    characters = local_part.get("characters")
    shortest, longest = local_part.get("shortest", 1), local_part.get("longest", 64)
    return MailboxRules(
        MailboxProvider(name, version, canonical.get("source"), local_part.get("source"), "numbers" in stated),
        canonical.get("domain", domain),
        canonical.get("separator"),
        canonical.get("ignored", ""),
        canonical.get("subdomains", False),
        shortest,
        longest,
        None if characters is None else re.compile(f"[{characters}]+"),
        None if characters is None else re.compile(f"[{characters}]{{{shortest},{longest}}}"),
    )


def mailbox_rules(domain: str) -> MailboxRules | None:
    """What the provider of a domain documents, be it one whose users have subdomains of their own."""
    known = _providers().get(domain)
    if known is not None:
        return known
    above = _providers().get(domain.partition(".")[2])
    return above if above is not None and above.has_subdomains else None


def read_mailbox(address: Address, rules: MailboxRules | None) -> Mailbox:
    """Tell which mailbox an address leads to; `rules` are those of its domain."""
    local_part = address.normalized.rpartition("@")[0]
    if address.is_quoted:
        return Mailbox(local_part, None, address.normalized)
    if rules is None:
        base, tag = _split(local_part, COMMON_SEPARATOR)
        return Mailbox(base, tag, address.normalized)
    return _read_documented(local_part, address.domain or "", rules)


def _read_documented(local_part: str, domain: str, rules: MailboxRules) -> Mailbox:
    base, tag = local_part, None
    label, _, above = domain.partition(".")
    if rules.has_subdomains and above == rules.domain:
        base, tag = label, local_part
    elif rules.separator is not None:
        base, tag = _split(local_part, rules.separator, rules.ignored)
    canonical = rules.canonical(base)
    # What the provider does not document stays in the canonical form, and is no part of the name all the same.
    base, further = _split(base, COMMON_SEPARATOR)
    fault = rules.fault_of(rules.less_ignored(base))
    return Mailbox(base, further if tag is None else tag, canonical, rules.provider, fault)


def _split(local_part: str, separator: str, ignored: str = "") -> tuple[str, str | None]:
    base, found, tag = local_part.partition(separator)
    name = base.replace(ignored, "") if ignored else base
    # What is left is a name only if an address can begin with it.
    return (base, tag) if found and name and name[-1] != "." else (local_part, None)
