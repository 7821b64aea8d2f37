"""Keeps jobs of all kinds going for hours, with a disturbance every few minutes: `make soak HOURS=1`.

It starts a PostgreSQL that keeps what it commits, a RabbitMQ, a nameserver and two of each service, and ends them all.
What it finds is in build/soak.json, written anew every few minutes; its exit code is 1 when a gate is broken. Ctrl-C
ends the load and judges what there is.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from chaos import lists
from chaos.pace import PACES, TWENTIETH
from chaos.record import Record
from chaos.rig import Rig, ensure_template
from chaos.soak.judge import GATES, LEDGER, Judge
from chaos.soak.report import Report, Storm, kinds, percentile
from chaos.soak.storms import DISPATCHERS, WORKERS, Storms
from chaos.soak.warden import Warden
from chaos.soak.work import Customer, Work
from conftest import TEMPLATE, add_template
from factories import make_tenant
from mailsift.shared.db.session import make_engine
from mailsift.shared.plans import Plan
from mailsift.shared.storage import Storage
from servers import run_nsd, run_postgresql, run_rabbitmq

Result = TypeVar("Result")

_MOST_OPEN = 600
_QUIET_SECONDS = 240.0
_MINUTE = 60.0
_WRITE_SECONDS = 180.0
_FACTS_SECONDS = 10.0
_PLANS = (Plan.FREE, Plan.PRO, Plan.PRO, Plan.BUSINESS, Plan.BUSINESS, Plan.UNLIMITED)

# However short the engine's times are, a process takes as long as ever to start; and retention has something to do.
_ENVIRONMENT = {
    "RETRY_JITTER_SECONDS": "10",
    "RETENTION_SECONDS": "20",
    "RETAIN_SOURCE_DAYS": "1",
    "RETAIN_ROWS_DAYS": "1",
    "RETAIN_JOBS_DAYS": "1",
    "RETAIN_ORPHANS_HOURS": "1",
}


class Soak:
    """One run, from the first job to the verdict."""

    def __init__(self, rig: Rig, options: argparse.Namespace, folder: Path) -> None:
        self._rig = rig
        self._options = options
        self._folder = folder
        self._dice = random.Random(options.seed)
        self._eye = create_engine(rig.postgresql.url(rig.database), pool_pre_ping=True)
        with self._eye.begin() as connection:
            connection.exec_driver_sql(LEDGER.read_text())
            customers = [Customer(make_tenant(connection, plan=plan), plan) for plan in _PLANS]
        storage = Storage((folder / "objects").as_uri())
        api = make_engine(rig.postgresql.url(rig.database, "mailsift_api"), "soak", pool_size=5)
        self._work = Work(api, self._eye, storage, customers, random.Random(self._dice.random()), options.rate)
        quiet = min(_QUIET_SECONDS, options.hours * 3600 / 4)
        self._judge = Judge(self._eye, storage, quiet)
        self._warden = Warden(rig)
        self._report = Report(options.seed, rig.pace.name)
        self._over = threading.Event()
        self._began = time.monotonic()
        self._load_seconds = 0.0
        self._ended = 0
        self._open = 0

    def run(self) -> Report:
        """Start everything, wait until the time is over, judge."""
        wires = {"postgresql": self._rig.proxy("postgresql"), "rabbitmq": self._rig.proxy("rabbitmq")}
        for name in (*DISPATCHERS, *WORKERS):
            kind = name.removesuffix("-2")
            wired = wires if name != kind else {}
            self._rig.start(
                {"ingest": "soak"}.get(kind, kind),
                name=name,
                env={**_ENVIRONMENT, "LOG_LEVEL": self._options.log_level},
                database=wires["postgresql"] if name in {"ingest-2", "analyzer-2"} else None,
                broker=wired.get("rabbitmq"),
            )
        storms = Storms(self._rig, self._warden, self._dice, wires)
        self._began = time.monotonic()
        with self._warden.watching(), self._watching():
            self._work.start()
            self._weather(storms)
            self._load_seconds = time.monotonic() - self._began
            self._work.stop()
            self._say("no more is asked for; waiting for what is open")
            self._drain()
        self._insist(self._judge.finish)
        self._look_at_queues()
        self._note(complete=True)
        if self._report.broken():
            self._keep_evidence()
        return self._report

    def stop(self) -> None:
        """End the load early."""
        self._over.set()

    def _weather(self, storms: Storms) -> None:
        """Disturb, wait until all has recovered, and again, until the time is over."""
        end = self._began + 3600 * self._options.hours
        least, most = self._options.gap
        while True:
            pause = 60 * self._dice.uniform(least, most)
            if self._over.wait(min(pause, max(0, end - time.monotonic()))) or time.monotonic() >= end:
                return
            self._disturb(storms.next())

    def _disturb(self, disturbance: Callable[[], str]) -> None:
        began = self._insist(lambda: self._stamp("INSERT INTO chaos.storms VALUES (:now, 'infinity')"))
        storm = Storm(disturbance.__name__.strip("_").replace("_", " "), "", round(time.monotonic() - self._began, 1))
        self._report.disturbances.append(storm)
        self._say(storm.kind)
        start = time.monotonic()
        try:
            storm.whom = disturbance()
        except Exception as error:  # noqa: BLE001 - it is the report that says so
            storm.error = f"{type(error).__name__}: {error}"
        storm.seconds = round(time.monotonic() - start, 1)
        with suppress(AssertionError):
            storm.recovery_seconds = self._recovery()
        self._insist(lambda: self._stamp("UPDATE chaos.storms SET ended = :now WHERE began = :began", began))
        self._say(f"{storm.kind} ({storm.whom}{storm.error}): recovered after {storm.recovery_seconds} s")

    def _stamp(self, statement: str, began: object = None) -> object:
        with self._eye.begin() as connection:
            now = connection.scalar(text("SELECT clock_timestamp()"))
            connection.execute(text(statement), {"now": now, "began": began})
            return now

    def _recovery(self) -> float | None:
        """Measure how long it takes until all has ended that had been accepted when the disturbance was over."""
        calm = time.monotonic()
        moment = self._rig.rows("SELECT clock_timestamp()")[0][0]
        # Whoever kills workers is not waited for, and what is put off is not late.
        before = """
            SELECT count(*) FROM chaos.asked a JOIN "jobQueue" j USING ("jobId")
            WHERE status IN ('pending', 'processing') AND at < :moment AND kind <> 'poison' AND retries = 0"""
        while self._rig.number(before, moment=moment):
            if time.monotonic() - calm > 2 * self._rig.pace.patience:
                return None
            time.sleep(0.25)
        return round(time.monotonic() - calm, 1)

    @contextmanager
    def _watching(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        chores: list[tuple[float, Callable[[], None]]] = [
            (1.0, self._look_at_backlog),
            (_FACTS_SECONDS, self._outdate_facts),
            (_MINUTE, self._look_at_memory),
            (_MINUTE, self._judge.turn),
            (_MINUTE, self._tell),
            (_WRITE_SECONDS, lambda: self._note(complete=False)),
        ]
        done = [self._began] * len(chores)
        while not over.wait(1):
            for number, (every, chore) in enumerate(chores):
                if time.monotonic() - done[number] >= every:
                    done[number] = time.monotonic()
                    self._attempt(chore)

    def _outdate_facts(self) -> None:
        """Give the next analyses domains to look up."""
        statement = """
            UPDATE domains SET "expiresAt" = clock_timestamp() WHERE (domain, resolver) IN (
                SELECT domain, resolver FROM domains WHERE "expiresAt" > clock_timestamp()
                ORDER BY 1, 2 FOR UPDATE SKIP LOCKED)"""
        with self._eye.begin() as connection:
            connection.execute(text(statement))

    def _look_at_backlog(self) -> None:
        with self._eye.begin() as connection:
            statement = """SELECT count(*) FROM "jobQueue" WHERE status IN ('pending', 'processing')"""
            self._open = int(connection.scalar(text(statement)) or 0)
        (self._work.hold.set if self._open > self._options.most_open else self._work.hold.clear)()
        if self._work.error is not None:
            self.stop()

    def _look_at_memory(self) -> None:
        for process in self._rig.processes:
            try:
                size = process.megabytes() if process.running else 0.0
            except (OSError, AssertionError, LookupError):
                continue
            known = self._report.worker_megabytes_by_name.get(process.name, 0.0)
            self._report.worker_megabytes_by_name[process.name] = round(max(size, known), 1)
        self._report.worker_megabytes = max(self._report.worker_megabytes_by_name.values(), default=0.0)

    def _look_at_queues(self) -> None:
        try:
            self._rig._check_queues()
        except AssertionError:
            self._report.gates["delayed_or_dead_messages"] = 1

    def _keep_evidence(self) -> None:
        """Keep what the judge noted, and what the processes said."""
        kept = self._options.output.with_suffix("")
        kept.mkdir(parents=True, exist_ok=True)
        found = self._rig.rows("SELECT at, gate, what FROM chaos.evidence ORDER BY at LIMIT 1000")
        (kept / "evidence.json").write_text(json.dumps([list(line) for line in found], default=str, indent=1))
        for log in self._folder.glob("*.log"):
            shutil.copy(log, kept)

    def _drain(self) -> None:
        deadline = time.monotonic() + 3 * self._rig.pace.patience
        look = """SELECT count(*) FROM "jobQueue" WHERE status IN ('pending', 'processing')"""
        while time.monotonic() < deadline and self._rig.number(look):
            time.sleep(0.5)

    def _note(self, *, complete: bool) -> None:
        report, totals = self._report, self._judge.totals()
        report.complete = complete
        report.hours = round((self._load_seconds or time.monotonic() - self._began) / 3600, 3)
        report.jobs = totals["jobs"]
        report.gates.update({name: totals[name] for name in GATES})
        report.judged = kinds(totals, ("jobs", "asked"))
        report.gates["unrecovered"] = sum(1 for s in report.disturbances if s.recovery_seconds is None and s.seconds)
        report.gates["failed_disturbances"] = sum(1 for s in report.disturbances if s.error)
        if complete:
            # Asked for and confirmed, and yet the database knows nothing of it.
            report.gates["lost"] += max(0, self._work.accepted - totals["asked"])
            report.jobs_per_minute = round(totals["jobs"] / (self._load_seconds / 60), 1)
        else:
            report.jobs_per_minute = round(self._rate(), 1)
        report.wait_seconds_p50 = percentile(self._eye, 0.5)
        report.wait_seconds_p95 = percentile(self._eye, 0.95)
        report.recovery_seconds_longest = max((s.recovery_seconds or 0 for s in report.disturbances), default=0)
        report.database_megabytes = round(self._rig.number("SELECT pg_database_size(current_database())") / 1e6)
        report.held_seconds = round(self._work.held_seconds, 1)
        report.requests_refused, report.last_refusal = self._work.refused, self._work.last_refusal
        report.restarts, report.restarts_of_the_dead = self._warden.restarts, self._warden.ended
        report.write(self._options.output)

    def _rate(self) -> float:
        """Return how many jobs a minute there were in the last five."""
        minutes = max(1.0, min(5.0, (time.monotonic() - self._began) / 60))
        return (
            self._rig.number(
                """SELECT count(*) FROM "jobQueue" WHERE "completedAt" > clock_timestamp() - make_interval(mins => 5)
               AND "createdAt" > clock_timestamp() - make_interval(mins => 10)"""
            )
            / minutes
        )

    def _tell(self) -> None:
        totals = self._judge.totals()
        faults = {name: totals[name] for name in GATES if totals[name]}
        self._say(
            f"accepted {self._work.accepted}, judged {totals['jobs']} jobs, {self._rate():.0f} a minute, "
            f"open {self._open}, held {self._work.held_seconds:.0f} s, refused {self._work.refused}, "
            f"largest {self._report.worker_megabytes:.0f} MB, {faults or 'no fault'}"
        )

    def _say(self, words: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        sys.stderr.write(f"[{minutes:4}:{seconds:02}] {words}\n")
        sys.stderr.flush()

    def _attempt(self, look: Callable[[], None]) -> None:
        """Look, unless the database is away just now."""
        try:
            look()
        except (SQLAlchemyError, AssertionError) as error:
            self._say(f"the database does not answer: {type(error).__name__}")
        except Exception:  # noqa: BLE001 - the report says so, and the load goes on
            self._report.gates["failed_looks"] = self._report.gates.get("failed_looks", 0) + 1
            self._say(traceback.format_exc())

    def _insist(self, look: Callable[[], Result]) -> Result:
        """Look until the database answers."""
        while True:
            try:
                return look()
            except SQLAlchemyError as error:
                self._say(f"the database does not answer: {type(error).__name__}")
                time.sleep(1)


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="mailsift-soak-", ignore_cleanup_errors=True))
        )
        postgresql = stack.enter_context(run_postgresql(durable=True))
        rabbitmq = stack.enter_context(run_rabbitmq())
        nameserver = stack.enter_context(run_nsd(lists.ZONES))
        add_template(postgresql)
        ensure_template(postgresql, TEMPLATE)
        record = Record("", "soak", options.pace, 1, full=True, folder=None)
        rig = Rig(postgresql, rabbitmq, nameserver, PACES[options.pace], folder, record)
        soak = Soak(stack.enter_context(rig.open()), options, folder)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: soak.stop())
        report = soak.run()
    sys.stderr.write(f"{options.output}: {'passed' if report.passed else f'broken: {report.broken()}'}\n")
    sys.exit(0 if report.passed else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=1_000.0, help="jobs a minute, with all their parts")
    parser.add_argument("--pace", choices=sorted(PACES), default=TWENTIETH.name, help="the engine's times")
    parser.add_argument("--gap", type=float, nargs=2, default=(2.0, 4.0), help="minutes between two disturbances")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="of the disturbances")
    parser.add_argument("--most-open", type=int, default=_MOST_OPEN, help="jobs; when more are open, nobody asks")
    parser.add_argument("--log-level", default="WARNING", help="of the services; their logs are kept if a gate breaks")
    parser.add_argument("--output", type=Path, default=Path("build/soak.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
