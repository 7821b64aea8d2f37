"""What was found about a domain and an address: frozen values that probes fill and rules read."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self, TypeVar

from mailsift.shared.addresses import Address, InvalidAddress

UNKNOWN_TTL_SECONDS = 60
"""What could not be found out is asked again soon."""

_Word = TypeVar("_Word", bound=StrEnum)


class Lookup(StrEnum):
    """How one DNS question ended."""

    FOUND = "found"
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    MALFORMED = "malformed"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    NOT_ASKED = "not_asked"

    @property
    def tells(self) -> bool:
        """Whether the end is knowledge; anything else is unknown, and unknown is never bad."""
        return self in _TELLING


_TELLING = frozenset({Lookup.FOUND, Lookup.NODATA, Lookup.NXDOMAIN})


class Existence(StrEnum):
    """Whether a domain is there, or what kept us from knowing."""

    EXISTS = "exists"
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    """No nameserver could be reached, or asking had stopped because none answered."""

    @classmethod
    def after(cls, lookup: Lookup) -> "Existence":
        """What the end of the first question about a domain says."""
        return _EXISTENCE_AFTER[lookup]


_EXISTENCE_AFTER = {
    Lookup.FOUND: Existence.EXISTS,
    Lookup.NODATA: Existence.EXISTS,
    Lookup.NXDOMAIN: Existence.NXDOMAIN,
    Lookup.SERVFAIL: Existence.SERVFAIL,
    Lookup.MALFORMED: Existence.SERVFAIL,
    Lookup.REFUSED: Existence.REFUSED,
    Lookup.TIMEOUT: Existence.TIMEOUT,
    Lookup.UNREACHABLE: Existence.UNREACHABLE,
    Lookup.NOT_ASKED: Existence.UNREACHABLE,
}


@dataclass(frozen=True, slots=True)
class MailHost:
    """One MX record."""

    preference: int
    host: str


@dataclass(frozen=True, slots=True)
class SpfPosture:
    """What the domain says about who may send for it (RFC 7208)."""

    valid: bool | None = None
    """True: one valid record; false: proven absent or broken; null: cannot be told."""
    detail: str = Lookup.NOT_ASKED.value
    """`valid`, `none`, `several`, `syntax`, `too_many_lookups`, or how the lookup ended."""
    all_policy: str | None = None
    """What `all` says of everybody else: `fail`, `softfail`, `neutral`, `pass`; null without an `all`."""


@dataclass(frozen=True, slots=True)
class DkimPosture:
    """Whether a public key is published under a selector that is known (RFC 6376)."""

    valid: bool | None = None
    """True: a key; false: only broken keys; null: cannot be told, as when no known selector is found."""
    detail: str = Lookup.NOT_ASKED.value
    """`valid`, `broken`, `no_keys`, `unknown_selector`, or how the lookup ended."""
    selector: str | None = None


@dataclass(frozen=True, slots=True)
class DmarcPosture:
    """What the domain asks receivers to do with mail that fails authentication (RFC 9989)."""

    valid: bool | None = None
    detail: str = Lookup.NOT_ASKED.value
    """`valid`, `none`, `several`, `no_policy`, or how the lookup ended."""
    policy: str | None = None
    """`none`, `quarantine` or `reject`: the one that holds for this very domain."""
    found_at: str | None = None
    """The domain that publishes the record: this one or its organisational domain."""


@dataclass(frozen=True, slots=True)
class Lookups:
    """How each question ended, so that SERVFAIL, timeout and NXDOMAIN stay apart."""

    mx: Lookup = Lookup.NOT_ASKED
    address: Lookup = Lookup.NOT_ASKED
    spf: Lookup = Lookup.NOT_ASKED
    dmarc: Lookup = Lookup.NOT_ASKED
    dkim: Lookup = Lookup.NOT_ASKED


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """All that DNS says about one domain. The default of every field is: not known."""

    domain: str
    existence: Existence = Existence.UNREACHABLE
    mx: tuple[MailHost, ...] = ()
    """By preference, best first; empty for a null MX."""
    null_mx: bool = False
    implicit_mx: bool = False
    accepts_mail: bool | None = None
    """Whether DNS names a host that takes mail; null when that cannot be told."""
    spf: SpfPosture = SpfPosture()
    dkim: DkimPosture = DkimPosture()
    dmarc: DmarcPosture = DmarcPosture()
    lookups: Lookups = Lookups()
    ttl_seconds: int = UNKNOWN_TTL_SECONDS

    @property
    def exists(self) -> bool | None:
        """Existence in three values."""
        if self.existence is Existence.EXISTS:
            return True
        return False if self.existence is Existence.NXDOMAIN else None

    @property
    def mx_host(self) -> str | None:
        """The host that is tried first (RFC 5321 5.1)."""
        if self.mx:
            return self.mx[0].host
        return self.domain if self.implicit_mx else None

    def to_json(self) -> dict[str, Any]:
        """The value of `domains.facts`; the domain is its key."""
        return {
            "existence": self.existence.value,
            "mx": [[host.preference, host.host] for host in self.mx],
            "nullMx": self.null_mx,
            "implicitMx": self.implicit_mx,
            "acceptsMail": self.accepts_mail,
            "spf": {"valid": self.spf.valid, "detail": self.spf.detail, "all": self.spf.all_policy},
            "dkim": {"valid": self.dkim.valid, "detail": self.dkim.detail, "selector": self.dkim.selector},
            "dmarc": {
                "valid": self.dmarc.valid,
                "detail": self.dmarc.detail,
                "policy": self.dmarc.policy,
                "foundAt": self.dmarc.found_at,
            },
            "lookups": {name: lookup.value for name, lookup in asdict(self.lookups).items()},
            "ttlSeconds": self.ttl_seconds,
        }

    @classmethod
    def from_json(cls, stored: object, domain: str) -> Self:
        """Read what any version wrote of a domain: a key that is missing or makes no sense is not known."""
        facts = _Stored(stored)
        spf, dkim, dmarc, lookups = (facts.part(name) for name in ("spf", "dkim", "dmarc", "lookups"))
        return cls(
            domain=domain,
            existence=facts.word("existence", Existence.UNREACHABLE),
            mx=facts.mail_hosts("mx"),
            null_mx=facts.flag("nullMx") or False,
            implicit_mx=facts.flag("implicitMx") or False,
            accepts_mail=facts.flag("acceptsMail"),
            spf=SpfPosture(spf.flag("valid"), spf.text("detail") or Lookup.NOT_ASKED.value, spf.text("all")),
            dkim=DkimPosture(dkim.flag("valid"), dkim.text("detail") or Lookup.NOT_ASKED.value, dkim.text("selector")),
            dmarc=DmarcPosture(
                dmarc.flag("valid"),
                dmarc.text("detail") or Lookup.NOT_ASKED.value,
                dmarc.text("policy"),
                dmarc.text("foundAt"),
            ),
            lookups=Lookups(
                mx=lookups.word("mx", Lookup.NOT_ASKED),
                address=lookups.word("address", Lookup.NOT_ASKED),
                spf=lookups.word("spf", Lookup.NOT_ASKED),
                dmarc=lookups.word("dmarc", Lookup.NOT_ASKED),
                dkim=lookups.word("dkim", Lookup.NOT_ASKED),
            ),
            ttl_seconds=facts.number("ttlSeconds", UNKNOWN_TTL_SECONDS),
        )


class DomainKind(StrEnum):
    """What sort of domain it is; the first list of this order that names it decides."""

    DISPOSABLE = "disposable"
    RELAY = "relay"
    FREE = "free"
    CORPORATE = "corporate"
    """On none of the lists."""


@dataclass(frozen=True, slots=True)
class ListHit:
    """Where a list membership comes from."""

    list_name: str
    version: str
    entry: str


@dataclass(frozen=True, slots=True)
class DomainEvidence:
    """What is known about a domain, from DNS and from the lists."""

    facts: DomainFacts
    kind: DomainKind = DomainKind.CORPORATE
    hit: ListHit | None = None
    """The list entry behind `kind`; null for corporate."""
    suggestion: str | None = None
    """The popular domain that was probably meant."""

    @property
    def is_corporate(self) -> bool:
        """On no list, and not proven unable to take mail: a name that leads nowhere is no company."""
        return self.kind is DomainKind.CORPORATE and self.facts.accepts_mail is not False


@dataclass(frozen=True, slots=True)
class AddressEvidence:
    """All that a verdict on one address stands on."""

    address: Address | InvalidAddress
    domain: DomainEvidence | None = None
    """Null for a text that is no address."""
    role: ListHit | None = None


class _Stored:
    """One object of stored JSON, read with every doubt."""

    def __init__(self, value: object) -> None:
        self._values: dict[str, object] = value if isinstance(value, dict) else {}

    def part(self, key: str) -> "_Stored":
        return _Stored(self._values.get(key))

    def text(self, key: str) -> str | None:
        value = self._values.get(key)
        return value if isinstance(value, str) else None

    def flag(self, key: str) -> bool | None:
        value = self._values.get(key)
        return value if isinstance(value, bool) else None

    def number(self, key: str, default: int) -> int:
        value = self._values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else default

    def word(self, key: str, default: _Word) -> _Word:
        try:
            return type(default)(self.text(key) or default)
        except ValueError:
            return default

    def mail_hosts(self, key: str) -> tuple[MailHost, ...]:
        match self._values.get(key):
            case list(entries):
                return tuple(host for entry in entries if (host := _mail_host(entry)) is not None)
        return ()


def _mail_host(entry: object) -> MailHost | None:
    match entry:
        case [int(preference), str(host)]:
            return MailHost(preference, host)
    return None
