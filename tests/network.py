"""What policies of the network let through, as Kubernetes reads them; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from manifests import is_selected

_NAMESPACE = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Peer:
    """Whoever is at the other end: a pod of a namespace, or an address outside of the cluster."""

    address: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the end that is reached; a pod's own has a name, too."""

    number: int
    name: str = ""
    protocol: str = "TCP"


def allows(policies: Iterable[Any], pod: Peer, way: str, peer: Peer, port: Port) -> bool:
    """Tell whether the policies of a pod's namespace let it reach a peer (`egress`), or a peer reach it (`ingress`)."""
    chosen = [
        policy["spec"]
        for policy in policies
        if policy["metadata"].get("namespace", pod.namespace) == pod.namespace
        and way.capitalize() in policy["spec"]["policyTypes"]
        and is_selected(policy["spec"]["podSelector"], dict(pod.labels))
    ]
    # Whom no policy chooses may do anything.
    return not chosen or any(_allowed(rule, way, pod, peer, port) for spec in chosen for rule in spec.get(way, ()))


def _allowed(rule: Any, way: str, pod: Peer, peer: Peer, port: Port) -> bool:
    peers = rule.get("to" if way == "egress" else "from")
    ports = rule.get("ports")
    return (not peers or any(_is(one, pod, peer) for one in peers)) and (
        not ports or any(_fits(one, port) for one in ports)
    )


def _fits(said: Any, port: Port) -> bool:
    return said.get("protocol", "TCP") == port.protocol and said.get("port", port.number) in {port.number, port.name}


def _is(said: Any, pod: Peer, peer: Peer) -> bool:
    if "ipBlock" in said:
        return bool(peer.address) and _holds(said["ipBlock"], peer.address)
    if peer.address:
        return False
    if "namespaceSelector" in said:
        there = is_selected(said["namespaceSelector"], {_NAMESPACE: peer.namespace})
    else:
        there = peer.namespace == pod.namespace
    return there and is_selected(said.get("podSelector", {}), dict(peer.labels))


def _holds(block: Any, address: str) -> bool:
    one = ip_address(address)
    return one in ip_network(block["cidr"]) and not any(one in ip_network(held) for held in block.get("except", ()))
