"""How the domain guards its name: SPF, DKIM, DMARC. Posture, not proof: no message is looked at."""

from typing import Final

from mailsift.analyzer.evidence import DomainEvidence
from mailsift.analyzer.rules.finding import Finding

SPF_MISSING = Finding("spf_missing", points=-10)
SPF_BROKEN = Finding("spf_broken", points=-10)
SPF_ALLOWS_ANYONE = Finding("spf_allows_anyone", points=-5)
DKIM_BROKEN = Finding("dkim_broken", points=-5)
DKIM_WEAK = Finding("dkim_weak", points=-2)
DMARC_MISSING = Finding("dmarc_missing", points=-5)
DMARC_BROKEN = Finding("dmarc_broken", points=-5)

RECOMMENDED_RSA_BITS: Final = 2048


def spf(evidence: DomainEvidence) -> Finding | None:
    """No SPF record, or one that receivers must treat as an error (RFC 7208 4.5, 4.6)."""
    posture = evidence.facts.spf
    if posture.valid is not False:
        return None
    return SPF_MISSING if posture.detail == "none" else SPF_BROKEN


def spf_allows_anyone(evidence: DomainEvidence) -> Finding | None:
    """`+all`, here or in a record that is included: whoever sends is let through."""
    posture = evidence.facts.spf
    return SPF_ALLOWS_ANYONE if posture.valid and posture.all_policy == "pass" else None


def dkim(evidence: DomainEvidence) -> Finding | None:
    """A key that cannot be used. Finding no key under the known selectors proves nothing."""
    return DKIM_BROKEN if evidence.facts.dkim.valid is False else None


def dkim_weak(evidence: DomainEvidence) -> Finding | None:
    """An RSA key that should have been longer for years (RFC 8301 3.2)."""
    posture = evidence.facts.dkim
    is_rsa = posture.valid and posture.key_type == "rsa"
    return DKIM_WEAK if is_rsa and (posture.key_bits or RECOMMENDED_RSA_BITS) < RECOMMENDED_RSA_BITS else None


def dmarc(evidence: DomainEvidence) -> Finding | None:
    """No DMARC record, or none with a policy (RFC 9989)."""
    posture = evidence.facts.dmarc
    if posture.valid is not False:
        return None
    return DMARC_MISSING if posture.detail == "none" else DMARC_BROKEN


RULES = (spf, spf_allows_anyone, dkim, dkim_weak, dmarc)
