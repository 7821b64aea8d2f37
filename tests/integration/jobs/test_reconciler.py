from __future__ import annotations

import pytest
from sqlalchemy import text

from engines import Engines, done, fail, split
from mailsift.dispatcher.reconciler import reconcile_parents
from mailsift.dispatcher.republisher import republish_lost
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.repository import recovering


def spoil(engines: Engines, change: str) -> None:
    with engines.worker.begin() as connection:
        connection.execute(text(f'UPDATE "jobQueue" SET {change}'), {"root": engines.job_id})


def test_a_count_that_is_right_is_left_alone(engines: Engines) -> None:
    engines.run(split(3))
    engines.run(done, engines.children()[0]["jobId"])
    before = engines.row()
    assert reconcile_parents(engines.dispatcher) == 0
    assert engines.row() == before


@pytest.mark.parametrize("wrong", [1, 7])
def test_a_wrong_count_is_set_right_and_the_parent_goes_on_when_its_children_have_ended(
    engines: Engines, wrong: int
) -> None:
    engines.run(split(3))
    spoil(engines, f'"openChildren" = {wrong} WHERE "jobId" = :root')
    assert reconcile_parents(engines.dispatcher) == 1
    assert engines.row()["openChildren"] == 3
    for child in engines.children():
        engines.run(done, child["jobId"])
    assert engines.run(done)["status"] == "completed"


def test_a_parent_that_nobody_handed_on_goes_on(engines: Engines) -> None:
    engines.run(split(2))
    spoil(engines, """status = 'completed', "completedAt" = now() WHERE "parentJobId" = :root""")
    assert reconcile_parents(engines.dispatcher) == 1
    row = engines.row()
    assert (row["status"], row["openChildren"]) == ("pending", 0)
    assert engines.run(done)["status"] == "completed"


def test_a_parent_that_nobody_ended_after_a_child_failed_fails(engines: Engines) -> None:
    engines.run(split(2))
    first, second = engines.children()
    engines.run(fail(PermanentError("bad_slice", "no")), first["jobId"])
    engines.run(done, second["jobId"])
    spoil(engines, """status = 'processing', "completedAt" = NULL, "openChildren" = 1 WHERE "jobId" = :root""")
    assert reconcile_parents(engines.dispatcher) == 1
    assert engines.row()["status"] == "failed"
    assert engines.subject_status() == "failed"


def test_a_count_is_not_touched_while_a_child_is_ending(engines: Engines) -> None:
    engines.run(split(1))
    with engines.worker.begin() as connection:
        child = engines.children()[0]["jobId"]
        connection.execute(
            text("""UPDATE "jobQueue" SET status = 'completed' WHERE "jobId" = :child"""), {"child": child}
        )
        with engines.dispatcher.begin() as chore:
            assert not recovering.reconcile(chore, engines.job_id)
        connection.rollback()


def test_hints_that_nobody_claims_are_sent_again(engines: Engines) -> None:
    spoil(engines, """"dispatchedAt" = now() - interval '3 minutes'""")
    assert republish_lost(engines.dispatcher, 240) == 0
    assert republish_lost(engines.dispatcher, 120) == 1
    assert engines.row()["dispatchedAt"] is None
