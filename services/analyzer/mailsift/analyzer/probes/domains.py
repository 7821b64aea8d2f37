"""Gather the facts of many domains at once."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any, Final

from mailsift.analyzer.evidence import (
    UNKNOWN_TTL_SECONDS,
    DomainFacts,
    Existence,
    Lookup,
    Lookups,
    MailHost,
)
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.resolver import Answer, RecordType, Resolver
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.analyzer.records.delivery import Delivery, judge_delivery, needs_address
from mailsift.analyzer.records.dkim import DkimKey, SelectorAnswer, judge_dkim, read_key
from mailsift.analyzer.records.dmarc import DmarcAnswer, judge_dmarc
from mailsift.analyzer.records.spf import judge_spf
from mailsift.analyzer.reference.registrable import registrable_domain

MIN_TTL_SECONDS: Final = 300
MAX_TTL_SECONDS: Final = 86_400
NEGATIVE_TTL_SECONDS: Final = 900
"""How long a no is kept: c-ares does not hand over the SOA of a negative answer (RFC 2308)."""

MAX_TEXT_BYTES: Final = 8_192
"""TXT data beyond this is cut off; every record read here is far shorter."""

_NOT_OF_A_HOST: Final = re.compile(r"[^a-z0-9._-]")

OnDone = Callable[[DomainFacts], None]
Ask = Callable[[str, RecordType], Coroutine[Any, Any, Answer]]


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

    async def resolve_all(self, domains: Sequence[str], on_done: OnDone) -> None:
        """Look every domain up and hand its facts over as they come, in no order.

        What `on_done` raises ends the whole run, and it is not called again: that is how a lost lease
        or a cancelled job stops it.
        """
        waiting = iter(domains)
        async with Resolver(self._settings, self._breaker, self._on_query) as resolver:
            lookup = DomainLookup(resolver.ask, self._settings.dkim_selectors)
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


async def _work(lookup: "DomainLookup", waiting: Iterator[str], on_done: OnDone) -> None:
    for domain in waiting:
        on_done(await lookup.facts(domain))


class DomainLookup:
    """Asks what is needed to know one domain, and no more."""

    def __init__(self, ask: Ask, selectors: Sequence[str]) -> None:
        self._ask = ask
        self._selectors = selectors

    async def facts(self, domain: str) -> DomainFacts:
        """MX first: a name that does not exist or that nobody can look up is asked nothing more (RFC 8020)."""
        mx = await self._ask(domain, "MX")
        hosts = _mail_hosts(mx)
        address = await self._address(domain) if needs_address(mx.lookup, hosts) else Answer(Lookup.NOT_ASKED)
        delivery = judge_delivery(mx.lookup, hosts, address.lookup)
        if not delivery.accepts_mail:
            return _bare_facts(domain, mx, address, delivery)
        spf, dmarc, (keys, selectors) = await asyncio.gather(
            self._ask(domain, "TXT"), self._dmarc(domain), self._dkim(domain)
        )
        dkim = selectors[-1].lookup if selectors else keys
        lookups = Lookups(mx.lookup, address.lookup, spf.lookup, dmarc[-1].lookup, dkim)
        return DomainFacts(
            domain=domain,
            existence=Existence.EXISTS,
            mx=delivery.mx,
            implicit_mx=delivery.implicit_mx,
            accepts_mail=True,
            spf=judge_spf(spf.lookup, _texts(spf)),
            dkim=judge_dkim(keys, selectors),
            dmarc=judge_dmarc(dmarc),
            lookups=lookups,
            ttl_seconds=MIN_TTL_SECONDS if _is_open(lookups) else _ttl((mx, address, spf)),
        )

    async def _address(self, domain: str) -> Answer:
        found = await self._ask(domain, "A")
        return found if found.lookup is Lookup.FOUND or not found.lookup.tells else await self._ask(domain, "AAAA")

    async def _dmarc(self, domain: str) -> list[DmarcAnswer]:
        answers: list[DmarcAnswer] = []
        # dict.fromkeys: a registrable domain is its own organisational domain, asked once.
        for name in dict.fromkeys((domain, registrable_domain(domain) or domain)):
            answer = await self._ask(f"_dmarc.{name}", "TXT")
            answers.append(DmarcAnswer(name, answer.lookup, _texts(answer)))
            if answers[-1].records or not answer.lookup.tells:
                break
        return answers

    async def _dkim(self, domain: str) -> tuple[Lookup, list[SelectorAnswer]]:
        keys = await self._ask(f"_domainkey.{domain}", "TXT")
        answers: list[SelectorAnswer] = []
        if not keys.lookup.tells or keys.lookup is Lookup.NXDOMAIN:
            return keys.lookup, answers
        for selector in self._selectors:
            answer = await self._ask(f"{selector}._domainkey.{domain}", "TXT")
            answers.append(SelectorAnswer(selector, answer.lookup, _texts(answer)))
            if not answer.lookup.tells or any(read_key(text) is DkimKey.VALID for text in answers[-1].texts):
                break
        return keys.lookup, answers


def _bare_facts(domain: str, mx: Answer, address: Answer, delivery: Delivery) -> DomainFacts:
    """The facts of a domain that takes no mail, or about which that cannot be told."""
    return DomainFacts(
        domain=domain,
        existence=Existence.after(mx.lookup),
        null_mx=delivery.null_mx,
        accepts_mail=delivery.accepts_mail,
        lookups=Lookups(mx=mx.lookup, address=address.lookup),
        ttl_seconds=UNKNOWN_TTL_SECONDS if delivery.accepts_mail is None else _ttl((mx, address)),
    )


def _is_open(lookups: Lookups) -> bool:
    """Whether a question about authentication went unanswered: worth asking again soon."""
    return not (lookups.spf.tells and lookups.dmarc.tells and lookups.dkim.tells)


def _ttl(answers: Iterable[Answer]) -> int:
    """As long as the shortest-lived record, within bounds."""
    shortest = min((answer.ttl_seconds for answer in answers if answer.ttl_seconds is not None), default=None)
    found = shortest if shortest is not None else NEGATIVE_TTL_SECONDS
    return max(MIN_TTL_SECONDS, min(found, MAX_TTL_SECONDS))


def _mail_hosts(answer: Answer) -> list[MailHost]:
    return [MailHost(record.priority, _name(record.exchange)) for record in answer.records]


def _name(exchange: str | bytes) -> str:
    """A host's name. Whoever owns a domain writes here what he likes, and a spreadsheet would run `=cmd|...`."""
    text = exchange if isinstance(exchange, str) else exchange.decode("ascii", "replace")
    return _NOT_OF_A_HOST.sub("?", text.rstrip(".").lower())


def _texts(answer: Answer) -> tuple[str, ...]:
    """TXT data as text; what is no ASCII becomes a character that no record's grammar knows."""
    return tuple(record.data[:MAX_TEXT_BYTES].decode("ascii", "replace") for record in answer.records)
