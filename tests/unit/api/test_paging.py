from __future__ import annotations

import base64
import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.api.paging import Position, number_cursor, parse_number, parse_position, position_cursor

moments = st.datetimes(timezones=st.just(dt.UTC))


@given(moments, st.uuids())
def test_a_position_survives_its_cursor(at: dt.datetime, row_id: uuid.UUID) -> None:
    assert parse_position(position_cursor(Position(at, row_id))) == Position(at, row_id)


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_number_survives_its_cursor(number: int) -> None:
    assert parse_number(number_cursor(number)) == number


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_what_was_not_given_out_is_refused_and_never_breaks(text: str) -> None:
    for parse in (parse_position, parse_number):
        with pytest.raises(ValueError, match=r"not a cursor|Invalid isoformat|badly formed"):
            parse(text)


@pytest.mark.parametrize(
    "foreign",
    [
        number_cursor(-1),
        number_cursor(2**63),
        position_cursor(Position(dt.datetime(2026, 1, 1), uuid.UUID(int=1))),  # noqa: DTZ001 - the fault under test
        base64.urlsafe_b64encode(b"[true]").decode(),
        base64.urlsafe_b64encode(b'{"a": 1}').decode(),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        None,
        7,
    ],
)
def test_a_cursor_of_another_kind_is_refused(foreign: object) -> None:
    for parse in (parse_position, parse_number):
        with pytest.raises(ValueError, match="not a cursor"):
            parse(foreign)
