"""Read DMARC records and walk the tree to the one that holds (RFC 9989, which replaces RFC 7489)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mailsift.analyzer.evidence import DmarcPosture
from mailsift.analyzer.records.replies import Question, Walk
from mailsift.analyzer.records.tags import read_tags

POLICIES: Final = frozenset({"none", "quarantine", "reject"})
MAX_LABELS: Final = 8
"""Of a longer name only the last seven labels are walked, so that no name costs more questions (4.10)."""

MAX_REPORT_ADDRESSES: Final = 5
MAX_ADDRESS_KEPT: Final = 320
MAX_RECORD_KEPT: Final = 1_024

_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_REPORT_ADDRESS = re.compile(r"mailto:[^@,;\s]+@[^@,;\s]+", re.IGNORECASE)
_ALIGNMENTS: Final = frozenset({"r", "s"})


@dataclass(frozen=True, slots=True)
class DmarcRecord:
    """One record, its tags with a value that makes no sense left at their defaults (4.7)."""

    policy: str | None = None
    """`p`, which is `none` where it is not said (4.7); null where a policy cannot be read (4.10.1)."""
    subdomain_policy: str | None = None
    nonexistent_policy: str | None = None
    dkim_alignment: str = "r"
    spf_alignment: str = "r"
    reports_to: tuple[str, ...] = ()
    is_test: bool = False
    psd: str = "u"

    def policy_for(self, *, inherited: bool) -> str | None:
        """The policy for the domain itself, or for an existing subdomain that has no record of its own."""
        return (inherited and self.subdomain_policy) or self.policy


@dataclass(frozen=True, slots=True)
class _Found:
    domain: str
    text: str
    record: DmarcRecord


def walk_dmarc(domain: str) -> Walk[DmarcPosture]:
    """Find the policy for a domain: its own, or that of its organisational domain, or of the public suffix above."""
    found: list[_Found] = []
    several: str | None = None
    for name in names_to_ask(domain):
        reply = yield Question(f"_dmarc.{name}", "TXT")
        if not reply.lookup.tells and not found:
            return DmarcPosture(None, reply.lookup.value)
        records = [text for text in reply.texts if _VERSION.match(text)]
        if len(records) > 1:  # as good as none (4.10)
            several = several or name
        elif records:
            found.append(_Found(name, records[0], read_dmarc(records[0])))
            if name == domain or found[-1].record.psd != "u":
                break
    if found:
        return _posture(_choose(found), domain)
    return DmarcPosture(valid=False, detail="several" if several else "none", found_at=several)


def names_to_ask(domain: str) -> Iterator[str]:
    """The names of the tree walk, up to the top-level domain."""
    yield domain
    labels = domain.split(".")
    for first in range(max(1, len(labels) - MAX_LABELS + 1), len(labels)):
        yield ".".join(labels[first:])


def _choose(found: Sequence[_Found]) -> _Found:
    """The record of the organisational domain, or of the suffix if that domain has none (4.10.2)."""
    last = found[-1]
    if last.record.psd != "y" or len(found) == 1:
        return last
    below = found[-2]
    is_organisational = below.domain.count(".") == last.domain.count(".") + 1
    return below if is_organisational else last


def _posture(found: _Found, domain: str) -> DmarcPosture:
    record = found.record
    policy = record.policy_for(inherited=found.domain != domain)
    return DmarcPosture(
        valid=policy is not None,
        detail="no_policy" if policy is None else "valid",
        policy=policy,
        found_at=found.domain,
        subdomain_policy=record.subdomain_policy,
        nonexistent_policy=record.nonexistent_policy,
        dkim_alignment=record.dkim_alignment,
        spf_alignment=record.spf_alignment,
        reports_to=record.reports_to,
        is_test=record.is_test,
        record=found.text[:MAX_RECORD_KEPT],
    )


def read_dmarc(text: str) -> DmarcRecord:
    """Read one record. With a policy that cannot be read it counts only if it asks for reports, as `none` (4.10.1)."""
    values = dict(read_tags(text))
    found = _REPORT_ADDRESS.findall(values.get("rua", ""))
    tags = {name: value.lower() for name, value in values.items()}
    reports = tuple(address[:MAX_ADDRESS_KEPT] for address in found[:MAX_REPORT_ADDRESSES])
    policies = [tags.get("p", "none"), tags.get("sp"), tags.get("np")]
    is_valid = policies[0] in POLICIES and all(policy in POLICIES for policy in policies[1:] if policy is not None)
    own, subdomain, nonexistent = policies if is_valid else ("none" if reports else None, None, None)
    return DmarcRecord(
        own,
        subdomain,
        nonexistent,
        _one_of(tags.get("adkim"), _ALIGNMENTS, "r"),
        _one_of(tags.get("aspf"), _ALIGNMENTS, "r"),
        reports,
        is_test=tags.get("t") == "y",
        psd=_one_of(tags.get("psd"), frozenset({"y", "n"}), "u"),
    )


def _one_of(value: str | None, allowed: frozenset[str], default: str) -> str:
    return value if value in allowed else default
