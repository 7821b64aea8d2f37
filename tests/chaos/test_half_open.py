"""Connections on which nobody answers any more, and which nobody closes."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from chaos.proxy import Proxy
from chaos.rig import Process, Rig
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
    with work(rig, database=proxy) as workers:
        await_flow(rig)
        if rig.full:
            assert proxy.freeze() > 0
            start_anew(rig, *workers)
            proxy.thaw()
            await_flow(rig)
        assert proxy.forsake() > 0
        rig.calm()
        start_anew(rig, *workers)
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


def start_anew(rig: Rig, *names: str) -> None:
    """Do what Kubernetes does with a process that says it is no longer alive."""
    for name in names:
        rig.wait(lambda: not is_live(rig[name]), f"{name} to notice")  # noqa: B023 - asked at once
        rig[name].kill()
        rig[name].start()


def is_live(process: Process) -> bool:
    return httpx.get(f"http://{LOOPBACK}:{process.health_port}/livez", trust_env=False).is_success
