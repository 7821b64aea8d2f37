"""A list of people for every stage to work on, and what has to come of it."""

from __future__ import annotations

import csv
import io

from e2e.client import Observer
from e2e.conftest import DOMAINS


def make_list(rows: int) -> bytes:
    """Every tenth repeats an earlier address, every hundredth has none, cells need quoting."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["id", "e-mail", "note"])
    for number in range(rows):
        person = number - 5 if number % 10 == 9 else number
        address = "" if number % 100 == 50 else f"person{person}@domain{person % DOMAINS}.example"
        writer.writerow([number, address, f'says "hello", row {number}'])
    return target.getvalue().encode()


def check_file(given: bytes, returned: str) -> None:
    before = list(csv.reader(io.StringIO(given.decode())))
    after = list(csv.reader(io.StringIO(returned)))
    width = len(before[0])
    assert [row[:width] for row in after] == before
    answers = [dict(zip(after[0][width:], row[width:], strict=True)) for row in after[1:]]
    status = next(name for name in after[0] if name.endswith("status"))
    assert {answer[status] for number, answer in enumerate(answers) if number % 100 != 50} == {"valid"}
    assert {answer[status] for answer in answers[50::100]} == {""}


def check_database(observer: Observer, total: int, lists: int = 1) -> None:
    """So many lists were loaded, and one of them was analysed; nothing is left to do."""
    numbers = 'SELECT count(*), count(DISTINCT "sequenceNumber") FROM "uploadEmails" GROUP BY "uploadId"'
    assert observer.rows(numbers) == [(total, total)] * lists
    scored, summary = (
        observer.rows('SELECT count(*) FROM "advancedEmailResults"')[0][0],
        observer.rows('SELECT "processedEmails", "totalEmails", "validEmails" FROM "advancedAnalysis"')[0],
    )
    distinct = len({person for person in range(total) if person % 10 != 9 and person % 100 != 50})
    assert (scored, *summary) == (distinct, distinct, distinct, distinct)
    assert observer.rows('SELECT DISTINCT status FROM "jobQueue"') == [("completed",)]
