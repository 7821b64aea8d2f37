"""Domains to look up, as lists have them: their zone, the same at every run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

_PROVIDERS: Final = 10
_KEY: Final = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_HEAD: Final = """\
$ORIGIN com.
$TTL 3600
@ SOA ns.com. hostmaster.com. 1 3600 600 86400 300
@ NS ns.com.
ns A 192.0.2.53
"""


def domains(count: int) -> Sequence[str]:
    """Of twenty domains one does not exist, one takes no mail, one has no MX, five run their mail themselves."""
    return [f"firm{number}.com" for number in range(count)]


def zones(count: int) -> dict[str, str]:
    """The one zone that they all are in."""
    providers = (line for number in range(_PROVIDERS) for line in _provider(f"provider{number}"))
    firms = (line for number in range(count) for line in _firm(number, f"firm{number}"))
    return {"com": _HEAD + "\n".join([*providers, *firms]) + "\n"}


def _provider(name: str) -> Iterator[str]:
    for host in (1, 2):
        yield f"mx{host}.{name} A 192.0.2.{host}"
    yield f'_spf.{name} TXT "v=spf1 ip4:192.0.2.0/24 include:_more.{name}.com ~all"'
    yield f'_more.{name} TXT "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/24 ~all"'


def _firm(number: int, name: str) -> Iterator[str]:
    match number % 20:
        case 0:
            return
        case 1:
            yield f"{name} MX 0 ."
        case 2:
            yield f"{name} A 192.0.2.7"
        case 3 | 4 | 5 | 6 | 7:
            yield f"{name} MX 10 mx.{name}"
            yield f"mx.{name} A 192.0.2.8"
            yield f'{name} TXT "v=spf1 mx -all"'
        case _:
            yield from _customer(f"provider{number % _PROVIDERS}", name)


def _customer(provider: str, name: str) -> Iterator[str]:
    """A domain whose mail somebody else runs, with all that its receivers could wish for."""
    yield f"{name} MX 10 mx1.{provider}"
    yield f"{name} MX 20 mx2.{provider}"
    yield f'{name} TXT "v=spf1 include:_spf.{provider}.com -all"'
    yield f'{name} TXT "site-verification={name * 4}"'
    yield f'_dmarc.{name} TXT "v=DMARC1; p=quarantine; rua=mailto:dmarc@{name}.com"'
    yield f'selector1._domainkey.{name} TXT "{_KEY}"'
