"""What sort of domain the lists say it is."""

from mailsift.analyzer.evidence import DomainEvidence, DomainKind
from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.verdicts import Status

DISPOSABLE = Finding("disposable", cap=30, status=Status.RISKY)
PRIVACY_RELAY = Finding("privacy_relay", points=-25)
FREE_PROVIDER = Finding("free_provider")
ACCESS_PROVIDER = Finding("access_provider")
EDUCATION = Finding("education")
GOVERNMENT = Finding("government")

_FOUND = {
    DomainKind.DISPOSABLE: DISPOSABLE,
    DomainKind.RELAY: PRIVACY_RELAY,
    DomainKind.FREE: FREE_PROVIDER,
    DomainKind.ISP: ACCESS_PROVIDER,
}


def listed(evidence: DomainEvidence) -> Finding | None:
    """Disposable before relay before free before access provider; a domain on no list is a company's own."""
    return _FOUND.get(evidence.kind)


def education(evidence: DomainEvidence) -> Finding | None:
    """A university or a school: good to know, no better or worse to mail."""
    return EDUCATION if evidence.education is not None else None


def government(evidence: DomainEvidence) -> Finding | None:
    """A government or its armed forces: good to know, no better or worse to mail."""
    return GOVERNMENT if evidence.government is not None else None


RULES = (listed, education, government)
