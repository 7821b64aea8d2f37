"""Serves the demonstration's zone on loopback, UDP and TCP on one port of its own."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.resources import files

from dns.exception import DNSException

from mailsift.standalone.demo.zone import Zone, read_zone
from mailsift.standalone.errors import StandaloneError

ADDRESS = "127.0.0.1"
ATTEMPTS = 20
IDLE_SECONDS = 10.0


def bundled_zone() -> Zone:
    """Read the zone that comes with the package."""
    return read_zone(files("mailsift.standalone.demo").joinpath("demo.zone").read_text(encoding="utf-8"))


@contextmanager
def serving(zone: Zone) -> Iterator[str]:
    """Serve the zone for as long as the context lasts; yields the nameserver as host:port."""
    with ExitStack() as stack:
        udp, tcp = _bind(zone)
        for server in (udp, tcp):
            stack.enter_context(server)
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True, name="demo-dns").start()
            stack.callback(server.shutdown)
        yield f"{ADDRESS}:{udp.server_address[1]}"


class _UdpServer(socketserver.UDPServer):
    max_packet_size = 65_535

    def __init__(self, port: int, zone: Zone) -> None:
        super().__init__((ADDRESS, port), _UdpQuestion)
        self.zone = zone


class _TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, port: int, zone: Zone) -> None:
        super().__init__((ADDRESS, port), _TcpQuestions)
        self.zone = zone


class _UdpQuestion(socketserver.BaseRequestHandler):
    server: _UdpServer

    def handle(self) -> None:
        packet, socket = self.request
        answer = _answer(self.server.zone, packet, over_udp=True)
        if answer is not None:
            socket.sendto(answer, self.client_address)


class _TcpQuestions(socketserver.StreamRequestHandler):
    server: _TcpServer
    timeout = IDLE_SECONDS

    def handle(self) -> None:
        with suppress(OSError):  # the asker went away
            while len(prefix := self.rfile.read(2)) == 2:
                (length,) = struct.unpack("!H", prefix)
                answer = _answer(self.server.zone, self.rfile.read(length), over_udp=False)
                if answer is not None:
                    self.wfile.write(struct.pack("!H", len(answer)) + answer)


def _answer(zone: Zone, packet: bytes, *, over_udp: bool) -> bytes | None:
    try:
        return zone.answer_packet(packet, over_udp=over_udp)
    except DNSException:
        return None


def _bind(zone: Zone) -> tuple[_UdpServer, _TcpServer]:
    """Find a port that is free for both."""
    for _ in range(ATTEMPTS):
        udp = _UdpServer(0, zone)
        try:
            return udp, _TcpServer(udp.server_address[1], zone)
        except OSError:
            udp.server_close()
    raise StandaloneError(f"no port of {ADDRESS} is free for UDP and TCP alike")
