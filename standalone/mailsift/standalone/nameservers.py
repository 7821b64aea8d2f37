"""Reads a nameserver as a person writes it: HOST, HOST:PORT, or a bracketed IPv6 address with a port."""

import re
import socket
from ipaddress import ip_address

from mailsift.standalone.errors import InputError

_WITH_PORT = re.compile(r"(?:\[(?P<bracketed>[^\]]+)\]|(?P<plain>[\w.-]+))(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_DNS = 53


def read_nameserver(text: str) -> str:
    """Return the nameserver as address:port. Raises InputError."""
    host, port = _parts(text.strip())
    address = host if _is_address(host) else _look_up(host)
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _parts(text: str) -> tuple[str, int]:
    if _is_address(text):
        return text, _DNS
    found = _WITH_PORT.fullmatch(text)
    port = int(found["port"] or _DNS) if found else 0
    if found is None or not 0 < port < 2**16 or (found["bracketed"] and not _is_address(found["bracketed"])):
        raise InputError(
            "invalid_nameserver", f"{text!r} is no nameserver; write HOST or HOST:PORT, as in 192.0.2.53:53"
        )
    return found["bracketed"] or found["plain"], port


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _look_up(host: str) -> str:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        raise InputError(
            "invalid_nameserver", f"the nameserver {host!r} has no address; name it by one, as in 192.0.2.53"
        ) from None
    return str(found[0][4][0])
