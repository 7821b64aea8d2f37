"""A file host on loopback that speaks real HTTPS and answers each path as it is told, byte by byte."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import dns.flags
import dns.message
import dns.rrset
import trustme

from servers import LOOPBACK

NAME = "files.example"

Send = Callable[[bytes], None]
Page = Callable[[Send], None]


def answer(status: str, body: bytes = b"", **headers: str) -> Page:
    """Answer at once, with a length unless the headers say how the body ends."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if not headers.keys() & {"Content_Length", "Transfer_Encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([*lines, "", ""]).encode()
    return lambda send: send(head + body)


def redirect(location: str, status: str = "302 Found") -> Page:
    return answer(status, Location=location, Set_Cookie="session=1; Path=/")


@dataclass
class FileHost:
    """A running host: where it listens, who trusts it, what it was asked for, and by which name."""

    port: int
    ca_file: Path
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)

    def url(self, path: str, host: str = NAME) -> str:
        return f"https://{host}:{self.port}{path}"


@contextmanager
def run_file_host(folder: Path, *names: str, address: str = LOOPBACK) -> Iterator[FileHost]:
    """Serve until the block ends, with a certificate for these names by an authority of the host's own."""
    authority = trustme.CA()
    ca_file = folder / f"ca-{len(list(folder.iterdir()))}.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or (NAME,))).configure_cert(context)
    with closing(socket.create_server((address, 0))) as listening:
        host = FileHost(listening.getsockname()[1], ca_file)
        context.sni_callback = lambda _socket, name, _context: host.names.append(name)
        threading.Thread(target=_serve, args=[listening, context, host], daemon=True).start()
        yield host


def _serve(listening: socket.socket, context: ssl.SSLContext, host: FileHost) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_answer, args=[connection, context, host], daemon=True).start()


def _answer(connection: socket.socket, context: ssl.SSLContext, host: FileHost) -> None:
    # Whoever asks may turn away at any moment.
    with suppress(OSError), connection:
        connection.settimeout(30)
        with context.wrap_socket(connection, server_side=True) as stream:
            request = b""
            while b"\r\n\r\n" not in request:
                request += stream.recv(4096)
            head, _, body = request.partition(b"\r\n\r\n")
            while len(body) < _length(head):
                body += stream.recv(4096)
            host.bodies.append(body)
            host.requests.append(f"{head.decode()}\r\n\r\n")
            path = head.decode().split()[1].partition("?")[0]
            host.pages.get(path, answer("404 Not Found"))(stream.sendall)
            stream.unwrap()


def _length(head: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return int(found[1]) if found else 0


class Nameserver:
    """Answers for each name with a list of addresses, the next one each time it is asked for A."""

    def __init__(self, sock: socket.socket, answers: Mapping[str, list[list[str]]]) -> None:
        self.address = f"{LOOPBACK}:{sock.getsockname()[1]}"
        self.asked: list[str] = []
        self._sock = sock
        self._answers = {name: iter(each) for name, each in answers.items()}

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                wire, asker = self._sock.recvfrom(4096)
                self._sock.sendto(self._answer(dns.message.from_wire(wire)).to_wire(), asker)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        question = query.question[0]
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(f"{name} {dns.rdatatype.to_text(question.rdtype)}")
        if question.rdtype == dns.rdatatype.A and (addresses := next(self._answers[name], None)):
            response.answer.append(dns.rrset.from_text(question.name, 0, "IN", "A", *addresses))
        return response


@contextmanager
def run_nameserver(answers: Mapping[str, list[list[str]]]) -> Iterator[Nameserver]:
    """Serve answers until the block ends."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.bind((LOOPBACK, 0))
        nameserver = Nameserver(sock, answers)
        threading.Thread(target=nameserver.serve, daemon=True).start()
        yield nameserver
