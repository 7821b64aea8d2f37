from __future__ import annotations

import hashlib

import pytest

from mailsift.api.auth import bearer_key
from mailsift.api.credentials import make_secret
from mailsift.api.problems import Problem


@pytest.mark.parametrize("header", ["Bearer ms_x", "bearer ms_x", "BEARER   ms_x "])
def test_a_key_is_taken_out_of_its_header(header: str) -> None:
    assert bearer_key(header) == "ms_x"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic ms_x", "ms_x", "Bearer " + "x" * 201])
def test_a_header_without_a_key_is_refused_with_a_challenge(header: str | None) -> None:
    with pytest.raises(Problem) as refused:
        bearer_key(header)
    assert refused.value.code == "unauthorized"
    assert refused.value.headers == {"WWW-Authenticate": 'Bearer realm="mailsift"'}


def test_a_key_is_256_random_bits_known_by_their_hash() -> None:
    secret = make_secret()
    assert secret.key != make_secret().key
    assert len(secret.key) == len("ms_") + 43
    assert secret.hash == hashlib.sha256(secret.key.encode()).digest()
    assert secret.key.startswith(secret.prefix)
    assert len(secret.prefix) == len("ms_") + 8
    assert secret.key not in repr(secret)
