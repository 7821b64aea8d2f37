"""A TCP proxy on loopback that can fall silent without closing: what a half-open connection looks like to both ends."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from servers import LOOPBACK

_SIZE = 64 * 1024


class _Link:
    """One connection through the proxy."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._client = client
        self._server = server
        self.flowing = threading.Event()
        self.flowing.set()
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def close(self) -> None:
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.flowing.set()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while True:
                data = source.recv(_SIZE)
                # What was read already waits here too: a silent link passes on nothing, not even an end.
                self.flowing.wait()
                if not data:
                    break
                target.sendall(data)
        self.close()


class Proxy:
    """Passes connections on to a port of loopback, until it is told to fall silent."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._links: list[_Link] = []
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._open.set()
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def forsake(self) -> int:
        """Let every present connection hang for ever, and serve new ones; returns how many hang."""
        with self._lock:
            for link in self._links:
                link.flowing.clear()
            return len(self._links)

    def freeze(self) -> int:
        """As `forsake`, and new connections hang as well, until `thaw`."""
        self._open.clear()
        return self.forsake()

    def thaw(self) -> None:
        """Pass everything on again, late."""
        self._open.set()
        with self._lock:
            for link in self._links:
                link.flowing.set()

    def cut(self) -> None:
        """Close every present connection."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.close()

    def close(self) -> None:
        """Serve nobody any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._open.set()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._link, args=(client,), daemon=True).start()

    def _link(self, client: socket.socket) -> None:
        self._open.wait()
        try:
            server = socket.create_connection((LOOPBACK, self._target), timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        with self._lock:
            self._links.append(_Link(client, server))
