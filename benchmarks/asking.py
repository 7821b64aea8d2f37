"""The questions that domain facts take, and what libraries make of the very same ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

import aiodns
import dns.asyncresolver
import dns.exception

from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.exchange import Then
from mailsift.analyzer.probes.lookup import DomainLookup
from mailsift.analyzer.probes.resolver import Resolver
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.analyzer.records.replies import Question, RecordType

AT_ONCE: Final = 500
"""Enough to keep a core busy, also 30 ms away; with several times as many libraries are no faster."""

_TRIES: Final = 4
_FIRST_WAIT: Final = 4 / (2**_TRIES - 1)
"""The worker's: four tries within four seconds, with waits that double."""


def questions_about(nameserver: str, domains: Sequence[str]) -> list[Question]:
    """Gather the facts of some domains, and note what was asked for them."""
    return asyncio.run(_noted(ProbeSettings((nameserver,)), domains))


async def _noted(settings: ProbeSettings, domains: Sequence[str]) -> list[Question]:
    asked: list[Question] = []
    async with Resolver(settings, CircuitBreaker()) as resolver:

        def ask(question: Question, then: Then) -> None:
            asked.append(question)
            resolver.ask(question, then)

        lookup = DomainLookup(ask)
        await _side_by_side(lookup.facts, iter([(domain,) for domain in domains]))
    return asked


def ask_alone(nameserver: str, questions: Sequence[Question]) -> float:
    """Ask them all with what the analyzer asks with, and drop the answers; returns the seconds it took."""

    async def run() -> float:
        async with Resolver(ProbeSettings((nameserver,)), CircuitBreaker()) as resolver:
            loop = asyncio.get_running_loop()

            async def ask(name: str, record_type: RecordType) -> None:
                answered = loop.create_future()
                resolver.ask(Question(name, record_type), answered.set_result)
                await answered

            began = time.monotonic()
            await _side_by_side(ask, iter(questions))
            return time.monotonic() - began

    return asyncio.run(run())


def ask_with_aiodns(nameserver: str, questions: Sequence[Question]) -> float:
    """Ask them all with aiodns and drop the answers; returns the seconds it took."""

    async def run() -> float:
        resolver = aiodns.DNSResolver(nameservers=[nameserver], timeout=_FIRST_WAIT, tries=_TRIES)

        async def ask(name: str, record_type: RecordType) -> None:
            with suppress(aiodns.error.DNSError):
                await resolver.query_dns(name, record_type)

        began = time.monotonic()
        await _side_by_side(ask, iter(questions))
        took = time.monotonic() - began
        await resolver.close()
        return took

    return asyncio.run(run())


def ask_with_dnspython(nameserver: str, questions: Sequence[Question]) -> float:
    """Ask them all with dnspython and drop the answers; returns the seconds it took."""

    async def run() -> float:
        host, _, port = nameserver.rpartition(":")
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [host], int(port)
        resolver.timeout, resolver.lifetime = 1.0, 4.0

        async def ask(name: str, record_type: RecordType) -> None:
            with suppress(dns.exception.DNSException):
                await resolver.resolve(name, record_type, raise_on_no_answer=False)

        began = time.monotonic()
        await _side_by_side(ask, iter(questions))
        return time.monotonic() - began

    return asyncio.run(run())


async def _side_by_side(work: Callable[..., Awaitable[object]], waiting: Iterator[tuple[object, ...]]) -> None:
    async def one_after_the_other() -> None:
        for arguments in waiting:
            await work(*arguments)

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
