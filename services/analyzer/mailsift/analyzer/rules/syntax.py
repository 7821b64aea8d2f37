"""Whether the text is an address at all."""

from mailsift.analyzer.evidence import AddressEvidence
from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.addresses import InvalidAddress, SyntaxFault
from mailsift.shared.verdicts import Status

REFUSALS = {fault.value: Finding(fault.value, cap=0, status=Status.INVALID) for fault in SyntaxFault}


def refused(evidence: AddressEvidence) -> Finding | None:
    """The parser refused it (RFC 5321, 5322, 6531)."""
    if not isinstance(evidence.address, InvalidAddress):
        return None
    reason = evidence.address.reason
    return REFUSALS.get(reason) or Finding(reason, cap=0, status=Status.INVALID)


RULES = (refused,)
