"""Lists to measure with: as people have them, and the same ones at every run."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from io import TextIOWrapper
from typing import Final

from mailsift.shared.storage import Storage, StoredObject

HEADER: Final = ("name", "email", "city", "company", "signed up")
REPEATED: Final = 0.05
"""The share of rows whose address stands further above already, in other letter case."""

_WITHOUT: Final = 0.01
"""The share of rows without an address, or with a wrong one."""

_SEED: Final = 20261127
_FIRST: Final = ("anna", "bruno", "chidi", "dana", "elif", "femi", "greta", "hugo", "ines", "josé", "kaito", "lena")
_LAST: Final = ("berg", "costa", "duarte", "evans", "fischer", "garcía", "haddad", "ito", "jansen", "koch", "lind")
_CITIES: Final = ("Oslo", "New York", "Lima", "Lagos", "Kraków", "Osaka", "Bari", "Lyon", "Graz", "Porto")
_COMPANIES: Final = ("Acme", "Nordwind AS", "Blue Fin", "Hooli", "Ödland KG", "Initech", "Umbra", "Vandelay, Inc")
_PROVIDERS: Final = (
    "gmail.com",
    "outlook.com",
    "yahoo.com",
    "hotmail.com",
    "icloud.com",
    "gmx.de",
    "web.de",
    "aol.com",
)
_WRONG: Final = ("", "none", "anna.berg@", "@example.com", "anna berg@example.com", "anna@@example.com")
_TO_ASCII: Final = str.maketrans("éí", "ei")


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Data rows of 68 bytes on average; of five addresses three are with a large provider."""
    draw = random.Random(_SEED)
    domains = max(1, count // 20)
    for number in range(count):
        chance = draw.random()
        if chance < REPEATED and number:
            email = _address(draw.randrange(number), domains).title()
        elif chance > 1 - _WITHOUT:
            email = draw.choice(_WRONG)
        else:
            email = _address(number, domains)
        name = f"{draw.choice(_FIRST)} {draw.choice(_LAST)}".title()
        date = f"20{draw.randrange(10, 26)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"
        yield name, email, draw.choice(_CITIES), draw.choice(_COMPANIES), date


def write_csv(storage: Storage, key: str, count: int) -> StoredObject:
    """Put a list of so many rows below a header into the storage."""
    with storage.writer(key) as stream:
        text = TextIOWrapper(stream, encoding="utf-8", newline="")
        lines = csv.writer(text)
        lines.writerow(HEADER)
        lines.writerows(rows(count))
        text.detach()
    return stream.stored


def _address(number: int, domains: int) -> str:
    first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
    provider = number % len(_PROVIDERS) if number % 5 < 3 else None
    domain = _PROVIDERS[provider] if provider is not None else f"firm{number * 7919 % domains}.example"
    return f"{first}.{last}{number}@{domain}".translate(_TO_ASCII)
