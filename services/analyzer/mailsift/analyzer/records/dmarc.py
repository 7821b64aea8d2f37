"""Read DMARC records (RFC 9989, which replaces RFC 7489)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mailsift.analyzer.evidence import DmarcPosture, Lookup
from mailsift.analyzer.records.tags import read_tags

POLICIES: Final = frozenset({"none", "quarantine", "reject"})
_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_REPORT_ADDRESS = re.compile(r"mailto:[^@,\s]+@[^@,\s]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DmarcAnswer:
    """The TXT records found at `_dmarc` under one domain."""

    domain: str
    lookup: Lookup
    texts: tuple[str, ...] = ()

    @property
    def records(self) -> tuple[str, ...]:
        """Only what begins as a DMARC record; other texts are none of our business (4.7)."""
        return tuple(text for text in self.texts if _VERSION.match(text))


def judge_dmarc(answers: Sequence[DmarcAnswer]) -> DmarcPosture:
    """Judge the answers in the order asked: the domain itself, then its organisational domain."""
    for position, answer in enumerate(answers):
        if not answer.lookup.tells:
            return DmarcPosture(None, answer.lookup.value)
        if len(answer.records) > 1:  # several records are as good as none, and the walk goes no further
            return DmarcPosture(valid=False, detail="several", found_at=answer.domain)
        if answer.records:
            return _judge_record(answer, inherited=position > 0)
    return DmarcPosture(valid=False, detail="none") if answers else DmarcPosture()


def _judge_record(answer: DmarcAnswer, *, inherited: bool) -> DmarcPosture:
    policy = read_policy(answer.records[0], inherited=inherited)
    if policy is None:
        return DmarcPosture(valid=False, detail="no_policy", found_at=answer.domain)
    return DmarcPosture(valid=True, detail="valid", policy=policy, found_at=answer.domain)


def read_policy(text: str, *, inherited: bool) -> str | None:
    """Read the policy that holds for the domain, or for a subdomain that inherits; None when there is none."""
    tags = dict(read_tags(text))
    policy = tags.get("p", "").lower()
    if inherited and (own := tags.get("sp", "").lower()) in POLICIES:
        return own
    if policy in POLICIES:
        return policy
    # A record that asks for reports but gives no readable policy counts as `none` (4.7).
    return "none" if _REPORT_ADDRESS.search(tags.get("rua", "")) else None
