"""What a workspace wants neither analysed nor exported, addresses and domains: how they are written; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mailsift.shared.addresses import MAX_DOMAIN_LENGTH, MAX_TEXT_LENGTH, Address, parse

ADDRESS_SUPPRESSED: Final = "this workspace has suppressed the address or its domain: it is not analysed"
"""What `address_suppressed` says, to whoever asks for the analysis and to the job that came too late."""

_DOMAIN: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")


class SuppressionKind(StrEnum):
    """What a suppression covers."""

    ADDRESS = "address"
    """That one, however it is written."""
    DOMAIN = "domain"
    """Every address of it and of all domains below it."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """What is suppressed, as it is compared."""

    kind: SuppressionKind
    value: str


def parse_suppression(text: str) -> Suppressed:
    """Read an address, or a domain with or without an at-sign before it. Raises ValueError.

    A text that has an at-sign but is no proper address is taken as it stands: lists have such addresses, too.
    """
    text = text.strip()
    if not text or len(text) > MAX_TEXT_LENGTH:
        raise ValueError(f"1 to {MAX_TEXT_LENGTH} characters: an address like ann@example.com, or a domain")
    if "@" in text.removeprefix("@"):
        return Suppressed(SuppressionKind.ADDRESS, address_key(text))
    domain = _domain(text.removeprefix("@"))
    if domain is None:
        raise ValueError("neither an address like ann@example.com nor a domain like example.com")
    return Suppressed(SuppressionKind.DOMAIN, domain)


def address_key(text: str) -> str:
    """Write an address as lists compare it."""
    found = parse(text)
    return found.normalized if isinstance(found, Address) else text.strip().lower()[:MAX_TEXT_LENGTH]


def covering(key: str) -> list[Suppressed]:
    """List all that would suppress an address, given as lists compare it: itself, its domain and those above."""
    labels = key.rpartition("@")[2].split(".")
    domains = [".".join(labels[first:]) for first in range(len(labels))]
    return [
        Suppressed(SuppressionKind.ADDRESS, key),
        *(Suppressed(SuppressionKind.DOMAIN, domain) for domain in domains),
    ]


def _domain(text: str) -> str | None:
    # The parser of addresses knows which names are none, and how each is written.
    found = parse(f"a@{text}")
    if isinstance(found, Address):
        return found.domain
    plain = text.lower().rstrip(".")
    return plain if len(plain) <= MAX_DOMAIN_LENGTH and _DOMAIN.fullmatch(plain) else None
