"""Whether the provider can have a mailbox of this name."""

from mailsift.analyzer.address_evidence import AddressEvidence
from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.verdicts import Status

PROVIDER_LOCAL_PART = Finding("provider_local_part", points=-40, status=Status.RISKY)


def provider_local_part(evidence: AddressEvidence) -> Finding | None:
    """Too short, too long or with a character that the provider gives to nobody, by its own words."""
    is_against = evidence.mailbox is not None and evidence.mailbox.fault is not None
    return PROVIDER_LOCAL_PART if is_against else None


RULES = (provider_local_part,)
