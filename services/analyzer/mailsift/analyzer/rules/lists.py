"""What sort of domain the lists say it is."""

from mailsift.analyzer.evidence import DomainEvidence, DomainKind
from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.verdicts import Status

DISPOSABLE = Finding("disposable", cap=30, status=Status.RISKY)
PRIVACY_RELAY = Finding("privacy_relay", points=-25)
FREE_PROVIDER = Finding("free_provider")

_FOUND = {DomainKind.DISPOSABLE: DISPOSABLE, DomainKind.RELAY: PRIVACY_RELAY, DomainKind.FREE: FREE_PROVIDER}


def listed(evidence: DomainEvidence) -> Finding | None:
    """Disposable before relay before free provider; a domain on no list is a company's own."""
    return _FOUND.get(evidence.kind)


RULES = (listed,)
