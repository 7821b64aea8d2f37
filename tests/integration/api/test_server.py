"""The API as it runs in production: gunicorn over loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from conftest import Database
from factories import Tenant, enqueue, make_tenant, make_upload
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject
from servers import LOOPBACK, free_port

COMMAND = [
    sys.executable,
    "-m",
    "gunicorn",
    "-c",
    "python:mailsift.api.gunicorn_config",
    "mailsift.api.wsgi:application",
]
THREADS = 8 + 16 + 16  # for streams, for uploads and for the rest
LISTENING = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'mailsift-api-listen'"""
STEPS = (("processing", 10), ("processing", 60), ("completed", 100))


@dataclass(frozen=True, slots=True)
class Server:
    process: subprocess.Popen[bytes]
    http: httpx.Client
    health: httpx.Client
    log: Path

    def ready(self) -> int:
        try:
            return self.health.get("/readyz").status_code
        except httpx.TransportError:
            return 0

    def wait_ready(self, wanted: int = 200) -> None:
        deadline = time.monotonic() + 30
        while self.ready() != wanted:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def upload(self, content: bytes = b"a@example.com\n") -> dict[str, Any]:
        answer: dict[str, Any] = self.http.post("/api/uploads", content=content).raise_for_status().json()
        return answer


@contextmanager
def run_gunicorn(environment: dict[str, str], key: str, log: Path) -> Iterator[Server]:
    port, health_port = free_port(), free_port()
    ports = {"HOST": LOOPBACK, "PORT": str(port), "HEALTH_PORT": str(health_port)}
    with ExitStack() as stack:
        sink = stack.enter_context(log.open("wb"))
        http = httpx.Client(
            base_url=f"http://{LOOPBACK}:{port}",
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
            trust_env=False,
        )
        health = httpx.Client(base_url=f"http://{LOOPBACK}:{health_port}", trust_env=False)
        stack.enter_context(http)
        stack.enter_context(health)
        process = subprocess.Popen(COMMAND, env={**os.environ, **environment, **ports}, stderr=sink, stdout=sink)
        try:
            yield Server(process, http, health, log)
        finally:
            process.terminate()
            process.wait(40)


@pytest.fixture
def full(database: Database, tenant: Tenant, tmp_path: Path) -> Iterator[Server]:
    """A server that takes as many streams as it does unless told otherwise."""
    environment = {
        "DATABASE_URL": database.api_url,
        "STORAGE_URL": f"file://{tmp_path}/storage",
        "STORAGE_SHARED": "true",
    }
    with run_gunicorn(environment, tenant.key, tmp_path / "log") as running:
        running.wait_ready()
        yield running


@pytest.fixture
def server(database: Database, tenant: Tenant, tmp_path: Path) -> Iterator[Server]:
    environment = {
        "DATABASE_URL": database.api_url,
        "STORAGE_URL": f"file://{tmp_path}/storage",
        "STORAGE_SHARED": "true",
        "MAX_STREAMS": "8",
        "MAX_UPLOAD_BYTES": "20000000",
        "HEAD_SECONDS": "5",
        "BODY_SECONDS": "5",
    }
    with run_gunicorn(environment, tenant.key, tmp_path / "log") as running:
        running.wait_ready()
        yield running


def move(worker: Engine, job_id: str, status: str, progress: int) -> None:
    with worker.begin() as connection:
        connection.execute(
            text('UPDATE "jobQueue" SET status = :status, progress = :progress WHERE "jobId" = CAST(:id AS uuid)'),
            {"status": status, "progress": progress, "id": job_id},
        )
        connection.execute(text("SELECT pg_notify('job_progress', :id)"), {"id": job_id})


def test_a_list_comes_in_and_its_job_is_followed_live(server: Server, worker: Engine) -> None:
    upload = server.upload()
    told: list[dict[str, Any]] = []
    delays: list[float] = []
    steps = iter(STEPS)
    moved_at = 0.0
    with server.http.stream("GET", upload["streamUrl"]) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if not line.startswith("data: "):
                continue
            told.append(json.loads(line.removeprefix("data: ")))
            if moved_at:
                delays.append(time.monotonic() - moved_at)
            if told[-1]["type"] == "progress" and (step := next(steps, None)):
                time.sleep(0.3)
                move(worker, upload["jobId"], *step)
                moved_at = time.monotonic()
    assert [event["type"] for event in told] == ["connected", *["progress"] * 4, "complete"]
    assert [event["progress"] for event in told if event["type"] == "progress"] == [0, 10, 60, 100]
    # A notification, not the slow poll of five seconds, brought the news.
    assert max(delays) < 3


def test_streams_over_the_cap_are_refused_while_other_requests_go_on(server: Server) -> None:
    upload = server.upload()
    with ExitStack() as stack:
        streams = [stack.enter_context(server.http.stream("GET", upload["streamUrl"])) for _ in range(2)]
        assert all(stream.status_code == 200 for stream in streams)
        refused = server.http.get(upload["streamUrl"])
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
        assert server.http.get(upload["statusUrl"]).json()["success"] is True


def test_a_hundred_streams_hear_of_their_jobs_while_other_requests_go_on(
    full: Server, owner: Engine, worker: Engine
) -> None:
    with owner.begin() as connection:
        tenants = [make_tenant(connection, f"Tenant {number}") for number in range(4)]
        jobs = [
            enqueue(connection, each, JobType.FILE_PROCESSING, Subject(upload_id=make_upload(connection, each)))
            for each in tenants
        ]
    with ExitStack() as stack:
        streams = [
            stack.enter_context(closing(follow(full, tenant.key, job_id)))
            for tenant, job_id in zip(tenants, jobs, strict=True)
            for _ in range(25)
        ]
        hear(streams, b'"progress"')
        asked = [full.http.get("/api/uploads").status_code for _ in range(20)]
        with owner.begin() as connection:
            listening = connection.scalar(text(LISTENING))
        for job_id in jobs:
            move(worker, str(job_id), "completed", 100)
        hear(streams, b'"complete"')
    assert asked == [200] * 20
    assert listening == 1, "one connection hears for all of them"


def follow(server: Server, key: str, job_id: uuid.UUID) -> socket.socket:
    """Ask for a stream, and read nothing of it yet."""
    stream = socket.create_connection((LOOPBACK, server.http.base_url.port or 0), timeout=60)
    head = f"GET /api/jobs/{job_id}/stream HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {key}\r\n\r\n"
    stream.sendall(head.encode())
    return stream


def hear(streams: list[socket.socket], word: bytes) -> None:
    """Read each stream up to an event of a kind."""
    for stream in streams:
        heard = b""
        while b'"type":' + word not in heard:
            said = stream.recv(4096)
            assert said, heard
            heard += said


def test_a_large_body_in_chunks_is_cut_off_at_the_limit(server: Server, tmp_path: Path) -> None:
    def send(megabytes: int) -> int:
        chunks = (b"x" * 1_000_000 for _ in range(megabytes))
        return server.http.post("/api/uploads", content=chunks).status_code

    assert send(19) == 202
    # The server may answer and close while the client is still sending.
    with suppress(httpx.TransportError):
        assert send(25) == 413
    stored = [path for path in (tmp_path / "storage").rglob("*") if path.is_file()]
    assert [path.stat().st_size for path in stored] == [19_000_000]


def test_slow_clients_hold_no_thread_and_are_cut_off(server: Server) -> None:
    upload = server.upload()
    address = (LOOPBACK, server.http.base_url.port or 0)
    with ExitStack() as stack:
        # Four for each thread that there is: 8 of streams, 16 of uploads and 16 more.
        slow = [stack.enter_context(socket.create_connection(address)) for _ in range(160)]
        for number, connection in enumerate(slow):
            connection.sendall(b"GET /api/uploads HTTP/1.1\r\nX-Slow: "[: number % 40])
        for _ in range(3):
            assert server.http.get(upload["statusUrl"], timeout=20).status_code == 200
            for connection in slow:
                with suppress(OSError):
                    connection.sendall(b"x")
        for connection in slow:
            connection.settimeout(30)
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""


def test_a_long_head_without_an_end_is_refused_and_holds_no_thread(server: Server) -> None:
    upload = server.upload()
    address = (LOOPBACK, server.http.base_url.port or 0)
    fields = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 4000) for number in range(5))
    with ExitStack() as stack:
        endless = [stack.enter_context(socket.create_connection(address)) for _ in range(THREADS + 5)]
        for connection in endless:
            connection.sendall(b"GET /api/uploads HTTP/1.1\r\n" + fields)
        assert server.http.get(upload["statusUrl"], timeout=10).status_code == 200
        endless[0].settimeout(10)
        assert endless[0].recv(12) == b"HTTP/1.1 431"


def test_clients_that_do_not_hang_up_keep_nobody_waiting(server: Server) -> None:
    upload = server.upload()
    address = (LOOPBACK, server.http.base_url.port or 0)
    with ExitStack() as stack:
        staying = [stack.enter_context(socket.create_connection(address)) for _ in range(10)]
        for connection in staying:
            connection.sendall(b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for connection in staying:
            connection.settimeout(10)
            assert connection.recv(12) == b"HTTP/1.1 404"
        assert server.http.get(upload["statusUrl"], timeout=10).status_code == 200
        time.sleep(4)  # longer than anybody is waited for
        staying[0].sendall(b"x")
        time.sleep(0.5)
        with pytest.raises(OSError):
            staying[0].sendall(b"x")


def test_a_body_that_nobody_wanted_holds_no_thread(server: Server) -> None:
    upload = server.upload()
    address = (LOOPBACK, server.http.base_url.port or 0)
    with ExitStack() as stack:
        dribbling = [stack.enter_context(socket.create_connection(address)) for _ in range(THREADS + 5)]
        for connection in dribbling:
            connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(8):
            time.sleep(1)
            for connection in dribbling:
                with suppress(OSError):
                    connection.sendall(b"x")
        assert server.http.get(upload["statusUrl"], timeout=4).status_code == 200


def test_a_body_that_does_not_come_on_is_given_up(server: Server) -> None:
    key, address = server.http.headers["Authorization"], (LOOPBACK, server.http.base_url.port or 0)
    with ExitStack() as stack:
        silent = {path: stack.enter_context(socket.create_connection(address)) for path in ("uploads", "exports")}
        for path, connection in silent.items():
            head = f"POST /api/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Length: 1000\r\n"
            connection.sendall(f"{head}Content-Type: application/json\r\n\r\n{{".encode())
        for path, connection in silent.items():
            connection.settimeout(30)
            assert connection.recv(12) == b"HTTP/1.1 408", path


def test_a_head_that_comes_in_pieces_is_answered(server: Server) -> None:
    with socket.create_connection((LOOPBACK, server.http.base_url.port or 0)) as connection:
        for piece in (b"GET /openapi.json HT", b"TP/1.1\r\nHost: x\r", b"\n\r\n"):
            connection.sendall(piece)
            time.sleep(0.4)
        connection.settimeout(30)
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


def test_a_request_that_is_taken_along_with_a_body_nobody_wanted_is_answered(server: Server) -> None:
    key = server.http.headers["Authorization"]
    with socket.create_connection((LOOPBACK, server.http.base_url.port or 0)) as connection:
        connection.sendall(b"PATCH /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 404"
        connection.sendall(f"{{}}{{}}GET /api/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n\r\n".encode())
        connection.settimeout(4)  # less than the time that bodies have
        said = b""
        while b"HTTP/1.1 200" not in said:
            said += connection.recv(10_000) or pytest.fail("the connection ended")


def test_a_client_that_goes_in_the_middle_leaves_nothing(server: Server, tmp_path: Path, owner: Engine) -> None:
    key = server.http.headers["Authorization"]
    head = f"POST /api/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection((LOOPBACK, server.http.base_url.port or 0)) as connection:
        connection.sendall(head.encode() + b"a@example.com\n")
        time.sleep(0.5)
    deadline = time.monotonic() + 10
    while '"status": 400' not in server.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert '"status": 400' in server.log.read_text()
    with owner.begin() as connection_:
        assert connection_.scalar(text("SELECT count(*) FROM uploads")) == 0
    assert [path for path in (tmp_path / "storage").rglob("*") if path.is_file()] == []


def test_logs_name_routes_and_hold_no_keys_and_no_addresses(server: Server) -> None:
    body = {"analysisType": "single", "emailAddress": "secret@example.com"}
    server.http.post("/api/analyses?wait=0", json=body)
    server.http.get("/api/uploads?cursor=secret@example.com")
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("POST", "/api/analyses", 202),
        ("GET", "/api/uploads", 422),
    ]
    assert all(line["request_id"] and line["trace_id"] and line["workspace_id"] for line in requests)
    assert "secret" not in server.log.read_text()
    assert server.http.headers["Authorization"].removeprefix("Bearer ") not in server.log.read_text()
    counted = 'mailsift_http_requests_total{method="GET",route="/api/uploads",status="422"} 1.0'
    assert counted in server.health.get("/metrics").text


def test_at_sigterm_streams_end_and_the_process_goes_at_once(server: Server) -> None:
    upload = server.upload()
    with server.http.stream("GET", upload["streamUrl"]) as stream:
        lines = stream.iter_lines()
        while "progress" not in next(lines):
            pass
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert [line for line in lines if line.startswith("data: ")] == []
    assert server.process.wait(40) == 0
    # Gunicorn would have waited for them for thirty.
    assert time.monotonic() - started < 25


def test_at_sigterm_what_was_begun_is_finished(full: Server, owner: Engine) -> None:
    content = b"a@example.com\n" * 100
    head = f"POST /api/uploads HTTP/1.1\r\nHost: api\r\nAuthorization: {full.http.headers['Authorization']}\r\n"
    with socket.create_connection((LOOPBACK, full.http.base_url.port or 0), timeout=60) as half:
        half.sendall(f"{head}Expect: 100-continue\r\nContent-Length: {len(content)}\r\n\r\n".encode())
        assert half.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        half.sendall(content[:700])
        full.process.send_signal(signal.SIGTERM)
        full.wait_ready(503)
        half.sendall(content[700:])
        assert half.recv(12) == b"HTTP/1.1 202"
    assert full.process.wait(40) == 0
    with owner.begin() as connection:
        assert connection.scalar(text('SELECT "fileSize" FROM uploads')) == len(content)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, ("DATABASE_URL", "STORAGE_URL")),
        ({"DATABASE_URL": "postgresql://x@127.0.0.1/x", "STORAGE_URL": "file:///tmp/none"}, ("STORAGE_SHARED",)),
    ],
)
def test_broken_settings_are_one_clear_error(
    environment: dict[str, str], words: tuple[str, ...], tmp_path: Path
) -> None:
    with run_gunicorn(environment, "", tmp_path / "log") as running:
        assert running.process.wait(30) != 0
    log = (tmp_path / "log").read_text()
    assert all(word in log for word in words)
    assert "Traceback" not in log
