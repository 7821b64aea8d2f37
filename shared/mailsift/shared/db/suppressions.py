"""Which addresses of a list, or of a few, a workspace has suppressed: always a set at a time."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from itertools import chain
from typing import Final

from sqlalchemy import Connection, text

from mailsift.shared.suppressions import Suppressed, SuppressionKind, covering

# Of an address that is no proper one, what stands behind the last at-sign.
_DOMAIN: Final = """coalesce(e.domain, split_part(e."normalizedAddress", '@', -1))"""

# Each domain of the list is held against the suppressed ones once, with those above it and no deeper than those go;
# when no domain is suppressed the list is not even read.
COVERED: Final = f"""
    deepest AS MATERIALIZED (
        SELECT max(cardinality(string_to_array(value, '.'))) AS labels
        FROM suppressions WHERE "workspaceId" = :workspace_id AND kind = 'domain'
    ),
    covered AS MATERIALIZED (
        SELECT DISTINCT listed.domain FROM (
            SELECT name AS domain, string_to_array(name, '.') AS labels FROM (
                SELECT DISTINCT {_DOMAIN} AS name FROM "uploadEmails" AS e
                WHERE e."uploadId" = :upload_id AND e."normalizedAddress" IS NOT NULL
                    AND (SELECT labels FROM deepest) IS NOT NULL
            ) AS names
        ) AS listed
        CROSS JOIN LATERAL generate_series(
            greatest(1, cardinality(listed.labels) - (SELECT labels FROM deepest) + 1), cardinality(listed.labels)
        ) AS first
        JOIN suppressions ON "workspaceId" = :workspace_id AND kind = 'domain'
            AND value = array_to_string(listed.labels[first:], '.')
    )"""
"""The CTE `covered`: those domains of the list `:upload_id` that are suppressed in the workspace `:workspace_id`."""

ENTRIES: Final = f"""
    "uploadEmails" AS e
    LEFT JOIN suppressions AS s ON s."workspaceId" = :workspace_id AND s.kind = 'address'
        AND s.value = e."normalizedAddress"
    LEFT JOIN covered AS c ON c.domain = {_DOMAIN}"""
"""What to select the entries `e` of a list from, to know which of them IS_SUPPRESSED."""

IS_SUPPRESSED: Final = """(s.value IS NOT NULL OR c.domain IS NOT NULL)"""
IS_KEPT: Final = """s.value IS NULL AND c.domain IS NULL"""

ANYTHING: Final = """EXISTS (SELECT FROM suppressions WHERE "workspaceId" = :workspace_id)"""
"""Whether there is anything to look for at all: where it is a condition, the list is not read for nothing."""

_ANYTHING: Final = text(f"SELECT {ANYTHING}")

# OFFSET 0 keeps it a look into the index for each: a few thousand are held against a million.
_AMONG: Final = text("""
    SELECT asked.kind, asked.value FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS asked(kind, value)
    WHERE EXISTS (
        SELECT FROM suppressions s
        WHERE s."workspaceId" = :workspace_id AND s.kind = asked.kind AND s.value = asked.value OFFSET 0)""")

# These hash a million addresses; with the default they would go through many small files.
_ROOM: Final = text("SET LOCAL work_mem = '64MB'")


def make_room(connection: Connection) -> None:
    """Give the statements of this transaction the memory to hold a list against all that is suppressed."""
    connection.execute(_ROOM)


def suppressed_among(connection: Connection, workspace_id: uuid.UUID, keys: Iterable[str]) -> frozenset[str]:
    """Return those of some addresses, each as lists compare it, that the workspace has suppressed."""
    if not connection.scalar(_ANYTHING, {"workspace_id": workspace_id}):
        return frozenset()
    covers = {key: covering(key) for key in keys}
    asked = set(chain.from_iterable(covers.values()))
    kinds, values = [each.kind.value for each in asked], [each.value for each in asked]
    rows = connection.execute(_AMONG, {"workspace_id": workspace_id, "kinds": kinds, "values": values})
    found = {Suppressed(SuppressionKind(kind), value) for kind, value in rows}
    return frozenset(key for key, those in covers.items() if not found.isdisjoint(those))
