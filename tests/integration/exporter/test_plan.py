from __future__ import annotations

import json
import uuid

import pytest
from sqlalchemy import Engine, create_engine, text

from conftest import Database
from exporting import PEOPLE, Exporter
from mailsift.exporter.extent import Part, Picks, Span
from mailsift.exporter.repository import orders, rows

_MORE_ROWS = """
    INSERT INTO "uploadEmails" ("uploadId", "sequenceNumber", "rowNumber", "emailAddress", "isValidFormat", columns)
    SELECT "uploadId", n, n, 'a@example.com', true, ARRAY['a', 'b'] FROM uploads, generate_series(100, 5000) AS n"""
_MORE_ANSWERS = """
    INSERT INTO "advancedEmailResults"
    SELECT (jsonb_populate_record(NULL::"advancedEmailResults", r || jsonb_build_object('sequenceNumber', n))).*
    FROM (SELECT to_jsonb(a) AS r FROM "advancedEmailResults" a LIMIT 1) AS one, generate_series(100, 5000) AS n"""


@pytest.mark.parametrize("analysed", [False, True])
@pytest.mark.parametrize("email_columns", [(1,), (0, 1, 2)])
@pytest.mark.parametrize("part", [Span(1, 50_000, ()), Picks(range(4000, 1, -3))])
def test_the_answer_to_a_row_is_found_by_its_key_whatever_the_statistics_say(
    exporter: Exporter, owner: Engine, database: Database, part: Part, email_columns: tuple[int, ...], *, analysed: bool
) -> None:
    analysis_id = exporter.analysed(["name", "email"], PEOPLE, email_columns=email_columns)
    with owner.begin() as connection:
        connection.execute(text(_MORE_ROWS))
        connection.execute(text(_MORE_ANSWERS))
    if analysed:
        admin = create_engine(database.admin_url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text('ANALYZE "uploadEmails", "advancedEmailResults"'))
        admin.dispose()
    plan = _plan(exporter, analysis_id, part)
    assert "Materialize" not in plan
    entries = len(email_columns)
    assert plan.count('"Index Cond": "((\\"analysisId\\"') == plan.count('\\"sequenceNumber\\" = COALESCE') == entries
    assert plan.count('\\"sequenceNumber\\" = ((') == entries - 1


def _plan(exporter: Exporter, analysis_id: uuid.UUID, part: Part) -> str:
    with exporter.worker.begin() as connection:
        order = orders.load_order(connection, exporter.ordered(analysis_id))
        cursor = connection.connection.cursor()
        cursor.execute(rows._PLAN)
        answers = ", ".join(f"r{entry}.status" for entry in range(1, len(order.email_columns) + 1))
        statement, numbers = rows._statement(order, answers, part)
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", {**rows._parameters(order), **numbers})
        return json.dumps(cursor.fetchone())
