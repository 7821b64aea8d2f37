"""Print what a nameserver answers while the probe looks domains up: `recorder.py HOST:PORT DOMAIN...`."""

from __future__ import annotations

import socket
import sys
import threading

import dns.message

from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.analyzer.probes.settings import ProbeSettings

_LARGEST = 4096


def record(nameserver: str, domains: list[str]) -> list[str]:
    """Look the domains up by way of a relay, and return a line for each question."""
    host, _, port = nameserver.rpartition(":")
    with socket.socket(type=socket.SOCK_DGRAM) as front, socket.socket(type=socket.SOCK_DGRAM) as back:
        front.bind(("127.0.0.1", 0))
        back.connect((host, int(port)))
        lines: set[str] = set()
        threading.Thread(target=_relay, args=(front, back, lines), daemon=True).start()
        settings = ProbeSettings((f"127.0.0.1:{front.getsockname()[1]}",), query_seconds=60, questions_at_once=1)
        DomainProbe(settings, CircuitBreaker()).resolve_all(domains, lambda _: None)
    return sorted(lines)


def _relay(front: socket.socket, back: socket.socket, lines: set[str]) -> None:
    while True:
        wire, sender = front.recvfrom(_LARGEST)
        back.send(wire)
        answer = back.recv(_LARGEST)
        question = dns.message.from_wire(wire).question[0]
        lines.add(f"{question.name.to_text(omit_final_dot=True)} {question.rdtype.name} {answer[2:].hex()}")
        front.sendto(answer, sender)


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in record(sys.argv[1], sys.argv[2:]))
