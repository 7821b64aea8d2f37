"""Queries about the analyses of lists and of single addresses."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, cast

from sqlalchemy import Connection, text

from mailsift.analyzer.address_evidence import AddressEvidence
from mailsift.analyzer.facts_json import evidence_to_json
from mailsift.analyzer.repository.lookups import IS_FRESH, Slice
from mailsift.analyzer.result_lines import PlainRow
from mailsift.analyzer.results import COLUMNS, COUNTERS
from mailsift.shared.db.loading import copy_in
from mailsift.shared.db.suppressions import COVERED, ENTRIES, IS_KEPT, make_room, suppressed_among
from mailsift.shared.errors import PermanentError
from mailsift.shared.scoring_policy import ScoringPolicy
from mailsift.shared.verdicts import AnalysisType, UploadStatus

# Each address once, by its first occurrence, and none that is suppressed.
_PLAN = text(f"""
    WITH {COVERED},
    needed AS (
        SELECT e.domain, count(*) AS emails FROM {ENTRIES}
        WHERE e."uploadId" = :upload_id AND e."emailAddress" IS NOT NULL AND e."duplicateOf" IS NULL AND {IS_KEPT}
        GROUP BY e.domain
    )
    SELECT coalesce(sum(needed.emails), 0),
        coalesce(sum(needed.emails) FILTER (WHERE domains.domain IS NOT NULL), 0), count(needed.domain),
        coalesce(array_agg(needed.domain ORDER BY needed.domain)
            FILTER (WHERE needed.domain IS NOT NULL AND domains.domain IS NULL), '{{}}')
    FROM needed
    LEFT JOIN domains ON domains.domain = needed.domain AND domains.resolver = :resolver
        AND {IS_FRESH}""")

_SLICE = """
    SELECT "sequenceNumber", "emailAddress", "normalizedAddress", domain FROM "uploadEmails"
    WHERE "uploadId" = %(upload_id)s::uuid AND "sequenceNumber" BETWEEN %(first)s AND %(last)s
        AND "emailAddress" IS NOT NULL AND "duplicateOf" IS NULL
    ORDER BY "sequenceNumber" """

_ADD_COUNTERS = {
    analysis_type: text(
        f'UPDATE "{analysis_type.value}Analysis" SET '
        + ", ".join(f'"{name}" = "{name}" + :{name}' for name in names)
        + ' WHERE "analysisId" = :analysis_id'
    )
    for analysis_type, names in COUNTERS.items()
}


@dataclass(frozen=True, slots=True)
class ListToAnalyse:
    """The list that an analysis is of."""

    upload_id: uuid.UUID
    total_entries: int
    """As many for each row as the list has e-mail columns."""
    total_emails: int
    """Distinct ones: a duplicate is scored once."""
    analysis_type: AnalysisType


@dataclass(frozen=True, slots=True)
class ListPlan:
    """What the analysis of a list has to do."""

    emails: int
    """Addresses to score."""
    cached_emails: int
    """Those of them whose domain's facts are fresh."""
    domains: int
    """Distinct domains of theirs."""
    stale_domains: Sequence[str]
    """Those without fresh facts from these nameservers, in the order of their names."""

    @property
    def cached_domains(self) -> int:
        """Domains that nobody has to be asked about."""
        return self.domains - len(self.stale_domains)


def load_list(connection: Connection, analysis_id: uuid.UUID) -> ListToAnalyse:
    """Return the list of an analysis. Raises PermanentError when it was never read, or is not kept any more."""
    statement = text("""
        SELECT "uploadId", "totalRows" * coalesce(cardinality("emailColumns"), 1),
            "totalEmails" - "duplicateEmails", "analysisType", u.status, u."rowsExpiredAt" IS NOT NULL
        FROM uploads u JOIN analyses USING ("uploadId") WHERE "analysisId" = :analysis_id""")
    upload_id, entries, emails, analysis_type, status, expired = connection.execute(
        statement, {"analysis_id": analysis_id}
    ).one()
    if status != UploadStatus.COMPLETED:
        raise PermanentError("upload_not_ready", f"the upload is {status}; an analysis needs one that is completed")
    if expired:
        raise PermanentError("rows_expired", "the rows of the upload are not kept any more; upload the list again")
    return ListToAnalyse(upload_id, entries, emails, AnalysisType(analysis_type))


def load_type(connection: Connection, analysis_id: uuid.UUID) -> AnalysisType:
    """Return what was asked for."""
    statement = text('SELECT "analysisType" FROM analyses WHERE "analysisId" = :analysis_id')
    return AnalysisType(connection.execute(statement, {"analysis_id": analysis_id}).scalar_one())


def is_sandbox(connection: Connection, workspace_id: uuid.UUID) -> bool:
    """Tell whether what is analysed there is made up, and is to be answered so."""
    statement = text("""SELECT "sandboxOf" IS NOT NULL FROM workspaces WHERE "workspaceId" = :workspace_id""")
    return bool(connection.scalar(statement, {"workspace_id": workspace_id}))


def load_policy(connection: Connection, analysis_id: uuid.UUID) -> ScoringPolicy:
    """Return the policy that was settled when the analysis was asked for: each of its parts judges by that one."""
    statement = text("""SELECT scoring FROM analyses WHERE "analysisId" = :analysis_id""")
    return ScoringPolicy.from_json(connection.scalar(statement, {"analysis_id": analysis_id}))


def plan_list(connection: Connection, todo: ListToAnalyse, workspace_id: uuid.UUID, resolver: str) -> ListPlan:
    """Find out what a list needs: nothing for the sake of what is suppressed."""
    make_room(connection)
    parameters = {"upload_id": todo.upload_id, "workspace_id": workspace_id, "resolver": resolver}
    emails, cached, domains, stale = connection.execute(_PLAN, parameters).one()
    return ListPlan(int(emails), int(cached), domains, stale)


def begin_summary(connection: Connection, analysis_id: uuid.UUID, analysis_type: AnalysisType, plan: ListPlan) -> None:
    """Write what there is to do, and begin to count from zero."""
    zeros = ", ".join(f'"{name}" = 0' for name in COUNTERS[analysis_type])
    connection.execute(
        text(f"""UPDATE "{analysis_type.value}Analysis" SET {zeros}, "totalEmails" = :emails,
                 "cachedEmails" = :cached_emails, "totalDomains" = :domains, "cachedDomains" = :cached_domains
                 WHERE "analysisId" = :analysis_id"""),
        {
            "analysis_id": analysis_id,
            "emails": plan.emails,
            "cached_emails": plan.cached_emails,
            "domains": plan.domains,
            "cached_domains": plan.cached_domains,
        },
    )


def slice_rows(connection: Connection, part: Slice, workspace_id: uuid.UUID) -> list[PlainRow]:
    """Return the distinct addresses of a slice, by their first occurrences, without those that are suppressed."""
    # The driver's own cursor: what SQLAlchemy makes of a row takes longer than to fetch it.
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(_SLICE, {**asdict(part), "upload_id": str(part.upload_id)})
        rows = cast("list[PlainRow]", cursor.fetchall())
    suppressed = suppressed_among(connection, workspace_id, (normalized for _, _, normalized, _ in rows))
    return [row for row in rows if row[2] not in suppressed] if suppressed else rows


def copy_results(connection: Connection, lines: Iterable[str]) -> None:
    """Load results as they come."""
    copy_in(connection, "advancedEmailResults", COLUMNS, lines)


def add_counters(
    connection: Connection, analysis_id: uuid.UUID, analysis_type: AnalysisType, totals: Mapping[str, int]
) -> None:
    """Raise the summary's counters by those of a slice."""
    connection.execute(_ADD_COUNTERS[analysis_type], {"analysis_id": analysis_id, **totals})


def summary(connection: Connection, analysis_id: uuid.UUID, analysis_type: AnalysisType) -> dict[str, Any]:
    """Return the counters of an analysis."""
    statement = text(f"""SELECT to_jsonb(a) - 'analysisId' FROM "{analysis_type.value}Analysis" a
                         WHERE "analysisId" = :analysis_id""")
    return dict(connection.execute(statement, {"analysis_id": analysis_id}).scalar_one())


def add_notice(connection: Connection, analysis_id: uuid.UUID, notice: str) -> None:
    """Tell the user something about the run as a whole, once."""
    connection.execute(
        text("""UPDATE analyses SET notices = array_append(notices, :notice)
                WHERE "analysisId" = :analysis_id AND NOT :notice = ANY(notices)"""),
        {"analysis_id": analysis_id, "notice": notice},
    )


def load_addresses(connection: Connection, analysis_id: uuid.UUID) -> list[str]:
    """Return the addresses that a single analysis is of, as they were asked for."""
    statement = text("""SELECT coalesce("emailAddresses", ARRAY["emailAddress"]) FROM "singleAnalysis"
                        WHERE "analysisId" = :analysis_id""")
    return list(connection.execute(statement, {"analysis_id": analysis_id}).scalar_one())


def save_cached(connection: Connection, analysis_id: uuid.UUID, cached: int) -> None:
    """Say how many addresses of a single analysis were answered without asking anybody."""
    connection.execute(
        text('UPDATE "singleAnalysis" SET "cachedEmails" = :cached WHERE "analysisId" = :analysis_id'),
        {"analysis_id": analysis_id, "cached": cached},
    )


def save_evidence(connection: Connection, analysis_id: uuid.UUID, found: Sequence[AddressEvidence | None]) -> None:
    """Keep what the verdicts of a single analysis stand on: of one address itself, of several those of all, in order.

    None stands in the place of an address that was passed over.
    """
    shown = [None if evidence is None else evidence_to_json(evidence) for evidence in found]
    if len(shown) == 1:
        _save_single_summary(connection, analysis_id, json.dumps(shown[0]))
        return
    connection.execute(
        text("""UPDATE "singleAnalysis" SET evidence = CAST(:evidence AS jsonb) WHERE "analysisId" = :analysis_id"""),
        {"analysis_id": analysis_id, "evidence": json.dumps(shown)},
    )


def _save_single_summary(connection: Connection, analysis_id: uuid.UUID, evidence: str) -> None:
    """Copy the verdict of an analysis of one address from its one result, and keep what it stands on."""
    connection.execute(
        text("""UPDATE "singleAnalysis" s SET status = r.status, "leadStatus" = r."leadStatus",
                "riskLevel" = r."riskLevel", "deliverabilityScore" = r."deliverabilityScore",
                evidence = CAST(:evidence AS jsonb)
                FROM "advancedEmailResults" r
                WHERE s."analysisId" = :analysis_id AND r."analysisId" = s."analysisId" """),
        {"analysis_id": analysis_id, "evidence": evidence},
    )
