"""What is looked at, and written down, again and again while a soak runs."""

from __future__ import annotations

import json
import resource
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from sqlalchemy import Engine, text

from chaos.rig import Rig
from chaos.soak.console import Console
from chaos.soak.judge import GATES, Judge
from chaos.soak.report import Report, percentile
from chaos.soak.warden import Warden
from chaos.soak.weather import Weather
from chaos.soak.work import Work

_FACTS_SECONDS = 10.0
_MINUTE = 60.0
_WRITE_SECONDS = 180.0

# Two counts, for each is held by an index of its own.
OPEN = """
    SELECT (SELECT count(*) FROM "jobQueue" WHERE status = 'pending')
        + (SELECT count(*) FROM "jobQueue" WHERE status = 'processing')"""

_OUTDATE = """
    UPDATE domains SET "expiresAt" = clock_timestamp() WHERE (domain, resolver) IN (
        SELECT domain, resolver FROM domains WHERE "expiresAt" > clock_timestamp()
        ORDER BY domain, resolver FOR UPDATE SKIP LOCKED)"""

_ENDED_LATELY = """SELECT count(*) FROM "jobQueue" WHERE "completedAt" > clock_timestamp() - interval '5 minutes'"""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays a part in a run."""

    rig: Rig
    eye: Engine
    work: Work
    judge: Judge
    warden: Warden
    weather: Weather
    console: Console


@dataclass(slots=True)
class Watch:
    """Holds the backlog to its bound, has the judge come, tells and writes how things stand."""

    cast: Cast
    report: Report
    output: Path
    most_open: int
    over: threading.Event
    _open: int = 0
    _megabytes: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def watching(self) -> Iterator[None]:
        done = threading.Event()
        thread = threading.Thread(target=self._run, args=(done,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def note(self, *, complete: bool, load_seconds: float) -> None:
        """Write down all there is."""
        cast, report, totals = self.cast, self.report, self.cast.judge.totals()
        report.complete = complete
        report.hours = round(load_seconds / 3600, 3)
        report.jobs = totals["jobs"]
        report.jobs_per_minute = round(totals["jobs"] / (load_seconds / 60) if complete else self._rate(), 1)
        report.gates.update({name: totals[name] for name in GATES}, failed_looks=cast.console.failures)
        # Asked for and confirmed, and yet the database knows nothing of it.
        report.gates["lost"] += max(0, cast.work.accepted - totals["asked"]) if complete else 0
        report.judge_storms(cast.weather.storms)
        report.judged = {name: n for name, n in sorted(totals.items()) if name not in {*GATES, "jobs", "asked"}}
        report.wait_seconds_p50 = percentile(cast.eye, 0.5)
        report.wait_seconds_p95 = percentile(cast.eye, 0.95)
        report.worker_megabytes = self._megabytes
        report.own_megabytes = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        report.database_megabytes = round(cast.rig.number("SELECT pg_database_size(current_database())") / 1e6)
        report.held_seconds = round(cast.work.held_seconds, 1)
        report.requests_refused, report.last_refusal = cast.work.refused, cast.work.last_refusal
        report.restarts, report.restarts_of_the_dead = cast.warden.restarts, cast.warden.ended
        report.write(self.output)

    def keep_evidence(self, logs: Path) -> None:
        """Keep what the judge noted, and what the processes said."""
        kept = self.output.with_suffix("")
        kept.mkdir(parents=True, exist_ok=True)
        found = self.cast.rig.rows("SELECT at, gate, what FROM chaos.evidence ORDER BY at LIMIT 1000")
        (kept / "evidence.json").write_text(json.dumps([list(line) for line in found], default=str, indent=1))
        for log in logs.glob("*.log"):
            shutil.copy(log, kept)

    def _run(self, done: threading.Event) -> None:
        console = self.cast.console
        chores: list[tuple[float, Callable[[], None]]] = [
            (1.0, self._look_at_backlog),
            (_FACTS_SECONDS, self._outdate_facts),
            (_MINUTE, self._look_at_memory),
            (_MINUTE, self.cast.judge.turn),
            (_MINUTE, self._tell),
            (_WRITE_SECONDS, lambda: self.note(complete=False, load_seconds=console.seconds())),
        ]
        last = [time.monotonic()] * len(chores)
        while not done.wait(1):
            for number, (every, chore) in enumerate(chores):
                if time.monotonic() - last[number] >= every:
                    last[number] = time.monotonic()
                    console.attempt(chore)
            if self.cast.work.error is not None:
                self.over.set()

    def _look_at_backlog(self) -> None:
        with self.cast.eye.begin() as connection:
            self._open = int(connection.scalar(text(OPEN)) or 0)
        hold = self.cast.work.hold
        (hold.set if self._open > self.most_open else hold.clear)()

    def _outdate_facts(self) -> None:
        """Give the next analyses domains to look up."""
        with self.cast.eye.begin() as connection:
            connection.execute(text(_OUTDATE))

    def _look_at_memory(self) -> None:
        for process in self.cast.rig.processes:
            try:
                size = process.megabytes() if process.running else 0.0
            except (OSError, psutil.Error):
                continue  # it has just ended
            self._megabytes[process.name] = round(max(size, self._megabytes.get(process.name, 0.0)), 1)

    def _rate(self) -> float:
        """Return how many jobs a minute have ended in the last five."""
        return self.cast.rig.number(_ENDED_LATELY) / max(1.0, min(5.0, self.cast.console.seconds() / 60))

    def _tell(self) -> None:
        work, totals = self.cast.work, self.cast.judge.totals()
        faults = {name: totals[name] for name in GATES if totals[name]}
        self.cast.console.say(
            f"accepted {work.accepted}, judged {totals['jobs']} jobs, {self._rate():.0f} a minute, "
            f"open {self._open}, held {work.held_seconds:.0f} s, refused {work.refused}, "
            f"largest {max(self._megabytes.values(), default=0):.0f} MB, {faults or 'no fault'}"
        )
