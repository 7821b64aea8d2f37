"""A person's rows in lists and results: found in stretches of a list, and blanked or deleted with their counts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from mailsift.shared.db.rewriting import LIKELY, Sought

STRETCH: Final = 50_000
"""Entries that one transaction looks at."""

ENTRIES, REJECTED, RESULTS = "uploadEmails", "uploadRejectedRows", "advancedEmailResults"
_KEYS: Final = {ENTRIES: "uploadId", REJECTED: "uploadId", RESULTS: "analysisId"}
_OWNERS: Final = {ENTRIES: "uploads", REJECTED: "uploads", RESULTS: "analyses"}

# The next that is there: a table is asked for its own owners, so that rows whose owner is gone are looked at, too.
_NEXT: Final = 'SELECT "{key}" FROM "{table}" WHERE "{key}" > :after ORDER BY "{key}" LIMIT 1'
_NEXT_WITHIN: Final = """
    SELECT "{key}" FROM {owner} WHERE "workspaceId" = ANY(CAST(:workspaces AS uuid[])) AND "{key}" > :after
    ORDER BY "{key}" LIMIT 1"""

# A stretch without anything of the kind, as nearly all are, is read once and not looked at more closely.
_TEXTS: Final = {
    ENTRIES: """"emailAddress", "normalizedAddress", array_to_string(columns, E'\\n')""",
    REJECTED: '"rawText"',
    RESULTS: '"emailAddress", "normalizedAddress", "canonicalAddress", suggestion',
}
_IS_LIKELY: Final = f"""
    SELECT EXISTS (SELECT FROM "{{table}}" WHERE "{{key}}" = :id AND "sequenceNumber" > :first
        AND "sequenceNumber" <= :last AND {LIKELY})"""

_LAST: Final = 'SELECT max("sequenceNumber") FROM "{table}" WHERE "{key}" = :id'

_STRETCH: Final = '"uploadId" = :id AND "sequenceNumber" > :first AND "sequenceNumber" <= :last'


def _holds(*texts: str) -> str:
    # In a stretch with a hit, too, nearly every row is none; only a CASE keeps the two in this order.
    exactly = " OR ".join(f"coalesce({each} ~* :pattern, false)" for each in texts)
    return f"(CASE WHEN {LIKELY.format(texts=', '.join(texts))} THEN {exactly} ELSE false END)"


_ADDRESSES: Final = ('"emailAddress"', '"normalizedAddress"')
_CELLS: Final = r"array_to_string(columns, E'\n')"
_IS_THEIRS: Final = _holds(*_ADDRESSES)

# A row with the person's address is the person's row: of its cells, which stand with its first entry, nothing stays.
_BLANK_ROWS: Final = text(f"""
    WITH theirs AS (
        SELECT DISTINCT ("sequenceNumber" - 1) / :entries * :entries + 1 AS number FROM "uploadEmails"
        WHERE {_STRETCH} AND {_IS_THEIRS}
    )
    UPDATE "uploadEmails" AS e SET columns = array_fill(CAST('' AS text), ARRAY[cardinality(columns)])
    FROM theirs
    WHERE e."uploadId" = :id AND e."sequenceNumber" = theirs.number AND cardinality(columns) > 0""")

# In another's row it is a cell like any other.
_BLANK_CELLS: Final = text(f"""
    UPDATE "uploadEmails" SET columns = ARRAY(
        SELECT CASE WHEN cell ~* :pattern THEN '' ELSE cell END
        FROM unnest(columns) WITH ORDINALITY AS cells(cell, place) ORDER BY place)
    WHERE {_STRETCH} AND {_holds(_CELLS)}""")

_BLANK_ENTRIES: Final = text(f"""
    WITH before AS (
        SELECT "sequenceNumber", "isValidFormat" AS valid, "duplicateOf" IS NOT NULL AS repeated
        FROM "uploadEmails" WHERE {_STRETCH} AND {_IS_THEIRS} FOR UPDATE
    ), blanked AS (
        UPDATE "uploadEmails" AS e SET "emailAddress" = NULL, "normalizedAddress" = NULL, domain = NULL,
            "isValidFormat" = false, "formatError" = 'erased', "duplicateOf" = NULL
        FROM before WHERE e."uploadId" = :id AND e."sequenceNumber" = before."sequenceNumber"
        RETURNING before.valid, before.repeated
    ), counted AS (
        SELECT count(*) AS found, count(*) FILTER (WHERE valid) AS valid, count(*) FILTER (WHERE repeated) AS repeated
        FROM blanked
    ), told AS (
        UPDATE uploads SET "totalEmails" = greatest(0, "totalEmails" - counted.found),
            "validEmails" = greatest(0, "validEmails" - counted.valid),
            "duplicateEmails" = greatest(0, "duplicateEmails" - counted.repeated)
        FROM counted WHERE "uploadId" = :id AND counted.found > 0
    )
    SELECT found FROM counted""")

_BLANK_REJECTED: Final = text(f"""
    UPDATE "uploadRejectedRows" SET "rawText" = '' WHERE {_STRETCH} AND {_holds('"rawText"')}""")

_COUNTED: Final = {
    "totalEmails": "true",
    "processedEmails": "true",
    **{f"{status}Emails": f"status = '{status}'" for status in ("valid", "risky", "invalid", "unknown")},
    **{f"{risk}RiskEmails": f"\"riskLevel\" = '{risk}'" for risk in ("low", "medium", "high", "unknown")},
    "corporateEmails": '"isCorporate"',
    "freeEmails": '"isFree"',
    "disposableEmails": '"isDisposable"',
    "relayEmails": '"isRelay"',
    "roleBasedEmails": '"isRoleBased"',
}
_LEADS: Final = {
    "highQualityLeads": "high-quality",
    "mediumQualityLeads": "medium-quality",
    "lowQualityLeads": "low-quality",
    "invalidLeads": "invalid",
    "unknownLeads": "unknown",
}
_ALL_COUNTED: Final = {**_COUNTED, **{name: f"\"leadStatus\" = '{lead}'" for name, lead in _LEADS.items()}}


def _lowered(table: str, names: dict[str, str]) -> str:
    sets = ", ".join(f'"{name}" = greatest(0, t."{name}" - counted."{name}")' for name in names)
    return f'UPDATE "{table}" t SET {sets} FROM counted WHERE t."analysisId" = :id AND counted."totalEmails" > 0'


# The counts of an analysis stay those of its results.
_DELETE_RESULTS: Final = text(f"""
    WITH gone AS (
        DELETE FROM "advancedEmailResults"
        WHERE "analysisId" = :id AND "sequenceNumber" > :first AND "sequenceNumber" <= :last
            AND {_holds(*_ADDRESSES, '"canonicalAddress"')}
        RETURNING *
    ), counted AS (
        SELECT {", ".join(f'count(*) FILTER (WHERE {said}) AS "{name}"' for name, said in _ALL_COUNTED.items())}
        FROM gone
    ), hygiene AS ({_lowered("bulkAnalysis", _COUNTED)}
    ), leads AS ({_lowered("advancedAnalysis", _ALL_COUNTED)}
    )
    SELECT "totalEmails" FROM counted""")

_FORGET_SUGGESTIONS: Final = text(f"""
    UPDATE "advancedEmailResults" SET suggestion = NULL
    WHERE "analysisId" = :id AND "sequenceNumber" > :first AND "sequenceNumber" <= :last
        AND {_holds("suggestion")}""")

_MAILBOXES: Final = text("""
    SELECT DISTINCT address FROM "advancedEmailResults",
        unnest(ARRAY["normalizedAddress", "canonicalAddress"]) AS named(address)
    WHERE "analysisId" = :id AND "sequenceNumber" > :first AND "sequenceNumber" <= :last
        AND ("canonicalAddress" = ANY(CAST(:keys AS text[]))
            OR ("normalizedAddress" = ANY(CAST(:keys AS text[])) AND "canonicalAddress" IS NOT NULL))
        AND address <> ALL(CAST(:keys AS text[])) LIMIT :most""")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some entries of a list, or answers of an analysis, that follow one another."""

    owner: uuid.UUID
    first: int
    last: int

    def parameters(self) -> dict[str, object]:
        """Say it to a statement."""
        return {"id": self.owner, "first": self.first, "last": self.last}


def next_owner(connection: Connection, table: str, sought: Sought, after: uuid.UUID) -> uuid.UUID | None:
    """Find the list, or the analysis, that comes next in a table."""
    statement = (_NEXT if sought.workspaces is None else _NEXT_WITHIN).format(
        table=table, key=_KEYS[table], owner=_OWNERS[table]
    )
    found: uuid.UUID | None = connection.scalar(text(statement), {**sought.parameters(), "after": after})
    return found


def last_number(connection: Connection, table: str, owner: uuid.UUID) -> int:
    """Return the highest number that there is in a list, or in an analysis; 0 where there is nothing."""
    statement = text(_LAST.format(table=table, key=_KEYS[table]))
    return int(connection.scalar(statement, {"id": owner}) or 0)


def is_likely(connection: Connection, table: str, stretch: Stretch, sought: Sought) -> bool:
    """Whether the person may be found in a stretch at all."""
    statement = text(_IS_LIKELY.format(table=table, key=_KEYS[table], texts=_TEXTS[table]))
    return bool(connection.scalar(statement, {**stretch.parameters(), **sought.parameters()}))


def blank_entries(connection: Connection, stretch: Stretch, sought: Sought) -> int:
    """Blank the person's rows and whatever else names the person; returns how much it was."""
    parameters = {**stretch.parameters(), **sought.parameters(), "entries": _entries_of(connection, stretch.owner)}
    rows = connection.execute(_BLANK_ROWS, parameters).rowcount
    cells = connection.execute(_BLANK_CELLS, parameters).rowcount
    addresses = int(connection.scalar(_BLANK_ENTRIES, parameters) or 0)
    return max(rows + cells, addresses)


def blank_rejected(connection: Connection, stretch: Stretch, sought: Sought) -> int:
    """Blank the raw texts that name the person; returns how many."""
    return connection.execute(_BLANK_REJECTED, {**stretch.parameters(), **sought.parameters()}).rowcount


def delete_results(connection: Connection, stretch: Stretch, sought: Sought) -> int:
    """Delete the answers about the person, with what they count; returns how many, and suggestions of the address."""
    parameters = {**stretch.parameters(), **sought.parameters()}
    gone = int(connection.scalar(_DELETE_RESULTS, parameters) or 0)
    return gone + connection.execute(_FORGET_SUGGESTIONS, parameters).rowcount


def same_mailbox(connection: Connection, stretch: Stretch, keys: list[str], most: int) -> list[str]:
    """List other addresses of which an analysis found that they lead to the same mailbox."""
    return list(connection.scalars(_MAILBOXES, {**stretch.parameters(), "keys": keys, "most": most}))


def _entries_of(connection: Connection, upload_id: uuid.UUID) -> int:
    """Return how many entries each row of a list has."""
    statement = text("""SELECT cardinality("emailColumns") FROM uploads WHERE "uploadId" = :id""")
    return int(connection.scalar(statement, {"id": upload_id}) or 1)
