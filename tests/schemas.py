"""A schema as the code that works on it sees it, and what of a change to it that code would mind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

_TABLES = """
    SELECT relname, relfilenode FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"""
_COLUMNS = """
    SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull,
        atthasdef OR attidentity <> '' OR attgenerated <> ''
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped"""
_FUNCTIONS = """
    SELECT proname || '(' || pg_get_function_identity_arguments(oid) || ')', pg_get_function_result(oid)
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace"""
_CONSTRAINTS = """
    SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid),
        ARRAY(SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey))
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE relnamespace = 'public'::regnamespace"""
_INDEXES = """
    SELECT tables.relname, indexes.relname, indisunique FROM pg_index
    JOIN pg_class AS tables ON tables.oid = indrelid JOIN pg_class AS indexes ON indexes.oid = indexrelid
    WHERE tables.relnamespace = 'public'::regnamespace"""
_GRANTS = """
    SELECT grantee::regrole::text, what, privilege_type FROM (
        SELECT relname AS what, acl.* FROM pg_class, aclexplode(relacl) AS acl
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT relname || '.' || attname, acl.* FROM pg_attribute
        JOIN pg_class ON pg_class.oid = attrelid, aclexplode(attacl) AS acl WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT proname, acl.* FROM pg_proc, aclexplode(proacl) AS acl
        WHERE pronamespace = 'public'::regnamespace) AS grants
    WHERE grantee <> 0"""


@dataclass(frozen=True, slots=True)
class Column:
    type: str
    required: bool
    filled: bool  # by a default, where nothing is said


@dataclass(frozen=True, slots=True)
class Constraint:
    table: str
    definition: str
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Schema:
    """What stands in the catalogues: names and what there is to each."""

    tables: Mapping[str, int]
    columns: Mapping[tuple[str, str], Column]
    functions: Mapping[str, str]
    constraints: Mapping[str, Constraint]
    indexes: Mapping[str, tuple[str, bool]]
    grants: frozenset[tuple[str, str, str]]


def schema_of(connection: Connection) -> Schema:
    def rows(statement: str) -> list[Any]:
        return list(connection.execute(text(statement)).all())

    return Schema(
        dict(tuple(row) for row in rows(_TABLES)),
        {(table, name): Column(*rest) for table, name, *rest in rows(_COLUMNS)},
        dict(tuple(row) for row in rows(_FUNCTIONS)),
        {name: Constraint(table, said, frozenset(columns)) for table, name, said, columns in rows(_CONSTRAINTS)},
        {name: (table, unique) for table, name, unique in rows(_INDEXES)},
        frozenset(tuple(row) for row in rows(_GRANTS)),
    )


def minded(before: Schema, after: Schema) -> list[str]:
    """What the code that knows `before` would mind in `after`, each in a line."""
    return sorted({*_gone(before, after), *_asked_for(before, after), *_narrowed(before, after)})


def _gone(before: Schema, after: Schema) -> Iterator[str]:
    for (table, name), column in before.columns.items():
        now = after.columns.get((table, name))
        if now is None:
            yield f"{table}.{name} is gone"
        elif now.type != column.type:
            yield f"{table}.{name} is {now.type}, no longer {column.type}"
    for function, result in before.functions.items():
        parts = re.split(r"\(|, |\)", result)
        if not set(parts) <= set(re.split(r"\(|, |\)", after.functions.get(function, ""))):
            yield f"{function} does not return what it did"
    for role, what, privilege in before.grants - after.grants:
        yield f"{role} has no {privilege} on {what} any more"


def _asked_for(before: Schema, after: Schema) -> Iterator[str]:
    for (table, name), column in after.columns.items():
        if table not in before.tables:
            continue
        known = before.columns.get((table, name))
        if known is None and column.required and not column.filled:
            yield f"{table}.{name} is new and has to be given"
        elif known is not None and column.required > known.required:
            yield f"{table}.{name} may not be null any more"
        elif known is not None and column.required and known.filled > column.filled:
            yield f"{table}.{name} has to be given, its default is gone"


def _narrowed(before: Schema, after: Schema) -> Iterator[str]:
    """Rules for what the code writes already; those that only say more words of a list are none."""
    for name, rule in after.constraints.items():
        known = {column for table, column in before.columns if table == rule.table}
        said = before.constraints[name].definition if name in before.constraints else ""
        if rule.columns and rule.columns <= known and said != rule.definition and not _widens(said, rule.definition):
            yield f"{name} is new: {rule.definition}"
    for name, (table, unique) in after.indexes.items():
        if unique and table in before.tables and name not in {*before.indexes, *after.constraints}:
            yield f"{name} is new and unique"


def _widens(before: str, after: str) -> bool:
    """Whether two rules differ by words of a list only, and the second has all that the first has."""
    words = re.compile(r"'[^']*'::\w+(?:, )*")
    listed = [{word.rstrip(", ") for word in words.findall(rule)} for rule in (before, after)]
    return words.sub("", before) == words.sub("", after) and listed[0] <= listed[1]


def rewritten(before: Schema, after: Schema) -> list[str]:
    """Tables whose every row was written anew, while nobody could read them."""
    return sorted(
        table for table, file in before.tables.items() if table in after.tables and after.tables[table] != file
    )


def built_on_old_tables(before: Schema, after: Schema) -> list[str]:
    """Indexes that are new on tables that were there."""
    return sorted(
        name for name, (table, _) in after.indexes.items() if name not in before.indexes and table in before.tables
    )
