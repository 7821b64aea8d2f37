from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

from deployment import BASE, ROOT, SETTINGS, config_maps, container, kustomization, of_kind
from mailsift.ingest.config import IngestSettings
from manifests import build

WORKLOADS = {one["metadata"]["name"]: one for one in of_kind("Deployment", "Job")}


@pytest.fixture(params=WORKLOADS)
def workload(request: pytest.FixtureRequest) -> Any:
    return WORKLOADS[request.param]


def test_no_file_of_the_base_is_forgotten() -> None:
    assert set(kustomization()["resources"]) == {path.name for path in BASE.glob("*.yaml")} - {"kustomization.yaml"}


def test_the_version_is_that_of_the_packages() -> None:
    version = tomllib.loads((ROOT / "shared/pyproject.toml").read_text())["project"]["version"]
    labels = [yaml.safe_load(one)["labels"] for one in kustomization()["transformers"]]
    assert labels == [{"app.kubernetes.io/version": version}]
    assert {image["name"]: image["newTag"] for image in kustomization()["images"]} == {
        f"mailsift-{word}": version for word in SETTINGS
    }


def test_all_deployments_follow_one_pattern() -> None:
    def pattern(one: Any) -> Any:
        own = {"image", "ports", "envFrom", "env", "lifecycle"}
        main = {key: value for key, value in container(one).items() if key not in own}
        text = yaml.safe_dump({**one, "spec": {**one["spec"], "template": {**one["spec"]["template"], "spec": main}}})
        return re.sub(rf"\b{main['name']}\b", "WORD", text), {
            key: value
            for key, value in one["spec"]["template"]["spec"].items()
            if key not in {"containers", "topologySpreadConstraints", "serviceAccountName", "volumes"}
        }

    first, *others = [pattern(one) for one in of_kind("Deployment")]
    assert [other for other in others if other != first] == []


def test_nothing_runs_with_more_rights_than_it_needs(workload: Any) -> None:
    pod = workload["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(workload)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert [volume for volume in pod["volumes"] if set(volume) != {"name", "emptyDir"}] == []


def test_ingest_has_room_for_the_workbooks_that_it_reads() -> None:
    (volume,) = next(
        one["spec"]["template"]["spec"]["volumes"]
        for one in of_kind("Deployment")
        if container(one)["name"] == "ingest"
    )
    size = volume["emptyDir"]["sizeLimit"]
    fields = IngestSettings.model_fields
    workbooks = fields["workbooks_at_once"].default * fields["max_workbook_bytes"].default
    assert int(size.removesuffix("Mi")) * 1024**2 > workbooks


def test_nothing_runs_without_limits(workload: Any) -> None:
    resources = container(workload)["resources"]
    assert resources["limits"] == {"memory": "500Mi"}
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert "sizeLimit" in workload["spec"]["template"]["spec"]["volumes"][0]["emptyDir"]


def test_every_workload_has_an_account_of_its_own_without_a_token(workload: Any) -> None:
    pod = workload["spec"]["template"]["spec"]
    accounts = {account["metadata"]["name"]: account for account in of_kind("ServiceAccount")}
    assert pod["serviceAccountName"] == workload["metadata"]["name"]
    assert accounts[pod["serviceAccountName"]]["automountServiceAccountToken"] is False
    assert pod["automountServiceAccountToken"] is False


def test_every_object_says_what_it_is(workload: Any) -> None:
    labels = workload["metadata"]["labels"]
    assert labels == workload["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == workload["metadata"]["name"]
    assert labels["app.kubernetes.io/component"] == container(workload)["name"]


def test_probes_ask_the_port_of_health() -> None:
    for one in of_kind("Deployment"):
        main = container(one)
        asked = {probe: main[f"{probe}Probe"]["httpGet"] for probe in ("startup", "liveness", "readiness")}
        assert {probe: get["port"] for probe, get in asked.items()} == dict.fromkeys(asked, "health")
        assert {probe: get["path"] for probe, get in asked.items()} == {
            "startup": "/livez",
            "liveness": "/livez",
            "readiness": "/readyz",
        }


def test_a_roll_out_is_not_given_up_while_its_migrations_run() -> None:
    (job,) = of_kind("Job")
    deadlines = {one["spec"]["progressDeadlineSeconds"] for one in of_kind("Deployment")}
    assert min(deadlines) > job["spec"]["activeDeadlineSeconds"]
    # Each try waits twice as long as the one before, from 10 s up to 6 min.
    waits = [min(10 * 2**number, 360) for number in range(job["spec"]["backoffLimit"])]
    assert 1800 < sum(waits) < job["spec"]["activeDeadlineSeconds"]


def test_services_lead_to_pods() -> None:
    for service in of_kind("Service"):
        selector = service["spec"]["selector"] | {}
        selector.pop("app.kubernetes.io/part-of", None)
        pods = [one for one in of_kind("Deployment") if selector.items() <= one["metadata"]["labels"].items()]
        ports = {port["targetPort"] for port in service["spec"]["ports"]}
        assert pods
        assert all(ports <= {port["name"] for port in container(one)["ports"]} for one in pods)


def test_every_config_map_is_made_and_used() -> None:
    used = {
        source["configMapRef"]["name"]
        for one in WORKLOADS.values()
        for source in container(one)["envFrom"]
        if "configMapRef" in source
    }
    assert used == set(config_maps())


def test_no_secret_stands_in_the_base() -> None:
    assert of_kind("Secret") == []
    assert "secretGenerator" not in kustomization()
    assert not any("value" in variable for one in of_kind("Deployment") for variable in container(one)["env"])


def test_the_base_builds() -> None:
    built = build(BASE)
    images = [container(one)["image"] for one in built if one["kind"] in {"Deployment", "Job"}]
    assert len(images) == len(WORKLOADS)
    assert [image for image in images if not re.fullmatch(r"mailsift-[a-z]+:\d+\.\d+\.\d+", image)] == []
    maps = {one["metadata"]["name"] for one in built if one["kind"] == "ConfigMap"}
    assert [name for name in maps if name.rpartition("-")[0] not in config_maps()] == []
    assert all(one["metadata"]["labels"]["app.kubernetes.io/part-of"] == "mailsift" for one in built)
    assert not any("namespace" in one["metadata"] for one in built)


COMPONENTS = ROOT / "deploy/k8s/components"
MONITORING = COMPONENTS / "monitoring"


def test_the_operator_of_prometheus_is_given_the_rules_that_prometheus_has() -> None:
    rule = yaml.safe_load((MONITORING / "rules.yaml").read_text())
    files = [ROOT / f"deploy/prometheus/{name}.yml" for name in ("recording", "objectives", "alerts")]
    groups = [group for path in files for group in yaml.safe_load(path.read_text())["groups"]]
    assert rule["spec"]["groups"] == groups, "run `make rules`"


@pytest.mark.parametrize(
    ("component", "file", "group"),
    [("rabbitmq-monitoring", "servers", "rabbitmq"), ("cloudnativepg-monitoring", "cloudnativepg", "cloudnativepg")],
)
def test_it_is_given_the_rules_of_the_servers_that_operators_run(component: str, file: str, group: str) -> None:
    rule = yaml.safe_load((COMPONENTS / component / "rules.yaml").read_text())
    groups = yaml.safe_load((ROOT / f"deploy/prometheus/{file}.yml").read_text())["groups"]
    assert rule["spec"]["groups"] == [one for one in groups if one["name"] == group], "run `make rules`"


def test_every_pod_is_scraped_under_the_name_that_rules_have_for_it() -> None:
    monitor = yaml.safe_load((MONITORING / "pods.yaml").read_text())["spec"]
    (chosen,) = monitor["selector"]["matchExpressions"]
    names = {one["metadata"]["name"] for one in of_kind("Deployment")}
    assert (monitor["jobLabel"], set(chosen["values"])) == ("app.kubernetes.io/name", names)
    assert names == {f"mailsift-{word}" for word in SETTINGS}
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert all(endpoint["port"] in {port["name"] for port in container(one)["ports"]} for one in of_kind("Deployment"))


def test_grafanas_sidecar_is_given_every_dashboard() -> None:
    (made,) = yaml.safe_load((ROOT / "deploy/grafana/kustomization.yaml").read_text())["configMapGenerator"]
    boards = {f"dashboards/{path.name}" for path in (ROOT / "deploy/grafana/dashboards").iterdir()}
    assert set(made["files"]) == boards
    assert made["options"]["labels"]["grafana_dashboard"] == "1"
