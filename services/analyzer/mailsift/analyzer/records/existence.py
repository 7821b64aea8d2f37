"""Tell a domain that is not there from one that nobody answers for (RFC 8020, RFC 8914)."""

from typing import Final

from mailsift.analyzer.evidence import Existence, Lookup

_NO_REACHABLE_AUTHORITY: Final = 22
_NETWORK_ERROR: Final = 23
_LAME: Final = frozenset({_NO_REACHABLE_AUTHORITY, _NETWORK_ERROR})


def judge_existence(mx: Lookup, *, is_referral: bool = False, extended_error: int | None = None) -> Existence:
    """Say whether a domain is there by how the question for its MX records ended."""
    failed_for_lack_of_authority = extended_error in _LAME and not mx.tells
    return Existence.LAME if is_referral or failed_for_lack_of_authority else Existence.after(mx)
