"""Whether another domain was meant."""

from mailsift.analyzer.evidence import DomainEvidence
from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.verdicts import Status

PROBABLE_TYPO = Finding("probable_typo", points=-40, status=Status.RISKY)


def probable_typo(evidence: DomainEvidence) -> Finding | None:
    """One slip away from a popular domain, and without an MX of its own."""
    return PROBABLE_TYPO if evidence.suggestion is not None else None


RULES = (probable_typo,)
