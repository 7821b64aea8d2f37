from __future__ import annotations

import http.client

import pytest
from prometheus_client import CollectorRegistry, Counter

from mailsift.shared.observability.health import HealthServer


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def test_a_process_answers_probes_and_scrapes() -> None:
    registry = CollectorRegistry()
    Counter("mailsift_things", "Things", registry=registry).inc(3)
    faults: list[str | None] = ["the database does not answer"]
    server = HealthServer("127.0.0.1", 0, registry, live=lambda: True, fault=lambda: faults[-1])
    server.start()
    try:
        assert get(server.port, "/livez") == (200, "ok\n")
        assert get(server.port, "/readyz") == (503, "not ok: the database does not answer\n")
        faults.append(None)
        assert get(server.port, "/readyz") == (200, "ok\n")
        assert "mailsift_things_total 3.0" in get(server.port, "/metrics")[1]
        assert get(server.port, "/else")[0] == 404
    finally:
        server.stop()
    with pytest.raises(ConnectionRefusedError):
        get(server.port, "/livez")
