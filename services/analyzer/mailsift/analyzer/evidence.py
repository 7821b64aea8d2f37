"""What was found about a domain and an address: frozen values that probes fill and rules read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FACTS_VERSION: Final = 3
"""Rises when more is asked about a domain, or answers are read otherwise: older facts are then looked up again."""

UNKNOWN_TTL_SECONDS: Final = 60
"""What could not be found out is asked again soon."""


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

    def __init__(self, word: str) -> None:
        self.tells = word in {"found", "nodata", "nxdomain"}
        """Whether the end is knowledge; anything else is unknown, and unknown is never bad."""


class Existence(StrEnum):
    """Whether a domain is there, or what kept us from knowing."""

    EXISTS = "exists"
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    LAME = "lame"
    """The nameservers that the domain is delegated to do not answer for it (RFC 1912 2.8)."""
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


class Reach(StrEnum):
    """Where the name of a mail host leads."""

    PUBLIC = "public"
    PRIVATE = "private"
    """Only to addresses of a local network: RFC 1918, RFC 6598, RFC 4193, link-local."""
    NOWHERE = "nowhere"
    """Only to addresses that are no host's: loopback, unspecified, multicast, reserved (RFC 6890)."""
    NO_ADDRESS = "no_address"
    LITERAL = "literal"
    """The name is an IP address, which an MX must not be (RFC 5321 5.1)."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MailHost:
    """One MX record, and where its host is."""

    preference: int
    host: str
    reach: Reach = Reach.UNKNOWN
    is_alias: bool = False
    """The host is a CNAME, which an MX must not name (RFC 2181 10.3)."""
    addresses: tuple[str, ...] = ()
    """The first few of them."""
    lookup: Lookup = Lookup.NOT_ASKED
    """How the question for its addresses ended."""


@dataclass(frozen=True, slots=True)
class SpfPosture:
    """What the domain says about who may send for it (RFC 7208), with all that its record refers to."""

    valid: bool | None = None
    """True: a record that receivers can work with; false: proven absent or an error; null: cannot be told."""
    detail: str = Lookup.NOT_ASKED.value
    """`valid`, `none`, `several`, `syntax`, `too_many_lookups`, `too_many_voids`, `too_many_mx`, `loop`,
    `include_missing`, `redirect_missing`, or how the lookup ended that leaves it open."""
    all_policy: str | None = None
    """What becomes of mail from a host that nothing names: `fail`, `softfail`, `neutral`, `pass`; null if not said."""
    at: str | None = None
    """The domain whose record is at fault, or could not be looked up."""
    lookups: int = 0
    """Terms that need a lookup, as a receiver counts them (4.6.4)."""
    voids: int = 0
    """Lookups among them that find nothing."""
    includes: tuple[str, ...] = ()
    """The domains whose records it includes or redirects to, in the order of the walk."""
    is_partial: bool = False
    """Some of it depends on the message, by macros, and was not followed."""
    record: str | None = None


@dataclass(frozen=True, slots=True)
class DkimPosture:
    """Whether a public key is published under a selector that is known (RFC 6376)."""

    valid: bool | None = None
    """True: a key; false: only keys that cannot be used; null: cannot be told, as when no known selector is found."""
    detail: str = Lookup.NOT_ASKED.value
    """`valid`, `broken`, `short`, `revoked`, `no_keys`, `unknown_selector`, or how the lookup ended."""
    selector: str | None = None
    keys_exist: bool | None = None
    """Whether there is anything below `_domainkey`: evidence of keys under selectors that nobody knows."""
    key_type: str | None = None
    """`rsa` or `ed25519`."""
    key_bits: int | None = None
    revoked: tuple[str, ...] = ()
    """Selectors whose key was taken back."""


@dataclass(frozen=True, slots=True)
class DmarcPosture:
    """What the domain asks receivers to do with mail that fails authentication (RFC 9989)."""

    valid: bool | None = None
    detail: str = Lookup.NOT_ASKED.value
    """`valid`, `none`, `several`, `no_policy`, or how the lookup ended."""
    policy: str | None = None
    """`none`, `quarantine` or `reject`: the one that holds for this very domain."""
    found_at: str | None = None
    """The domain that publishes the record: this one, its organisational domain, or the public suffix above."""
    subdomain_policy: str | None = None
    """`sp`, where it is said."""
    nonexistent_policy: str | None = None
    """`np`, where it is said."""
    dkim_alignment: str | None = None
    """`adkim`: `r` or `s`."""
    spf_alignment: str | None = None
    """`aspf`: `r` or `s`."""
    reports_to: tuple[str, ...] = ()
    """The first addresses of `rua`."""
    is_test: bool = False
    """`t=y`: the policy is not to be applied yet."""
    record: str | None = None


@dataclass(frozen=True, slots=True)
class TransportPosture:
    """One of the two records about TLS between mail servers: MTA-STS (RFC 8461) or TLS-RPT (RFC 8460)."""

    valid: bool | None = None
    detail: str = Lookup.NOT_ASKED.value
    """`valid`, `none`, `several`, `syntax`, or how the lookup ended."""
    value: str | None = None
    """The `id` of the policy, or where reports go."""


@dataclass(frozen=True, slots=True)
class Lookups:
    """How each question ended, so that SERVFAIL, timeout and NXDOMAIN stay apart."""

    mx: Lookup = Lookup.NOT_ASKED
    address: Lookup = Lookup.NOT_ASKED
    spf: Lookup = Lookup.NOT_ASKED
    dmarc: Lookup = Lookup.NOT_ASKED
    dkim: Lookup = Lookup.NOT_ASKED
    name_servers: Lookup = Lookup.NOT_ASKED
    wildcard: Lookup = Lookup.NOT_ASKED


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """All that DNS says about one domain. The default of every field is: not known."""

    domain: str
    existence: Existence = Existence.UNREACHABLE
    mx: tuple[MailHost, ...] = ()
    """By preference, best first; empty for a null MX."""
    null_mx: bool = False
    own_host: MailHost | None = None
    """The domain itself where it has an address and no MX: the implicit MX (RFC 5321 5.1)."""
    accepts_mail: bool | None = None
    """Whether DNS names a host that takes mail; null when that cannot be told."""
    extended_error: int | None = None
    """Why a nameserver failed, as it says itself (Extended DNS Errors, RFC 8914)."""
    spf: SpfPosture = SpfPosture()
    dkim: DkimPosture = DkimPosture()
    dmarc: DmarcPosture = DmarcPosture()
    mta_sts: TransportPosture = TransportPosture()
    tls_rpt: TransportPosture = TransportPosture()
    name_servers: tuple[str, ...] = ()
    """Those of the registrable domain, the first few."""
    wildcard_mx: str | None = None
    """The domain below which mail is taken for names that nobody ever made: itself or, for a subdomain, its parent."""
    lookups: Lookups = Lookups()
    ttl_seconds: int = UNKNOWN_TTL_SECONDS

    @property
    def exists(self) -> bool | None:
        """Existence in three values."""
        if self.existence is Existence.EXISTS:
            return True
        return False if self.existence is Existence.NXDOMAIN else None

    @property
    def was_answered(self) -> bool:
        """Whether any nameserver said anything: without an answer, all of this is a guess."""
        asked = self.lookups
        hosts = (host.lookup for host in self.mail_hosts)
        return any(lookup.tells for lookup in (asked.mx, asked.address, asked.name_servers, *hosts))

    @property
    def mail_hosts(self) -> tuple[MailHost, ...]:
        """Whatever host mail may go to."""
        return self.mx if self.own_host is None else (self.own_host,)

    @property
    def mx_host(self) -> str | None:
        """The host that is tried first (RFC 5321 5.1)."""
        return self.mail_hosts[0].host if self.mail_hosts else None


class DomainKind(StrEnum):
    """What sort of domain it is; the first list of this order that names it decides."""

    DISPOSABLE = "disposable"
    RELAY = "relay"
    FREE = "free"
    ISP = "isp"
    CORPORATE = "corporate"
    """On none of the lists."""


@dataclass(frozen=True, slots=True)
class ListHit:
    """Where a list membership comes from."""

    list_name: str
    version: str
    entry: str


@dataclass(frozen=True, slots=True)
class MailProvider:
    """Who runs the mail hosts of a domain."""

    name: str
    hit: ListHit


@dataclass(frozen=True, slots=True)
class DomainEvidence:
    """What is known about a domain, from DNS and from the lists."""

    facts: DomainFacts
    kind: DomainKind = DomainKind.CORPORATE
    hit: ListHit | None = None
    """The list entry behind `kind`; null for corporate."""
    education: ListHit | None = None
    government: ListHit | None = None
    provider: MailProvider | None = None
    parking: ListHit | None = None
    """What says that the domain is for sale or only shows advertisements."""
    suggestion: str | None = None
    """The domain that was probably meant."""
    unicode_name: str = ""
    """The domain as people write it, in U-labels (RFC 5890)."""

    @property
    def is_corporate(self) -> bool:
        """On no list, not parked, and not proven unable to take mail: a name that leads nowhere is no company."""
        is_alive = self.facts.accepts_mail is not False and self.parking is None
        return self.kind is DomainKind.CORPORATE and is_alive
