from __future__ import annotations

import random
import uuid

import pytest
from sqlalchemy import Connection, Engine, text

from factories import Tenant, make_upload
from mailsift.ingest import repository
from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.entries import Counts, Entries
from mailsift.ingest.formats.runs import in_runs
from mailsift.ingest.repeats import Repeats
from mailsift.ingest.rows import Row

DIALECT = Dialect(format=Format.CSV, has_header=False, column_names=("a", "b"), email_columns=(0, 1))
MARKS = text('SELECT "duplicateOf" FROM "uploadEmails" WHERE "uploadId" = :upload_id ORDER BY "sequenceNumber"')


def load(connection: Connection, tenant: Tenant, cells: list[str], repeats: Repeats) -> uuid.UUID:
    upload_id = make_upload(connection, tenant)
    entries, counts = Entries(str(upload_id), DIALECT, repeats), Counts()
    rows = [Row(at, cells[at : at + 2]) for at in range(0, len(cells), 2)]
    repository.copy_entries(connection, (entries.write(run, counts) for run in in_runs(rows)))
    return upload_id


@pytest.mark.parametrize("room", [0, 1, 7, 30])
def test_what_the_memory_had_no_room_for_is_found_in_the_table(owner: Engine, tenant: Tenant, room: int) -> None:
    draw = random.Random(room)
    addresses = ["", *(f"user{number}@example.com" for number in range(40))]
    cells = draw.choices(addresses, k=400)
    firsts = [cells.index(cell) + 1 for cell in cells]
    expected = [first if cells[number - 1] and first < number else None for number, first in enumerate(firsts, 1)]
    repeats = Repeats(room)
    with owner.begin() as connection:
        load(connection, tenant, addresses * 2, Repeats())
        upload_id = load(connection, tenant, cells, repeats)
        known = [mark for mark in connection.scalars(MARKS, {"upload_id": upload_id}) if mark is not None]
        assert repeats.forgets_after is not None
        found = repository.mark_duplicates(connection, upload_id, after=repeats.forgets_after)
        assert list(connection.scalars(MARKS, {"upload_id": upload_id})) == expected
        assert len(known) + found == sum(mark is not None for mark in expected)
        assert repository.mark_duplicates(connection, upload_id, after=repeats.forgets_after) == 0
