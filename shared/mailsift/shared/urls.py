"""Read a URL that a stranger wrote; pure. What is read here is what is asked for: nothing parses it again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from posixpath import basename
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

import idna

MAX_URL_LENGTH: Final = 4096
"""Signed URLs of a bucket have a thousand characters and more."""

_HTTPS_PORT: Final = 443
_DEFAULT_NAME: Final = "list"
# RFC 3986 has no place for them, and parsers differ in what they make of them.
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f\\]")
# A name in DNS as hosts have it (RFC 1123 2.1); an underscore is seen in practice.
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_MAX_HOST_LENGTH: Final = 253
# What may stand in a path or a query as it is; a lone % stays what it was.
_AS_IT_IS: Final = "/?:@!$&'()*+,;=~-._%[]"


@dataclass(frozen=True, slots=True)
class HttpsUrl:
    """An https URL, in the parts that a request is made of."""

    host: str
    """A name in A-labels and lower case, or an IP address without brackets."""
    port: int
    path: str
    query: str

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The host, where it is an IP address."""
        return _address(self.host)

    @property
    def authority(self) -> str:
        """What the request's Host says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _HTTPS_PORT else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """What the request line asks for."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def shown(self) -> str:
        """The URL for people, logs and the API: its query may be a password."""
        return f"https://{self.authority}{self.path}"

    @property
    def file_name(self) -> str:
        """What the list is called when nobody says: the last part of the path."""
        return basename(unquote(self.path, errors="replace").rstrip("/")) or _DEFAULT_NAME

    def __str__(self) -> str:
        return f"https://{self.authority}{self.target}"

    def __repr__(self) -> str:
        return f"HttpsUrl({self.shown!r})"


def parse_url(text: str) -> HttpsUrl:
    """Read a URL. Raises ValueError, with a message for whoever wrote it and without what they wrote."""
    _require_plain(text)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("not a URL; write https://host/path") from None
    if parts.scheme != "https":
        raise ValueError("only https is used; write https://host/path")
    if "@" in parts.netloc:
        raise ValueError("a URL names no user and no password here")
    if port == 0:
        raise ValueError("0 is no port")
    return HttpsUrl(_host(host or ""), port or _HTTPS_PORT, _escaped(parts.path) or "/", _escaped(parts.query))


def follow(url: HttpsUrl, location: str) -> HttpsUrl:
    """Read where a redirect leads. Raises ValueError as `parse_url`."""
    location = location.strip(" \t")
    # What joins the two takes some characters away on its own account.
    _require_plain(location)
    return parse_url(urljoin(str(url), location))


def _require_plain(text: str) -> None:
    if len(text) > MAX_URL_LENGTH:
        raise ValueError(f"a URL has {MAX_URL_LENGTH} characters at most")
    if _FORBIDDEN.search(text):
        raise ValueError("a URL has no blanks, control characters or backslashes: write them as %20 and so on")


def _host(text: str) -> str:
    if _address(text) is not None:
        return text
    try:
        name = idna.encode(text.rstrip("."), uts46=True).decode().lower() if not text.isascii() else text.rstrip(".")
    except idna.IDNAError:
        name = ""
    if not 0 < len(name) <= _MAX_HOST_LENGTH or not all(map(_LABEL.fullmatch, name.split("."))):
        raise ValueError("the host of the URL is no name that DNS could know; write https://host/path")
    return name


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        # A zone (RFC 6874) names an interface of ours.
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def _escaped(text: str) -> str:
    return quote(text, safe=_AS_IT_IS)
