"""Who may reach whom in production: what the flow of docs/architecture.md needs, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployment import SETTINGS, container
from mailsift.shared.networks import is_public
from manifests import is_selected, named, overlay
from network import Peer, Port, allows

OBJECTS = overlay("production")
POLICIES = named(OBJECTS, "NetworkPolicy").values()
HERE = "mailsift"
WORDS = (*SETTINGS, "migrate")
WORKLOADS: Mapping[str, Any] = {container(one)["name"]: one for one in OBJECTS if one["kind"] in {"Deployment", "Job"}}
POSTGRESQL = Peer(namespace=HERE, labels={"cnpg.io/cluster": "mailsift-postgresql"})
RABBITMQ = Peer(namespace=HERE, labels={"app.kubernetes.io/name": "mailsift-rabbitmq"})
NAMES = Peer(namespace="kube-system", labels={"k8s-app": "kube-dns"})
QUESTION = Port(53, protocol="UDP")
PUBLIC = Peer(address="93.184.216.34")


def pod(word: str) -> Peer:
    return Peer(namespace=HERE, labels=WORKLOADS[word]["spec"]["template"]["metadata"]["labels"])


def who_reaches(peer: Peer, port: Port) -> set[str]:
    return {word for word in WORDS if allows(POLICIES, pod(word), "egress", peer, port)}


def who_is_reached(peer: Peer, number: int) -> set[str]:
    """By the number that a pod knows the port by."""
    reached = set()
    for word, workload in WORKLOADS.items():
        ports = {one["containerPort"]: one["name"] for one in container(workload).get("ports", ())}
        if allows(POLICIES, pod(word), "ingress", peer, Port(number, ports.get(number, ""))):
            reached.add(word)
    return reached


def users_of(variable: str) -> set[str]:
    return {word for word, settings in SETTINGS.items() if variable in settings.model_fields}


def test_every_pod_of_ours_is_held_by_policies_both_ways() -> None:
    assert set(WORKLOADS) == set(WORDS)
    (deny,) = (policy for policy in POLICIES if policy["metadata"]["name"] == "mailsift-deny")
    assert sorted(deny["spec"]["policyTypes"]) == ["Egress", "Ingress"]
    assert not {"ingress", "egress"} & set(deny["spec"])
    assert all(is_selected(deny["spec"]["podSelector"], dict(pod(word).labels)) for word in WORDS)


def test_whoever_has_an_address_of_postgresql_or_rabbitmq_reaches_it_from_either_side() -> None:
    for server, port, users in (
        (POSTGRESQL, Port(5432), users_of("database_url") | {"migrate"}),
        (RABBITMQ, Port(5672), users_of("rabbitmq_url")),
    ):
        assert who_reaches(server, port) == users
        assert all(allows(POLICIES, server, "ingress", pod(word), port) for word in users)
        assert who_reaches(Peer(address="10.20.30.40"), port) == users
        assert who_reaches(server, Port(22)) == set()


@pytest.mark.parametrize(
    "peer",
    [
        NAMES,
        Peer(namespace="kube-system", labels={"k8s-app": "node-local-dns"}),
        Peer(address="169.254.20.10"),
        Peer(address="169.254.169.254"),
    ],
    ids=("of the cluster", "a pod on the node", "of the node", "of the cloud"),
)
def test_names_are_looked_up_by_everybody(peer: Peer) -> None:
    assert who_reaches(peer, QUESTION) == who_reaches(peer, Port(53)) == set(WORDS)


def test_other_nameservers_are_asked_by_those_alone_who_are_told_of_any() -> None:
    for peer in (PUBLIC, Peer(address="10.1.2.3"), Peer(namespace="resolvers")):
        assert who_reaches(peer, QUESTION) == users_of("nameservers")


def test_a_bucket_of_the_internet_is_reached_by_who_has_files() -> None:
    assert who_reaches(PUBLIC, Port(443)) == users_of("storage_url")


def test_any_port_of_the_internet_is_open_to_who_follows_urls_of_users_and_to_nobody_else() -> None:
    following = {word for word in SETTINGS if {"fetch_networks", "webhook_networks"} & set(SETTINGS[word].model_fields)}
    assert following == {"ingest", "exporter"}
    for number in (80, 8443, 25):
        assert who_reaches(PUBLIC, Port(number)) == following


def test_no_mail_is_spoken_by_who_looks_addresses_up() -> None:
    assert "analyzer" not in who_reaches(PUBLIC, Port(25)) | who_reaches(PUBLIC, Port(587))


def edges() -> list[str]:
    """The first and the last address of each block that policies name, and their neighbours outside of it."""
    blocks = {
        block
        for policy in POLICIES
        for rule in policy["spec"].get("egress", ())
        for peer in rule.get("to", ())
        for block in (peer.get("ipBlock", {}).get("cidr"), *peer.get("ipBlock", {}).get("except", ()))
        if block
    }
    found = set()
    for network in map(ip_network, sorted(blocks)):
        for number in (int(network[0]) - 1, int(network[0]), int(network[-1]), int(network[-1]) + 1):
            if 0 <= number < 1 << network.max_prefixlen:
                found.add(str(type(network[0])(number)))
    return sorted(found)


@given(st.sampled_from(edges()) | st.ip_addresses().map(str), st.sampled_from([443, 8443]))
def test_the_second_wall_stands_where_the_first_one_does(address: str, port: int) -> None:
    # What DNS64 makes of addresses is let through by the first one alone: see docs/operations.md.
    one = ip_address(address)
    public = is_public(one) and one not in ip_network("64:ff9b::/96")
    assert ("exporter" in who_reaches(Peer(address=address), Port(port))) == public


def test_nobody_follows_a_url_into_the_cluster() -> None:
    for peer in (Peer(namespace="default"), Peer(namespace=HERE), pod("api")):
        assert who_reaches(peer, Port(443)) == who_reaches(peer, Port(8000)) == set()


def test_the_api_is_reached_from_what_stands_in_front_of_it_and_pods_are_scraped_by_prometheus() -> None:
    for namespace in ("ingress-nginx", "gateway"):
        assert who_is_reached(Peer(namespace=namespace), 8000) == {"api"}
        assert who_is_reached(Peer(namespace=namespace), 9100) == set()
    assert who_is_reached(Peer(namespace="monitoring"), 9100) == set(SETTINGS)
    for stranger in (Peer(namespace="default"), Peer(namespace=HERE), PUBLIC):
        assert who_is_reached(stranger, 8000) == who_is_reached(stranger, 9100) == set()


def test_servers_are_reached_by_their_operators_by_keda_and_by_prometheus() -> None:
    reached = {
        (name, namespace, number)
        for name, server in (("postgresql", POSTGRESQL), ("rabbitmq", RABBITMQ))
        for namespace in ("keda", "monitoring", "cnpg-system", "rabbitmq-system", "default")
        for number in (5432, 8000, 9187, 5672, 15672, 15692)
        if allows(POLICIES, server, "ingress", Peer(namespace=namespace), Port(number))
    }
    assert reached == {
        ("postgresql", "keda", 5432),
        ("postgresql", "cnpg-system", 5432),
        ("postgresql", "cnpg-system", 8000),
        ("postgresql", "monitoring", 9187),
        ("rabbitmq", "keda", 15672),
        ("rabbitmq", "rabbitmq-system", 15672),
        ("rabbitmq", "monitoring", 15692),
    }
    # An instance speaks with the others, the bucket of backups and the API of the cluster.
    assert allows(POLICIES, POSTGRESQL, "ingress", POSTGRESQL, Port(5432))
    assert allows(POLICIES, RABBITMQ, "ingress", RABBITMQ, Port(25672))
    assert all(allows(POLICIES, server, "egress", PUBLIC, Port(443)) for server in (POSTGRESQL, RABBITMQ))


def test_spans_go_to_a_collector_from_every_service() -> None:
    for namespace in ("monitoring", "observability"):
        assert who_reaches(Peer(namespace=namespace), Port(4318)) == set(SETTINGS)
