from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from domain_facts import HEALTHY
from engines import waiting_for_locks
from factories import Tenant
from looking_up import NAMESERVER, LookUps, ScriptedProbe
from mailsift.analyzer.evidence import DomainFacts, Existence, Lookup, Lookups
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.analyzer.repository import lookups
from mailsift.analyzer.results import Purpose, result_row
from mailsift.shared.addresses import parse
from processes import wait_for
from servers import accepts, run_mortal_nsd


@pytest.fixture
def look_ups(worker: Engine, owner: Engine, tenant: Tenant) -> LookUps:
    return LookUps(worker, owner, tenant)


def test_what_another_job_gave_up_meanwhile_is_looked_up_after_all(look_ups: LookUps) -> None:
    other = look_ups.job_that_asks_about("a.com")
    job = look_ups.job("a.com", "b.com")
    probe = ScriptedProbe(afterwards=lambda: look_ups.give_up(other, "a.com"))
    assert look_ups.run(job, probe)["status"] == "pending"
    assert look_ups.run(job, probe)["status"] == "completed"
    assert probe.asked == ["b.com", "a.com"]


def test_a_job_that_ended_before_it_gave_up_its_domains_keeps_nobody_waiting(look_ups: LookUps) -> None:
    other = look_ups.job_that_asks_about("a.com")
    job = look_ups.job("a.com")
    assert look_ups.run(job, ScriptedProbe())["status"] == "pending"
    look_ups.move(other, "cancelled")
    assert look_ups.run(job, ScriptedProbe())["status"] == "completed"


def test_domains_that_are_known_already_count_as_done(look_ups: LookUps) -> None:
    look_ups.run(look_ups.job("a.com"), ScriptedProbe())
    job = look_ups.job("a.com", "b.com", "c.com")
    probe = ScriptedProbe()
    pump = look_ups.pump(probe)
    probe.afterwards = lambda: pump.heartbeat.beat(time.monotonic(), extend=False)
    pump.run()
    assert probe.asked == ["b.com", "c.com"]
    row = look_ups.row(job)
    assert (row["processedItems"], row["totalItems"]) == (3, 3)


def test_jobs_that_share_domains_do_not_lock_each_other_out(look_ups: LookUps) -> None:
    first, second = look_ups.job("a.com", "b.com", "c.com"), look_ups.job("a.com", "b.com")
    with look_ups.worker.connect() as holder:

        def hold_c() -> None:
            holder.execute(text("SELECT FROM domains WHERE domain = 'c.com' FOR UPDATE"))

        keeps_two = threading.Thread(target=look_ups.run, args=(first, ScriptedProbe(["a.com"], hold_c)))
        claims = threading.Thread(target=look_ups.run, args=(second, ScriptedProbe()))
        keeps_two.start()
        wait_for(lambda: waiting_for_locks(look_ups.worker) == 1, "the first to wait for c.com")
        claims.start()
        wait_for(lambda: waiting_for_locks(look_ups.worker) == 2, "the second to wait for the first")
        holder.rollback()
    keeps_two.join()
    claims.join()
    assert [look_ups.row(job)["retryCount"] for job in (first, second)] == [0, 0]


def test_facts_that_expire_between_two_looks_still_count(look_ups: LookUps) -> None:
    look_ups.run(look_ups.job("a.com"), ScriptedProbe())
    with look_ups.worker.begin() as connection:
        connection.execute(text('UPDATE domains SET "expiresAt" = clock_timestamp()'))
        assert lookups.load_facts(connection, ["a.com"], NAMESERVER).keys() == {"a.com"}


def test_verdicts_stand_on_the_facts_that_were_kept(look_ups: LookUps) -> None:
    bare = DomainFacts("bare.com", Existence.EXISTS, accepts_mail=None, lookups=Lookups(address=Lookup.TIMEOUT))
    own = replace(HEALTHY, domain="own.com", mx=(), own_host=HEALTHY.mx[0], wildcard_mx="com")
    kept = {facts.domain: facts for facts in (HEALTHY, bare, own, DomainFacts("dead.com", Existence.NXDOMAIN))}
    job = look_ups.job()
    with look_ups.owner.begin() as connection:
        lookups.save_facts(connection, kept.values(), NAMESERVER)
        statement = text('UPDATE analyses SET "startedAt" = now() WHERE "analysisId" = :id RETURNING "analysisId"')
        analysis = connection.scalar(statement, {"id": look_ups.row(job)["analysisId"]})
    with look_ups.worker.begin() as connection:
        found = lookups.facts_for_verdicts(connection, analysis, [*kept, "nobody.com"], NAMESERVER)
    assert found.keys() == kept.keys()
    purpose = Purpose(str(analysis))
    for domain, facts in kept.items():
        name = f"anna@{domain}"
        answers = [Examiner({domain: known}).examine(parse(name)) for known in (facts, found[domain])]
        rows = [result_row(purpose, 1, name, name, answer) for answer in answers]
        assert rows[0] == rows[1]


def test_what_an_earlier_version_found_is_asked_for_again(look_ups: LookUps) -> None:
    look_ups.run(look_ups.job("a.com", "b.com"), ScriptedProbe())
    with look_ups.worker.begin() as connection:
        connection.execute(text("UPDATE domains SET facts = facts - 'version' WHERE domain = 'a.com'"))
    probe = ScriptedProbe()
    look_ups.run(look_ups.job("a.com", "b.com"), probe)
    assert probe.asked == ["a.com"]
    look_ups.run(look_ups.job("a.com", "b.com"), probe)
    assert probe.asked == ["a.com"]


def test_a_resolver_that_died_in_the_middle_is_waited_for_and_only_the_rest_is_asked(look_ups: LookUps) -> None:
    job = look_ups.job("a.com", "b.com")
    dying, back = ScriptedProbe(silent=["b.com"]), ScriptedProbe()
    dying.was_heard = True
    row = look_ups.run(job, dying)
    assert (row["status"], row["retryCount"], row["errorCode"]) == ("pending", 0, None)
    assert look_ups.run(job, back)["status"] == "completed"
    assert back.asked == ["b.com"]
    assert look_ups.notices(job) == []


def test_a_resolver_that_does_not_come_back_leaves_rows_unknown_and_no_failed_job(look_ups: LookUps) -> None:
    job, dead = look_ups.job("a.com"), ScriptedProbe(silent=["a.com"])
    dead.was_heard = True
    states = [look_ups.run(job, dead)["status"] for _ in range(4)]
    assert states == ["pending", "pending", "pending", "completed"]
    assert look_ups.notices(job) == ["dns_unreachable"]
    with look_ups.worker.begin() as connection:
        assert lookups.load_facts(connection, ["a.com"], NAMESERVER) == {}


MORTAL = {
    "com": """
$ORIGIN com.
$TTL 1200
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 127.0.0.1
a A 192.0.2.1
b A 192.0.2.2
"""
}


def test_a_nameserver_that_dies_and_comes_back_answers_for_the_rest(look_ups: LookUps) -> None:
    with run_mortal_nsd(MORTAL) as (address, power):
        port = int(address.rpartition(":")[2])
        probe = DomainProbe(ProbeSettings((address,), query_seconds=12), CircuitBreaker())
        assert look_ups.run(look_ups.job("a.com"), probe)["status"] == "completed"
        power.off("TERM")
        wait_for(lambda: not accepts(port), "the nameserver to end")
        job = look_ups.job("a.com", "b.com")
        row = look_ups.run(job, probe)
        assert (row["status"], row["retryCount"], row["errorCode"]) == ("pending", 0, None)
        power.on()
        wait_for(lambda: accepts(port), "the nameserver to come back")
        assert look_ups.run(job, probe)["status"] == "completed"
    with look_ups.worker.begin() as connection:
        known = lookups.load_facts(connection, ["a.com", "b.com"], NAMESERVER)
    assert {name: facts.mx_host for name, facts in known.items()} == {"a.com": "a.com", "b.com": "b.com"}
    assert look_ups.notices(job) == []


def test_where_nobody_ever_answered_nobody_is_waited_for(look_ups: LookUps) -> None:
    job = look_ups.job("a.com")
    assert look_ups.run(job, ScriptedProbe(silent=["a.com"]))["status"] == "completed"
    assert look_ups.notices(job) == ["dns_unreachable"]
