"""Whether the text is an address at all, and one of a kind that hosts seldom take."""

from mailsift.analyzer.address_evidence import AddressEvidence
from mailsift.analyzer.evidence import Reach
from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.addresses import Address, InvalidAddress, SyntaxFault
from mailsift.shared.verdicts import Status

REFUSALS = {fault.value: Finding(fault.value, cap=0, status=Status.INVALID) for fault in SyntaxFault}
QUOTED_LOCAL_PART = Finding("quoted_local_part", points=-30, status=Status.RISKY)
ADDRESS_LITERAL = Finding("address_literal", cap=30, status=Status.RISKY)
ADDRESS_LITERAL_NOWHERE = Finding("address_literal_nowhere", cap=0, status=Status.INVALID)
SMTPUTF8_NEEDED = Finding("smtputf8_needed")


def refused(evidence: AddressEvidence) -> Finding | None:
    """The parser refused it (RFC 5321, 5322, 6531)."""
    if not isinstance(evidence.address, InvalidAddress):
        return None
    reason = evidence.address.reason
    return REFUSALS.get(reason) or Finding(reason, cap=0, status=Status.INVALID)


def quoted_local_part(evidence: AddressEvidence) -> Finding | None:
    """RFC 5321 4.1.2 has it and warns of it: a host that wants mail should not define such mailboxes."""
    address = evidence.address
    return QUOTED_LOCAL_PART if isinstance(address, Address) and address.is_quoted else None


def address_literal(evidence: AddressEvidence) -> Finding | None:
    """An IP address instead of a domain (RFC 5321 4.1.3): hardly a host takes it; one that is no host's, none."""
    if evidence.literal is None:
        return None
    return ADDRESS_LITERAL_NOWHERE if evidence.literal is Reach.NOWHERE else ADDRESS_LITERAL


def smtputf8_needed(evidence: AddressEvidence) -> Finding | None:
    """A local part beyond ASCII: good where every host on the way speaks SMTPUTF8 (RFC 6531)."""
    address = evidence.address
    return SMTPUTF8_NEEDED if isinstance(address, Address) and address.needs_smtputf8 else None


RULES = (refused, quoted_local_part, address_literal, smtputf8_needed)
