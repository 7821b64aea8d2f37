from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import dns.message
import dns.query
import dns.rcode
import pika
import psycopg2
import pytest

from conftest import Database
from servers import accepts

ZONE = """$ORIGIN example.
@ 60 IN SOA ns hostmaster 1 60 60 60 60
@ 60 IN NS ns
ns 60 IN A 127.0.0.1
@ 60 IN MX 10 mail
"""


@pytest.mark.parametrize("role", ["owner", "api", "worker", "dispatcher"])
def test_every_role_can_log_in_to_a_migrated_database(database: Database, role: str) -> None:
    url = urlsplit(getattr(database, f"{role}_url"))
    connection = psycopg2.connect(host=url.hostname, port=url.port, user=url.username, dbname=database.name)
    cursor = connection.cursor()
    cursor.execute("SELECT current_user, to_regclass('\"jobQueue\"') IS NOT NULL")
    assert cursor.fetchone() == (f"mailsift_{role}", True)
    connection.close()


def test_a_queue_is_a_quorum_queue_without_asking(rabbitmq_url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_url))
    channel = connection.channel()
    channel.queue_declare("first", durable=True)
    # A quorum queue that is declared again as classic is refused.
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="quorum"):
        channel.queue_declare("first", durable=True, arguments={"x-queue-type": "classic"})
    connection.close()


def test_a_zone_is_served_with_authority(name_server: Callable[[Mapping[str, str]], str]) -> None:
    host, port = name_server({"example": ZONE}).split(":")
    answer = dns.query.udp(dns.message.make_query("example.", "MX"), host, port=int(port), timeout=5)
    assert [str(record) for record in answer.answer[0]] == ["10 mail.example."]
    missing = dns.query.udp(dns.message.make_query("nothing.example.", "MX"), host, port=int(port), timeout=5)
    assert missing.rcode() == dns.rcode.NXDOMAIN


def test_no_server_outlives_a_test_run_that_is_killed(
    tmp_path: Path, name_server: Callable[[Mapping[str, str]], str]
) -> None:
    name_server({})  # is installed
    script = "import servers, sys, time\nwith servers.run_nsd({}) as a:\n  print(a, flush=True)\n  time.sleep(60)"
    run = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    port = int(run.stdout.readline().split(":")[1])
    run.send_signal(signal.SIGKILL)
    run.communicate()
    deadline = time.monotonic() + 10
    while accepts(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)
