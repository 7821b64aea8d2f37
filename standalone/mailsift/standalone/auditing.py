"""Has single domains analysed, and shows what might be better about them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mailsift.api.schemas.audits import Audit
from mailsift.standalone.client import Client
from mailsift.standalone.errors import InputError, RefusedError, RunFailedError
from mailsift.standalone.reports import printable, word
from mailsift.standalone.verifying import require_success, wait_for_end


@dataclass(frozen=True, slots=True)
class Audited:
    """What came of one domain, and what concerns its making."""

    audit: Audit
    notices: tuple[str, ...]


def audit_all(client: Client, domains: Sequence[str]) -> Iterator[Audited]:
    """Have domains, or those of URLs, analysed, one after the other."""
    for domain in domains:
        yield _audit(client, domain)


def audited_json(audited: Audited) -> str:
    """Write all that is known of a domain on one line."""
    return json.dumps(audited.audit.model_dump(mode="json", by_alias=True))


def audited_report(audited: Audited) -> Group:
    """Show the verdict on a domain, and what might be better, what matters most first."""
    audit = audited.audit
    head = Text.assemble(
        (printable(audit.domain), "bold"),
        "  ",
        word(audit.status),
        f" ({audit.sub_status}), score {audit.deliverability_score}, risk ",
        word(audit.risk_level),
    )
    lines = Table.grid(padding=(0, 2))
    for each in audit.recommendations:
        lines.add_row(word(each.severity), printable(each.text))
    rest = lines if audit.recommendations else Text("nothing to recommend")
    return Group(head, Padding(rest, (0, 0, 0, 2), expand=False))


def _audit(client: Client, domain: str) -> Audited:
    try:
        accepted = client.analyse_domain(domain)
    except RefusedError as error:
        if error.code == "validation_failed":
            raise InputError("invalid_domain", f"{domain!r} cannot be analysed: {error}") from error
        raise
    if accepted.audit is None:
        require_success(wait_for_end(client, accepted.job_id))
    analysis = client.find_analysis(accepted.analysis_id)
    audit = accepted.audit or analysis.audit
    if audit is None:
        raise RunFailedError("no_result", f"the analysis of {domain!r} ended without an answer")
    return Audited(audit, tuple(analysis.notices))
