"""Whether the domain exists and takes mail."""

from mailsift.analyzer.evidence import DomainEvidence, DomainFacts, Existence, Lookup, Reach
from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.verdicts import Status

DOMAIN_NOT_FOUND = Finding("domain_not_found", cap=0, status=Status.INVALID)
NULL_MX = Finding("null_mx", cap=0, status=Status.INVALID)
NO_MAIL_HOST = Finding("no_mail_host", cap=0, status=Status.INVALID)
MX_UNRESOLVABLE = Finding("mx_unresolvable", cap=0, status=Status.INVALID)
MX_NOWHERE = Finding("mx_nowhere", cap=0, status=Status.INVALID)
MX_PRIVATE = Finding("mx_private", cap=30, status=Status.RISKY)
MX_LITERAL = Finding("mx_literal", points=-30, status=Status.RISKY)
MX_ALIAS = Finding("mx_alias")
WILDCARD_MX = Finding("wildcard_mx", points=-5)
PARKED = Finding("parked", cap=30, status=Status.RISKY)
IMPLICIT_MX = Finding("implicit_mx", points=-30, status=Status.RISKY)

# Unknown is never bad, and never a hundred either.
DNS_SERVFAIL = Finding("dns_servfail", cap=50, status=Status.UNKNOWN)
DNS_LAME = Finding("dns_lame", cap=50, status=Status.UNKNOWN)
DNS_REFUSED = Finding("dns_refused", cap=50, status=Status.UNKNOWN)
DNS_TIMEOUT = Finding("dns_timeout", cap=50, status=Status.UNKNOWN)
DNS_UNREACHABLE = Finding("dns_unreachable", cap=50, status=Status.UNKNOWN)

_OPEN = {
    Existence.SERVFAIL: DNS_SERVFAIL,
    Existence.LAME: DNS_LAME,
    Existence.REFUSED: DNS_REFUSED,
    Existence.TIMEOUT: DNS_TIMEOUT,
    Existence.UNREACHABLE: DNS_UNREACHABLE,
}

_MAY_BE_BETTER = frozenset({Reach.PUBLIC, Reach.UNKNOWN})


def not_found(evidence: DomainEvidence) -> Finding | None:
    """NXDOMAIN: nobody has registered the name (RFC 2308, 8020)."""
    return DOMAIN_NOT_FOUND if evidence.facts.existence is Existence.NXDOMAIN else None


def null_mx(evidence: DomainEvidence) -> Finding | None:
    """The domain says that it takes no mail (RFC 7505)."""
    return NULL_MX if evidence.facts.null_mx else None


def no_mail_host(evidence: DomainEvidence) -> Finding | None:
    """Neither an MX nor an address to fall back on (RFC 5321 5.1)."""
    facts = evidence.facts
    is_explained = facts.null_mx or facts.existence is Existence.NXDOMAIN or facts.mail_hosts
    return NO_MAIL_HOST if facts.accepts_mail is False and not is_explained else None


def mx_unresolvable(evidence: DomainEvidence) -> Finding | None:
    """There are MX records, and not one of their hosts has an address (RFC 5321 5.1)."""
    facts = evidence.facts
    is_so = facts.accepts_mail is False and facts.mail_hosts and _reaches(facts) == {Reach.NO_ADDRESS}
    return MX_UNRESOLVABLE if is_so else None


def mx_nowhere(evidence: DomainEvidence) -> Finding | None:
    """The mail hosts that have an address have one that is no host's: 127.0.0.1, 0.0.0.0 (RFC 6890)."""
    facts = evidence.facts
    return MX_NOWHERE if facts.accepts_mail is False and Reach.NOWHERE in _reaches(facts) else None


def mx_private(evidence: DomainEvidence) -> Finding | None:
    """The mail hosts are in a local network: from the internet mail does not get there."""
    reaches = _reaches(evidence.facts)
    return MX_PRIVATE if Reach.PRIVATE in reaches and not reaches & _MAY_BE_BETTER else None


def mx_literal(evidence: DomainEvidence) -> Finding | None:
    """MX records with an IP address for a name (RFC 5321 5.1): most senders do not deliver there."""
    reaches = _reaches(evidence.facts)
    is_the_way = Reach.LITERAL in reaches and not reaches & {*_MAY_BE_BETTER, Reach.PRIVATE}
    return MX_LITERAL if is_the_way else None


def mx_alias(evidence: DomainEvidence) -> Finding | None:
    """A mail host is an alias (RFC 2181 10.3): some senders do not follow it."""
    return MX_ALIAS if any(host.is_alias for host in evidence.facts.mx) else None


def implicit_mx(evidence: DomainEvidence) -> Finding | None:
    """No MX, so mail goes to the domain's own address (RFC 5321 5.1): allowed, and seldom meant."""
    facts = evidence.facts
    return IMPLICIT_MX if facts.own_host is not None and facts.accepts_mail else None


def wildcard_mx(evidence: DomainEvidence) -> Finding | None:
    """A subdomain beside which any name takes mail: it may be a slip that nobody ever made (RFC 4592)."""
    facts = evidence.facts
    return WILDCARD_MX if facts.wildcard_mx not in {None, facts.domain} else None


def parked(evidence: DomainEvidence) -> Finding | None:
    """For sale, or full of advertisements: nobody reads what is sent there."""
    return PARKED if evidence.parking is not None else None


def unanswered(evidence: DomainEvidence) -> Finding | None:
    """DNS did not say whether the domain takes mail."""
    facts = evidence.facts
    if facts.accepts_mail is not None:
        return None
    if facts.existence in _OPEN:
        return _OPEN[facts.existence]
    # The domain is there, and the question where it or its mail hosts are went unanswered.
    lookups = (*(host.lookup for host in facts.mail_hosts), facts.lookups.address)
    asked = [lookup for lookup in lookups if not lookup.tells and lookup is not Lookup.NOT_ASKED]
    return _OPEN.get(Existence.after(asked[0]), DNS_UNREACHABLE) if asked else DNS_UNREACHABLE


def _reaches(facts: DomainFacts) -> set[Reach]:
    return {host.reach for host in facts.mail_hosts}


RULES = (
    not_found,
    null_mx,
    no_mail_host,
    mx_unresolvable,
    mx_nowhere,
    mx_private,
    mx_literal,
    mx_alias,
    implicit_mx,
    wildcard_mx,
    parked,
    unanswered,
)
