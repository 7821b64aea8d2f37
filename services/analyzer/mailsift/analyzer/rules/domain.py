"""Whether the domain exists and takes mail."""

from mailsift.analyzer.evidence import DomainEvidence, Existence, Lookup
from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.verdicts import Status

DOMAIN_NOT_FOUND = Finding("domain_not_found", cap=0, status=Status.INVALID)
NULL_MX = Finding("null_mx", cap=0, status=Status.INVALID)
NO_MAIL_HOST = Finding("no_mail_host", cap=0, status=Status.INVALID)
IMPLICIT_MX = Finding("implicit_mx", points=-30, status=Status.RISKY)

# Unknown is never bad, and never a hundred either.
DNS_SERVFAIL = Finding("dns_servfail", cap=50, status=Status.UNKNOWN)
DNS_REFUSED = Finding("dns_refused", cap=50, status=Status.UNKNOWN)
DNS_TIMEOUT = Finding("dns_timeout", cap=50, status=Status.UNKNOWN)
DNS_UNREACHABLE = Finding("dns_unreachable", cap=50, status=Status.UNKNOWN)

_OPEN = {
    Existence.SERVFAIL: DNS_SERVFAIL,
    Existence.REFUSED: DNS_REFUSED,
    Existence.TIMEOUT: DNS_TIMEOUT,
    Existence.UNREACHABLE: DNS_UNREACHABLE,
}


def not_found(evidence: DomainEvidence) -> Finding | None:
    """NXDOMAIN: nobody has registered the name (RFC 2308, 8020)."""
    return DOMAIN_NOT_FOUND if evidence.facts.existence is Existence.NXDOMAIN else None


def null_mx(evidence: DomainEvidence) -> Finding | None:
    """The domain says that it takes no mail (RFC 7505)."""
    return NULL_MX if evidence.facts.null_mx else None


def no_mail_host(evidence: DomainEvidence) -> Finding | None:
    """Neither an MX nor an address to fall back on (RFC 5321 5.1)."""
    facts = evidence.facts
    nowhere = facts.accepts_mail is False and not facts.null_mx and facts.existence is not Existence.NXDOMAIN
    return NO_MAIL_HOST if nowhere else None


def implicit_mx(evidence: DomainEvidence) -> Finding | None:
    """No MX, so mail goes to the domain's own address (RFC 5321 5.1): allowed, and seldom meant."""
    return IMPLICIT_MX if evidence.facts.implicit_mx else None


def unanswered(evidence: DomainEvidence) -> Finding | None:
    """DNS did not say whether the domain takes mail."""
    facts = evidence.facts
    if facts.accepts_mail is not None:
        return None
    if facts.existence in _OPEN:
        return _OPEN[facts.existence]
    # The domain is there without an MX, and the question for its address went unanswered.
    return None if facts.existence is Existence.NXDOMAIN else _open_address(facts.lookups.address)


def _open_address(lookup: Lookup) -> Finding:
    return _OPEN.get(Existence.after(lookup), DNS_UNREACHABLE)


RULES = (not_found, null_mx, no_mail_host, implicit_mx, unanswered)
