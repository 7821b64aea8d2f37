"""From what was found about a domain to what its owner might do about it; pure. The words are those of the API."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from mailsift.analyzer.evidence import DomainEvidence
from mailsift.analyzer.examination import DomainExamination
from mailsift.shared.verdicts import Severity

SEVERITIES: Final = {
    "domain_not_found": Severity.CRITICAL,
    "null_mx": Severity.ADVICE,
    "no_mail_host": Severity.CRITICAL,
    "mx_unresolvable": Severity.CRITICAL,
    "mx_nowhere": Severity.CRITICAL,
    "mx_private": Severity.CRITICAL,
    "mx_literal": Severity.WARNING,
    "mx_alias": Severity.WARNING,
    "implicit_mx": Severity.WARNING,
    "wildcard_mx": Severity.ADVICE,
    "parked": Severity.WARNING,
    "disposable": Severity.WARNING,
    "probable_typo": Severity.WARNING,
    "dns_servfail": Severity.CRITICAL,
    "dns_lame": Severity.CRITICAL,
    "dns_refused": Severity.WARNING,
    "dns_timeout": Severity.WARNING,
    "dns_unreachable": Severity.WARNING,
    "spf_missing": Severity.WARNING,
    "spf_broken": Severity.CRITICAL,
    "spf_allows_anyone": Severity.CRITICAL,
    "dkim_broken": Severity.WARNING,
    "dkim_weak": Severity.WARNING,
    "dmarc_missing": Severity.WARNING,
    "dmarc_broken": Severity.WARNING,
}
"""How much findings matter to whoever runs the domain; one that is not here is nothing to mend."""

_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}
_MANY_LOOKUPS: Final = 8
"""Of the ten that a receiver makes (RFC 7208 4.6.4): one more service to send through, and it is broken."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One thing that might be better."""

    code: str
    severity: Severity
    about: str | None = None
    """The record, host or domain that it is about."""


def audit(examination: DomainExamination) -> tuple[Recommendation, ...]:
    """Say what might be better about a domain, what matters most first."""
    evidence = examination.evidence
    found = (
        Recommendation(finding.reason, SEVERITIES[finding.reason], _about(finding.reason, evidence))
        for finding in examination.findings
        if finding.reason in SEVERITIES
    )
    return tuple(sorted([*found, *_advice(evidence)], key=lambda each: (_RANKS[each.severity], each.code)))


def _about(reason: str, evidence: DomainEvidence) -> str | None:
    facts = evidence.facts
    subjects: dict[str, Callable[[], str | None]] = {
        "spf_broken": lambda: facts.spf.at or facts.domain,
        "dmarc_broken": lambda: facts.dmarc.found_at,
        "dkim_broken": lambda: facts.dkim.selector,
        "dkim_weak": lambda: facts.dkim.selector,
        "mx_alias": lambda: next((host.host for host in facts.mx if host.is_alias), None),
        "wildcard_mx": lambda: facts.wildcard_mx,
        "probable_typo": lambda: evidence.suggestion,
    }
    if reason in subjects:
        return subjects[reason]()
    return facts.mx_host if reason.startswith("mx_") else None


def _advice(evidence: DomainEvidence) -> Iterable[Recommendation]:
    """What costs an address no points."""
    return (
        Recommendation(code, severity, about(evidence))
        for code, severity, applies, about in _RULES
        if applies(evidence)
    )


def _of_nothing(_: DomainEvidence) -> str | None:
    return None


def _has_one_mail_host(evidence: DomainEvidence) -> bool:
    # A provider has many machines behind one name.
    return len(evidence.facts.mx) == 1 and evidence.provider is None


def _spf_ends_open(evidence: DomainEvidence) -> bool:
    posture = evidence.facts.spf
    return posture.valid is True and posture.all_policy in {None, "neutral"} and not posture.is_partial


def _spf_is_near_its_limit(evidence: DomainEvidence) -> bool:
    return evidence.facts.spf.valid is True and evidence.facts.spf.lookups >= _MANY_LOOKUPS


def _no_dkim_key_anywhere(evidence: DomainEvidence) -> bool:
    return evidence.facts.dkim.valid is None and evidence.facts.dkim.keys_exist is False


def _dmarc_only_watches(evidence: DomainEvidence) -> bool:
    return evidence.facts.dmarc.valid is True and evidence.facts.dmarc.policy == "none"


def _dmarc_is_a_test(evidence: DomainEvidence) -> bool:
    return evidence.facts.dmarc.valid is True and evidence.facts.dmarc.is_test


def _dmarc_tells_nobody(evidence: DomainEvidence) -> bool:
    return evidence.facts.dmarc.valid is True and not evidence.facts.dmarc.reports_to


def _mta_sts_is_missing(evidence: DomainEvidence) -> bool:
    return evidence.facts.mta_sts.valid is False and evidence.facts.mta_sts.detail == "none"


def _mta_sts_is_broken(evidence: DomainEvidence) -> bool:
    return evidence.facts.mta_sts.valid is False and evidence.facts.mta_sts.detail != "none"


def _tls_rpt_is_missing(evidence: DomainEvidence) -> bool:
    return evidence.facts.tls_rpt.valid is False and evidence.facts.tls_rpt.detail == "none"


def _tls_rpt_is_broken(evidence: DomainEvidence) -> bool:
    return evidence.facts.tls_rpt.valid is False and evidence.facts.tls_rpt.detail != "none"


_Rule = tuple[str, Severity, Callable[[DomainEvidence], bool], Callable[[DomainEvidence], str | None]]

_RULES: Final[tuple[_Rule, ...]] = (
    ("single_mail_host", Severity.ADVICE, _has_one_mail_host, lambda evidence: evidence.facts.mx_host),
    ("spf_open_end", Severity.WARNING, _spf_ends_open, _of_nothing),
    ("spf_near_limit", Severity.ADVICE, _spf_is_near_its_limit, lambda evidence: str(evidence.facts.spf.lookups)),
    ("dkim_missing", Severity.ADVICE, _no_dkim_key_anywhere, _of_nothing),
    ("dmarc_policy_none", Severity.WARNING, _dmarc_only_watches, lambda evidence: evidence.facts.dmarc.found_at),
    ("dmarc_test_mode", Severity.ADVICE, _dmarc_is_a_test, lambda evidence: evidence.facts.dmarc.found_at),
    ("dmarc_no_reports", Severity.ADVICE, _dmarc_tells_nobody, lambda evidence: evidence.facts.dmarc.found_at),
    ("mta_sts_missing", Severity.ADVICE, _mta_sts_is_missing, _of_nothing),
    ("mta_sts_broken", Severity.WARNING, _mta_sts_is_broken, _of_nothing),
    ("tls_rpt_missing", Severity.ADVICE, _tls_rpt_is_missing, _of_nothing),
    ("tls_rpt_broken", Severity.WARNING, _tls_rpt_is_broken, _of_nothing),
)

RECOMMENDED: Final = {**SEVERITIES, **{code: severity for code, severity, *_ in _RULES}}
"""All that may be recommended, and how much it matters."""
