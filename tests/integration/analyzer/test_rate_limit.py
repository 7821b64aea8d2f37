from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import Engine, insert, text

from factories import Tenant, enqueue, make_analysis, make_tenant
from looking_up import LookUps, ScriptedProbe
from mailsift.shared.db.rate_limits import Bucket, key_of
from mailsift.shared.db.tables import SingleAnalysis
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject

SLOW = 1 / 4
"""Domains a second: four seconds for each."""


@pytest.fixture
def look_ups(worker: Engine, owner: Engine, tenant: Tenant) -> LookUps:
    found = LookUps(worker, owner, tenant)
    found.limit = Bucket(capacity=2, refill_per_second=SLOW)
    return found


def tokens(look_ups: LookUps) -> float:
    with look_ups.worker.begin() as connection:
        statement = text('SELECT tokens FROM "rateLimits" WHERE key = :key')
        return float(connection.scalar(statement, {"key": key_of("dns", look_ups.tenant.workspace_id)}) or 0)


def let_pass(look_ups: LookUps, seconds: float) -> None:
    with look_ups.worker.begin() as connection:
        statement = text('UPDATE "rateLimits" SET "updatedAt" = "updatedAt" - make_interval(secs => :seconds)')
        connection.execute(statement, {"seconds": seconds})


def wait_of(look_ups: LookUps, job_id: uuid.UUID) -> float:
    row = look_ups.row(job_id)
    waits: dt.timedelta = row["dueAt"] - row["updatedAt"]
    return waits.total_seconds()


def test_a_job_beyond_the_limit_waits_in_the_queue_and_uses_up_no_retry(look_ups: LookUps) -> None:
    look_ups.run(look_ups.job("a.com", "b.com"), ScriptedProbe())
    job, probe = look_ups.job("c.com", "d.com"), ScriptedProbe()
    row = look_ups.run(job, probe)
    assert (row["status"], row["retryCount"], row["errorCode"]) == ("pending", 0, None)
    assert wait_of(look_ups, job) == pytest.approx(8, abs=1)
    assert probe.asked == []
    let_pass(look_ups, 8)
    assert look_ups.run(job, probe)["status"] == "completed"
    assert probe.asked == ["c.com", "d.com"]


def test_a_job_that_waits_for_its_turn_keeps_no_domain_from_others(look_ups: LookUps) -> None:
    look_ups.run(look_ups.job("a.com", "b.com"), ScriptedProbe())
    assert look_ups.run(look_ups.job("c.com"), ScriptedProbe())["status"] == "pending"
    look_ups.limit = None
    probe = ScriptedProbe()
    assert look_ups.run(look_ups.job("c.com"), probe)["status"] == "completed"
    assert probe.asked == ["c.com"]


def test_what_is_known_already_costs_nothing(look_ups: LookUps) -> None:
    look_ups.run(look_ups.job("a.com"), ScriptedProbe())
    left = tokens(look_ups)
    assert look_ups.run(look_ups.job("a.com"), ScriptedProbe())["status"] == "completed"
    assert tokens(look_ups) == left
    look_ups.run(look_ups.job("a.com", "b.com"), ScriptedProbe())
    assert tokens(look_ups) == pytest.approx(0, abs=0.5)


def test_what_another_job_looks_up_is_paid_by_that_one(look_ups: LookUps) -> None:
    other = look_ups.job_that_asks_about("a.com")
    job = look_ups.job("a.com")
    for _ in range(3):
        assert look_ups.run(job, ScriptedProbe())["status"] == "pending"
    assert tokens(look_ups) == 0  # no bucket yet: nobody took from it
    look_ups.give_up(other, "a.com")
    assert look_ups.run(job, ScriptedProbe())["status"] == "completed"
    assert tokens(look_ups) == pytest.approx(1, abs=0.5)


def test_a_part_larger_than_the_limit_still_gets_its_turn(look_ups: LookUps) -> None:
    probe = ScriptedProbe()
    names = [f"d{number}.com" for number in range(10)]
    assert look_ups.run(look_ups.job(*names), probe)["status"] == "completed"
    assert probe.asked == names
    job = look_ups.job("e.com")
    look_ups.run(job, probe)
    assert wait_of(look_ups, job) == pytest.approx(36, abs=2)


def test_who_comes_in_vain_again_and_again_stays_away_longer(look_ups: LookUps) -> None:
    look_ups.run(look_ups.job("a.com", "b.com"), ScriptedProbe())
    job = look_ups.job("c.com")
    waits: list[int] = []
    for _ in range(12):
        look_ups.run(job, ScriptedProbe())
        waits.append(round(wait_of(look_ups, job)))
    # Tokens come back meanwhile, so on a slow machine each wait is somewhat shorter.
    assert 2 <= waits[0] < waits[1] < waits[2] <= 12
    assert 20 <= waits[-1] <= 30


def test_workspaces_do_not_wait_for_each_other(look_ups: LookUps) -> None:
    look_ups.run(look_ups.job("a.com", "b.com"), ScriptedProbe())
    with look_ups.owner.begin() as connection:
        neighbour = make_tenant(connection, "Neighbour")
    beside = LookUps(look_ups.worker, look_ups.owner, neighbour)
    beside.limit = look_ups.limit
    assert beside.run(beside.job("c.com"), ScriptedProbe())["status"] == "completed"
    assert look_ups.run(look_ups.job("d.com"), ScriptedProbe())["status"] == "pending"


def test_a_single_address_waits_its_turn_too(look_ups: LookUps) -> None:
    look_ups.run(look_ups.job("a.com", "b.com"), ScriptedProbe())
    with look_ups.owner.begin() as connection:
        analysis_id = make_analysis(connection, look_ups.tenant, None, "single")
        address = {"analysis_id": analysis_id, "email_address": "john@c.com"}
        connection.execute(insert(SingleAnalysis), address)
        subject = Subject(analysis_id=analysis_id)
        job = enqueue(connection, look_ups.tenant, JobType.SINGLE_ANALYSIS, subject)
    probe = ScriptedProbe()
    row = look_ups.run(job, probe)
    assert (row["status"], row["retryCount"], probe.asked) == ("pending", 0, [])
    let_pass(look_ups, 4)
    assert look_ups.run(job, probe)["status"] == "completed"
    assert probe.asked == ["c.com"]
