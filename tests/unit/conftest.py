"""Unit tests have no network: a socket opened here is an error. (asyncio's own pair of Unix sockets is let through.)"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket


@pytest.fixture(autouse=True)
def _sockets_off() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
