"""Takes an address out of the texts of a table, wherever in them it stands, a part of the table at a time."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from sqlalchemy import Connection, TextClause, text

from mailsift.shared.spellings import ERASED, ESCAPES, likes, pattern, pattern_in_json

PAGES_AT_ONCE: Final = 2_000
"""Sixteen megabytes of a table."""


class Holds(Enum):
    """What a column is that may hold an address, and how it is taken out of there."""

    TEXT = "regexp_replace(t.{name}, :pattern, :erased, 'gi')"
    JSON = "CAST({escaped} AS jsonb)"
    LIST = """ARRAY(SELECT regexp_replace(each, :pattern, :erased, 'gi')
        FROM unnest(t.{name}) WITH ORDINALITY AS listed(each, place) ORDER BY place)"""
    NAME = "regexp_replace(t.{name}, :pattern, :erased || ' ' || left(md5(CAST(random() AS text)), 8), 'gi')"
    """No other may have the same."""
    WHOLE = "NULL"
    """With the address goes what stands beside it."""


LIKELY: Final = r"lower(concat_ws(E'\n', {texts})) LIKE ANY (CAST(:likes AS text[]))"
"""Whether an address may be in any of these texts."""

_AS_TEXT: Final = {
    Holds.TEXT: 't."{name}"',
    Holds.NAME: 't."{name}"',
    Holds.LIST: r"""array_to_string(t."{name}", E'\n')""",
}
_JSON_AS_TEXT: Final = 'CAST(t."{name}" AS text)'


@dataclass(frozen=True, slots=True)
class Sought:
    """Whose traces are looked for, and where."""

    addresses: Sequence[str]
    workspaces: Sequence[uuid.UUID] | None
    """None for all there are."""

    def scope(self) -> dict[str, object]:
        """Say to a statement where."""
        return {} if self.workspaces is None else {"workspaces": [str(each) for each in self.workspaces]}

    def parameters(self) -> dict[str, object]:
        """Say to a statement whose and where."""
        return {
            "pattern": pattern(self.addresses),
            "in_json": pattern_in_json(self.addresses),
            "likes": likes(self.addresses),
            **self.scope(),
        }


class Texts:
    """The columns of one table that may hold an address; `within` says in SQL whose a row `t` is, none of a tenant's.

    A table that grows with use is walked by its pages: a row that is updated meanwhile may pass by, and the next search
    finds it.
    """

    def __init__(  # noqa: PLR0913 - what differs between tables
        self,
        table: str,
        columns: Mapping[str, Holds],
        within: str | None,
        *,
        grows: bool = True,
        goes: bool = False,
        besides: Collection[str] = (),
    ) -> None:
        """With `goes` the row goes; `besides` are columns that are emptied wherever something is found in the row."""
        self.table = table
        self.columns = columns
        self.within = within
        self._grows = grows
        anywhere = ", ".join(_as_text(name, holds) for name, holds in columns.items())
        exactly = " OR ".join(_found(name, holds) for name, holds in columns.items())
        # Nearly every row is ruled out by the first; only a CASE keeps the two in this order.
        found = f"CASE WHEN {LIKELY.format(texts=anywhere)} THEN {exactly} ELSE false END"
        part = "t.ctid >= CAST(:first AS tid) AND t.ctid < CAST(:last AS tid)" if grows else "true"
        sets = [
            *(_taken_out(name, holds) for name, holds in columns.items() if name not in besides),
            *(f'"{name}" = NULL' for name in besides),
        ]
        verb = f'DELETE FROM "{table}" AS t' if goes else f'UPDATE "{table}" AS t SET {", ".join(sets)}'
        self._everywhere = text(f"{verb} WHERE {part} AND ({found})")
        self._within = text(f"{verb} WHERE {part} AND ({within or 'false'}) AND ({found})")

    def pages(self, connection: Connection) -> int:
        """Count the pages that there are to walk; a table that does not grow is one."""
        if not self._grows:
            return 1
        size = text("SELECT pg_relation_size(CAST(:table AS regclass)) / current_setting('block_size')::bigint")
        return int(connection.scalar(size, {"table": f'"{self.table}"'}) or 0)

    def erase(self, connection: Connection, sought: Sought, first: int) -> int:
        """Take the address out of the part that begins at a page; returns in how many rows it was."""
        parameters = {**sought.parameters(), "first": f"({first},0)", "last": f"({first + PAGES_AT_ONCE},0)"}
        return connection.execute(self._statement(sought), {**parameters, "erased": ERASED}).rowcount

    def _statement(self, sought: Sought) -> TextClause:
        return self._everywhere if sought.workspaces is None else self._within


def _as_text(name: str, holds: Holds) -> str:
    return _AS_TEXT.get(holds, _JSON_AS_TEXT).format(name=name)


def _found(name: str, holds: Holds) -> str:
    found = f"coalesce({_as_text(name, holds)} ~* :pattern, false)"
    in_json = f"coalesce({_without_escapes(name)} ~* :in_json, false)"
    return {Holds.JSON: in_json, Holds.WHOLE: f"({found} OR {in_json})"}.get(holds, found)


def _taken_out(name: str, holds: Holds) -> str:
    escaped = f"regexp_replace({_without_escapes(name)}, :in_json, :erased, 'gi')"
    for number, escape in reversed([*enumerate(ESCAPES, 1)]):
        escaped = f"replace({escaped}, chr({number}), '{escape}')"
    taken = holds.value.format(name=f'"{name}"', escaped=escaped)
    return f'"{name}" = CASE WHEN {_found(name, holds)} THEN {taken} ELSE t."{name}" END'


def _without_escapes(name: str) -> str:
    # What is taken out of JSON must neither begin within an escape nor hold a quote: it would be JSON no more.
    plain = _JSON_AS_TEXT.format(name=name)
    for number, escape in enumerate(ESCAPES, 1):
        plain = f"replace({plain}, '{escape}', chr({number}))"
    return plain
