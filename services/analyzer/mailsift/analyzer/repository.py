"""Every query of the analyzer."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, text

from mailsift.analyzer.evidence import FACTS_VERSION, DomainFacts
from mailsift.analyzer.facts_json import facts_from_json, facts_to_json
from mailsift.analyzer.results import COLUMNS, COUNTERS
from mailsift.shared.copy_text import encode_row
from mailsift.shared.db.loading import copy_in
from mailsift.shared.db.suppressions import COVERED, ENTRIES, IS_KEPT, make_room, suppressed_among
from mailsift.shared.errors import PermanentError
from mailsift.shared.verdicts import UploadStatus

# What an earlier version found, while it asked for less, is asked for again.
_OUTDATED = f"""coalesce(CAST(domains.facts ->> 'version' AS integer), 1) < {FACTS_VERSION}"""

_IS_FRESH = f"""domains."expiresAt" > clock_timestamp() AND NOT {_OUTDATED}"""

_IS_STALE = f"""(domains."expiresAt" IS NULL OR domains."expiresAt" <= clock_timestamp() OR {_OUTDATED})"""

# Each address once, by its first occurrence, and none that is suppressed.
_PLAN = text(f"""
    WITH {COVERED},
    needed AS (
        SELECT e.domain, count(*) AS emails FROM {ENTRIES}
        WHERE e."uploadId" = :upload_id AND e."emailAddress" IS NOT NULL AND e."duplicateOf" IS NULL AND {IS_KEPT}
        GROUP BY e.domain
    )
    SELECT coalesce(sum(needed.emails), 0), count(needed.domain),
        coalesce(array_agg(needed.domain ORDER BY needed.domain)
            FILTER (WHERE needed.domain IS NOT NULL AND domains.domain IS NULL), '{{}}')
    FROM needed
    LEFT JOIN domains ON domains.domain = needed.domain AND domains.resolver = :resolver
        AND {_IS_FRESH}""")

# A claim ends with its time or with the attempt that made it: a cancelled or killed job keeps nobody waiting.
_IS_OPEN = f"""(domains."claimToken" = CAST(:token AS uuid)
            OR NOT (domains."claimedUntil" > clock_timestamp() AND EXISTS (
                SELECT FROM "jobQueue" WHERE "jobId" = domains."claimToken" AND status = 'processing')))
        AND {_IS_STALE}"""

# In the order of the names, so that two jobs that want the same domains cannot lock each other out.
_CLAIM_DOMAINS = text(f"""
    INSERT INTO domains (domain, resolver, "claimToken", "claimedUntil")
    SELECT name, :resolver, CAST(:token AS uuid), clock_timestamp() + make_interval(secs => :seconds)
    FROM unnest(CAST(:domains AS text[])) AS name ORDER BY name
    ON CONFLICT (domain, resolver) DO UPDATE
    SET "claimToken" = excluded."claimToken", "claimedUntil" = excluded."claimedUntil"
    WHERE {_IS_OPEN}
    RETURNING domain""")

_OPEN_DOMAINS = text(f"""
    SELECT name FROM unnest(CAST(:domains AS text[])) AS name
    LEFT JOIN domains ON domains.domain = name AND domains.resolver = :resolver
    WHERE domains.domain IS NULL OR {_IS_OPEN}
    ORDER BY name""")

# Whether or not the others still ask: what a claim left out and is not known was theirs at that moment.
_LEFT_TO_OTHERS = text(f"""
    SELECT count(*) FROM domains
    WHERE domain = ANY(CAST(:domains AS text[])) AND resolver = :resolver
        AND "claimToken" IS DISTINCT FROM CAST(:token AS uuid)
        AND {_IS_STALE}""")

_SAVE_FACTS = text("""
    INSERT INTO domains (domain, resolver, facts, "checkedAt", "expiresAt")
    SELECT name, :resolver, CAST(found AS jsonb), clock_timestamp(), clock_timestamp() + make_interval(secs => ttl)
    FROM unnest(CAST(:domains AS text[]), CAST(:facts AS text[]), CAST(:ttls AS integer[])) AS f(name, found, ttl)
    ORDER BY name
    ON CONFLICT (domain, resolver) DO UPDATE SET facts = excluded.facts,
        "checkedAt" = excluded."checkedAt", "expiresAt" = excluded."expiresAt",
        "claimToken" = NULL, "claimedUntil" = NULL""")

# Locks them all in that same order, so comes before what is written to only some of them.
_RELEASE_CLAIMS = text("""
    UPDATE domains SET "claimToken" = NULL, "claimedUntil" = NULL
    FROM (
        SELECT domain, resolver FROM domains
        WHERE domain = ANY(CAST(:domains AS text[])) AND resolver = :resolver ORDER BY domain FOR UPDATE
    ) AS locked
    WHERE domains.domain = locked.domain AND domains.resolver = locked.resolver
        AND "claimToken" = CAST(:token AS uuid)""")

# Fresh when the analysis began is fresh to its end.
_FACTS_OF_SLICE = text("""
    SELECT domain, facts FROM domains
    WHERE resolver = :resolver AND facts IS NOT NULL
        AND "expiresAt" > (SELECT "startedAt" FROM analyses WHERE "analysisId" = :analysis_id)
        AND domain IN (
            SELECT domain FROM "uploadEmails"
            WHERE "uploadId" = :upload_id AND "sequenceNumber" BETWEEN :first AND :last)""")

_SLICE = text("""
    SELECT "sequenceNumber", "emailAddress", "normalizedAddress" FROM "uploadEmails"
    WHERE "uploadId" = :upload_id AND "sequenceNumber" BETWEEN :first AND :last
        AND "emailAddress" IS NOT NULL AND "duplicateOf" IS NULL
    ORDER BY "sequenceNumber" """)

_ADD_COUNTERS = text(
    'UPDATE "advancedAnalysis" SET '
    + ", ".join(f'"{name}" = "{name}" + :{name}' for name in COUNTERS)
    + ' WHERE "analysisId" = :analysis_id'
)


@dataclass(frozen=True, slots=True)
class ListToAnalyse:
    """The list that an analysis is of."""

    upload_id: uuid.UUID
    total_entries: int
    """As many for each row as the list has e-mail columns."""
    total_emails: int
    """Distinct ones: a duplicate is scored once."""


@dataclass(frozen=True, slots=True)
class ListPlan:
    """What the analysis of a list has to do."""

    emails: int
    """Addresses to score."""
    domains: int
    """Distinct domains of theirs."""
    stale_domains: Sequence[str]
    """Those without fresh facts from these nameservers, in the order of their names."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Entries of a list, both ends included."""

    upload_id: uuid.UUID
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ListRow:
    """One address to score."""

    sequence_number: int
    email_address: str
    normalized_address: str


def load_list(connection: Connection, analysis_id: uuid.UUID) -> ListToAnalyse:
    """Return the list of an analysis. Raises PermanentError when it was never read, or is not kept any more."""
    statement = text("""
        SELECT "uploadId", "totalRows" * coalesce(cardinality("emailColumns"), 1),
            "totalEmails" - "duplicateEmails", u.status, u."rowsExpiredAt" IS NOT NULL
        FROM uploads u JOIN analyses USING ("uploadId") WHERE "analysisId" = :analysis_id""")
    *found, status, expired = connection.execute(statement, {"analysis_id": analysis_id}).one()
    if status != UploadStatus.COMPLETED:
        raise PermanentError("upload_not_ready", f"the upload is {status}; an analysis needs one that is completed")
    if expired:
        raise PermanentError("rows_expired", "the rows of the upload are not kept any more; upload the list again")
    return ListToAnalyse(*found)


def plan_list(connection: Connection, todo: ListToAnalyse, workspace_id: uuid.UUID, resolver: str) -> ListPlan:
    """Find out what a list needs: nothing for the sake of what is suppressed."""
    make_room(connection)
    parameters = {"upload_id": todo.upload_id, "workspace_id": workspace_id, "resolver": resolver}
    emails, domains, stale = connection.execute(_PLAN, parameters).one()
    return ListPlan(int(emails), domains, stale)


def begin_summary(
    connection: Connection, analysis_id: uuid.UUID, total_emails: int, total_domains: int, cached_domains: int
) -> None:
    """Write what there is to do, and begin to count from zero."""
    zeros = ", ".join(f'"{name}" = 0' for name in COUNTERS)
    connection.execute(
        text(f"""UPDATE "advancedAnalysis" SET {zeros}, "totalEmails" = :total_emails,
                 "totalDomains" = :total_domains, "cachedDomains" = :cached_domains
                 WHERE "analysisId" = :analysis_id"""),
        {
            "analysis_id": analysis_id,
            "total_emails": total_emails,
            "total_domains": total_domains,
            "cached_domains": cached_domains,
        },
    )


def open_domains(connection: Connection, domains: Sequence[str], token: uuid.UUID, resolver: str) -> Sequence[str]:
    """Return the stale domains that a claim with this token would get now."""
    return connection.scalars(
        _OPEN_DOMAINS, {"domains": list(domains), "token": str(token), "resolver": resolver}
    ).all()


def claim_domains(
    connection: Connection, domains: Sequence[str], token: uuid.UUID, resolver: str, seconds: float
) -> list[str]:
    """Take the stale domains that no other job looks up; the token is the job's id, which takes its own again."""
    parameters = {"domains": list(domains), "token": str(token), "resolver": resolver, "seconds": seconds}
    return list(connection.scalars(_CLAIM_DOMAINS, parameters))


def left_to_others(connection: Connection, domains: Sequence[str], token: uuid.UUID, resolver: str) -> int:
    """Count the stale domains that the claim just made did not get: other jobs look them up."""
    parameters = {"domains": list(domains), "token": str(token), "resolver": resolver}
    return int(connection.scalar(_LEFT_TO_OTHERS, parameters) or 0)


def save_facts(connection: Connection, facts: Iterable[DomainFacts], resolver: str) -> None:
    """Keep what was found for as long as its records allow."""
    found = sorted(facts, key=lambda item: item.domain)
    connection.execute(
        _SAVE_FACTS,
        {
            "resolver": resolver,
            "domains": [item.domain for item in found],
            "facts": [json.dumps(facts_to_json(item)) for item in found],
            "ttls": [item.ttl_seconds for item in found],
        },
    )


def release_claims(connection: Connection, domains: Sequence[str], token: uuid.UUID, resolver: str) -> None:
    """Give up domains that were claimed, before what was found is saved in the same transaction."""
    connection.execute(_RELEASE_CLAIMS, {"domains": list(domains), "token": str(token), "resolver": resolver})


def load_facts(connection: Connection, domain: str, resolver: str) -> DomainFacts | None:
    """Return the facts of one domain that were found fresh a moment ago."""
    statement = text("""SELECT facts FROM domains WHERE domain = :domain AND resolver = :resolver
                        AND facts IS NOT NULL""")
    stored = connection.scalar(statement, {"domain": domain, "resolver": resolver})
    return None if stored is None else facts_from_json(stored, domain)


def facts_of_slice(
    connection: Connection, analysis_id: uuid.UUID, part: Slice, resolver: str
) -> dict[str, DomainFacts]:
    """Return the facts of all domains of a slice that were fresh when the analysis began."""
    rows = connection.execute(
        _FACTS_OF_SLICE,
        {"analysis_id": analysis_id, "resolver": resolver, **asdict(part)},
    )
    return {domain: facts_from_json(stored, domain) for domain, stored in rows}


def slice_rows(connection: Connection, part: Slice, workspace_id: uuid.UUID) -> list[ListRow]:
    """Return the distinct addresses of a slice, by their first occurrences, without those that are suppressed."""
    rows = [ListRow(*row) for row in connection.execute(_SLICE, asdict(part))]
    suppressed = suppressed_among(connection, workspace_id, [row.normalized_address for row in rows])
    return [row for row in rows if row.normalized_address not in suppressed]


def copy_results(connection: Connection, rows: Iterable[tuple[object, ...]]) -> None:
    """Load results as they come."""
    copy_in(connection, "advancedEmailResults", COLUMNS, map(encode_row, rows))


def add_counters(connection: Connection, analysis_id: uuid.UUID, totals: Mapping[str, int]) -> None:
    """Raise the summary's counters by those of a slice."""
    connection.execute(_ADD_COUNTERS, {"analysis_id": analysis_id, **totals})


def summary(connection: Connection, analysis_id: uuid.UUID) -> dict[str, Any]:
    """Return the counters of an analysis."""
    statement = text(
        """SELECT to_jsonb(a) - 'analysisId' FROM "advancedAnalysis" a WHERE "analysisId" = :analysis_id"""
    )
    return dict(connection.execute(statement, {"analysis_id": analysis_id}).scalar_one())


def add_notice(connection: Connection, analysis_id: uuid.UUID, notice: str) -> None:
    """Tell the user something about the run as a whole, once."""
    connection.execute(
        text("""UPDATE analyses SET notices = array_append(notices, :notice)
                WHERE "analysisId" = :analysis_id AND NOT :notice = ANY(notices)"""),
        {"analysis_id": analysis_id, "notice": notice},
    )


def load_single_address(connection: Connection, analysis_id: uuid.UUID) -> str:
    """Return the address that a single analysis is of."""
    statement = text('SELECT "emailAddress" FROM "singleAnalysis" WHERE "analysisId" = :analysis_id')
    return str(connection.execute(statement, {"analysis_id": analysis_id}).scalar_one())


def save_single_summary(connection: Connection, analysis_id: uuid.UUID) -> None:
    """Copy the verdict of a single analysis from its one result."""
    connection.execute(
        text("""UPDATE "singleAnalysis" s SET status = r.status, "leadStatus" = r."leadStatus",
                "riskLevel" = r."riskLevel", "deliverabilityScore" = r."deliverabilityScore"
                FROM "advancedEmailResults" r
                WHERE s."analysisId" = :analysis_id AND r."analysisId" = s."analysisId" """),
        {"analysis_id": analysis_id},
    )
