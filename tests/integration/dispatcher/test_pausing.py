from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from dramatiq.brokers.stub import StubBroker
from structlog.testing import capture_logs

from conftest import Database
from engines import done
from integration.dispatcher.floor import EXPORTS, Floor
from mailsift.dispatcher import steering
from mailsift.dispatcher.publisher import InProcessPublisher
from mailsift.dispatcher.relay import Relay
from mailsift.shared.db.listener import Listener
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.repository.queueing import DUE_CHANNEL


@pytest.fixture
def relay(floor: Floor) -> Iterator[Relay]:
    with closing(Relay(floor.dispatcher, InProcessPublisher(StubBroker(middleware=[])), cap=100)) as relay:
        yield relay


def claims(floor: Floor, job_id: uuid.UUID) -> tuple[str, int, int]:
    row = floor.run(job_id)
    return row["status"], row["attempt"], row["retryCount"]


def test_jobs_of_a_paused_queue_are_neither_sent_nor_claimed_and_lose_nothing_by_it(floor: Floor, relay: Relay) -> None:
    sent = floor.export()
    assert relay.cycle() == 1
    steering.pause(floor.dispatcher, EXPORTS)
    unsent, other = floor.export(), floor.upload()
    assert relay.cycle() == 1
    assert [claims(floor, job_id) for job_id in (sent, unsent)] == [("pending", 0, 0)] * 2
    assert claims(floor, other) == ("completed", 1, 0)
    steering.resume(floor.dispatcher, EXPORTS)
    assert relay.cycle() == 2
    assert [claims(floor, job_id) for job_id in (sent, unsent)] == [("completed", 1, 0)] * 2


def test_a_hint_that_crossed_the_pause_and_was_refused_is_sent_again_at_once(floor: Floor, relay: Relay) -> None:
    job_id = floor.export()
    steering.pause(floor.dispatcher, EXPORTS)
    # A dispatcher that had looked before, and committed after.
    floor.change(job_id, '"dispatchedAt" = now(), "dispatchToken" = gen_random_uuid()')
    assert claims(floor, job_id) == ("pending", 0, 0)
    steering.resume(floor.dispatcher, EXPORTS)
    assert relay.cycle() == 1


def test_a_paused_queue_takes_nothing_of_what_its_workspace_may_have_under_way(floor: Floor, relay: Relay) -> None:
    job_id = floor.export()
    assert relay.cycle() == 1
    steering.pause(floor.dispatcher, EXPORTS)
    assert floor.row(job_id)["dispatchedAt"] is None


def test_what_runs_when_its_queue_is_paused_goes_on_to_its_end(floor: Floor) -> None:
    job_id, later = floor.export(), floor.export()

    def paused_meanwhile(lease: Lease) -> None:
        paused = steering.pause(floor.dispatcher, EXPORTS)
        assert (paused.queue.running, paused.queue.due) == (1, 1)
        done(lease)

    assert floor.run(job_id, paused_meanwhile)["status"] == "completed"
    assert claims(floor, later) == ("pending", 0, 0)


def test_pausing_again_changes_nothing_but_the_reason(floor: Floor) -> None:
    first = steering.pause(floor.dispatcher, EXPORTS)
    reasons = [steering.pause(floor.dispatcher, EXPORTS, reason) for reason in ("the bucket is full", None)]
    assert [again.queue.paused_reason for again in reasons] == ["the bucket is full"] * 2
    assert {again.queue.paused_since for again in reasons} == {first.queue.paused_since}
    assert [first.changed, *(again.changed for again in reasons)] == [True, False, False]


def test_resuming_again_changes_nothing(floor: Floor) -> None:
    steering.pause(floor.dispatcher, EXPORTS)
    resumed = [steering.resume(floor.dispatcher, EXPORTS) for _ in range(2)]
    assert [(one.changed, one.queue.paused_since) for one in resumed] == [(True, None), (False, None)]


def test_resuming_wakes_the_dispatcher(floor: Floor, database: Database) -> None:
    with closing(Listener(database.dispatcher_url, [DUE_CHANNEL], "test")) as listener:
        listener.wait(0)
        steering.pause(floor.dispatcher, EXPORTS)
        steering.resume(floor.dispatcher, EXPORTS)
        assert listener.wait(5) == [""]


@pytest.mark.parametrize(
    ("do", "event"),
    [
        (lambda engine: steering.pause(engine, EXPORTS, "no disk"), "queue_paused"),
        (lambda engine: steering.resume(engine, EXPORTS), "queue_resumed"),
    ],
)
def test_a_pause_and_its_end_are_logged_with_the_reason(floor: Floor, do: Callable[..., object], event: str) -> None:
    steering.pause(floor.dispatcher, EXPORTS, "no disk")
    with capture_logs() as logs:
        do(floor.dispatcher)
    assert [(line["event"], line["queue"], line["reason"]) for line in logs] == [(event, EXPORTS, "no disk")]


def test_the_queues_are_counted(floor: Floor, relay: Relay) -> None:
    _, running, waiting, dead = floor.export(), floor.export(), floor.export(), floor.dead_export()
    floor.change(waiting, "\"dueAt\" = now() + interval '1 minute', priority = 10")
    floor.export(after=waiting)
    assert relay.cycle() == 2
    unsent = floor.export()
    floor.change(unsent, "\"dueAt\" = now() - interval '1 hour'")

    def look(lease: Lease) -> None:
        states = {state.queue: state for state in steering.queues(floor.dispatcher).queues}
        state = states.pop(EXPORTS)
        assert (state.due, state.sent, state.waiting, state.running, state.dead_letters) == (2, 1, 2, 1, 1)
        assert state.oldest_due_seconds == pytest.approx(3600, abs=60)
        assert {(one.due, one.waiting, one.oldest_due_seconds) for one in states.values()} == {(0, 0, None)}
        done(lease)

    floor.run(running, look)
    floor.run(unsent)
    state = steering.pause(floor.dispatcher, EXPORTS, "why").queue
    assert (state.due, state.sent, state.running) == (1, 0, 0)
    assert state.oldest_due_seconds == pytest.approx(0, abs=60)
    assert state.paused_since is not None
    assert dt.datetime.now(dt.UTC) - state.paused_since < dt.timedelta(minutes=1)
    floor.change(dead, '"deletedAt" = now()')
    (state,) = [one for one in steering.queues(floor.dispatcher).queues if one.queue == EXPORTS]
    assert (state.due, state.dead_letters) == (1, 0)
