from __future__ import annotations

import pytest

from mailsift.api.tracing import request_id, trace_id

TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_a_decent_request_id_is_kept() -> None:
    assert request_id("req-1_a.b:c/d+e=") == "req-1_a.b:c/d+e="


@pytest.mark.parametrize("header", [None, "", "a b", "a\nb", "ü", "x" * 129])
def test_any_other_request_id_is_made_anew(header: str | None) -> None:
    assert request_id(header) not in {header, ""}
    assert request_id(header) != request_id(header)


@pytest.mark.parametrize("tail", ["-01", "-00", "-01-more"])
def test_a_trace_goes_on(tail: str) -> None:
    assert trace_id(f"00-{TRACE}-b7ad6b7169203331{tail}") == TRACE


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        TRACE,
        f"ff-{TRACE}-b7ad6b7169203331-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-b7ad6b7169203331-01",
    ],
)
def test_a_trace_that_is_none_begins_anew(header: str | None) -> None:
    assert len(trace_id(header)) == 32
    assert trace_id(header) not in {TRACE, "0" * 32}
