from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from typing import Any

import pytest

from conftest import Database
from integration.dispatcher.floor import EXPORTS, Floor
from mailsift.shared.jobs.catalog import ALL_QUEUES

Ended = subprocess.CompletedProcess[str]


class Operator:
    """Who runs the command with nothing but the URL of the dispatcher's role."""

    def __init__(self, url: str) -> None:
        self._url = url

    def run(self, *words: str) -> Ended:
        command = [sys.executable, "-m", "mailsift.dispatcher.admin", *words]
        environment = {**os.environ, "DATABASE_URL": self._url}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def told(self, *words: str) -> dict[str, Any]:
        ended = self.run(*words, "--json")
        assert ended.returncode == 0, ended.stderr
        told: dict[str, Any] = json.loads(ended.stdout)
        return told


@pytest.fixture
def operator(database: Database) -> Operator:
    return Operator(database.dispatcher_url)


def test_the_command_pauses_a_queue_shows_it_and_resumes_it(operator: Operator, floor: Floor) -> None:
    floor.export()
    paused = operator.run("pause", EXPORTS, "--reason", "the bucket is full")
    assert paused.returncode == 0
    assert EXPORTS in paused.stdout
    (line,) = [line for line in paused.stderr.splitlines() if "queue_paused" in line]
    assert json.loads(line)["reason"] == "the bucket is full"
    states = operator.told("queues")["queues"]
    assert [state["queue"] for state in states] == sorted(ALL_QUEUES)
    (state,) = [state for state in states if state["queue"] == EXPORTS]
    assert (state["due"], state["sent"], state["pausedReason"]) == (1, 0, "the bucket is full")
    assert operator.run("resume", EXPORTS).returncode == 0
    assert "the bucket is full" not in operator.run("queues").stdout


def test_the_command_lists_and_redrives_dead_letters(operator: Operator, floor: Floor) -> None:
    job_id = str(floor.dead_export())
    (letter,) = operator.told("dead-letters", "--type", "export")["deadLetters"]
    assert (letter["jobId"], letter["code"], letter["retryCount"]) == (job_id, "storage_unavailable", 6)
    assert operator.told("redrive", "--all", "--dry-run")["redriven"] == [job_id]
    assert operator.told("redrive", "--job", job_id)["redriven"] == [job_id]
    nothing = operator.run("redrive", "--all")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "0 jobs redriven" in nothing.stderr
    assert operator.run("dead-letters").returncode == 1


def test_the_command_moves_and_shows_one_job(operator: Operator, floor: Floor) -> None:
    job_id = str(floor.dead_export())
    assert operator.told("retry", job_id)["status"] == "pending"
    assert operator.told("cancel", job_id)["status"] == "cancelled"
    shown = operator.run("show", job_id)
    assert "retried by the operator" in shown.stdout
    unknown = operator.run("show", str(uuid.UUID(int=0)))
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no such job" in unknown.stderr


def test_a_database_that_is_away_is_told_without_a_trace() -> None:
    ended = Operator("postgresql://nobody@127.0.0.1:1/x").run("queues")
    assert ended.returncode == 2
    assert ended.stderr.startswith("the database: ")
    assert "Traceback" not in ended.stderr


def test_a_role_that_may_not_is_told_so(database: Database) -> None:
    ended = Operator(database.worker_url).run("pause", EXPORTS)
    assert ended.returncode == 2
    assert "permission denied" in ended.stderr
