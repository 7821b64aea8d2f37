from __future__ import annotations

import threading
import uuid

import pytest

from engines import fail, waiting_for_locks
from integration.dispatcher.floor import EXPORTS, Floor, plan
from mailsift.dispatcher import steering
from mailsift.dispatcher.reports import Redriven, Shown, Skipped
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.repository import operating, queueing
from mailsift.shared.jobs.repository.inspecting import Cause, DeadLetter, Selection
from processes import wait_for

ALL = Selection()


def redrive(floor: Floor, selection: Selection = ALL, limit: int | None = None) -> Redriven:
    return steering.redrive(floor.dispatcher, selection, limit)


def listed(floor: Floor, selection: Selection = ALL, limit: int = 50) -> list[DeadLetter]:
    return steering.dead_letters(floor.dispatcher, selection, limit).dead_letters


def scoring(floor: Floor, parts: int = 2) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """An analysis that waits for its parts."""
    root_id = floor.analysis()
    return root_id, floor.split(root_id, *[JobType.EMAIL_SCORING] * parts)


def failed_by_a_part(floor: Floor) -> tuple[uuid.UUID, list[uuid.UUID]]:
    root_id, (dead, well) = scoring(floor)
    floor.die(dead, "worker_lost")
    floor.run(well)
    assert floor.status(root_id) == "failed"
    return root_id, [dead, well]


def test_dead_letters_are_listed_with_their_reasons_the_last_first(floor: Floor) -> None:
    first, last = floor.dead_export("storage_unavailable"), floor.dead_export("worker_lost")
    floor.run(floor.export(), fail(PermanentError("too_wide", "")))
    assert [(letter.job_id, letter.root_id, letter.code) for letter in listed(floor)] == [
        (last, last, "worker_lost"),
        (first, first, "storage_unavailable"),
    ]
    letter = listed(floor)[0]
    assert (letter.message, letter.retry_count, letter.workspace_id) == (
        "worker_lost, once more",
        floor.row(last)["maxRetries"] + 1,
        floor.tenant.workspace_id,
    )
    assert letter.redrivable


def test_dead_letters_are_counted_by_type_and_code_however_few_are_listed(floor: Floor) -> None:
    for code in ("worker_lost", "storage_unavailable", "worker_lost"):
        floor.dead_export(code)
    answer = steering.dead_letters(floor.dispatcher, ALL, limit=1)
    assert len(answer.dead_letters) == 1
    assert answer.causes == [Cause("export", "worker_lost", 2), Cause("export", "storage_unavailable", 1)]


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        (Selection(code="worker_lost"), 2),
        (Selection(queue=EXPORTS), 2),
        (Selection(job_type="email_scoring"), 1),
        (Selection(queue=EXPORTS, code="worker_lost"), 1),
        (Selection(queue=EXPORTS, job_type="email_scoring"), 0),
        (Selection(jobs=(uuid.UUID(int=0),)), 0),
    ],
)
def test_dead_letters_are_chosen_by_all_that_is_said(floor: Floor, selection: Selection, count: int) -> None:
    floor.dead_export("storage_unavailable")
    floor.dead_export("worker_lost")
    failed_by_a_part(floor)
    assert len(listed(floor, selection)) == count
    assert sum(cause.count for cause in steering.dead_letters(floor.dispatcher, selection, 1).causes) == count
    redriven = redrive(floor, selection)
    assert (len(redriven.redriven), redriven.found) == (count, bool(count))


def test_a_part_is_shown_with_its_root_and_chosen_by_either(floor: Floor) -> None:
    root_id, (dead, _) = failed_by_a_part(floor)
    for job_id in (root_id, dead):
        (letter,) = listed(floor, Selection(jobs=(job_id,)))
        assert (letter.job_id, letter.root_id, letter.root_status) == (dead, root_id, "failed")


def test_what_its_user_has_deleted_is_no_dead_letter_any_more(floor: Floor) -> None:
    floor.change(floor.dead_export(), '"deletedAt" = now()')
    root_id, _ = failed_by_a_part(floor)
    floor.change(root_id, '"deletedAt" = now()')
    assert (listed(floor), redrive(floor)) == ([], Redriven(dry_run=False, redriven=[], skipped=[], left=0))


def test_a_redriven_job_begins_anew_and_completes(floor: Floor) -> None:
    job_id = floor.dead_export()
    assert redrive(floor, Selection(jobs=(job_id,))).redriven == [job_id]
    row = floor.row(job_id)
    assert (row["status"], row["retryCount"], row["errorCode"]) == ("pending", 0, None)
    assert floor.causes(job_id)[-1] == ("pending", "redriven by the operator")
    assert floor.run(job_id)["status"] == "completed"
    assert listed(floor) == []


def test_a_root_that_a_part_has_failed_runs_that_part_again_and_completes(floor: Floor) -> None:
    root_id, (dead, well) = failed_by_a_part(floor)
    assert redrive(floor, Selection(job_type="email_scoring")).redriven == [root_id]
    assert [floor.status(job_id) for job_id in (root_id, dead, well)] == ["processing", "pending", "completed"]
    assert floor.causes(dead)[-1] == ("pending", "redriven by the operator")
    assert floor.run(dead)["status"] == "completed"
    assert floor.run(root_id)["status"] == "completed"


def test_jobs_that_were_to_follow_wait_again_and_complete(floor: Floor) -> None:
    first = floor.export()
    second = floor.export(after=first)
    third = floor.export(after=second)
    floor.die(first)
    assert [floor.status(job_id) for job_id in (second, third)] == ["cancelled"] * 2
    assert redrive(floor).redriven == [first]
    assert [floor.status(job_id) for job_id in (second, third)] == ["pending"] * 2
    assert floor.causes(third)[-1] == ("pending", "redriven by the operator")
    assert [floor.run(job_id)["status"] for job_id in (first, second, third)] == ["completed"] * 3


def test_several_dead_parts_redrive_their_root_once(floor: Floor) -> None:
    root_id, parts = scoring(floor, 3)
    for part in parts:
        floor.die(part)
    assert redrive(floor, Selection(jobs=(root_id, *parts))) == Redriven(
        dry_run=False, redriven=[root_id], skipped=[], left=0
    )
    assert floor.row(root_id)["openChildren"] == 3


def test_those_that_died_first_are_redriven_first(floor: Floor) -> None:
    jobs = [floor.dead_export() for _ in range(3)]
    answer = redrive(floor, limit=2)
    assert (answer.redriven, answer.left) == (jobs[:2], 1)
    assert [floor.status(job_id) for job_id in jobs] == ["pending", "pending", "dead_letter"]


def test_a_dry_run_moves_nothing(floor: Floor) -> None:
    job_id = floor.dead_export()
    answer = steering.redrive(floor.dispatcher, ALL, dry_run=True)
    assert (answer.redriven, answer.dry_run) == ([job_id], True)
    assert floor.status(job_id) == "dead_letter"


def test_the_dead_part_of_a_root_that_is_at_work_is_left_alone(floor: Floor) -> None:
    root_id, (dead, _) = scoring(floor)
    floor.die(dead)
    (letter,) = listed(floor)
    assert (letter.root_status, letter.redrivable) == ("processing", False)
    assert redrive(floor).skipped == [Skipped(root_id, "its job is still processing")]
    assert floor.status(dead) == "dead_letter"


def test_the_dead_part_that_its_root_could_do_without_is_left_alone(floor: Floor) -> None:
    root_id = floor.analysis()
    (unknown,) = floor.split(root_id, JobType.DOMAIN_RESOLUTION)
    floor.die(unknown)
    assert redrive(floor).skipped == [Skipped(root_id, "its job is still pending")]
    assert floor.run(root_id)["status"] == "completed"
    assert redrive(floor).skipped == [Skipped(root_id, "its job has completed without it")]


def test_a_root_that_failed_for_another_reason_is_left_alone(floor: Floor) -> None:
    root_id = floor.analysis()
    (unknown,) = floor.split(root_id, JobType.DOMAIN_RESOLUTION)
    floor.die(unknown)
    floor.run(root_id, fail(PermanentError("no_rows", "")))
    assert redrive(floor).skipped == [Skipped(root_id, "its job failed for another reason")]
    assert floor.status(root_id) == "failed"


def test_what_the_user_has_taken_back_is_left_alone(floor: Floor) -> None:
    root_id, (dead, well) = scoring(floor)
    floor.die(dead)
    with floor.owner.begin() as connection:
        queueing.request_cancel(connection, root_id)
    floor.run(well)
    floor.change(root_id, "status = 'cancelled'")
    assert redrive(floor).skipped == [Skipped(root_id, "its job was cancelled")]


def test_a_job_that_is_no_dead_letter_is_told_by_its_id(floor: Floor) -> None:
    job_id, stranger = floor.export(), uuid.uuid4()
    answer = redrive(floor, Selection(jobs=(job_id, stranger)))
    assert answer.skipped == [Skipped(one, "there is no such dead letter") for one in (job_id, stranger)]


def test_a_job_that_has_moved_meanwhile_is_left_alone_and_told(floor: Floor) -> None:
    job_id = floor.dead_export()
    answers: list[Redriven] = []
    with floor.owner.begin() as connection:
        assert queueing.retry(connection, job_id)
        redriving = threading.Thread(target=lambda: answers.append(redrive(floor)))
        redriving.start()
        wait_for(lambda: waiting_for_locks(floor.owner) == 1, "the redrive to wait for the row")
    redriving.join()
    assert answers == [
        Redriven(dry_run=False, redriven=[], skipped=[Skipped(job_id, "it has moved meanwhile")], left=0)
    ]
    assert floor.causes(job_id)[-1] == ("pending", "retried by the user")


def test_only_what_died_is_redriven_whatever_was_listed_before(floor: Floor) -> None:
    taken_back, deleted, faulty = floor.export(), floor.dead_export(), floor.export()
    steering.cancel(floor.dispatcher, taken_back)
    floor.change(deleted, '"deletedAt" = now()')
    floor.run(faulty, fail(PermanentError("too_wide", "")))
    for job_id in (taken_back, deleted, faulty):
        before = floor.row(job_id)
        with floor.dispatcher.begin() as connection:
            assert not operating.redrive(connection, job_id)
        assert floor.row(job_id) == before


def test_of_two_redrives_at_once_each_job_is_redriven_by_one(floor: Floor) -> None:
    jobs = {floor.dead_export() for _ in range(20)}
    answers: list[Redriven] = []
    redriving = [threading.Thread(target=lambda: answers.append(redrive(floor))) for _ in range(2)]
    for thread in redriving:
        thread.start()
    for thread in redriving:
        thread.join()
    assert sorted(job_id for answer in answers for job_id in answer.redriven) == sorted(jobs)
    assert all(floor.causes(job_id).count(("pending", "redriven by the operator")) == 1 for job_id in jobs)


def test_a_job_of_any_workspace_is_retried_by_its_id(floor: Floor) -> None:
    job_id = floor.export()
    floor.run(job_id, fail(PermanentError("too_wide", "")))
    assert steering.retry(floor.dispatcher, job_id).lines() == [f"{job_id}  was failed, is pending"]
    assert floor.causes(job_id)[-1] == ("pending", "retried by the operator")
    assert floor.run(job_id)["status"] == "completed"


def test_what_cannot_be_retried_is_refused_with_its_reason(floor: Floor) -> None:
    stranger, waiting, deleted, first = uuid.uuid4(), floor.export(), floor.dead_export(), floor.export()
    follower = floor.export(after=first)
    floor.die(first)
    floor.change(deleted, '"deletedAt" = now()')
    root_id, (part, _) = failed_by_a_part(floor)
    refused = {
        job_id: steering.retry(floor.dispatcher, job_id) for job_id in (stranger, waiting, deleted, follower, part)
    }
    assert [answer.lines() for answer in refused.values()] == [
        [f"{stranger}: there is no such job"],
        [f"{waiting}: it is pending"],
        [f"{deleted}: its user has deleted it"],
        [f"{follower}: it follows job {first}, which is dead_letter; name that one"],
        [f"{part}: it is a part of job {root_id}; name that one"],
    ]
    assert not any(answer.found for answer in refused.values())
    assert [floor.status(job_id) for job_id in (deleted, follower, part)] == ["dead_letter", "cancelled", "dead_letter"]


def test_a_waiting_job_is_cancelled_at_once_by_the_operator(floor: Floor) -> None:
    job_id = floor.export()
    assert steering.cancel(floor.dispatcher, job_id).lines() == [f"{job_id}  cancelled"]
    assert floor.causes(job_id)[-1] == ("cancelled", "cancelled by the operator")


def test_a_running_job_ends_at_its_next_safe_place_and_its_log_says_by_whom(floor: Floor) -> None:
    job_id = floor.analysis()

    def taken_back_meanwhile(lease: Lease) -> None:
        answer = steering.cancel(floor.dispatcher, job_id)
        assert answer.lines() == [f"{job_id}  ends at its next safe place"]
        plan([JobType.EMAIL_SCORING])(lease)

    assert floor.run(job_id, taken_back_meanwhile)["status"] == "cancelled"
    shown = steering.show(floor.dispatcher, job_id)
    assert isinstance(shown, Shown)
    assert [(line.attempt, line.message) for line in shown.log] == [(1, "cancelled by the operator")]


def test_what_cannot_be_cancelled_is_refused_with_its_reason(floor: Floor) -> None:
    stranger, over = uuid.uuid4(), floor.export()
    steering.cancel(floor.dispatcher, over)
    root_id, (part, _) = scoring(floor)
    refused = [steering.cancel(floor.dispatcher, job_id) for job_id in (stranger, over, part)]
    assert [answer.lines() for answer in refused] == [
        [f"{stranger}: there is no such job"],
        [f"{over}: it is cancelled"],
        [f"{part}: it is a part of job {root_id}; name that one"],
    ]
    assert floor.status(part) == "pending"
