"""The disturbances of a soak: each does its harm, and returns when it is over."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import closing

import pika

from chaos.proxy import Proxy
from chaos.rig import Rig
from chaos.soak.warden import Warden
from chaos.soak.work import Work
from chaos.twin import Twin
from mailsift.shared.jobs.catalog import QUEUES

WORKERS = ("ingest", "ingest-2", "analyzer", "analyzer-2", "exporter", "exporter-2")
DISPATCHERS = ("dispatcher", "dispatcher-2")

# The longer the jobs, the likelier they are still there when it strikes.
_AT_WORK = """
    SELECT worker, count(*) FROM chaos.claims JOIN "jobQueue" ON token = "leaseToken"
    WHERE "attemptStartedAt" < clock_timestamp() - interval '0.2 s' GROUP BY worker"""
_WORK_SECONDS = 10.0
_PURGED = 20
_POISONS = 3
_PURGE_SECONDS = 30.0


class Storms:
    """Chooses a disturbance, and makes it."""

    def __init__(self, rig: Rig, work: Work, warden: Warden, dice: random.Random, wires: Mapping[str, Proxy]) -> None:
        self._rig = rig
        self._work = work
        self._warden = warden
        self._dice = dice
        self._wires = wires
        self._kinds: list[Callable[[], str]] = [
            self._a_worker_is_killed,
            self._workers_are_killed_again_and_again,
            self._a_dispatcher_is_killed,
            self._rabbitmq_restarts,
            self._rabbitmq_crashes,
            self._postgresql_crashes,
            self._backends_are_killed,
            self._a_connection_is_half_open,
            self._queues_are_purged,
            self._messages_come_twice,
            self._a_worker_sleeps,
            self._a_dispatcher_sleeps,
            self._a_worker_is_asked_to_leave,
            self._a_dispatcher_is_asked_to_leave,
            self._a_transaction_is_held_open,
            self._jobs_kill_every_worker_they_meet,
        ]
        self._bag: list[Callable[[], str]] = []

    def next(self) -> Callable[[], str]:
        """Draw a disturbance: each comes once before any comes again. Calling it says to whom it was done."""
        if not self._bag:
            self._bag = self._dice.sample(self._kinds, len(self._kinds))
        return self._bag.pop()

    def _a_worker_is_killed(self) -> str:
        name, jobs = self._somebody_at_work()
        self._kill(name)
        return f"{name} with {jobs} jobs"

    def _workers_are_killed_again_and_again(self) -> str:
        names = []
        for _ in range(4):
            name, jobs = self._somebody_at_work()
            names.append(f"{name} with {jobs} jobs")
            self._kill(name)
            time.sleep(self._dice.uniform(0.5, 2) * self._rig.pace.lease)
        return ", ".join(names)

    def _somebody_at_work(self) -> tuple[str, int]:
        """Wait a little for a worker that holds jobs, and count them; with none, draw any worker."""
        names = {self._rig.role(name): name for name in WORKERS}
        deadline = time.monotonic() + _WORK_SECONDS
        while not (found := self._at_work(names)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return self._dice.choice(found or [(name, 0) for name in WORKERS])

    def _at_work(self, names: Mapping[str, str]) -> list[tuple[str, int]]:
        # The lease of one who was killed lives on for a while.
        held = self._rig.rows(_AT_WORK)
        return [(names[role], jobs) for role, jobs in held if self._rig[names[role]].running]

    def _a_dispatcher_is_killed(self) -> str:
        name = self._dice.choice(DISPATCHERS)
        self._kill(name)
        return name

    def _kill(self, name: str) -> None:
        with self._warden.leave_alone(name):
            self._rig[name].kill()

    def _rabbitmq_restarts(self) -> str:
        return self._without_rabbitmq(crash=False)

    def _rabbitmq_crashes(self) -> str:
        return self._without_rabbitmq(crash=True)

    def _without_rabbitmq(self, *, crash: bool) -> str:
        self._rig.rabbitmq.stop(crash=crash)
        time.sleep(self._dice.uniform(1, 15))
        self._rig.rabbitmq.start()
        return ""

    def _postgresql_crashes(self) -> str:
        self._rig.postgresql.stop("immediate")
        time.sleep(self._dice.uniform(0, 10))
        self._rig.postgresql.start()
        return ""

    def _backends_are_killed(self) -> str:
        for _ in range(3):
            self._rig.rows(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()"""
            )
            time.sleep(self._dice.uniform(0, 2))
        return ""

    def _a_connection_is_half_open(self) -> str:
        server = self._dice.choice(sorted(self._wires))
        hanging = self._wires[server].forsake()
        time.sleep(2 * self._rig.pace.lease)
        return f"{server}, {hanging} connections"

    def _queues_are_purged(self) -> str:
        """Purge until it hurts: under load a message waits for an instant only."""
        url = self._rig.rabbitmq.url(self._rig.vhost)
        purged, deadline = 0, time.monotonic() + _PURGE_SECONDS
        with closing(pika.BlockingConnection(pika.URLParameters(url))) as connection:
            channel = connection.channel()
            while purged < _PURGED and time.monotonic() < deadline:
                purged += sum(int(channel.queue_purge(queue).method.message_count) for queue in QUEUES)
        return f"{purged} messages"

    def _messages_come_twice(self) -> str:
        self._rig.rabbitmq.control("trace_on", "-p", self._rig.vhost)
        with Twin(self._rig.rabbitmq.url(self._rig.vhost)).listening() as twin:
            time.sleep(self._dice.uniform(10, 30))
        self._rig.rabbitmq.control("trace_off", "-p", self._rig.vhost)
        return f"{twin.sent} messages"

    def _a_worker_sleeps(self) -> str:
        name, jobs = self._somebody_at_work()
        return f"{self._put_to_sleep(name)} with {jobs} jobs"

    def _a_dispatcher_sleeps(self) -> str:
        return self._put_to_sleep(self._dice.choice(DISPATCHERS))

    def _put_to_sleep(self, name: str) -> str:
        with self._warden.leave_alone(name):
            process = self._rig[name]
            if process.running:
                process.suspend()
                time.sleep(self._dice.uniform(1.5, 4) * self._rig.pace.lease)
                process.resume()
        return name

    def _a_worker_is_asked_to_leave(self) -> str:
        name, jobs = self._somebody_at_work()
        return f"{self._ask_to_leave(name)}, with {jobs} jobs"

    def _a_dispatcher_is_asked_to_leave(self) -> str:
        return self._ask_to_leave(self._dice.choice(DISPATCHERS))

    def _ask_to_leave(self, name: str) -> str:
        with self._warden.leave_alone(name):
            code = self._rig[name].stop() if self._rig[name].running else None
        return f"{name} ended with {code}"

    def _a_transaction_is_held_open(self) -> str:
        seconds = self._dice.uniform(6, 13) * self._rig.pace.lease
        with self._rig.looking() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM \"jobQueue\" WHERE status = 'pending'")
            connection.exec_driver_sql("SELECT pg_current_xact_id()")
            time.sleep(seconds)
        return f"{seconds:.0f} s"

    def _jobs_kill_every_worker_they_meet(self) -> str:
        jobs = [self._work.poison() for _ in range(_POISONS)]
        open_jobs = """SELECT count(*) FROM "jobQueue" WHERE "jobId" = ANY(:jobs) AND status <> 'dead_letter'"""
        began = time.monotonic()
        deadline = began + 4 * self._rig.pace.patience
        while self._rig.number(open_jobs, jobs=jobs) and time.monotonic() < deadline:
            time.sleep(0.5)
        return f"{len(jobs)} jobs, dead after {time.monotonic() - began:.0f} s"
