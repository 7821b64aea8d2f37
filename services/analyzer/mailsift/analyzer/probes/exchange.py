"""Many questions out at once: each is sent, heard, sent again and given up here (RFC 1035 7, RFC 5452).

A question waits in a line until a nameserver has room for it. It goes to the one that answers best, and to another one
when that fails or is silent; an answer to any of its tries ends it. All tries of a number wait equally long, so that
those to give up next always stand first in a row, and no question needs a timer of its own.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Final

from mailsift.analyzer.evidence import Lookup
from mailsift.analyzer.probes.nameservers import Nameserver, Standing
from mailsift.analyzer.probes.ports import Port, Ports
from mailsift.analyzer.probes.reading import read
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.analyzer.probes.stream import ask_over_tcp
from mailsift.analyzer.records.message import FORMERR, NOTIMP, Message, is_answer_to, make_query, read_message
from mailsift.analyzer.records.replies import RecordType, Reply
from mailsift.analyzer.records.wire import MalformedMessage

NOT_ASKED: Final = Reply(Lookup.NOT_ASKED)
_MALFORMED: Final = Reply(Lookup.MALFORMED)
_TIMEOUT: Final = Reply(Lookup.TIMEOUT)
_UNREACHABLE: Final = Reply(Lookup.UNREACHABLE)

Then = Callable[[Reply], None]
OnEnd = Callable[[RecordType, Lookup, float], None]
"""What was asked for, how it ended, and how many seconds after it was sent first."""

_TICK_SECONDS: Final = 0.01
_REFUSALS_TO_BELIEVE: Final = 2
"""Of each nameserver: after the first it may only be starting."""
_ORDER: Final = (Lookup.UNREACHABLE, Lookup.TIMEOUT, Lookup.MALFORMED, Lookup.REFUSED, Lookup.SERVFAIL)
"""Of several ends without an answer the last of these is told: it says most."""

_WITHOUT_EDNS: Final = frozenset({FORMERR, NOTIMP})
"""What nameservers say that have never heard of EDNS (RFC 6891 7)."""


@dataclass(slots=True, eq=False)
class _Server:
    """A nameserver, and how many questions it has to answer."""

    address: Nameserver
    ports: "Ports[_Try]"
    standing: Standing = field(default_factory=Standing)
    out: int = 0


@dataclass(slots=True, eq=False)
class _Flight:
    """One question on its way."""

    question: bytes
    record_type: RecordType
    then: Then
    is_over: bool = False
    tries: "list[_Try]" = field(default_factory=list)
    failed: list[_Server] = field(default_factory=list)
    """Those whose answer was none."""
    outcome: Reply | None = None
    """What to say if nothing better comes."""
    edns: bool = True
    sent_at: float = 0.0
    """When it was sent first."""

    def note(self, outcome: Reply) -> None:
        """Keep the end that says most."""
        if self.outcome is None or _ORDER.index(outcome.lookup) > _ORDER.index(self.outcome.lookup):
            self.outcome = outcome


@dataclass(slots=True, eq=False)
class _Try:
    """One message that was sent."""

    flight: _Flight
    server: _Server
    port: Port["_Try"] | None = None
    number: int = 0
    is_out: bool = True
    """It takes a place at its nameserver; when it does no more its answer is still welcome."""
    found_nobody: bool = False
    is_streaming: bool = False
    """It goes on over TCP."""

    def release(self) -> None:
        """Give its place at the nameserver to another."""
        if self.is_out:
            self.is_out = False
            self.server.out -= 1


class Exchange:
    """All questions of an event loop, and the sockets they go through."""

    def __init__(
        self,
        nameservers: Sequence[Nameserver],
        settings: ProbeSettings,
        may_ask: Callable[[], bool],
        on_end: OnEnd,
    ) -> None:
        self._seconds = settings.query_seconds
        self._most = settings.questions_at_once
        self._may_ask = may_ask
        self._on_end = on_end
        self._servers = [_Server(each, Ports(each, self._hear, self._find_nobody)) for each in nameservers]
        self._line: deque[_Flight] = deque()
        self._is_moving = False
        # Waits double, and add up to the whole time: retransmission loses no late answer.
        self._waits = [settings.query_seconds * 2**number / (2**settings.tries - 1) for number in range(settings.tries)]
        self._rows: list[deque[tuple[float, _Try]]] = [deque() for _ in self._waits]
        self._loop = asyncio.get_running_loop()
        self._tick: asyncio.TimerHandle | None = None
        self._streams: set[asyncio.Task[None]] = set()

    def ask(self, question: bytes, record_type: RecordType, then: Then) -> None:
        """Ask, and hand over how it ends: no future for each of so many."""
        self._line.append(_Flight(question, record_type, then))
        self._move_up()

    async def close(self) -> None:
        """Hear nothing more."""
        if self._tick is not None:
            self._tick.cancel()
        for stream in self._streams:
            stream.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)
        for server in self._servers:
            server.ports.close()

    def _move_up(self) -> None:
        """Send what there is room for. Whoever is handed a reply may ask on: that stands in line, and is seen here."""
        if self._is_moving:
            return
        self._is_moving = True
        try:
            while self._line:
                flight = self._line.popleft()
                if not self._goes(flight):
                    self._line.appendleft(flight)
                    return
        finally:
            self._is_moving = False

    def _goes(self, flight: _Flight) -> bool:
        if flight.is_over:
            return True
        # Asked now: asking may have stopped while this stood in line.
        if not flight.tries and not self._may_ask():
            flight.is_over = True
            flight.then(NOT_ASKED)
            return True
        able = [server for server in self._servers if server not in flight.failed] if flight.failed else self._servers
        if not able:
            self._end(flight)
            return True
        server = able[0] if len(able) == 1 else min(able, key=partial(_preference, flight, self._most))
        if server.out >= self._most:
            return False
        self._send(flight, server)
        return True

    def _send(self, flight: _Flight, server: _Server) -> None:
        attempt = _Try(flight, server)
        row, wait = self._rows[len(flight.tries)], self._waits[len(flight.tries)]
        now = monotonic()
        if not flight.tries:
            flight.sent_at = now
        flight.tries.append(attempt)
        server.out += 1
        try:
            attempt.port, attempt.number = server.ports.send(attempt, make_query(flight.question, edns=flight.edns))
        except OSError:
            self._loop.call_soon(self._find_nobody, attempt)
        row.append((now + wait, attempt))
        if self._tick is None:
            self._tick = self._loop.call_later(_TICK_SECONDS, self._give_up_late_ones)

    def _give_up_late_ones(self) -> None:
        now = monotonic()
        for row in self._rows:
            while row and (row[0][0] <= now or not row[0][1].is_out):
                _, attempt = row.popleft()
                if attempt.is_out and not attempt.is_streaming:
                    attempt.server.standing.silent()
                    self._fail(attempt, _UNREACHABLE if attempt.found_nobody else _TIMEOUT)
        self._tick = self._loop.call_later(_TICK_SECONDS, self._give_up_late_ones) if any(self._rows) else None

    def _find_nobody(self, attempt: _Try) -> None:
        """Try another nameserver now; a lone one is asked again in its time."""
        attempt.found_nobody = True
        if attempt.is_out and len(self._servers) > 1:
            attempt.server.standing.silent()
            self._fail(attempt, _UNREACHABLE)

    def _hear(self, attempt: _Try, wire: bytes) -> None:
        flight = attempt.flight
        try:
            message = read_message(wire, flight.record_type)
        except MalformedMessage:
            if is_answer_to(flight.question, wire):
                self._refuse(attempt, _MALFORMED)
            else:  # a forger's, perhaps: the right one may still come
                flight.note(_MALFORMED)
            return
        if not is_answer_to(flight.question, wire):
            return
        attempt.server.standing.heard()
        if not message.is_truncated:
            self._take(attempt, message)
        elif not attempt.is_streaming:
            attempt.is_streaming = True
            stream = self._loop.create_task(self._ask_over_tcp(attempt))
            self._streams.add(stream)
            stream.add_done_callback(self._streams.discard)

    async def _ask_over_tcp(self, attempt: _Try) -> None:
        flight = attempt.flight
        query = secrets.token_bytes(2) + make_query(flight.question, edns=flight.edns)
        try:
            wire = await ask_over_tcp(attempt.server.address, query, self._seconds)
            message = read_message(wire, flight.record_type)
        except (OSError, EOFError):
            self._refuse(attempt, _TIMEOUT)
        except MalformedMessage:
            self._refuse(attempt, _MALFORMED)
        else:
            if wire[:2] == query[:2] and is_answer_to(flight.question, wire) and not message.is_truncated:
                self._take(attempt, message)
            else:
                self._refuse(attempt, _MALFORMED)

    def _take(self, attempt: _Try, message: Message) -> None:
        flight = attempt.flight
        reply = read(message, flight.record_type)
        if reply.lookup.tells:
            self._end(flight, reply)
            self._move_up()
        elif flight.edns and message.rcode in _WITHOUT_EDNS:
            flight.edns = False
            self._fail(attempt, reply)
        else:
            self._refuse(attempt, reply)

    def _refuse(self, attempt: _Try, outcome: Reply) -> None:
        """Ask this nameserver no more: it has answered, though not the question."""
        attempt.flight.failed.append(attempt.server)
        self._fail(attempt, outcome)

    def _fail(self, attempt: _Try, outcome: Reply) -> None:
        """Go on after a try that came to nothing."""
        flight = attempt.flight
        attempt.release()
        flight.note(outcome)
        refusals = sum(each.found_nobody for each in flight.tries)
        if len(flight.tries) < len(self._waits) and refusals < _REFUSALS_TO_BELIEVE * len(self._servers):
            self._line.appendleft(flight)
        else:
            self._end(flight)
        self._move_up()

    def _end(self, flight: _Flight, reply: Reply | None = None) -> None:
        """Wait for nothing about this question any more, and hand over how it ended."""
        if flight.is_over:
            return
        flight.is_over = True
        for attempt in flight.tries:
            attempt.release()
            if attempt.port is not None:
                attempt.server.ports.forget(attempt.port, attempt.number)
        # They name each other: left so, each question would wait for the garbage collector.
        flight.tries.clear()
        ending = reply or flight.outcome or _UNREACHABLE
        self._on_end(flight.record_type, ending.lookup, monotonic() - flight.sent_at)
        flight.then(ending)


def _preference(flight: _Flight, most: int, server: _Server) -> tuple[bool, bool, int, int]:
    """Those with room that answer go first, then those that were not asked this yet, then those with less to do."""
    tried = sum(attempt.server is server for attempt in flight.tries)
    return server.out >= most, server.standing.rests, tried, server.out
