from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.shared.trace_context import TraceContext, parse_traceparent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("header", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-fe", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"cc-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", True),
    ],
)
def test_a_trace_goes_on(header: str, sampled: bool) -> None:
    assert parse_traceparent(header) == TraceContext(TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        TRACE,
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"cc-{TRACE}-{SPAN}-01-{'x' * 512}",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE[:-1]}٣-{SPAN}-01",
    ],
)
def test_what_is_no_traceparent_is_none(header: str | None) -> None:
    assert parse_traceparent(header) is None


hexadecimal = "0123456789abcdef"


@given(
    st.text(hexadecimal, min_size=32, max_size=32).filter(lambda text: set(text) != {"0"}),
    st.text(hexadecimal, min_size=16, max_size=16).filter(lambda text: set(text) != {"0"}),
    st.booleans(),
)
def test_what_is_written_is_read_again(trace_id: str, span_id: str, sampled: bool) -> None:
    context = TraceContext(trace_id, span_id, sampled)
    assert parse_traceparent(str(context)) == context


@given(st.text("0f-x\n٣", max_size=60))
def test_what_anybody_sends_is_taken_or_left(text: str) -> None:
    found = parse_traceparent(text)
    assert found is None or len(str(found)) == 55
