"""Ask one DNS question of several nameservers, and say in our words how it ended."""

from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from mailsift.analyzer.evidence import Lookup
from mailsift.analyzer.probes.answer import Answer
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.exchange import Exchange
from mailsift.analyzer.probes.nameservers import nameservers_of
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.analyzer.records.message import make_question
from mailsift.analyzer.records.replies import RecordType

_NO_ANSWER: Final = frozenset({Lookup.TIMEOUT, Lookup.UNREACHABLE})


class Resolver:
    """Asks, unless asking has stopped; bound to the event loop it is made in; use it as a context."""

    def __init__(
        self, settings: ProbeSettings, breaker: CircuitBreaker, on_query: Callable[[Lookup], None] | None = None
    ) -> None:
        self._breaker = breaker
        self._on_query = on_query
        self._exchange = Exchange(nameservers_of(settings.nameservers), settings, breaker.may_ask)

    async def __aenter__(self) -> Self:
        """Nothing to open: sockets are opened with the first question."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the sockets; questions still out are as good as never asked."""
        await self._exchange.close()

    async def ask(self, name: str, record_type: RecordType) -> Answer:
        """Ask unless asking has stopped; never raises for anything an answer can hold."""
        question = make_question(name, record_type)
        if question is None:  # as when a selector in front made the name too long
            return Answer(Lookup.NOT_ASKED)
        answer = await self._exchange.ask(question, record_type)
        if answer.lookup in _NO_ANSWER:
            self._breaker.unanswered()
        elif answer.lookup is not Lookup.NOT_ASKED:
            self._breaker.answered()
        if self._on_query is not None and answer.lookup is not Lookup.NOT_ASKED:
            self._on_query(answer.lookup)
        return answer
