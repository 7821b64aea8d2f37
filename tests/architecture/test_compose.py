from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from deployment import ROOT, SETTINGS, compose, compose_services, dockerfile, filled, references
from processes import BIN
from servers import BULK_LOADS

OURS = (*SETTINGS, "migrate")
# What .env.example has for a bucket, in the place of the default.
CHOSEN_WITH_A_BUCKET = {"STORAGE_URL": "s3://mailsift", "S3_SECRET_ACCESS_KEY": "chosen"}
# Compose itself reads this one.
PROFILES = "COMPOSE_PROFILES"


def documented() -> dict[str, str]:
    """Every variable of .env.example with its value; a commented-out one stands there with its default."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    matches = filter(None, (re.fullmatch(r"#?([A-Z0-9_]+)=(.*)", line) for line in lines))
    return {match[1]: match[2] for match in matches}


def test_the_file_is_as_the_schema_of_compose_has_it() -> None:
    checker = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*checker, ROOT / "docker-compose.yml"], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout


def test_env_example_documents_every_variable_of_compose() -> None:
    assert set(documented()) - {PROFILES} == {reference.name for reference in references()}


def test_no_reference_escapes_the_forms_that_fail_or_have_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert len(list(references())) == text.count("$")


def test_the_defaults_in_env_example_are_those_of_compose() -> None:
    defaults = {reference.name: reference.default for reference in references() if reference.default is not None}
    assert {name: documented()[name] for name in defaults if name not in CHOSEN_WITH_A_BUCKET} == {
        name: default for name, default in defaults.items() if name not in CHOSEN_WITH_A_BUCKET
    }


def test_no_secret_has_a_value_until_someone_chooses_one() -> None:
    secrets = {reference for reference in references() if reference.name.endswith("PASSWORD")}
    assert len({secret.name for secret in secrets}) == 7
    assert {secret.default for secret in secrets} == {None}
    assert {documented()[secret.name] for secret in secrets} == {""}


def test_every_image_has_a_version() -> None:
    images = [service["image"] for service in compose()["services"].values()]
    assert [image for image in images if ":${" not in image] == []
    assert not any("latest" in value for value in documented().values())


@pytest.mark.parametrize("word", OURS)
def test_our_services_run_hardened(word: str) -> None:
    service = compose()["services"][word]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "user", "network_mode", "pid"} & set(service)


def test_only_the_api_and_grafana_can_be_reached_and_only_from_this_machine_unless_told() -> None:
    published = {word: service["ports"] for word, service in compose()["services"].items() if "ports" in service}
    assert {word: [filled(port, {}) for port in ports] for word, ports in published.items()} == {
        "api": ["127.0.0.1:8000:8000"],
        "grafana": ["127.0.0.1:3000:3000"],
    }


def test_only_those_who_need_it_have_a_way_out() -> None:
    assert compose()["networks"] == {"inside": {"internal": True}, "outside": None}
    networks = {word: set(service["networks"]) for word, service in compose()["services"].items()}
    assert all("inside" in those for those in networks.values())
    way_out = {"api", "analyzer", "ingest", "exporter", "grafana"}
    assert {word for word, those in networks.items() if "outside" in those} == way_out


def test_a_worker_can_be_scaled() -> None:
    for word in ("dispatcher", "ingest", "analyzer", "exporter"):
        assert not {"container_name", "ports", "hostname"} & set(compose()["services"][word])


def test_services_start_after_the_migrations_and_those_after_the_database() -> None:
    services = compose()["services"]
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for word in SETTINGS:
        waits = {name: rule["condition"] for name, rule in services[word]["depends_on"].items()}
        broker = {} if word == "api" else {"rabbitmq": "service_healthy"}
        bucket = {"bucket": "service_completed_successfully"} if "STORAGE_URL" in services[word]["environment"] else {}
        assert waits == {"migrate": "service_completed_successfully"} | broker | bucket


def test_whoever_is_waited_for_tells_when_it_is_ready() -> None:
    services = compose()["services"]
    for word, service in services.items():
        for name, rule in service.get("depends_on", {}).items():
            once = rule["condition"] == "service_completed_successfully"
            assert services[name]["restart"] == ("no" if once else "unless-stopped"), f"{word} waits for {name}"
            assert once or "test" in services[name]["healthcheck"]


def test_everybody_tells_whether_they_are_well() -> None:
    services = compose()["services"]
    once = {word for word, service in services.items() if service["restart"] == "no"}
    assert once == {"migrate", "bucket"}
    # Ours have a health check in their images.
    assert {word for word, service in services.items() if "healthcheck" not in service} - set(SETTINGS) == {"bucket"}


def test_what_is_optional_is_started_by_a_profile_alone() -> None:
    services = compose()["services"]
    profiles = {word: service["profiles"] for word, service in services.items() if "profiles" in service}
    assert profiles == {"seaweedfs": ["s3"], "bucket": ["s3"]}
    assert documented()[PROFILES] == "s3"
    rules = [service.get("depends_on", {}) for word, service in services.items() if word not in profiles]
    assert all(rule.get("required") is False for waits in rules for name, rule in waits.items() if name in profiles)


def test_images_are_built_on_what_the_dockerfiles_name_unless_told() -> None:
    for word in SETTINGS:
        build = compose()["services"][word]["build"]
        assert build["dockerfile"] == f"services/{word}/Dockerfile"
        assert f"ARG BASE={filled(build['args']['BASE'], {})}\n" in dockerfile(word).text


def test_the_s3_server_the_bucket_and_the_services_agree() -> None:
    services = compose()["services"]
    given = {word: one.environment for word, one in compose_services(CHOSEN_WITH_A_BUCKET).items()}
    login = json.loads(filled(compose()["configs"]["seaweedfs-login"]["content"], CHOSEN_WITH_A_BUCKET))
    ((identity,),) = login.values()
    ((key, secret),) = (one.values() for one in identity["credentials"])
    bucket = urlsplit(CHOSEN_WITH_A_BUCKET["STORAGE_URL"]).hostname
    assert {action.partition(":")[2] for action in identity["actions"]} == {bucket}
    assert f"s3.bucket.create -name {bucket}" in services["bucket"]["command"][0]
    for environment in (one for one in given.values() if "STORAGE_URL" in one):
        endpoint = urlsplit(environment["AWS_ENDPOINT"])
        assert (environment["STORAGE_URL"], endpoint.hostname) == (f"s3://{bucket}", "seaweedfs")
        assert f"-s3.port={endpoint.port}" in services["seaweedfs"]["command"]
        assert f"127.0.0.1:{endpoint.port}/" in services["seaweedfs"]["healthcheck"]["test"][-1]
        assert (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]) == (key, secret)


@pytest.mark.parametrize(
    ("secret", "listed", "code"), [("chosen", "mailsift", 0), ("chosen", "mailsifting", 1), ("", "mailsift", 1)]
)
def test_the_bucket_is_made_when_it_can_be_seen(tmp_path: Path, secret: str, listed: str, code: int) -> None:
    for name, told in {
        "weed": f'read -r line; echo "$line" >>{tmp_path}/asked; echo "> {listed} size:0"',
        "sleep": "",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{told}\n")
        (tmp_path / name).chmod(0o755)
    service = compose()["services"]["bucket"]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SECRET": secret}
    done = subprocess.run(
        [*service["entrypoint"], *service["command"]], env=environment, check=False, capture_output=True
    )
    assert done.returncode == code
    assert (tmp_path / "asked").exists() == bool(secret)


def test_what_is_mounted_is_declared_and_there() -> None:
    services = compose()["services"].values()
    mounted = {mount.partition(":")[0] for service in services for mount in service.get("volumes", ())}
    assert mounted == set(compose()["volumes"])
    configs = {config["source"] for service in services for config in service.get("configs", ())}
    assert configs == set(compose()["configs"])
    files = [config["file"] for config in compose()["configs"].values() if "file" in config]
    assert [name for name in files if not (ROOT / name).is_file()] == []


def test_postgresql_is_set_for_bulk_loads_wherever_it_is_deployed_and_measured() -> None:
    settings = [option.removeprefix("-c") for option in compose()["services"]["postgres"]["command"][1:]]
    cluster = yaml.safe_load(
        (ROOT / "deploy/k8s/components/cloudnativepg/cluster.yaml").read_text().split("\n---\n")[0]
    )
    deployed = {f"{name}={value}" for name, value in cluster["spec"]["postgresql"]["parameters"].items()}
    assert set(BULK_LOADS) <= set(settings)
    assert {setting for setting in BULK_LOADS if not setting.startswith("max_wal_size")} <= deployed


def test_the_broker_knows_the_host_and_the_login_that_the_services_use() -> None:
    definitions = json.loads((ROOT / "deploy/rabbitmq/definitions.json").read_text())
    login = json.loads(filled(compose()["configs"]["rabbitmq-login"]["content"], {"RABBITMQ_PASSWORD": "chosen"}))
    (host,), (user,), (permission,) = definitions["vhosts"], login["users"], login["permissions"]
    urls = {
        service.environment["RABBITMQ_URL"]
        for service in compose_services({"RABBITMQ_PASSWORD": "chosen"}).values()
        if "RABBITMQ_URL" in service.environment
    }
    (url,) = map(urlsplit, urls)
    assert (url.hostname, url.username, url.password) == ("rabbitmq", user["name"], user["password"])
    assert url.path == f"/{host['name']}"
    assert (permission["user"], permission["vhost"]) == (user["name"], host["name"])
    assert "guest" not in yaml.safe_dump(login)


def test_queues_are_quorum_queues_by_default() -> None:
    (host,) = json.loads((ROOT / "deploy/rabbitmq/definitions.json").read_text())["vhosts"]
    assert host["default_queue_type"] == host["metadata"]["default_queue_type"] == "quorum"


OBSERVERS = ("prometheus", "postgres-exporter", "grafana")


@pytest.mark.parametrize("word", OBSERVERS)
def test_whoever_observes_runs_hardened(word: str) -> None:
    service = compose()["services"][word]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def mounted(word: str) -> dict[str, str]:
    """Which file of the repository a service finds under which path."""
    configs = {config["source"]: config["target"] for config in compose()["services"][word]["configs"]}
    return {compose()["configs"][source]["file"]: target for source, target in configs.items()}


def test_prometheus_finds_its_rules_and_grafana_every_dashboard() -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    names = ["prometheus.yml", *config["rule_files"]]
    assert mounted("prometheus") == {f"deploy/prometheus/{name}": f"/etc/prometheus/{name}" for name in names}
    boards = [path.name for path in (ROOT / "deploy/grafana/dashboards").iterdir()]
    provisioning = [
        path.relative_to(ROOT / "deploy/grafana/provisioning")
        for path in (ROOT / "deploy/grafana/provisioning").rglob("*.yml")
    ]
    assert mounted("grafana") == {
        **{f"deploy/grafana/dashboards/{name}": f"/var/lib/grafana/dashboards/{name}" for name in boards},
        **{f"deploy/grafana/provisioning/{path}": f"/etc/grafana/provisioning/{path}" for path in provisioning},
    }


def test_prometheus_scrapes_every_service_where_it_answers() -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    scraped = {
        job["job_name"]: (name, lookup["port"])
        for job in config["scrape_configs"]
        for lookup in job["dns_sd_configs"]
        for name in lookup["names"]
    }
    health = SETTINGS["api"].model_fields["health_port"].default
    assert scraped == {
        **{f"mailsift-{word}": (word, health) for word in SETTINGS},
        "rabbitmq": ("rabbitmq", 15692),
        "rabbitmq-queues": ("rabbitmq", 15692),
        "postgresql": ("postgres-exporter", 9187),
    }
    assert {name for name, _ in scraped.values()} <= set(compose()["services"])
