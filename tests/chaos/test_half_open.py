"""Connections on which nobody answers any more, and which nobody closes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

import httpx
import pytest

from chaos.process import Process
from chaos.proxy import Proxy
from chaos.rig import Rig
from chaos.stream import await_flow, work
from servers import LOOPBACK

_NEVER_IN_ORDER_SECONDS = 3


@pytest.mark.scenario("S5")
def test_the_dispatcher_hears_no_more_of_rabbitmq(rig: Rig) -> None:
    proxy = rig.proxy("rabbitmq")
    rig.start("dispatcher", broker=proxy)
    with work(rig):
        if rig.full:
            cut_off_for_a_while(rig, proxy, lambda: not rig["dispatcher"].is_ready())
        await_flow(rig)
        assert proxy.forsake() > 0
        rig.calm()
        rig.wait(lambda: not rig["dispatcher"].is_ready(), "the dispatcher to notice")
    rig.settle()
    assert rig["dispatcher"].counted("mailsift_publish_failures_total") > 0
    assert rig.number('SELECT sum("retryCount") FROM "jobQueue"') == 0


@pytest.mark.scenario("S5")
def test_workers_hear_no_more_of_rabbitmq(rig: Rig) -> None:
    proxy = rig.proxy("rabbitmq")
    rig.start("dispatcher")
    with work(rig, broker=proxy) as workers:
        if rig.full:
            cut_off_for_a_while(rig, proxy, lambda: hints_lie_about(rig))
        await_flow(rig)
        assert proxy.forsake() >= len(workers)
        rig.calm()
        rig.wait(lambda: hints_lie_about(rig), "hints that nobody takes")
    rig.settle()
    assert rig.number('SELECT sum("retryCount") FROM "jobQueue"') == 0


@pytest.mark.scenario("S5")
def test_workers_hear_no_more_of_postgresql_and_are_started_anew(rig: Rig) -> None:
    proxy = rig.proxy("postgresql")
    rig.start("dispatcher")
    with Probes(rig) as probes:
        with work(rig, database=proxy):
            await_flow(rig)
            if rig.full:
                assert proxy.freeze() > 0
                rig.wait(lambda: probes.failed, "a worker to notice")
                proxy.thaw()
                await_flow(rig)
            assert proxy.forsake() > 0
            rig.calm()
            failed = probes.failed
            rig.wait(lambda: probes.failed > failed, "a worker to notice")
            await_flow(rig)
        # The others notice later.
        rig.settle()
    assert rig.events("worker_lost") > 0


def cut_off_for_a_while(rig: Rig, proxy: Proxy, noticed: Callable[[], bool]) -> None:
    """Let no word through until that is noticed, and then cut every connection, or pass on late what was said."""
    for end in (proxy.cut, lambda: None):
        await_flow(rig)
        assert proxy.freeze() > 0
        rig.wait(noticed, "the silence to be noticed")
        end()
        proxy.thaw()


def hints_lie_about(rig: Rig) -> bool:
    return rig["dispatcher"].counted("mailsift_dispatch_oldest_seconds") > _NEVER_IN_ORDER_SECONDS


class Probes:
    """Does what Kubernetes does with a process that says it is no longer alive."""

    def __init__(self, rig: Rig) -> None:
        self.failed = 0
        self._rig = rig
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.1):
            for process in self._rig.processes:
                if not is_live(process):
                    self.failed += 1
                    process.kill()
                    process.launch()


def is_live(process: Process) -> bool:
    """Ask a process how it is; one that has not begun to answer is given time."""
    try:
        return httpx.get(f"http://{LOOPBACK}:{process.health_port}/livez", trust_env=False).is_success
    except httpx.ConnectError:
        return True
