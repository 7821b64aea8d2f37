"""Reads a nameserver as a person writes it: HOST, HOST:PORT, or a bracketed IPv6 address with a port."""

import re
import socket
from ipaddress import ip_address

from mailsift.standalone.errors import InputError

_WITH_PORT = re.compile(r"(?:\[(?P<bracketed>[^\]]+)\]|(?P<plain>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_DNS = 53


def read_nameserver(text: str) -> str:
    """Return the nameserver as address:port. Raises InputError."""
    host, port = _parts(text.strip())
    address = _address_of(host)
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _parts(text: str) -> tuple[str, int]:
    try:
        return str(ip_address(text)), _DNS
    except ValueError:
        found = _WITH_PORT.fullmatch(text)
    if found is None:
        raise _not_one(text)
    port = int(found["port"] or _DNS)
    if not 0 < port < 2**16:
        raise _not_one(text)
    return found["bracketed"] or found["plain"], port


def _address_of(host: str) -> str:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        raise InputError(
            "invalid_nameserver", f"the nameserver {host!r} has no address; name it by one, as in 192.0.2.53"
        ) from None
    return str(found[0][4][0])


def _not_one(text: str) -> InputError:
    return InputError("invalid_nameserver", f"{text!r} is no nameserver; write HOST or HOST:PORT, as in 192.0.2.53:53")
