from __future__ import annotations

import importlib
import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deployment import (
    ROOT,
    SETTINGS,
    Deployed,
    compose,
    compose_services,
    container,
    dockerfile,
    kubernetes_services,
    needed_variables,
    of_kind,
    read_variables,
)
from mailsift.shared.broker import in_process_broker
from mailsift.shared.db.migrate import ROLES
from mailsift.shared.jobs.catalog import ALL_QUEUES, ROUTES
from mailsift.shared.jobs.worker import JobWorker
from mailsift.shared.settings import StorageSettings, WorkerSettings, load
from processes import COMMANDS

WORDS = tuple(SETTINGS)
WORKERS = ("ingest", "analyzer", "exporter")
ROLE_OF = {"api": "mailsift_api", "dispatcher": "mailsift_dispatcher"} | dict.fromkeys(WORKERS, "mailsift_worker")
STAND_INS = {
    "MAILSIFT_VERSION": "0.1.0",
    "DATABASE_URL": "postgresql://login:secret@database.example/mailsift",
    "RABBITMQ_URL": "amqp://login:secret@broker.example/mailsift",
}
DEPLOYMENTS = {"compose": compose_services(STAND_INS), "kubernetes": kubernetes_services(STAND_INS)}


@pytest.fixture(params=[(where, word) for where in DEPLOYMENTS for word in WORDS], ids="-".join)
def deployed(request: pytest.FixtureRequest) -> tuple[str, Deployed]:
    where, word = request.param
    return word, DEPLOYMENTS[where][word]


def consumed(word: str) -> set[str]:
    """The queues of one worker, wired as its process wires it, on a broker that is this process's memory."""
    settings = load(SETTINGS[word])
    assert isinstance(settings, WorkerSettings)
    worker = JobWorker(settings, word, serve_health=False)
    broker = in_process_broker()
    deps = importlib.import_module(f"mailsift.{word}.worker").make_deps(settings)
    importlib.import_module(f"mailsift.{word}.actors").declare_actors(broker, worker.runner, deps)
    worker.engine.dispose()
    return {actor.queue_name for actor in broker.actors.values()}


def environ(monkeypatch: pytest.MonkeyPatch, values: Mapping[str, str]) -> None:
    """Let a service find these variables and no others."""
    for name in set(os.environ) & set().union(*map(read_variables, SETTINGS.values())):
        monkeypatch.delenv(name)
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_every_queue_is_consumed_by_exactly_one_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    consumers: dict[str, list[str]] = {}
    for word in WORKERS:
        environ(monkeypatch, {**DEPLOYMENTS["compose"][word].environment, "STORAGE_URL": f"file://{tmp_path}"})
        for queue in consumed(word):
            consumers.setdefault(queue, []).append(word)
    assert consumers == {queue: [queue.partition(".")[0]] for queue in ALL_QUEUES}


@pytest.mark.parametrize("where", DEPLOYMENTS)
def test_the_five_services_are_deployed(where: str) -> None:
    assert set(DEPLOYMENTS[where]) == set(WORDS)


def test_an_image_has_the_word_of_its_service(deployed: tuple[str, Deployed]) -> None:
    word, service = deployed
    assert service.image == f"mailsift-{word}:0.1.0"


def test_a_service_is_given_only_variables_that_it_reads(deployed: tuple[str, Deployed]) -> None:
    word, service = deployed
    # A bucket's own are read by obstore.
    read = (
        {name for name in service.environment if name.startswith("AWS_")}
        if issubclass(SETTINGS[word], StorageSettings)
        else set()
    )
    assert set(service.environment) - read_variables(SETTINGS[word]) - read == set()


def test_a_service_is_given_every_variable_that_it_needs(deployed: tuple[str, Deployed]) -> None:
    word, service = deployed
    assert needed_variables(SETTINGS[word]) - set(service.environment) == set()


def test_a_service_accepts_what_it_is_given(deployed: tuple[str, Deployed], monkeypatch: pytest.MonkeyPatch) -> None:
    word, service = deployed
    environ(monkeypatch, service.environment)
    load(SETTINGS[word])


def test_a_service_exposes_the_ports_that_it_listens_on() -> None:
    health = SETTINGS["ingest"].model_fields["health_port"].default
    http = SETTINGS["api"].model_fields["port"].default
    for word in WORDS:
        ports = {http, health} if word == "api" else {health}
        assert dockerfile(word).ports == ports
        assert DEPLOYMENTS["kubernetes"][word].ports == ports
        assert DEPLOYMENTS["compose"][word].ports == ports - {health}
        assert f"os.environ.get('HEALTH_PORT', '{health}')" in dockerfile(word).text
        assert DEPLOYMENTS["kubernetes"][word].environment["HEALTH_PORT"] == str(health)


def test_a_worker_runs_as_many_threads_everywhere_unless_told() -> None:
    for word in WORKERS:
        threads = str(SETTINGS[word].model_fields["worker_threads"].default)
        assert f"${{WORKER_THREADS:-{threads}}}" in dockerfile(word).command
        assert {DEPLOYMENTS[where][word].environment["WORKER_THREADS"] for where in DEPLOYMENTS} == {threads}


def test_images_run_what_the_end_to_end_tests_run() -> None:
    def told(command: tuple[str, ...]) -> tuple[str, ...]:
        words = [Path(command[0]).name.rstrip("0123456789."), *command[1:]]
        if "--threads" in words:
            words[words.index("--threads") + 1] = "N"
        return tuple(words)

    assert {word: told(dockerfile(word).command) for word in WORDS} == {
        word: told(tuple(command)) for word, command in COMMANDS.items()
    }


def test_the_modules_of_every_command_are_there() -> None:
    jobs = [tuple(container(job)["command"]) for job in of_kind("Job")]
    commands = [dockerfile(word).command for word in WORDS] + [
        tuple(compose()["services"]["migrate"]["command"]),
        *jobs,
    ]
    named = {part for command in commands for part in command if part.removeprefix("python:").startswith("mailsift.")}
    modules = {part.removeprefix("python:").partition(":")[0] for part in named}
    assert "mailsift.shared.db.migrate" in modules
    assert [module for module in modules if find_spec(module) is None] == []


def test_a_worker_has_more_time_to_stop_than_its_jobs_have_to_hand_back() -> None:
    command = dockerfile("ingest").command
    hand_back = int(command[command.index("--worker-shutdown-timeout") + 1]) / 1000
    assert all(int(compose()["services"][word]["stop_grace_period"].removesuffix("s")) > hand_back for word in WORDS)
    pods = [workload["spec"]["template"]["spec"] for workload in of_kind("Deployment")]
    assert all(pod["terminationGracePeriodSeconds"] > hand_back for pod in pods)


def test_the_api_is_taken_out_of_the_way_before_it_stops_and_has_time_for_what_it_has_begun() -> None:
    (pod,) = (one["spec"]["template"]["spec"] for one in of_kind("Deployment") if container(one)["name"] == "api")
    (main,) = pod["containers"]
    sleep = main["lifecycle"]["preStop"]["sleep"]["seconds"]
    text = (ROOT / "services/api/mailsift/api/gunicorn_config.py").read_text()
    (graceful,) = re.findall(r"^graceful_timeout = (\d+)", text, re.MULTILINE)
    assert sleep > main["readinessProbe"]["periodSeconds"]
    assert pod["terminationGracePeriodSeconds"] > sleep + int(graceful)


def test_no_job_may_run_longer_than_the_broker_waits_for_its_acknowledgement() -> None:
    lines = (ROOT / "deploy/rabbitmq/mailsift.conf").read_text().splitlines()
    (milliseconds,) = (int(line.partition("=")[2]) for line in lines if line.startswith("consumer_timeout"))
    assert milliseconds / 1000 > max(route.max_runtime_seconds for route in ROUTES.values())


def test_each_service_logs_in_with_its_own_role_whose_password_the_migrations_set() -> None:
    users = {
        word: urlsplit(service.environment["DATABASE_URL"]).username for word, service in DEPLOYMENTS["compose"].items()
    }
    assert users == ROLE_OF
    watched = compose()["services"]["postgres-exporter"]["environment"]["DATA_SOURCE_NAME"]
    watcher = watched.removeprefix("postgresql://").partition(":")[0]
    assert watcher == "mailsift_monitor"
    passwords = set(compose()["services"]["migrate"]["environment"]) - {"DATABASE_URL"}
    assert passwords == {f"{role.upper()}_PASSWORD" for role in {*users.values(), watcher} if role in ROLES}


def test_who_reads_or_writes_files_shares_one_folder_or_a_bucket() -> None:
    for word, settings in SETTINGS.items():
        service = DEPLOYMENTS["compose"][word]
        mounts = compose()["services"][word].get("volumes", [])
        if issubclass(settings, StorageSettings):
            folder = service.environment["STORAGE_URL"].removeprefix("file://")
            assert (mounts[:1], service.environment["STORAGE_SHARED"]) == ([f"files:{folder}"], "true")
            assert f"--owner 10001 --group 10001 {folder}\n" in dockerfile(word).text
            assert not DEPLOYMENTS["kubernetes"][word].environment["STORAGE_URL"].startswith("file:")
        else:
            assert mounts == []
