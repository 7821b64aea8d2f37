"""Statements that a connection plans once: for the few that run for every job, and are planned longer than run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select
from sqlalchemy.dialects import postgresql

_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


@dataclass(frozen=True, slots=True)
class Prepared:
    """One statement, by a name that no other has on the connection. `types` are PostgreSQL's, by parameter."""

    name: str
    statement: str
    types: Mapping[str, str]

    @classmethod
    def of(cls, name: str, query: Select[Any], types: Mapping[str, str]) -> Prepared:
        """Write a query out, whose parameters are literal columns like `:job_id`."""
        dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        return cls(name, str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})), types)

    def execute(self, connection: Connection, parameters: Mapping[str, Any]) -> Sequence[RowMapping]:
        """Run it; returns its rows. It is planned at its first use on a connection, and lives as long as that."""
        if self.name not in connection.info:
            connection.exec_driver_sql(self._prepare(), execution_options={"no_parameters": True})
            connection.info[self.name] = True
        values = tuple(parameters[name] for name in self.types)
        places = ", ".join("%s" for _ in values)
        return connection.exec_driver_sql(f"EXECUTE {self.name} ({places})", values).mappings().all()

    def _prepare(self) -> str:
        numbers = {name: f"${number}" for number, name in enumerate(self.types, start=1)}
        body = _PARAMETER.sub(lambda found: numbers[found[1]], self.statement)
        return f"PREPARE {self.name} ({', '.join(self.types.values())}) AS {body}"
