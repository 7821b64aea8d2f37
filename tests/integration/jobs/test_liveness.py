from __future__ import annotations

import threading

import pytest
from sqlalchemy import create_engine, text

from engines import SCHEDULE, Engines, done
from mailsift.shared.jobs import runner as runners
from mailsift.shared.jobs.announcer import Announcer
from mailsift.shared.jobs.heartbeat import Heartbeat
from mailsift.shared.jobs.lease import Lease
from mailsift.shared.jobs.runner import JobRunner
from processes import wait_for


def test_a_handler_that_does_not_come_back_from_a_lost_lease_is_no_life(engines: Engines) -> None:
    heartbeat = Heartbeat(engines.worker, lease_seconds=0.5, heartbeat_seconds=0.1, progress_seconds=0.05)
    heartbeat.start()
    runner = JobRunner(engines.worker, heartbeat, Announcer(engines.worker), 0.5, SCHEDULE)

    def handler(_lease: Lease) -> None:
        with engines.worker.begin() as connection:
            connection.execute(text('UPDATE "jobQueue" SET "leaseToken" = gen_random_uuid()'))
        assert heartbeat.alive
        wait_for(lambda: not heartbeat.alive, "the heartbeat to give the handler up")

    runner.run(str(engines.job_id), 0, handler)
    wait_for(lambda: heartbeat.alive, "the heartbeat to have nobody left who hangs")
    heartbeat.stop()


def test_a_handler_that_holds_the_last_connection_and_does_not_come_back_is_no_life(engines: Engines) -> None:
    starved = create_engine(engines.worker.url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    heartbeat = Heartbeat(starved, lease_seconds=0.3, heartbeat_seconds=0.1, progress_seconds=0.05)
    heartbeat.start()
    runner = JobRunner(starved, heartbeat, Announcer(starved), 0.3, SCHEDULE)

    def handler(_lease: Lease) -> None:
        assert heartbeat.alive
        wait_for(lambda: not heartbeat.alive, "the heartbeat to give the handler up")

    runner.run(str(engines.job_id), 0, handler)
    wait_for(lambda: heartbeat.alive, "the heartbeat to have nobody left who hangs")
    heartbeat.stop()
    starved.dispose()


def test_an_announcement_that_gets_no_answer_is_no_life(engines: Engines) -> None:
    starved = create_engine(engines.worker.url, pool_size=1, max_overflow=0)
    announcer = Announcer(starved, longest_seconds=0.1)
    announcer.start()
    assert announcer.alive
    with starved.connect():
        announcer.ended(engines.job_id)
        wait_for(lambda: not announcer.alive, "the announcement to have waited for too long")
    wait_for(lambda: announcer.alive, "the announcement to be out")
    announcer.stop()
    starved.dispose()


def test_a_thread_that_gets_no_answer_to_its_claim_is_no_life(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "_LONGEST_SECONDS", 0.2)
    runner = JobRunner(engines.worker, engines.heartbeat, Announcer(engines.worker), 0.2, SCHEDULE)
    with engines.dispatcher.begin() as holder:
        holder.execute(text('SELECT FROM "jobQueue" FOR UPDATE'))
        claiming = threading.Thread(target=runner.run, args=(str(engines.job_id), 0, done))
        claiming.start()
        wait_for(lambda: not runner.responsive, "the claim to have waited for too long")
    claiming.join()
    assert runner.responsive
    assert engines.row()["status"] == "completed"
