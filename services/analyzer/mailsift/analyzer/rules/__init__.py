"""Rules: evidence in, a finding or None out. Pure: no resolver, session, clock or setting.

A new rule is one function, one entry in its family's RULES, one row of a test's table and one row in docs/scoring.md.
Of an address that `ordinary.py` lets pass, no rule of ADDRESS_RULES may have anything to say.
"""

from mailsift.analyzer.rules import authentication, domain, lists, local_parts, mailboxes, roles, suggestion, syntax

DOMAIN_RULES = (*domain.RULES, *lists.RULES, *suggestion.RULES, *authentication.RULES)
"""Read a DomainEvidence: they are the same for every address of a domain."""

ADDRESS_RULES = (*syntax.RULES, *roles.RULES, *local_parts.RULES, *mailboxes.RULES)
"""Read an AddressEvidence."""
