"""What addresses are to be weighed by, as it is said on the command line."""

from __future__ import annotations

from mailsift.shared.scoring_policy import DEFAULT_POLICY, ScoringPolicy
from mailsift.shared.settings import read_policy
from mailsift.standalone.errors import InputError


def read_scoring(said: str | None) -> ScoringPolicy:
    """Read a policy; what is not said weighs as usual. Raises InputError."""
    try:
        return DEFAULT_POLICY if said is None else read_policy(said)
    except ValueError as error:
        raise InputError("invalid_scoring", str(error)) from error
