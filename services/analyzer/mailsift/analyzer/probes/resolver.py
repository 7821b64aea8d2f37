"""Ask one DNS question of several nameservers, and say in our words how it ended."""

from types import TracebackType
from typing import Self

from mailsift.analyzer.evidence import Lookup
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.exchange import NOT_ASKED, Exchange, OnEnd, Then
from mailsift.analyzer.probes.nameservers import nameservers_of
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.analyzer.records.message import make_question
from mailsift.analyzer.records.replies import Question, RecordType


class Resolver:
    """Asks, unless asking has stopped; bound to the event loop it is made in; use it as a context."""

    def __init__(self, settings: ProbeSettings, breaker: CircuitBreaker, on_query: OnEnd | None = None) -> None:
        self._breaker = breaker
        self._on_query = on_query
        self._exchange = Exchange(nameservers_of(settings.nameservers), settings, breaker.may_ask, self._note)

    async def __aenter__(self) -> Self:
        """Nothing to open: sockets are opened with the first question."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the sockets; questions still out are as good as never asked."""
        await self._exchange.close()

    def ask(self, question: Question, then: Then) -> None:
        """Ask unless asking has stopped, and hand over the reply; never raises for anything an answer can hold."""
        wire = make_question(*question)
        if wire is None:  # as when a selector in front made the name too long
            then(NOT_ASKED)
        else:
            self._exchange.ask(wire, question.record_type, then)

    def _note(self, record_type: RecordType, lookup: Lookup, seconds: float) -> None:
        if lookup is Lookup.TIMEOUT or lookup is Lookup.UNREACHABLE:
            self._breaker.unanswered()
        else:
            self._breaker.answered()
        if self._on_query is not None:
            self._on_query(record_type, lookup, seconds)
