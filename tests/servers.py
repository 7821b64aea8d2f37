"""Private PostgreSQL, RabbitMQ and NSD servers: free ports of loopback, a temporary folder, gone with the run."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import psutil
import psycopg2

LOOPBACK = "127.0.0.1"
_POSTGRESQL = ("/usr/lib/postgresql/*/bin", "initdb")
_RABBITMQ = ("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin", "rabbitmq-server")
_NSD = ("/usr/sbin", "nsd")
_PROMETHEUS = "/usr/bin"

# Parent of the server, and the reader of a pipe that only this process holds open. The pipe closes when we are done,
# and just as well when we are killed: no server outlives its test run. A line asks to end the server by that signal, an
# empty one to start it again on what it left behind.
_GUARD = """
signal=$1 folder=$2; shift 2
"$@" &
while read -r stop; do
    if [ -n "$stop" ]; then kill -s "$stop" $!; wait $!; else "$@" & fi
done
kill -s "$signal" $!; wait $!; rm -rf "$folder"
"""


# Linux gives those above to connections that go out.
_PORTS = range(20_000, 32_768)


class ServerMissing(Exception):
    """The server is not installed; `make servers` installs it on Debian."""


class ServerFailed(Exception):
    """The server was started and did not become ready; the message ends with its log."""


def free_port() -> int:
    """Return a port of loopback that nobody listens on, and that no connection gets before somebody does."""
    while True:
        port = secrets.choice(_PORTS)
        with closing(socket.socket()) as sock, suppress(OSError):
            sock.bind((LOOPBACK, port))
            return port


def _programs(pattern: str, program: str) -> Path:
    found = [folder for folder in Path("/").glob(pattern.removeprefix("/")) if (folder / program).is_file()]
    if not found:
        raise ServerMissing(f"{program} is not installed: run `make servers`")
    return max(found, key=lambda folder: [int(part) if part.isdigit() else 0 for part in folder.as_posix().split("/")])


def postgresql_program(name: str) -> str:
    """Return the path of one of PostgreSQL's own programs."""
    return str(_programs(*_POSTGRESQL) / name)


def prometheus_program(name: str) -> str:
    """Return the path of one of Prometheus' own programs."""
    return str(_programs(_PROMETHEUS, name) / name)


_STILL = {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}


class Power:
    """Stops a running server and starts it again: same command, same port, same folder."""

    def __init__(self, orders: IO[bytes], guard: int) -> None:
        self._orders = orders
        self._guard = guard

    def off(self, signal: str) -> None:
        """End the server by a signal; returns at once."""
        self._order(signal)

    def on(self) -> None:
        """Start it again once it has ended; returns at once."""
        self._order("")

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Keep the server from doing anything, as when its machine freezes."""
        # One that has not stopped yet may still start another.
        while running := [process for process in self._processes() if process.status() not in _STILL]:
            for process in running:
                process.suspend()
        try:
            yield
        finally:
            for process in self._processes():
                process.resume()

    def _processes(self) -> list[psutil.Process]:
        return psutil.Process(self._guard).children(recursive=True)

    def _order(self, line: str) -> None:
        self._orders.write(f"{line}\n".encode())
        self._orders.flush()


class _Sandbox:
    """A temporary folder, and the unprivileged user that works in it: PostgreSQL refuses to run as root."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mailsift-test-", dir="/tmp"))
        self._identity: dict[str, object] = {}
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody", "nogroup")
            self._identity = {"user": "nobody", "group": "nogroup", "extra_groups": []}

    def run(self, *command: str | Path, env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(  # type: ignore[call-overload]
            command, cwd=self.folder, env=env, capture_output=True, check=False, text=True, **self._identity
        )
        if done.returncode:
            raise ServerFailed(f"{command}: {done.stdout}{done.stderr}")
        return str(done.stdout)

    @contextmanager
    def guarded(
        self, *command: str | Path, signal: str = "TERM", env: Mapping[str, str] | None = None
    ) -> Iterator[Power]:
        """Run a server until the block ends, or this process does."""
        with (self.folder / "server.log").open("ab") as log:
            guard = subprocess.Popen(  # type: ignore[call-overload]
                ["/bin/sh", "-c", _GUARD, "sh", signal, self.folder, *command],
                cwd=self.folder,
                env=env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._identity,
            )
        try:
            yield Power(guard.stdin, guard.pid)
        finally:
            guard.stdin.close()
            guard.wait(timeout=120)

    def wait_until(self, ready: Callable[[], bool], seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise ServerFailed((self.folder / "server.log").read_text(errors="replace")[-4000:])
            time.sleep(0.05)


def accepts(port: int) -> bool:
    """Tell whether a server on loopback takes connections on this port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class PostgreSQL:
    """A running server that trusts every login on loopback."""

    port: int
    power: Power
    wait_until: Callable[[Callable[[], bool]], None]

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """Return the URL of a database as one of the roles sees it."""
        return f"postgresql+psycopg2://{user}@{LOOPBACK}:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Run one statement as superuser, outside any transaction."""
        with closing(psycopg2.connect(host=LOOPBACK, port=self.port, user="postgres", dbname="postgres")) as connection:
            connection.autocommit = True
            connection.cursor().execute(statement)

    def is_ready(self) -> bool:
        """Tell whether the server answers a query."""
        try:
            self.execute("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    def stop(self, mode: str = "fast") -> None:
        """Stop the server as `pg_ctl stop -m` does: "fast" ends sessions and writes everything, "immediate" crashes."""
        self.power.off({"fast": "INT", "immediate": "QUIT"}[mode])
        self.wait_until(lambda: not accepts(self.port))

    def start(self) -> None:
        """Start the stopped server on its data and wait until it answers."""
        self.power.on()
        self.wait_until(self.is_ready)


_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")

BULK_LOADS = ("max_wal_size=4GB", "checkpoint_timeout=15min", "wal_compression=lz4")
"""How PostgreSQL is deployed, for lists of millions of rows."""


@contextmanager
def run_postgresql(*, durable: bool = False) -> Iterator[PostgreSQL]:
    """Run a PostgreSQL server: by default one that is fast and forgets, for nothing here has to survive a power cut."""
    programs = _programs(*_POSTGRESQL)
    sandbox = _Sandbox()
    data = sandbox.folder / "data"
    sandbox.run(
        *(programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust"),
        *("--no-sync", "-E", "UTF8", "--locale=C.UTF-8"),
    )
    port = free_port()
    settings = ("max_connections=300", *(BULK_LOADS if durable else _FORGETFUL))
    command: list[str | Path] = [
        programs / "postgres",
        "-D",
        data,
        "-h",
        LOOPBACK,
        "-p",
        str(port),
        "-k",
        sandbox.folder,
    ]
    with sandbox.guarded(*command, *(f"-c{setting}" for setting in settings), signal="INT") as power:
        server = PostgreSQL(port, power, sandbox.wait_until)
        sandbox.wait_until(server.is_ready)
        yield server


@dataclass(frozen=True, slots=True)
class RabbitMQ:
    """A running broker in which every test gets a virtual host of its own."""

    port: int
    management_port: int
    control: Callable[..., str]
    power: Power
    wait_until: Callable[[Callable[[], bool]], None]

    def url(self, vhost: str) -> str:
        """Return the URL of a virtual host."""
        return f"amqp://guest:guest@{LOOPBACK}:{self.port}/{vhost}"

    def add_vhost(self) -> str:
        """Make a virtual host whose queues are quorum queues, as in production, and return its name."""
        vhost = f"test-{uuid.uuid4().hex[:12]}"
        all_rights = {"user": "guest", "vhost": vhost, "configure": ".*", "write": ".*", "read": ".*"}
        # Every version reads it there.
        metadata = {"description": "", "tags": [], "default_queue_type": "quorum"}
        definitions = {"vhosts": [{"name": vhost, "metadata": metadata}], "permissions": [all_rights]}
        self._manage("POST", "definitions", definitions)
        return vhost

    def delete_vhost(self, vhost: str) -> None:
        """Remove a virtual host with all its queues and connections."""
        self._manage("DELETE", f"vhosts/{vhost}")

    def _manage(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        """Ask its management plugin, in milliseconds: `control` starts a virtual machine of Erlang for each command."""
        url = f"http://{LOOPBACK}:{self.management_port}/api/{path}"
        httpx.request(method, url, json=body, auth=("guest", "guest"), timeout=180, trust_env=False).raise_for_status()

    def stop(self, *, crash: bool = False) -> None:
        """Stop the node: in order, or as if its machine were lost."""
        self.power.off("KILL" if crash else "TERM")
        self.wait_until(lambda: not accepts(self.port))

    def start(self) -> None:
        """Start the stopped node on its data and wait until it takes connections."""
        self.power.on()
        self.wait_until(self.is_up)

    def is_up(self) -> bool:
        """Tell whether it has started; for a moment at the end of that it says of itself that it does not run."""
        if not accepts(self.port):
            return False
        try:
            self.control("await_startup")
        except ServerFailed:
            return False
        return True


def _rabbitmq_environment(folder: Path, ports: Mapping[str, int]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "RUNNING_UNDER_SYSTEMD": "true",  # the start script becomes the broker instead of watching over it
        "RABBITMQ_NODENAME": f"mailsift-{ports['amqp']}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
        "RABBITMQ_NODE_PORT": str(ports["amqp"]),
        "RABBITMQ_DIST_PORT": str(ports["dist"]),
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "config"),
        "RABBITMQ_PLUGINS_EXPAND_DIR": str(folder / "plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        # Two cores are shared with everything else: idle schedulers must sleep, not spin.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -start_epmd false",
    }


# Statistics are for people to look at: collecting them costs more than the tests themselves ask of the broker.
_RABBITMQ_CONFIGURATION = """
management.tcp.ip = {address}
management.tcp.port = {management}
management_agent.disable_metrics_collector = true
"""


@contextmanager
def run_rabbitmq() -> Iterator[RabbitMQ]:
    """Run a RabbitMQ node with an epmd of its own."""
    programs = _programs(*_RABBITMQ)
    epmd = shutil.which("epmd")
    if epmd is None:
        raise ServerMissing("epmd, which comes with Erlang, is not installed: run `make servers`")
    names, node = _Sandbox(), _Sandbox()
    ports = {name: free_port() for name in ("amqp", "management", "dist", "epmd")}
    environment = _rabbitmq_environment(node.folder, ports)
    (node.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
    (node.folder / "rabbitmq.conf").write_text(_RABBITMQ_CONFIGURATION.format(address=LOOPBACK, **ports))

    def control(*command: str) -> str:
        return node.run(programs / "rabbitmqctl", "--quiet", *command, env=environment)

    # Nothing is lost with it, and it heeds no other signal where those who started it heed none.
    with names.guarded(epmd, "-port", str(ports["epmd"]), "-address", LOOPBACK, signal="KILL", env=environment):
        names.wait_until(lambda: accepts(ports["epmd"]))
        with node.guarded(programs / "rabbitmq-server", signal="KILL", env=environment) as power:
            broker = RabbitMQ(ports["amqp"], ports["management"], control, power, node.wait_until)
            node.wait_until(broker.is_up)
            yield broker


_NSD_CONFIGURATION = """
server:
    ip-address: {address}
    port: {port}
    username: ""
    chroot: ""
    database: ""
    zonesdir: "{folder}"
    pidfile: "{folder}/nsd.pid"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    server-count: 1
    rrl-ratelimit: 0
    log-only-syslog: no
remote-control:
    control-enable: no
"""


@contextmanager
def run_nsd(zones: Mapping[str, str]) -> Iterator[str]:
    """Serve zones (name -> zone file; "." is the root) with authority and yield HOST:PORT."""
    with run_mortal_nsd(zones) as (address, _):
        yield address


@contextmanager
def run_mortal_nsd(zones: Mapping[str, str]) -> Iterator[tuple[str, Power]]:
    """The same, and what stops it and starts it again."""
    program = _programs(*_NSD) / "nsd"
    sandbox = _Sandbox()
    port = free_port()
    lines = [_NSD_CONFIGURATION.format(address=LOOPBACK, port=port, folder=sandbox.folder)]
    for number, (name, text) in enumerate(zones.items()):
        (sandbox.folder / f"{number}.zone").write_text(text)
        lines.append(f'zone:\n    name: "{name}"\n    zonefile: "{number}.zone"\n')
    configuration = sandbox.folder / "nsd.conf"
    configuration.write_text("".join(lines))
    with sandbox.guarded(program, "-d", "-c", configuration) as power:
        sandbox.wait_until(lambda: accepts(port), seconds=20)
        yield f"{LOOPBACK}:{port}", power


@contextmanager
def run_prometheus(configuration: str, rules: Iterable[Path]) -> Iterator[str]:
    """Run Prometheus with a configuration, beside the files of rules that it names, and yield its URL."""
    program = prometheus_program("prometheus")
    sandbox = _Sandbox()
    port = free_port()
    (sandbox.folder / "prometheus.yml").write_text(configuration)
    for path in rules:
        (sandbox.folder / path.name).write_text(path.read_text())
    options = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address={LOOPBACK}:{port}")
    with sandbox.guarded(program, *options):
        sandbox.wait_until(lambda: accepts(port))
        yield f"http://{LOOPBACK}:{port}"
