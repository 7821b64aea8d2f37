"""Queries about domains: who looks which up, and what is known of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from mailsift.analyzer.evidence import FACTS_VERSION, DomainFacts
from mailsift.analyzer.facts_json import facts_from_json, facts_to_json, judged_from_json, judged_paths

# What an earlier version found, while it asked for less, is asked for again.
_OUTDATED = f"""coalesce(CAST(domains.facts ->> 'version' AS integer), 1) < {FACTS_VERSION}"""

IS_FRESH = f"""domains."expiresAt" > clock_timestamp() AND NOT {_OUTDATED}"""

_IS_STALE = f"""(domains."expiresAt" IS NULL OR domains."expiresAt" <= clock_timestamp() OR {_OUTDATED})"""

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
_JUDGED = ", ".join(f"CAST(facts #> '{{{','.join(path)}}}' AS text)" for path in judged_paths())
_FACTS_FOR_VERDICTS = text(f"""
    SELECT domain, {_JUDGED} FROM domains
    WHERE domain = ANY(CAST(:domains AS text[])) AND resolver = :resolver AND facts IS NOT NULL
        AND "expiresAt" > (SELECT "startedAt" FROM analyses WHERE "analysisId" = :analysis_id)""")


@dataclass(frozen=True, slots=True)
class Slice:
    """Entries of a list, both ends included."""

    upload_id: uuid.UUID
    first: int
    last: int


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


def load_facts(connection: Connection, domains: Sequence[str], resolver: str) -> dict[str, DomainFacts]:
    """Return the facts of domains that were found fresh a moment ago."""
    statement = text("""SELECT domain, facts FROM domains WHERE domain = ANY(CAST(:domains AS text[]))
                        AND resolver = :resolver AND facts IS NOT NULL""")
    rows = connection.execute(statement, {"domains": list(domains), "resolver": resolver})
    return {domain: facts_from_json(stored, domain) for domain, stored in rows}


def facts_for_verdicts(
    connection: Connection, analysis_id: uuid.UUID, domains: Sequence[str], resolver: str
) -> dict[str, DomainFacts]:
    """Return the facts of those domains that were fresh when the analysis began, as far as verdicts stand on them."""
    if not domains:
        return {}
    parameters = {"analysis_id": analysis_id, "domains": domains, "resolver": resolver}
    found = connection.execute(_FACTS_FOR_VERDICTS, parameters)
    return {domain: judged_from_json(domain, texts) for domain, *texts in found}
