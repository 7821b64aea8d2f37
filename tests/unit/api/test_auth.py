from __future__ import annotations

import hashlib
import uuid

import pytest

from mailsift.api.admin import new_key
from mailsift.api.auth import bearer_key, hash_of
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.shared.verdicts import MemberRole


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
    key = new_key()
    assert key != new_key()
    assert len(key) == len("ms_") + 43
    assert hash_of(key) == hashlib.sha256(key.encode()).digest()


@pytest.mark.parametrize(
    ("role", "scopes", "reads", "writes"),
    [
        (MemberRole.OWNER, (), True, True),
        (MemberRole.MEMBER, (), True, True),
        (MemberRole.VIEWER, (), True, False),
        (MemberRole.OWNER, ("read",), True, False),
        (MemberRole.OWNER, ("write",), True, True),
        (MemberRole.VIEWER, ("write",), True, False),
        (MemberRole.OWNER, ("billing",), False, False),
    ],
)
def test_role_and_scopes_decide_what_a_key_may(
    role: MemberRole, scopes: tuple[str, ...], *, reads: bool, writes: bool
) -> None:
    who = Principal(uuid.uuid4(), uuid.uuid4(), role, frozenset(scopes))
    assert (who.may_read, who.may_write) == (reads, writes)
