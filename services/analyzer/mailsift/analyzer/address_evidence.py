"""What was found about an address: the mailbox behind it, what its words say, its domain; values that rules read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mailsift.analyzer.evidence import DomainEvidence, ListHit, Reach
from mailsift.shared.addresses import Address, InvalidAddress


class MailboxFault(StrEnum):
    """Why a provider can have no such mailbox."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    CHARACTER = "character"


@dataclass(frozen=True, slots=True)
class MailboxProvider:
    """A provider of mailboxes, and where it documents what it makes of local parts."""

    name: str
    version: str
    """Of the data about providers."""
    canonical_source: str | None = None
    """Where it says which addresses are the same mailbox."""
    local_part_source: str | None = None
    """Where it says which local parts there can be."""
    numbers_are_usual: bool = False
    """Its mailboxes are named by a telephone number or the like."""


class Mailbox(NamedTuple):
    """The mailbox that an address leads to; a named tuple, for one is made for every row of a list."""

    base: str
    """The local part in lower case, less its tag."""
    tag: str | None
    """What is set apart for the owner to tell mail by: `news` of `ann+news` (RFC 5233)."""
    canonical: str
    """One address for all that the provider documents to be the same mailbox; the normalised one where none does."""
    provider: MailboxProvider | None = None
    fault: MailboxFault | None = None


@dataclass(frozen=True, slots=True)
class AddressEvidence:
    """All that a verdict on one address stands on."""

    address: Address | InvalidAddress
    domain: DomainEvidence | None = None
    """Null for a text that is no address, and for an address at an IP address."""
    role: ListHit | None = None
    mailbox: Mailbox | None = None
    """Null for a text that is no address."""
    no_reply: ListHit | None = None
    test: ListHit | None = None
    keyboard_run: str | None = None
    literal: Reach | None = None
    """Where the IP address leads that stands for a domain."""
