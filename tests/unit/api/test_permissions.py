"""Who may what."""

from __future__ import annotations

import uuid

import pytest

from mailsift.api.permissions import Permission, explain, permissions
from mailsift.api.principal import Operator
from mailsift.shared.verdicts import MemberRole

VIEWER, MEMBER, ADMIN, OWNER = MemberRole.VIEWER, MemberRole.MEMBER, MemberRole.ADMIN, MemberRole.OWNER


@pytest.mark.parametrize(
    ("role", "scopes", "allowed"),
    [
        (VIEWER, (), "read"),
        (MEMBER, (), "read ask write keys"),
        (ADMIN, (), "read ask write keys administer"),
        (OWNER, (), "read ask write keys administer own"),
        (OWNER, ("read",), "read"),
        (OWNER, ("write",), "read ask write"),
        (OWNER, ("admin",), "read ask write keys administer own"),
        (OWNER, ("guest",), "ask"),
        (OWNER, ("guest", "read"), "ask read"),
        (OWNER, ("billing",), ""),
        (OWNER, ("operate",), ""),
        (ADMIN, ("admin",), "read ask write keys administer"),
        (MEMBER, ("admin",), "read ask write keys"),
        (VIEWER, ("admin",), "read"),
        (VIEWER, ("guest",), ""),
    ],
)
def test_role_and_scopes_decide_what_a_key_may(role: MemberRole, scopes: tuple[str, ...], allowed: str) -> None:
    assert permissions(role, scopes) == set(map(Permission, allowed.split()))


def test_no_tenant_operates_and_an_operator_does_nothing_else() -> None:
    assert Operator(uuid.uuid4(), "ann").permissions == {Permission.OPERATE}
    assert all(Permission.OPERATE not in permissions(role, ()) for role in MemberRole)


@pytest.mark.parametrize(
    ("needed", "said"),
    [
        ({Permission.WRITE}, "it takes the role member or admin or owner, and of a key with scopes write or admin"),
        ({Permission.ADMINISTER}, "it takes the role admin or owner, and of a key with scopes admin"),
        ({Permission.OPERATE}, "only an operator's key may do this"),
    ],
)
def test_a_refusal_says_what_it_takes(needed: set[Permission], said: str) -> None:
    assert explain(needed) == said
