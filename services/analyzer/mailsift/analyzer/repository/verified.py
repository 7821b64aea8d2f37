"""Queries about single addresses: what is known of them in a workspace."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import Connection, text

from mailsift.analyzer.evidence import DomainFacts
from mailsift.analyzer.facts_json import facts_from_json
from mailsift.analyzer.repository.lookups import IS_FRESH

# Under the name of the facts that it has from there, so that what is fresh is said in one place.
_RECALL = text(f"""
    SELECT "emailAddress", facts FROM "verifiedEmails" AS domains
    WHERE "workspaceId" = :workspace_id AND resolver = :resolver
        AND "emailAddress" = ANY(CAST(:addresses AS text[])) AND {IS_FRESH}""")

# What is not among the facts of domains was not found out. In the order of the keys, as with domains.
_REMEMBER = text(f"""
    INSERT INTO "verifiedEmails" ("workspaceId", "emailAddress", resolver, facts, "verifiedAt", "expiresAt")
    SELECT :workspace_id, address, resolver, facts, "checkedAt", "expiresAt"
    FROM unnest(CAST(:addresses AS text[]), CAST(:domains AS text[])) AS asked(address, name)
    JOIN domains ON domains.domain = asked.name AND domains.resolver = :resolver
    WHERE facts IS NOT NULL AND {IS_FRESH}
    ORDER BY address
    ON CONFLICT ("workspaceId", "emailAddress", resolver) DO UPDATE
    SET facts = excluded.facts, "verifiedAt" = excluded."verifiedAt", "expiresAt" = excluded."expiresAt"
    WHERE "verifiedEmails"."verifiedAt" < excluded."verifiedAt" """)


def recall(
    connection: Connection, workspace_id: uuid.UUID, domains: Mapping[str, str], resolver: str
) -> dict[str, DomainFacts]:
    """Return what the workspace knows of addresses, each given with its domain; of most of them nothing."""
    parameters = {"workspace_id": workspace_id, "addresses": list(domains), "resolver": resolver}
    return {
        address: facts_from_json(stored, domains[address])
        for address, stored in connection.execute(_RECALL, parameters)
    }


def remember(connection: Connection, workspace_id: uuid.UUID, domains: Mapping[str, str | None], resolver: str) -> None:
    """Keep for the workspace what is known of addresses, for as long as it holds."""
    known = {address: domain for address, domain in domains.items() if domain is not None}
    connection.execute(
        _REMEMBER,
        {
            "workspace_id": workspace_id,
            "addresses": list(known),
            "domains": list(known.values()),
            "resolver": resolver,
        },
    )
