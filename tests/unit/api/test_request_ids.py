from __future__ import annotations

import pytest

from mailsift.api.request_ids import request_id


def test_a_decent_request_id_is_kept() -> None:
    assert request_id("req-1_a.b:c/d+e=") == "req-1_a.b:c/d+e="


@pytest.mark.parametrize("header", [None, "", "a b", "a\nb", "ü", "x" * 129])
def test_any_other_request_id_is_made_anew(header: str | None) -> None:
    assert request_id(header) not in {header, ""}
    assert request_id(header) != request_id(header)
