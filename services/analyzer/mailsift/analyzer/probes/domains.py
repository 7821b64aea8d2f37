"""Gather the facts of many domains at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import wait
from contextlib import asynccontextmanager
from typing import Final

from mailsift.analyzer.evidence import DomainFacts
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.common_loop import CommonLoop
from mailsift.analyzer.probes.exchange import OnEnd
from mailsift.analyzer.probes.lookup import DomainLookup
from mailsift.analyzer.probes.resolver import Resolver
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.shared.observability.lag import watching_lag

OnFound = Callable[[Sequence[DomainFacts]], None]

_PAUSE_SECONDS: Final = 0.1
"""Whoever waits wakes up so often: each time it takes the processor from the thread that asks."""


class DomainProbe:
    """Looks domains up for all threads of a process: their questions share one line before each nameserver."""

    def __init__(self, settings: ProbeSettings, breaker: CircuitBreaker, on_query: OnEnd | None = None) -> None:
        self._settings = settings
        self._breaker = breaker
        self._on_query = on_query
        self._loop = CommonLoop(self._open_lookup)

    @property
    def resting(self) -> bool:
        """Whether asking has stopped because nobody answers."""
        return self._breaker.resting

    @property
    def was_heard(self) -> bool:
        """Whether a nameserver has ever answered."""
        return self._breaker.was_heard

    def resolve_all(self, domains: Sequence[str], on_found: OnFound) -> None:
        """Look every domain up, and hand over what was found a few times a second, in no order; perhaps nothing.

        What `on_found` raises ends the whole run, and it is not called again: that is how a lost lease
        or a cancelled job stops it.
        """
        found: list[DomainFacts] = []
        with self._loop.joined() as place:
            run = place.start(_look_all_up(place.held, domains, self._settings.concurrency, found.append))
            try:
                is_over = False
                while not is_over:
                    is_over = bool(wait([run], _PAUSE_SECONDS).done)
                    news = found[:]
                    del found[: len(news)]
                    on_found(news)
                run.result()
            finally:
                run.cancel()

    @asynccontextmanager
    async def _open_lookup(self) -> AsyncIterator[DomainLookup]:
        async with watching_lag(), Resolver(self._settings, self._breaker, self._on_query) as resolver:
            yield DomainLookup(resolver.ask)


async def _look_all_up(
    lookup: DomainLookup, domains: Sequence[str], at_once: int, then: Callable[[DomainFacts], None]
) -> None:
    waiting = iter(domains)
    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(domains))):
            group.create_task(_work(lookup, waiting, then))


async def _work(lookup: DomainLookup, waiting: Iterator[str], then: Callable[[DomainFacts], None]) -> None:
    for domain in waiting:
        then(await lookup.facts(domain))
