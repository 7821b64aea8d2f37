from __future__ import annotations

import pytest

from mailsift.standalone.errors import InputError
from mailsift.standalone.nameservers import read_nameserver


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("192.0.2.53", "192.0.2.53:53"),
        ("192.0.2.53:5353", "192.0.2.53:5353"),
        (" 192.0.2.53:5353 ", "192.0.2.53:5353"),
        ("2001:db8::53", "[2001:db8::53]:53"),
        ("[2001:db8::53]", "[2001:db8::53]:53"),
        ("[2001:db8::53]:5353", "[2001:db8::53]:5353"),
    ],
)
def test_a_nameserver_is_an_address_and_a_port(text: str, read: str) -> None:
    assert read_nameserver(text) == read


@pytest.mark.parametrize(
    "text", ["", " ", ":53", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:65536", "192.0.2.53:x", "a b"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="as in 192"):
        read_nameserver(text)
