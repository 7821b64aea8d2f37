from __future__ import annotations

import uuid

import pytest
from sqlalchemy import Engine, text


@pytest.mark.parametrize(
    ("table", "key", "columns", "values"),
    [
        ("uploadEmails", "uploadId", '"rowNumber", "isValidFormat", columns', "n, true, '{}'"),
        ("uploadRejectedRows", "uploadId", '"rowNumber", reason, "rawText"', "n, 'no_address', ''"),
    ],
)
def test_a_list_that_no_analyze_has_seen_is_not_planned_as_one_row(
    owner: Engine, table: str, key: str, columns: str, values: str
) -> None:
    with owner.begin() as connection:
        for _ in range(3):
            connection.execute(
                text(f"""INSERT INTO "{table}" ("{key}", "sequenceNumber", {columns})
                         SELECT :id, n, {values} FROM generate_series(1, 20000) AS n"""),
                {"id": uuid.uuid4()},
            )
        connection.execute(text(f'ANALYZE "{table}"'))
        plan = connection.scalar(
            text(f"""EXPLAIN (FORMAT JSON) SELECT FROM "{table}" WHERE "{key}" = '{uuid.uuid4()}'""")
        )
    assert plan is not None
    assert plan[0]["Plan"]["Plan Rows"] > 100
