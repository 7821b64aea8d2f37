"""The SQL that holds a list against what is suppressed, and the rule that says what it ought to find."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import Engine, insert, text

from factories import Tenant, make_tenant, make_upload, suppress
from mailsift.shared.addresses import Address, parse
from mailsift.shared.db.suppressions import COVERED, ENTRIES, IS_SUPPRESSED, suppressed_among
from mailsift.shared.db.tables import UploadEmail
from mailsift.shared.suppressions import address_key, covering, parse_suppression

ADDRESSES = [
    *("ann@example.com", "Bob@example.com", "cid@mail.example.com", "dan@notexample.com", "eve@a.b.c.example.org"),
    *(
        "not an address",
        "f..g@example.net",
        "hal@example.net.",
        "ina@bücher.example",
        "@example.net",
        "jo@x.co.uk",
        "a@b",
    ),
]
SUPPRESSED = [
    [],
    ["ann@EXAMPLE.com"],
    ["example.com"],
    ["mail.example.com", "b.c.example.org"],
    ["example.net", "bob@example.com"],
    ["f..g@example.net", "xn--bcher-kva.example", "co.uk"],
    ["com.example", "nobody@example.com"],
]
_FOUND = text(f"""
    WITH {COVERED} SELECT e."emailAddress" FROM {ENTRIES}
    WHERE e."uploadId" = :upload_id AND e."normalizedAddress" IS NOT NULL AND {IS_SUPPRESSED}""")


def load(owner: Engine, tenant: Tenant, addresses: list[str]) -> uuid.UUID:
    with owner.begin() as connection:
        upload_id = make_upload(connection, tenant)
        rows = []
        for number, address in enumerate(addresses, start=1):
            found = parse(address)
            rows.append(
                {
                    "upload_id": upload_id,
                    "sequence_number": number,
                    "row_number": number,
                    "email_address": address,
                    "normalized_address": address_key(address),
                    "domain": found.domain if isinstance(found, Address) else None,
                    "is_valid_format": isinstance(found, Address),
                    "columns": [address],
                }
            )
        connection.execute(insert(UploadEmail), rows)
    return upload_id


@pytest.mark.parametrize("values", SUPPRESSED)
def test_a_list_and_a_few_addresses_are_judged_by_the_same_rule(
    owner: Engine, worker: Engine, tenant: Tenant, values: list[str]
) -> None:
    with owner.begin() as connection:
        suppress(connection, tenant, *values)
    upload_id = load(owner, tenant, ADDRESSES)
    rule = {parse_suppression(value) for value in values}
    expected = {address for address in ADDRESSES if rule & set(covering(address_key(address)))}
    with worker.begin() as connection:
        parameters = {"upload_id": upload_id, "workspace_id": tenant.workspace_id}
        found = set(connection.scalars(_FOUND, parameters))
        among = suppressed_among(connection, tenant.workspace_id, [address_key(address) for address in ADDRESSES])
    assert found == expected
    assert among == {address_key(address) for address in expected}


def test_what_another_workspace_suppresses_is_its_own_affair(owner: Engine, worker: Engine, tenant: Tenant) -> None:
    with owner.begin() as connection:
        suppress(connection, make_tenant(connection, "Stranger"), "ann@example.com", "example.org")
    upload_id = load(owner, tenant, ADDRESSES)
    with worker.begin() as connection:
        parameters = {"upload_id": upload_id, "workspace_id": tenant.workspace_id}
        assert connection.scalars(_FOUND, parameters).all() == []
        assert suppressed_among(connection, tenant.workspace_id, ["ann@example.com"]) == frozenset()
