from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.ingest.workbooks.frames import MAX_FRAME, Frame, Kind, MalformedFrameError, Unpacker, pack

Rows = list[tuple[int, list[str]]]
ROWS = st.lists(st.tuples(st.integers(1), st.lists(st.text(st.characters(codec="utf-8"), max_size=20))))


@given(st.lists(ROWS, max_size=4), st.integers(1, 50))
def test_what_is_packed_comes_out_again_however_the_bytes_arrive(batches: list[Rows], size: int) -> None:
    data = b"".join(pack(Kind.ROWS, 0.5, rows) for rows in batches)
    unpacker = Unpacker()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    frames = [frame for piece in pieces for frame in unpacker.feed(piece)]
    assert [(frame.kind, frame.content[1]) for frame in frames] == [
        (Kind.ROWS, [[number, cells] for number, cells in rows]) for rows in batches
    ]


@pytest.mark.parametrize(
    "payload", [b"", b"7", b"[]", b'["?"]', b"{}", b"\xff", b"[" * 100_000, b'["R", 0', b"null"], ids=repr
)
def test_what_is_no_frame_is_refused(payload: bytes) -> None:
    with pytest.raises(MalformedFrameError):
        list(Unpacker().feed(len(payload).to_bytes(4, "big") + payload))


def test_a_frame_too_long_is_refused_before_it_is_kept() -> None:
    with pytest.raises(MalformedFrameError):
        list(Unpacker().feed((MAX_FRAME + 1).to_bytes(4, "big")))


def test_half_of_a_surrogate_pair_is_replaced() -> None:
    assert list(Unpacker().feed(pack(Kind.ROWS, 1, [(1, ["a\ud800b"])]))) == [Frame(Kind.ROWS, [1, [[1, ["a?b"]]]])]
