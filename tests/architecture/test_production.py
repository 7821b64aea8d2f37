from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from deployment import ROOT, SETTINGS
from mailsift.shared.db.migrate import ROLES
from mailsift.shared.jobs.catalog import ALL_QUEUES
from manifests import K8S, named, overlay, tag


def test_production_holds_no_secret_and_is_given_every_one_that_it_names() -> None:
    objects = overlay("production")
    assert named(objects, "Secret") == {}
    wanted = {match for one in objects for match in _secrets(one)}
    made = {one["spec"]["target"]["name"] for one in named(objects, "ExternalSecret").values()}
    by_operators = {"mailsift-rabbitmq-default-user", "mailsift-tls"}
    assert wanted == made | by_operators


def test_the_secrets_that_the_page_makes_by_hand_are_those_that_production_asks_for(tmp_path: Path) -> None:
    page = (ROOT / "docs/operations.md").read_text()
    (script,) = (
        block for block in re.findall(r"^```\n(.*?)^```", page, re.DOTALL | re.MULTILINE) if "login()" in block
    )
    told = tmp_path / "told"
    for name, does in {"kubectl": f'echo "$@" >> {told}', "openssl": f"echo {'0a' * 24}"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    run = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-euc", script], input=b"id\nkey\n" * 2, env=run, check=True, cwd=ROOT)
    namespace, *secrets, reloaded = told.read_text().splitlines()
    assert namespace == "apply --filename deploy/k8s/overlays/ours/namespace.yaml"
    made = {line.split()[3]: sorted(re.findall(r"--from-literal ([a-zA-Z_]+)=", line)) for line in secrets}
    wanted = {f"mailsift-{word}": ["DATABASE_URL", "password", "username"] for word in ("migrate", *SETTINGS)}
    wanted |= {f"mailsift-{word}": ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] for word in ("storage", "backups")}
    assert made == wanted
    assert set(made) == {
        one["spec"]["target"]["name"] for one in named(overlay("production"), "ExternalSecret").values()
    }
    roles = {
        line.split()[3]: re.findall(r"postgresql://([a-z_]+):[0-9a-f]{48}@mailsift-postgresql-rw", line)
        for line in secrets
    }
    asked = {role["passwordSecret"]["name"]: [role["name"]] for role in _roles() if "passwordSecret" in role}
    assert asked.items() <= roles.items()
    _, _, _, _, *marked, label = reloaded.split()
    assert (label, set(marked)) == ("cnpg.io/reload=true", {*asked, "mailsift-migrate"})


def test_the_operator_hears_of_every_password_that_changes() -> None:
    template = {"metadata": {"labels": {"cnpg.io/reload": "true"}}}
    marked = {
        name
        for name, one in named(overlay("production"), "ExternalSecret").items()
        if one["spec"]["target"].get("template") == template
    }
    owner = named(overlay("production"), "Cluster")["mailsift-postgresql"]["spec"]["bootstrap"]["initdb"]["secret"]
    assert marked == {role["passwordSecret"]["name"] for role in _roles() if "passwordSecret" in role} | {owner["name"]}


def _roles() -> list[Any]:
    roles: list[Any] = named(overlay("production"), "Cluster")["mailsift-postgresql"]["spec"]["managed"]["roles"]
    return roles


def _secrets(node: Any, key: str = "") -> list[str]:
    """Names of Secrets, wherever something asks for one."""
    if isinstance(node, list):
        return [name for one in node for name in _secrets(one, key)]
    if not isinstance(node, dict):
        return [node] if key == "secretName" else []
    if key in {
        "secretKeyRef",
        "secretRef",
        "secretTargetRef",
        "passwordSecret",
        "secret",
        "accessKeyId",
        "secretAccessKey",
    }:
        return [node["name"]]
    return [name for inner, one in node.items() for name in _secrets(one, inner)]


def test_keda_counts_every_queue_of_every_worker() -> None:
    scalers = named(overlay("production"), "ScaledObject")
    for word in ("ingest", "analyzer", "exporter"):
        jobs, messages = scalers[f"mailsift-{word}"]["spec"]["triggers"]
        assert (jobs["type"], messages["type"]) == ("postgresql", "rabbitmq")
        of_rows = {queue for queue in ALL_QUEUES if f"'{queue}'" in jobs["metadata"]["query"]}
        assert of_rows == {queue for queue in ALL_QUEUES if queue.startswith(f"{word}.")} - {"exporter.deliveries"}
        # Dramatiq's queues of delayed and dead messages are nobody's work.
        there = [f"{queue}{suffix}" for queue in ALL_QUEUES for suffix in ("", ".DQ", ".XQ")]
        counted = {queue for queue in there if re.search(messages["metadata"]["queueName"], queue)}
        assert counted == {queue for queue in ALL_QUEUES if queue.startswith(f"{word}.")}
        assert jobs["metadata"]["targetQueryValue"] == str(SETTINGS[word].model_fields["worker_threads"].default)


def test_messages_are_counted_where_the_overlay_runs_its_broker() -> None:
    scaler = named(overlay("production"), "ScaledObject")["mailsift-analyzer"]
    namespace = scaler["metadata"]["namespace"]
    host = scaler["spec"]["triggers"][1]["metadata"]["host"]
    assert host == f"http://mailsift-rabbitmq.{namespace}.svc:15672/mailsift"


def test_cloudnativepg_makes_the_roles_that_the_migrations_would() -> None:
    cluster = named(overlay("production"), "Cluster")["mailsift-postgresql"]["spec"]
    assert cluster["bootstrap"]["initdb"]["owner"] == "mailsift_owner"

    def said(role: Any) -> str:
        words = ["LOGIN" if role["login"] else "NOLOGIN", *([] if role.get("inherit", True) else ["NOINHERIT"])]
        return " ".join([*words, "BYPASSRLS" if role.get("bypassrls") else "NOBYPASSRLS"])

    made = {role["name"]: said(role) for role in cluster["managed"]["roles"]}
    # CloudNativePG watches its servers with a login of its own.
    own = {"mailsift_owner": "LOGIN NOBYPASSRLS", "mailsift_monitor": "LOGIN NOBYPASSRLS"}
    assert made | own == ROLES
    groups = {role["name"]: role["inRoles"] for role in cluster["managed"]["roles"] if "inRoles" in role}
    assert groups == {
        "mailsift_api": ["mailsift_operator"],
        "mailsift_dispatcher": ["pg_signal_backend", "pg_read_all_stats"],
    }


def test_postgresql_has_room_for_every_replica_that_there_may_be() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    each = {word: int(count) for word, count in re.findall(r"^\| `(api|dispatcher)` \| (\d+) \|$", page, re.MULTILINE)}
    each |= {
        word: SETTINGS[word].model_fields["worker_threads"].default + 1 for word in ("ingest", "analyzer", "exporter")
    }
    scalers = named(overlay("production"), "ScaledObject")
    most = {name.removeprefix("mailsift-"): one["spec"]["maxReplicaCount"] for name, one in scalers.items()}
    most["dispatcher"] = named(overlay("production"), "Deployment")["mailsift-dispatcher"]["spec"]["replicas"]
    # One more of each while a release goes out; KEDA, the operator, the migrations and people.
    wanted = sum((most[word] + 1) * each[word] for word in SETTINGS) + 40
    cluster = named(overlay("production"), "Cluster")["mailsift-postgresql"]["spec"]
    assert int(cluster["postgresql"]["parameters"]["max_connections"]) >= wanted


def test_no_node_and_no_zone_takes_the_majority_of_a_server_along() -> None:
    cluster = named(overlay("production"), "Cluster")["mailsift-postgresql"]["spec"]
    apart = {cluster["affinity"]["topologyKey"], *(one["topologyKey"] for one in cluster["topologySpreadConstraints"])}
    rabbit = named(overlay("production"), "RabbitmqCluster")["mailsift-rabbitmq"]["spec"]
    wished = rabbit["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert apart == {one["podAffinityTerm"]["topologyKey"] for one in wished}
    assert apart == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    # CloudNativePG makes its own.
    budget = named(overlay("production"), "PodDisruptionBudget")["mailsift-rabbitmq"]["spec"]
    assert (budget["maxUnavailable"], rabbit["replicas"]) == (1, 3)


def test_every_rabbitmq_is_told_the_same() -> None:
    conf = (ROOT / "deploy/rabbitmq/mailsift.conf").read_text().splitlines()
    (timeout,) = (line for line in conf if line.startswith("consumer_timeout"))
    cluster = named(overlay("production"), "RabbitmqCluster")["mailsift-rabbitmq"]["spec"]
    local = next(
        one for name, one in named(overlay("local"), "ConfigMap").items() if name.startswith("mailsift-rabbitmq")
    )
    for text in (cluster["rabbitmq"]["additionalConfig"], local["data"]["rabbitmq.conf"]):
        assert timeout in text.splitlines()
        assert "default_queue_type = quorum" in text.splitlines()


def test_servers_are_of_the_versions_that_compose_runs() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    said = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    servers = named(overlay("local"), "StatefulSet")
    images = {name: one["spec"]["template"]["spec"]["containers"][0]["image"] for name, one in servers.items()}
    assert images == {
        "mailsift-postgresql": f"postgres:{said['POSTGRES_VERSION']}",
        "mailsift-rabbitmq": f"rabbitmq:{said['RABBITMQ_VERSION']}",
    }
    cluster = named(overlay("production"), "Cluster")["mailsift-postgresql"]["spec"]
    assert str(tag(cluster["imageName"])).split(".")[0] == said["POSTGRES_VERSION"].split(".")[0]
    broker = named(overlay("production"), "RabbitmqCluster")["mailsift-rabbitmq"]["spec"]
    assert broker["image"] == images["mailsift-rabbitmq"]


def test_the_longest_request_gets_through_to_the_api() -> None:
    fields = SETTINGS["api"].model_fields
    longest = fields["analyze_file_seconds"].default
    front = yaml.safe_load((K8S / "components/ingress/ingress.yaml").read_text())["metadata"]["annotations"]
    assert int(front["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > longest
    body = int(front["nginx.ingress.kubernetes.io/proxy-body-size"].removesuffix("m"))
    assert body * 1024**2 >= fields["max_upload_bytes"].default
    (rule,) = yaml.safe_load((K8S / "components/gateway/route.yaml").read_text())["spec"]["rules"]
    assert int(rule["timeouts"]["request"].removesuffix("s")) > longest
