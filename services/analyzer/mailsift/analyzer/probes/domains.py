"""Gather the facts of many domains at once."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from mailsift.analyzer.evidence import DomainFacts, Lookup
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.lookup import DomainLookup
from mailsift.analyzer.probes.resolver import Resolver
from mailsift.analyzer.probes.settings import ProbeSettings

OnDone = Callable[[DomainFacts], None]


class DomainProbe:
    """Looks domains up. One object serves all threads and event loops of a process."""

    def __init__(
        self, settings: ProbeSettings, breaker: CircuitBreaker, on_query: Callable[[Lookup], None] | None = None
    ) -> None:
        self._settings = settings
        self._breaker = breaker
        self._on_query = on_query

    @property
    def resting(self) -> bool:
        """Whether asking has stopped because nobody answers."""
        return self._breaker.resting

    @property
    def was_heard(self) -> bool:
        """Whether a nameserver has ever answered."""
        return self._breaker.was_heard

    async def resolve_all(self, domains: Sequence[str], on_done: OnDone) -> None:
        """Look every domain up and hand its facts over as they come, in no order.

        What `on_done` raises ends the whole run, and it is not called again: that is how a lost lease
        or a cancelled job stops it.
        """
        waiting = iter(domains)
        async with Resolver(self._settings, self._breaker, self._on_query) as resolver:
            lookup = DomainLookup(resolver.ask)
            handover = _Handover(on_done)
            workers = [
                asyncio.create_task(_work(lookup, waiting, handover))
                for _ in range(min(self._settings.concurrency, len(domains)))
            ]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)


class _Handover:
    """Calls back until the callback raises; answers that come in while the run is taken down are dropped."""

    def __init__(self, on_done: OnDone) -> None:
        self._on_done = on_done
        self._is_over = False

    def __call__(self, facts: DomainFacts) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._on_done(facts)
        self._is_over = False


async def _work(lookup: DomainLookup, waiting: Iterator[str], on_done: OnDone) -> None:
    for domain in waiting:
        on_done(await lookup.facts(domain))
