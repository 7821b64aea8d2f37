from __future__ import annotations

import uuid

import pytest

from mailsift.shared.db.rate_limits import Bucket, key_of


def test_a_key_names_the_service_and_the_workspace() -> None:
    workspace = uuid.UUID("0190a000-0000-7000-8000-000000000001")
    assert key_of("dns", workspace) == "dns:0190a000-0000-7000-8000-000000000001"


@pytest.mark.parametrize(("capacity", "refill"), [(0, 1), (1, 0), (-1, 1), (1, -1), (float("nan"), 1)])
def test_a_bucket_that_would_never_serve_anybody_is_none(capacity: float, refill: float) -> None:
    with pytest.raises(ValueError, match="never serve"):
        Bucket(capacity, refill)
