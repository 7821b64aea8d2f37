"""Whether the local part stands for a function, not a person."""

from mailsift.analyzer.address_evidence import AddressEvidence
from mailsift.analyzer.rules.finding import Finding

ROLE_ACCOUNT = Finding("role_account", points=-13)


def role_account(evidence: AddressEvidence) -> Finding | None:
    """The likes of info, sales, postmaster (RFC 2142 and common use)."""
    return ROLE_ACCOUNT if evidence.role is not None else None


RULES = (role_account,)
