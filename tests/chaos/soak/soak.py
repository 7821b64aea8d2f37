"""One run, from the first job to the verdict."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine

from chaos.pace import PRODUCTION
from chaos.rig import Rig
from chaos.soak.console import Console
from chaos.soak.judge import LEDGER, Judge
from chaos.soak.report import Report
from chaos.soak.storms import DISPATCHERS, WORKERS, Storms
from chaos.soak.warden import Warden
from chaos.soak.watch import OPEN, Cast, Watch
from chaos.soak.weather import Weather
from chaos.soak.work import Customer, Work
from factories import make_tenant
from mailsift.shared.db.session import make_engine
from mailsift.shared.plans import Plan
from mailsift.shared.storage import Storage

_QUIET_SECONDS = 240.0
_PLANS = (Plan.FREE, Plan.PRO, Plan.PRO, Plan.BUSINESS, Plan.BUSINESS, Plan.UNLIMITED)

# So that retention has something to do.
_ENVIRONMENT = {
    "RETENTION_SECONDS": "20",
    "RETAIN_SOURCE_DAYS": "1",
    "RETAIN_ROWS_DAYS": "1",
    "RETAIN_JOBS_DAYS": "1",
    "RETAIN_ORPHANS_HOURS": "1",
}
# However short the engine's times are, a process takes as long as ever to start.
_SHORT = {"RETRY_JITTER_SECONDS": "10"}


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is asked to be."""

    hours: float
    rate: float
    """Jobs a minute, with all their parts."""
    gap: tuple[float, float]
    """Minutes between two disturbances."""
    seed: int
    most_open: int
    log_level: str
    output: Path


class Soak:
    """The whole of it."""

    def __init__(self, rig: Rig, options: Options, folder: Path) -> None:
        self._rig = rig
        self._options = options
        self._folder = folder
        self._over = threading.Event()
        dice = random.Random(options.seed)
        eye = create_engine(rig.postgresql.url(rig.database), pool_pre_ping=True)
        with eye.begin() as connection:
            connection.exec_driver_sql(LEDGER.read_text())
            customers = [Customer(make_tenant(connection, plan=plan), plan) for plan in _PLANS]
        storage = Storage((folder / "objects").as_uri())
        api = make_engine(rig.postgresql.url(rig.database, "mailsift_api"), "soak", pool_size=5)
        work = Work(api, eye, storage, customers, random.Random(dice.random()), options.rate)
        judge = Judge(eye, storage, min(_QUIET_SECONDS, options.hours * 3600 / 4))
        console, warden = Console(), Warden(rig)
        self._wires = {"postgresql": rig.proxy("postgresql"), "rabbitmq": rig.proxy("rabbitmq")}
        weather = Weather(rig, eye, Storms(rig, work, warden, dice, self._wires), dice, console)
        self._cast = Cast(rig, eye, work, judge, warden, weather, console)
        report = Report(options.seed, rig.pace.name)
        self._watch = Watch(self._cast, report, options.output, options.most_open, self._over)

    def run(self) -> Report:
        """Start everything, wait until the time is over, judge."""
        cast = self._cast
        self._start()
        cast.console.start()
        with cast.warden.watching(), self._watch.watching():
            cast.work.start()
            cast.weather.rage(3600 * self._options.hours, self._options.gap, self._over)
            load_seconds = cast.console.seconds()
            cast.work.stop()
            cast.console.say("no more is asked for; waiting for what is open")
            self._drain()
        cast.console.insist(cast.judge.finish)
        self._look_at_queues()
        self._watch.note(complete=True, load_seconds=load_seconds)
        if self._watch.report.broken():
            self._watch.keep_evidence(self._folder)
        return self._watch.report

    def stop(self) -> None:
        """End the load early."""
        self._watch.report.cut_short = True
        self._over.set()

    def _start(self) -> None:
        """Start two of each service: the second ones behind wires that can be cut."""
        environment = {**_ENVIRONMENT, "LOG_LEVEL": self._options.log_level}
        if self._rig.pace is not PRODUCTION:
            environment.update(_SHORT)
        for name in (*DISPATCHERS, *WORKERS):
            kind = name.removesuffix("-2")
            self._rig.start(
                {"ingest": "soak"}.get(kind, kind),
                name=name,
                env=environment,
                # The one whose results a proxy in Python does not slow down.
                database=self._wires["postgresql"] if name in {"ingest-2", "analyzer-2"} else None,
                broker=self._wires["rabbitmq"] if name != kind else None,
            )

    def _drain(self) -> None:
        deadline = time.monotonic() + 3 * self._rig.pace.patience
        while time.monotonic() < deadline and self._rig.number(OPEN):
            time.sleep(0.5)

    def _look_at_queues(self) -> None:
        try:
            self._rig._check_queues()
        except AssertionError as error:
            self._cast.console.say(str(error))
            self._watch.report.gates["delayed_or_dead_messages"] = 1
