"""The sockets through which one nameserver is asked, and who waits for an answer at each."""

import asyncio
import secrets
import socket
from array import array
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from mailsift.analyzer.probes.nameservers import Location, Nameserver, locate, open_socket

OPEN_PORTS: Final = 8
USES_OF_A_PORT: Final = 64
"""After so many questions another one is drawn: whoever forges answers has to guess port and id (RFC 5452)."""

SECONDS_OF_A_LOCATION: Final = 60.0

_IDS_DRAWN_AT_ONCE: Final = 1024
_LARGEST_DATAGRAM: Final = 4096
_DATAGRAMS_AT_A_TIME: Final = 64
_RECEIVE_BUFFER: Final = 1 << 20

_Asker = TypeVar("_Asker")


@dataclass(slots=True, eq=False)
class Port(Generic[_Asker]):
    """One socket, and who asked through it under which id."""

    socket: socket.socket
    waiting: dict[int, _Asker] = field(default_factory=dict)
    uses_left: int = USES_OF_A_PORT


class Ports(Generic[_Asker]):
    """Some sockets that are used in turn and replaced when they were used enough."""

    def __init__(
        self,
        nameserver: Nameserver,
        on_message: Callable[[_Asker, bytes], None],
        on_nobody: Callable[[_Asker], None],
    ) -> None:
        self._nameserver = nameserver
        self._location: Location | None = None
        self._moves_at = 0.0
        self._on_message = on_message
        self._on_nobody = on_nobody
        self._loop = asyncio.get_running_loop()
        self._open: list[Port[_Asker]] = []
        self._worn: set[Port[_Asker]] = set()
        self._turn = 0
        self._ids = array("H")

    def send(self, asker: _Asker, query: bytes) -> tuple[Port[_Asker], int]:
        """Put a fresh id before a query and send it. Raises OSError where there is no way to the nameserver."""
        port = self._next()
        number = self._draw_id(port)
        port.waiting[number] = asker
        port.uses_left -= 1
        try:
            port.socket.send(number.to_bytes(2, "big") + query)
        except OSError as problem:
            if not isinstance(problem, BlockingIOError):  # that is as good as lost on its way
                self.forget(port, number)
                raise
        return port, number

    def forget(self, port: Port[_Asker], number: int) -> None:
        """Nobody waits with this id any more."""
        port.waiting.pop(number, None)
        if not port.waiting and port in self._worn:
            self._worn.discard(port)
            self._close(port)

    def close(self) -> None:
        """Close them all."""
        for port in (*self._open, *self._worn):
            self._close(port)
        self._open.clear()
        self._worn.clear()

    def _draw_id(self, port: Port[_Asker]) -> int:
        """An id that nobody can foresee and nobody waits with."""
        while True:
            if not self._ids:
                self._ids.frombytes(secrets.token_bytes(_IDS_DRAWN_AT_ONCE * self._ids.itemsize))
            if (number := self._ids.pop()) not in port.waiting:
                return number

    def _next(self) -> Port[_Asker]:
        self._turn = (self._turn + 1) % OPEN_PORTS
        if self._turn >= len(self._open):
            self._open.append(self._draw())
            return self._open[-1]
        port = self._open[self._turn]
        if port.uses_left <= 0:
            self._open[self._turn] = self._draw()
            if port.waiting:
                self._worn.add(port)
            else:
                self._close(port)
        return self._open[self._turn]

    def _draw(self) -> Port[_Asker]:
        port: Port[_Asker] = Port(open_socket(self._locate()))
        with suppress(OSError):
            port.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._loop.add_reader(port.socket.fileno(), self._read, port)
        return port

    def _locate(self) -> Location:
        """Look the nameserver's name up now and then: it may move. While that fails it is taken to be where it was."""
        now = self._loop.time()
        if self._location is None or now >= self._moves_at:
            try:
                self._location = locate(self._nameserver)
            except OSError:
                if self._location is None:
                    raise
            self._moves_at = now + SECONDS_OF_A_LOCATION
        return self._location

    def _close(self, port: Port[_Asker]) -> None:
        self._loop.remove_reader(port.socket.fileno())
        port.socket.close()

    def _read(self, port: Port[_Asker]) -> None:
        for _ in range(_DATAGRAMS_AT_A_TIME):
            try:
                wire = port.socket.recv(_LARGEST_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:  # the other machine says that nobody listens there, or that it cannot be reached
                for asker in tuple(port.waiting.values()):
                    self._on_nobody(asker)
                return
            asker_or_none = port.waiting.get(int.from_bytes(wire[:2], "big"))
            if asker_or_none is not None:
                self._on_message(asker_or_none, wire)
