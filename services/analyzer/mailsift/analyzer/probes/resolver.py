"""Ask one DNS question through c-ares and say in our words how it ended."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import aiodns
from aiodns import error

from mailsift.analyzer.evidence import Lookup
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.analyzer.records.replies import RecordType

MAX_RECORDS: Final = 100
"""Records looked at in one answer; more serve nobody but an attacker."""

_TYPE_NUMBERS: Final[dict[RecordType, int]] = {"A": 1, "NS": 2, "MX": 15, "TXT": 16, "AAAA": 28}
_CNAME: Final = 5

_LOOKUP_AFTER: Final = {
    error.ARES_ENODATA: Lookup.NODATA,
    error.ARES_ENOTFOUND: Lookup.NXDOMAIN,
    error.ARES_ESERVFAIL: Lookup.SERVFAIL,
    error.ARES_ENOTIMP: Lookup.SERVFAIL,
    error.ARES_EREFUSED: Lookup.REFUSED,
    error.ARES_EFORMERR: Lookup.MALFORMED,
    error.ARES_EBADRESP: Lookup.MALFORMED,
    error.ARES_ETIMEOUT: Lookup.TIMEOUT,
    error.ARES_ECONNREFUSED: Lookup.UNREACHABLE,
    error.ARES_EBADNAME: Lookup.NOT_ASKED,  # a selector in front made the name too long
}

_NO_ANSWER: Final = frozenset({Lookup.TIMEOUT, Lookup.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Answer:
    """How a question ended, with the records of the type asked for."""

    lookup: Lookup
    records: tuple[Any, ...] = ()
    ttl_seconds: int | None = None
    """The shortest of the records on the way, aliases included."""
    is_alias: bool = False
    """There was a CNAME on the way."""


class Resolver:
    """One c-ares channel, bound to the event loop it is made in; use it as a context."""

    def __init__(
        self, settings: ProbeSettings, breaker: CircuitBreaker, on_query: Callable[[Lookup], None] | None = None
    ) -> None:
        self._seconds = settings.query_seconds
        self._breaker = breaker
        self._on_query = on_query
        self._places = asyncio.Semaphore(settings.questions_at_once)
        self._channel = aiodns.DNSResolver(
            nameservers=settings.nameservers or None,
            # c-ares doubles the wait with every try, and shortens the first one for a nameserver that is
            # usually quick: with the waits adding up to the whole time, retransmission loses no late answer.
            timeout=settings.query_seconds / (2**settings.tries - 1),
            tries=settings.tries,
            resolvconf_path="/dev/null" if settings.nameservers else None,
        )

    async def __aenter__(self) -> Self:
        """Nothing to open: the channel opens its sockets with the first question."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the channel; the callbacks of questions still out run before the loop may end."""
        await self._channel.close()
        await asyncio.sleep(0)

    async def ask(self, name: str, record_type: RecordType) -> Answer:
        """Ask unless asking has stopped; never raises for anything an answer can hold."""
        async with self._places:
            # Asked now: the breaker may have opened while this waited.
            if not self._breaker.may_ask():
                return Answer(Lookup.NOT_ASKED)
            answer = await self._ask(name, record_type)
        if answer.lookup in _NO_ANSWER:
            self._breaker.unanswered()
        elif answer.lookup is not Lookup.NOT_ASKED:
            self._breaker.answered()
        if self._on_query is not None:
            self._on_query(answer.lookup)
        return answer

    async def _ask(self, name: str, record_type: RecordType) -> Answer:
        try:
            async with asyncio.timeout(self._seconds):
                result = await self._channel.query_dns(name, record_type)
        except TimeoutError:
            return Answer(Lookup.TIMEOUT)
        except error.DNSError as problem:
            return Answer(_LOOKUP_AFTER.get(problem.args[0], Lookup.NOT_ASKED))
        number = _TYPE_NUMBERS[record_type]
        # An answer may hold a chain of aliases and no record at its end: that is NODATA.
        records = tuple(record.data for record in result.answer if record.type == number)[:MAX_RECORDS]
        ttl = min((record.ttl for record in result.answer), default=None)
        is_alias = any(record.type == _CNAME for record in result.answer)
        return Answer(Lookup.FOUND if records else Lookup.NODATA, records, ttl, is_alias)
