from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from manifests import named, overlay
from policy import violations


@pytest.fixture
def objects() -> list[Any]:
    return copy.deepcopy(overlay("production"))


def _spoil_image(pod: Any) -> None:
    pod["containers"][0]["image"] = "registry.example.com:5000/mailsift-api"


def _spoil_latest(pod: Any) -> None:
    pod["containers"][0]["image"] = "mailsift-api:latest"


def _spoil_limits(pod: Any) -> None:
    del pod["containers"][0]["resources"]["limits"]


def _spoil_root(pod: Any) -> None:
    pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = False


def _spoil_privilege(pod: Any) -> None:
    pod["initContainers"] = [{**pod["containers"][0], "securityContext": {"privileged": True}}]


def _spoil_user(pod: Any) -> None:
    pod["securityContext"]["runAsNonRoot"] = False


def _spoil_node(pod: Any) -> None:
    pod["hostNetwork"] = True


def _spoil_volume(pod: Any) -> None:
    pod["volumes"].append({"name": "node", "hostPath": {"path": "/"}})


def _spoil_token(pod: Any) -> None:
    del pod["automountServiceAccountToken"]


def _spoil_probe(pod: Any) -> None:
    del pod["containers"][0]["readinessProbe"]


def _spoil_spread(pod: Any) -> None:
    pod["topologySpreadConstraints"].pop()


def _spoil_settings(pod: Any) -> None:
    pod["containers"][0]["envFrom"][0]["configMapRef"]["name"] = "elsewhere"


def _spoil_password(pod: Any) -> None:
    pod["containers"][0]["env"].append({"name": "RABBITMQ_PASSWORD", "value": "hunter2"})


def _spoil_order(pod: Any) -> None:
    pod["containers"][0]["env"].insert(0, {"name": "EARLY", "value": "$(DATABASE_URL)"})


SPOILS = [value for name, value in sorted(globals().items()) if name.startswith("_spoil_")]


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.__name__.removeprefix("_spoil_"))
def test_the_policy_finds_what_is_wrong(spoil: Callable[[Any], None], objects: list[Any]) -> None:
    spoil(named(objects, "Deployment")["mailsift-api"]["spec"]["template"]["spec"])
    assert len(violations(objects)) == 1


def test_the_policy_finds_two_who_say_how_many_there_are(objects: list[Any]) -> None:
    named(objects, "Deployment")["mailsift-analyzer"]["spec"]["replicas"] = 3
    assert len(violations(objects)) == 1


def test_the_policy_finds_names_and_labels_that_a_cluster_refuses(objects: list[Any]) -> None:
    service = named(objects, "Service")["mailsift-api"]
    service["metadata"]["labels"]["app.kubernetes.io/version"] = "1.0.0+local"
    assert len(violations(objects)) == 1
    service["metadata"]["name"] = "mailsift_api"
    assert len(violations(objects)) == 2


@pytest.mark.parametrize("kind", ["Cluster", "RabbitmqCluster"])
def test_the_policy_finds_servers_without_limits(kind: str, objects: list[Any]) -> None:
    (server,) = named(objects, kind).values()
    del server["spec"]["resources"]["limits"]
    assert len(violations(objects)) == 1


def test_the_policy_finds_what_is_too_large_to_be_applied(objects: list[Any]) -> None:
    named(objects, "ConfigMap")["mailsift-dashboards"]["data"]["one-more.json"] = "{}" * 65536
    assert len(violations(objects)) == 1
