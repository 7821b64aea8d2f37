import io
import tracemalloc
from email.header import Header
from email.utils import formataddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.ingest.formats.mailboxes import Mailboxes
from mailsift.ingest.rows import RejectedRow, RejectReason, Row
from packing import MIB
from trickling import Dribble, Pieces

NAME = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), max_size=20).filter(
    lambda name: not name.startswith("=?")
)
ADDRESS = st.from_regex(r"[a-z0-9.+-]{1,9}@[a-z]{1,8}\.(com|org)", fullmatch=True)
mailboxes = st.lists(st.tuples(NAME, ADDRESS), min_size=1, max_size=8)
separators = st.sampled_from([",", ", ", ";", "; ", "\n", "\r\n", "\r", ",\r\n ", ";\n", ",\r\n\t"])


def read(text: str, *, complete: bool = True, at_most: int = 2**20) -> list[Row | RejectedRow]:
    return list(Mailboxes(Dribble(text.encode(), at_most), "utf-8", complete=complete))


def pairs(text: str) -> list[tuple[str, ...]]:
    return [tuple(row.columns) for row in read(text) if isinstance(row, Row)]


@given(mailboxes, separators, st.booleans())
def test_what_mail_programs_write_is_read_back(found: list[tuple[str, str]], separator: str, encoded: bool) -> None:
    # A name in ASCII is quoted and escaped, any other is encoded (RFC 2047) or, as most programs show it, is not.
    written = separator.join(
        formataddr(pair) if encoded or pair[0].isascii() else f'"{_escaped(pair[0])}" <{pair[1]}>' for pair in found
    )
    assert pairs(written) == found


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


@given(st.text(st.sampled_from('ab@<>"(),;:\\\r\n \t=?')), st.integers(1, 9))
def test_it_makes_no_difference_where_a_piece_ends(text: str, at_most: int) -> None:
    assert read(text, at_most=at_most) == read(text)


@given(st.text(st.sampled_from('ab@<>"(),;:\\\r\n ')))
def test_no_address_is_lost_whatever_its_quotes(text: str) -> None:
    text = "".join(f"{text}, a{number}@b.cd\n" for number in range(3))
    kept = "".join(row.raw_text if isinstance(row, RejectedRow) else "".join(row.columns) for row in read(text))
    assert all(f"a{number}@b.cd" in kept for number in range(3))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'Ann <ann@b.cd>, "Smith, Al" <al@b.cd>; di@b.cd',
            [("Ann", "ann@b.cd"), ("Smith, Al", "al@b.cd"), ("", "di@b.cd")],
        ),
        ("ann@b.cd\nbob@b.cd\n", [("", "ann@b.cd"), ("", "bob@b.cd")]),
        ('To: Ann <ann@b.cd>,\r\n "Smith, Al"\r\n <al@b.cd>\r\n', [("Ann", "ann@b.cd"), ("Smith, Al", "al@b.cd")]),
        ("Friends: a@b.cd, b@b.cd;\nUndisclosed recipients:;c@b.cd", [("", "a@b.cd"), ("", "b@b.cd"), ("", "c@b.cd")]),
        ("ann@b.cd (Ann Smith)", [("Ann Smith", "ann@b.cd")]),
        ('"Al \\"Bo\\" Smith" <al@b.cd>', [('Al "Bo" Smith', "al@b.cd")]),
        ('"<x@y.zz>, and others" <al@b.cd>', [("<x@y.zz>, and others", "al@b.cd")]),
        (
            "=?utf-8?q?Jos=C3=A9?= <jose@b.cd>, =?x-none?q?a?= <b@b.cd>",
            [("José", "jose@b.cd"), ("=?x-none?q?a?=", "b@b.cd")],
        ),
        ('"john smith"@b.cd', [("", '"john smith"@b.cd')]),
        ("mailto:ann@b.cd, <mailto:bob@b.cd>", [("", "mailto:ann@b.cd"), ("", "mailto:bob@b.cd")]),
        ("Ann Smith ann@b.cd", [("Ann Smith", "ann@b.cd")]),
        ('"Open, Ann <ann@b.cd>, Bob <bob@b.cd', [('"Open', ""), ("Ann", "ann@b.cd"), ("Bob", "bob@b.cd")]),
        ("Bob, ann@b.cd", [("Bob", ""), ("", "ann@b.cd")]),
        (" ,;\n\n ,ann@b.cd,,", [("", "ann@b.cd")]),
    ],
)
def test_names_and_addresses_are_told_apart(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(text) == expected


def test_mailboxes_come_with_the_line_they_start_on() -> None:
    rows = read("a@b.cd, b@b.cd\r\n\nAnn\n <c@b.cd>\rd@b.cd")
    assert [row.row_number for row in rows] == [1, 1, 3, 5]


def test_a_sample_leaves_out_what_may_be_cut_off() -> None:
    assert [row[1] for row in read("a@b.cd, b@b.c", complete=False)] == [["", "a@b.cd"]]


def test_a_header_of_python_is_read_back() -> None:
    name = "Łukasz Żółć " * 20
    encoded = Header(name, "utf-8", maxlinelen=75).encode()
    assert pairs(f"{encoded} <l@b.cd>") == [(name.strip(), "l@b.cd")]


def test_megabytes_on_one_line_are_a_list_and_take_little_memory() -> None:
    text = ", ".join(f'"Smith, {number}" <user{number}@example.com>' for number in range(20_000)).encode()
    tracemalloc.start()
    count = sum(1 for row in Mailboxes(io.BytesIO(text), "utf-8") if isinstance(row, Row))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (count, peak < 6 * MIB) == (20_000, True)


@pytest.mark.parametrize("piece", ["x", '"', '"x', '"\\', "<x", "(x", "\\", '(<"', " ", '"' + "x" * 499])
def test_a_mailbox_without_end_is_rejected_in_linear_time_and_the_rest_goes_on(piece: str) -> None:
    junk = piece.encode() * (MIB // len(piece))
    stream = io.BufferedReader(Pieces(iter([b"a@b.cd,", junk, junk, b"\nc@b.cd"])))
    rows = list(Mailboxes(stream, "utf-8"))
    assert (rows[0], rows[-1]) == (Row(1, ["", "a@b.cd"]), Row(2, ["", "c@b.cd"]))
    assert {row[1] for row in rows[1:-1] if isinstance(row, RejectedRow)} <= {RejectReason.ROW_TOO_LONG}
    assert len(rows) <= 3
