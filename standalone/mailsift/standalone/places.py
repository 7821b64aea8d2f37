"""Where a command works: which home, and which mailsift it asks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import httpx

from mailsift.standalone.asking import Asking
from mailsift.standalone.connecting import Deployment, Own
from mailsift.standalone.errors import InputError
from mailsift.standalone.home import Home, find_home
from mailsift.standalone.nameservers import read_nameserver


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works: the home of this account, and the mailsift it asks."""

    home: Home
    target: Deployment | Own


def choose_place(folder: Path | None, server: str | None, api_key: str | None, nameserver: str | None) -> Place:
    """Choose where to work. Raises InputError."""
    home = find_home(folder, os.environ)
    if server is None:
        return Place(home, Own(home, make_asking(nameserver), os.environ))
    if "@" in server:
        # Never shown again: what stands before the sign may be a password.
        raise InputError(
            "invalid_server", "a server is named without a user or password: write https://HOST, and give the key apart"
        )
    if not _is_server(server):
        raise InputError("invalid_server", f"{server!r} is no address of a server; write https://HOST")
    if api_key is None:
        raise InputError("no_api_key", "a deployment needs a key: give --api-key, or better MAILSIFT_API_KEY")
    if nameserver is not None:
        raise InputError("not_here", "a deployment asks its own nameservers: leave --nameserver or --server out")
    return Place(home, Deployment(server.rstrip("/"), api_key))


def make_asking(nameserver: str | None) -> Asking:
    """Say which nameservers are asked: the one that is named, or those of this computer. Raises InputError."""
    return Asking((read_nameserver(nameserver),) if nameserver else ())


def _is_server(text: str) -> bool:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    return url.scheme in {"http", "https"} and bool(url.host)
