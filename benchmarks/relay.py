"""A relay of DNS over UDP that takes its time and loses some: a process of its own, `python -m benchmarks.relay`.

One datagram in a hundred is lost, questions and answers alike, and an answer comes back so much later.
"""

from __future__ import annotations

import random
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

DELAY_SECONDS: Final = 0.03
LOSS: Final = 0.01

_IDS: Final = 1 << 16
_BUFFER: Final = 8 << 20
_LARGEST: Final = 4096
_SEED: Final = 20261127


@contextmanager
def run_relay(nameserver: str) -> Iterator[str]:
    """Stand before a nameserver and yield HOST:PORT."""
    command = [sys.executable, "-m", "benchmarks.relay", nameserver]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.communicate()  # it ends with its standard input


class _Relay:
    """Passes datagrams on under ids of its own, for many clients use the same."""

    def __init__(self, nameserver: str) -> None:
        host, _, port = nameserver.rpartition(":")
        self.front, self.back = _open(), _open()
        self.front.bind(("127.0.0.1", 0))
        self.back.connect((host, int(port)))
        self._draw = random.Random(_SEED)
        self._asked: list[tuple[bytes, tuple[str, int]] | None] = [None] * _IDS
        self._number = 0
        self._late: deque[tuple[float, bytes, tuple[str, int]]] = deque()

    def take_questions(self) -> None:
        """Pass on what has come, but for the lost ones."""
        for wire, sender in _waiting(self.front):
            if self._draw.random() < LOSS:
                continue
            self._number = (self._number + 1) % _IDS
            self._asked[self._number] = (wire[:2], sender)
            self.back.send(self._number.to_bytes(2, "big") + wire[2:])

    def take_answers(self) -> None:
        """Keep what has come until it is due."""
        due = time.monotonic() + DELAY_SECONDS
        for wire, _ in _waiting(self.back):
            asked = self._asked[int.from_bytes(wire[:2], "big")]
            if asked is not None and self._draw.random() >= LOSS:
                self._late.append((due, asked[0] + wire[2:], asked[1]))

    def deliver(self) -> float:
        """Hand over the answers that are due; returns the seconds to the next one."""
        now = time.monotonic()
        while self._late and self._late[0][0] <= now:
            _, wire, sender = self._late.popleft()
            self.front.sendto(wire, sender)
        return self._late[0][0] - now if self._late else 1.0

    def run(self) -> None:
        """Relay until standard input ends."""
        while True:
            ready, _, _ = select.select([self.front, self.back, sys.stdin], [], [], self.deliver())
            if sys.stdin in ready:
                return
            if self.front in ready:
                self.take_questions()
            if self.back in ready:
                self.take_answers()


def _open() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    sock.setblocking(False)
    return sock


def _waiting(sock: socket.socket) -> Iterator[tuple[bytes, tuple[str, int]]]:
    try:
        while True:
            yield sock.recvfrom(_LARGEST)
    except BlockingIOError:
        return


if __name__ == "__main__":
    relay = _Relay(sys.argv[1])
    host, port = relay.front.getsockname()
    print(f"{host}:{port}", flush=True)
    relay.run()
