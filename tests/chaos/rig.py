"""One scenario's world: a database and a virtual host of its own, real processes, the work, and the judgement.

How to write a scenario: one test function in a file of its family, marked with its number, that reads like its
description.

    @pytest.mark.scenario("S1")
    def test_a_worker_is_killed_in_the_middle_of_a_slice(rig: Rig) -> None:
        rig.start("dispatcher", "ingest", "analyzer", "exporter")      # real processes; ready when it returns
        rig.load.users(2, rows=20_000)                                 # upload, analysis, export, one after the other
        rig.await_copy("advancedEmailResults")                         # the moment that the scenario is about
        rig["analyzer"].kill()                                         # the disturbance
        rig.calm()                                                     # its end: recovery is measured from here
        rig["analyzer"].start()
        rig.settle()                                                   # all work ended; counts, notes, asserts
        assert rig.events("worker_lost") > 0                           # and that it was a test of anything at all

- The work: `rig.load` (load.py). Use `users` for real work, and `rows` with the process "chaos" (worker.py) for what
  real handlers cannot be asked to do. Whatever it accepted must end well, except what is poisoned.
- The processes: `rig.start("ingest", "dispatcher", ...)`, or `rig.start("ingest", name="ingest-2", env={...})` for one
  more; then `rig["ingest"]` with `kill`, `stop` (SIGTERM), `suspend`, `resume`, `start`. Each worker process has a
  database role of its own, so that the journal can tell who wrote. `rig.revive("chaos")` starts a process anew whenever
  it ends, as Kubernetes does.
- The wires: `rig.proxy("postgresql")` and `rig.proxy("rabbitmq")` (proxy.py); give the proxy to `start` as `database=`
  or `broker=`.
- The servers: `rig.postgresql` and `rig.rabbitmq` can be stopped and started (servers.py). A scenario that does so
  stands in a file that overrides the fixture `postgresql` or `rabbitmq` by one with a server of its own.
- The looks: `rig.rows(sql)`, `rig.number(sql)`, `rig.events(cause)`, `rig.await_copy(table)`, `rig.wait(look, what)`.
  Wait on conditions, never for a time; a scenario that missed its moment must fail.
- The judgement: journal.sql (what the database itself saw) and census.py (what is counted).
- The size: `rig.pace` are the times; `rig.full` says whether this is a run of `make chaos` or the short form that
  `make test` runs.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pika
import pika.exceptions
import psycopg2
from psycopg2.extensions import connection as Psycopg2Connection  # noqa: N812 - a class with a small name
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import InterfaceError, OperationalError

from chaos import census
from chaos.census import Figures
from chaos.load import Load, Put
from chaos.pace import Pace
from chaos.process import COMMANDS, Process
from chaos.proxy import Proxy
from chaos.record import Record
from chaos.twin import Twin
from factories import make_tenant
from mailsift.shared.db.session import make_engine
from mailsift.shared.jobs.catalog import QUEUES
from mailsift.shared.storage import Storage
from processes import wait_for
from servers import PostgreSQL, RabbitMQ

Result = TypeVar("Result")

TEMPLATE = "mailsift_chaos_template"
_FOLDER = Path(__file__).parent
_WORKER_MEGABYTES = 500
_CHANCES = 10
# Small enough that a scenario has several slices of each kind, large enough that they can be caught in the middle.
_SIZES = {"BATCH_ROWS": "10000", "ROWS_PER_JOB": "5000", "DOMAINS_PER_JOB": "7"}


class Rig:
    """What a scenario works with; see the module's own words."""

    def __init__(  # noqa: PLR0917 - the parts of a world
        self, postgresql: PostgreSQL, rabbitmq: RabbitMQ, nameserver: str, pace: Pace, folder: Path, record: Record
    ) -> None:
        self.postgresql = postgresql
        self.rabbitmq = rabbitmq
        self.pace = pace
        self.full = record.full
        self.database = f"chaos_{uuid.uuid4().hex[:8]}"
        self.load: Load
        self._nameserver = nameserver
        self._folder = folder
        self._record = record
        self._processes: dict[str, Process] = {}
        self._roles: list[str] = []
        self._calm: float | None = None
        self._too_late = False
        self._stack = ExitStack()
        self._over = threading.Event()

    @contextmanager
    def open(self) -> Iterator[Rig]:
        """Build the world, and leave nothing of it."""
        with self._stack as stack:
            self.postgresql.execute(f"CREATE DATABASE {self.database} TEMPLATE {TEMPLATE}")
            stack.callback(self._drop)
            # A crash of the server must not lose what it said it had committed.
            self.postgresql.execute(f"ALTER DATABASE {self.database} SET synchronous_commit = on")
            self._eye = create_engine(self.postgresql.url(self.database), pool_pre_ping=True)
            stack.callback(self._eye.dispose)
            api = make_engine(self.postgresql.url(self.database, "mailsift_api"), "chaos-load", pool_size=20)
            stack.callback(api.dispose)
            with self._eye.begin() as connection:
                tenant = make_tenant(connection)
            self._storage = Storage((self._folder / "objects").as_uri())
            self.load = Load(api, tenant, self._storage)
            stack.callback(self._end)
            yield self

    @cached_property
    def vhost(self) -> str:
        """The virtual host, made when it is first asked for: not every test needs one."""
        return self.rabbitmq.add_vhost()

    def start(  # one process, said in full
        self,
        *kinds: str,
        name: str | None = None,
        env: Mapping[str, str] | None = None,
        database: Proxy | None = None,
        broker: Proxy | None = None,
        superuser: bool = False,
    ) -> None:
        """Start a process of each kind and wait until all are ready.

        The connections of a worker that logs in as `superuser` cannot be ended by the dispatcher.
        """
        for kind in kinds:
            login = self._login(kind, name or kind, superuser=superuser)
            process = self._make(kind, name or kind, _through(database, login), env or {}, broker)
            self._processes[process.name] = process
            process.launch()
        for kind in kinds:
            self._processes[name or kind].await_ready()

    def __getitem__(self, name: str) -> Process:
        return self._processes[name]

    @property
    def processes(self) -> list[Process]:
        return list(self._processes.values())

    def revive(self, name: str) -> None:
        """Start a process anew whenever it has ended, until the scenario is over."""

        def watch() -> None:
            while not self._over.wait(0.05):
                if not self._processes[name].running:
                    self._processes[name].launch()

        thread = threading.Thread(target=watch)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(self._over.set)

    def proxy(self, server: str) -> Proxy:
        """Put a proxy in front of "postgresql" or "rabbitmq"."""
        proxy = Proxy({"postgresql": self.postgresql.port, "rabbitmq": self.rabbitmq.port}[server])
        self._stack.callback(proxy.close)
        return proxy

    def rows(self, statement: str, **parameters: object) -> list[Any]:
        """Look into the database as superuser; waits while there is none."""

        def look() -> list[list[Any]] | None:
            try:
                with self._eye.begin() as connection:
                    return [list(connection.execute(text(statement), parameters).all())]
            except (OperationalError, InterfaceError):
                return None

        return wait_for(look, "the database to answer")[0]

    @contextmanager
    def looking(self, isolation_level: IsolationLevel = "READ COMMITTED") -> Iterator[Connection]:
        """Look into the database as superuser, for as long as the block runs in one transaction."""
        with self._eye.execution_options(isolation_level=isolation_level).begin() as connection:
            yield connection

    def number(self, statement: str, **parameters: object) -> int:
        return int(self.rows(statement, **parameters)[0][0] or 0)

    def events(self, cause: str) -> int:
        """Count the changes of state that had this cause."""
        return self.number('SELECT count(*) FROM "jobEvents" WHERE cause = :cause', cause=cause)

    def wait(self, look: Callable[[], Result | None], what: str, seconds: float | None = None) -> Result:
        """Look until there is something; fails by name, with what the processes said last."""
        return wait_for(look, what, seconds=seconds or self.pace.patience, hint=self.report)

    def await_copy(self, table: str | None, but: int = 0) -> int:
        """Wait until rows flow in a COPY into this table, or out of the database; returns its backend's pid.

        `but`: another backend than this one.
        """
        found = self.wait(lambda: [pid for pid in self._copies(table) if pid != but], f"a COPY of {table}")
        return found[0]

    def _copies(self, table: str | None) -> list[int]:
        statement = """
            SELECT pid FROM pg_stat_progress_copy WHERE tuples_processed > 0 AND datname = :database
                AND relid = coalesce(to_regclass(quote_ident(:table))::oid, 0)"""
        return [row[0] for row in self.rows(statement, table=table, database=self.database)]

    def twin(self) -> Twin:
        """Send every message twice from now on."""
        self.rabbitmq.control("trace_on", "-p", self.vhost)
        return self._stack.enter_context(Twin(self.rabbitmq.url(self.vhost)).listening())

    def journey(self, rows: int) -> Iterator[str]:
        """Take a list through ingest, analyzer and exporter: yields each at the moment in which it moves rows.

        A job that was too fast to be caught is asked for again, and so is one of which the scenario says so.
        """
        upload = yield from self._caught("ingest", "uploadEmails", lambda: self.load.upload(rows))
        analysis = yield from self._caught("analyzer", "advancedEmailResults", lambda: self.load.analysis(upload))
        yield from self._caught("exporter", None, lambda: self.load.export(analysis))

    def _caught(self, worker: str, table: str | None, ask: Callable[[], Put]) -> Generator[str, None, uuid.UUID]:
        for _ in range(_CHANCES):
            subject, job = ask()
            if self.wait(partial(self._copies_or_ended, table, job), f"a COPY of {table}") == "copies":
                self._too_late = False
                yield worker
                self.wait(partial(self.load.has_ended, job), f"the job of {worker} to end")
                if not self._too_late:
                    return subject
        raise AssertionError(f"{worker} was never caught moving rows")

    def came_too_late(self) -> None:
        """Say of a journey that its worker had done with the job when it was disturbed."""
        self._too_late = True

    def _copies_or_ended(self, table: str | None, job: uuid.UUID) -> str | None:
        if self._copies(table):
            return "copies"
        return "ended" if self.load.has_ended(job) else None

    @contextmanager
    def braked_heartbeat(self, name: str) -> Iterator[None]:
        """Have a worker in the middle of a heartbeat while the block runs, holding the rows of its jobs."""
        role = self.role(name)
        self.rows("INSERT INTO chaos.brakes VALUES (:role, 3) RETURNING 1", role=role)
        asleep = "SELECT pid FROM pg_stat_activity WHERE usename = :role AND wait_event = 'PgSleep'"
        self.wait(lambda: self.rows(asleep, role=role), f"a heartbeat of {name}")
        yield
        self.rows("DELETE FROM chaos.brakes RETURNING 1")

    def calm(self) -> None:
        """Say that the disturbance is over. A scenario that is disturbed to its end is calm when all is asked for."""
        self._calm = time.monotonic()

    def settle(self, seconds: float | None = None, measure: Callable[[], Mapping[str, float]] = dict) -> None:
        """Wait until all that was accepted has ended, count, note the figures, and fail where a gate is broken.

        A machine that has much to do may be long about it: only when nothing ends any more the wait is over.
        Recovery is the time from the end of the disturbance until the last job has ended: waiting, and the work itself.
        What a scenario measures besides is noted with its figures.
        """
        assert self._calm is not None, "say when the disturbance was over"
        ended, since = self.ended, time.monotonic()
        while self.busy and time.monotonic() - since < (seconds or self.pace.patience):
            time.sleep(0.05)
            if (now_ended := self.ended) > ended:
                ended, since = now_ended, time.monotonic()
        recovery = time.monotonic() - self._calm
        self.load.leave()
        figures = self.census()
        self._record.note(figures, recovery, **measure())
        assert not figures.broken(), f"{figures.broken()}\n{self.report()}"
        assert self.load.accepted.jobs, "nothing was asked for"
        self._check_queues()
        self._check_memory()

    def census(self) -> Figures:
        """Count as things stand."""
        return census.take(self._eye, self.load.accepted, self._storage)

    def report(self) -> str:
        """Say how things stand: the jobs, and the last words of every process."""
        jobs = self.rows("""
            SELECT "jobType", status, attempt, "retryCount", "errorCode", "leaseToken" IS NOT NULL AS leased,
                "openChildren", count(*) FROM "jobQueue" GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3""")
        stale = self.rows("SELECT * FROM chaos.stale LIMIT 10")
        words = [f"--- {name}\n{process.log()}" for name, process in self._processes.items()]
        return "\n".join([*map(str, jobs), *map(str, stale), *words])

    @property
    def busy(self) -> bool:
        """Whether a job is open, or somebody may ask for one."""
        open_jobs = """SELECT count(*) FROM "jobQueue" WHERE status IN ('pending', 'processing')"""
        # In this order: as long as somebody may ask for more, an empty queue says nothing.
        return self.load.travelling or self.number(open_jobs) > 0

    @property
    def ended(self) -> int:
        """How many jobs are over."""
        return self.number("""SELECT count(*) FROM "jobQueue" WHERE status NOT IN ('pending', 'processing')""")

    def _make(self, kind: str, name: str, database: str, env: Mapping[str, str], broker: Proxy | None) -> Process:
        environment = {
            "DATABASE_URL": database,
            "RABBITMQ_URL": _through(broker, f"{self.rabbitmq.url(self.vhost)}?heartbeat={self.pace.amqp_heartbeat}"),
            "STORAGE_URL": (self._folder / "objects").as_uri(),
            "STORAGE_SHARED": "true",
            "NAMESERVERS": self._nameserver,
            **_SIZES,
            **self.pace.environment(),
            **env,
        }
        return Process(name, environment, self._folder, COMMANDS[kind])

    def role(self, name: str) -> str:
        """The login of a worker process: the database knows each of them from the others."""
        return f"{self.database}_{name.replace('-', '_')}"

    def worker_url(self, name: str, *, superuser: bool = False) -> str:
        """Make a login that may what every worker may."""
        role = self.role(name)
        if role not in self._roles:
            attributes = "SUPERUSER" if superuser else "BYPASSRLS"
            self.postgresql.execute(f"CREATE ROLE {role} LOGIN {attributes} IN ROLE mailsift_worker")
            self._roles.append(role)
        return self.postgresql.url(self.database, role)

    def _login(self, kind: str, name: str, *, superuser: bool) -> str:
        if kind == "dispatcher":
            return self.postgresql.url(self.database, "mailsift_dispatcher")
        return self.worker_url(name, superuser=superuser)

    def _check_queues(self) -> None:
        """Nothing may be left where Dramatiq puts what it delays or gives up."""
        with closing(pika.BlockingConnection(pika.URLParameters(self.rabbitmq.url(self.vhost)))) as connection:
            found = {name: _messages(connection, name) for queue in QUEUES for name in (f"{queue}.DQ", f"{queue}.XQ")}
        assert not any(found.values()), found
        assert any(count is not None for count in found.values()), "no worker has declared its queues"

    def _check_memory(self) -> None:
        for name, process in self._processes.items():
            if process.running:
                assert process.megabytes() < _WORKER_MEGABYTES, f"{name} took {process.megabytes():.0f} MB"

    def _end(self) -> None:
        self.load.leave()
        for process in self._processes.values():
            process.kill()
        if "vhost" in vars(self):
            self.rabbitmq.delete_vhost(self.vhost)

    def _drop(self) -> None:
        self.postgresql.execute(f"DROP DATABASE {self.database} WITH (FORCE)")
        for role in self._roles:
            self.postgresql.execute(f"DROP ROLE {role}")


def _messages(connection: pika.BlockingConnection, queue: str) -> int | None:
    """Count the messages of a queue; None when there is none of this name: its worker was not part of the scenario."""
    channel = connection.channel()
    try:
        return int(channel.queue_declare(queue, passive=True).method.message_count)
    except pika.exceptions.ChannelClosedByBroker:
        return None


def _through(proxy: Proxy | None, url: str) -> str:
    return url if proxy is None else url.replace(f":{urlsplit(url).port}/", f":{proxy.port}/")


def ensure_template(postgresql: PostgreSQL, migrated: str) -> None:
    """Make the database that rigs are cloned from, unless it is there: a migrated one with the journal."""
    with closing(_dbapi(postgresql.url())) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", (TEMPLATE,))
        if cursor.fetchone() is not None:
            return
    postgresql.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE {migrated}")
    with closing(_dbapi(postgresql.url(TEMPLATE))) as connection, connection:
        connection.cursor().execute((_FOLDER / "journal.sql").read_text())


def _dbapi(url: str) -> Psycopg2Connection:
    parts = urlsplit(url)
    return psycopg2.connect(host=parts.hostname, port=parts.port, user=parts.username, dbname=parts.path[1:])
