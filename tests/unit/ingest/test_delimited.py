import io
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.formats.delimited import DelimitedTable
from mailsift.ingest.formats.grammar import Grammar
from mailsift.ingest.formats.lines import Block
from mailsift.ingest.formats.records import Records
from mailsift.ingest.rows import MAX_COLUMNS, MAX_ROW_LENGTH, RejectedRow, RejectReason, Row
from trickling import Dribble

MIB = 2**20


class Endless(io.RawIOBase):
    """So many times the same bytes, then others."""

    def __init__(self, repeated: bytes, times: int, last: bytes) -> None:
        self._pieces = iter([*([repeated] * times), last])

    def read(self, size: int = -1, /) -> bytes:
        del size
        return next(self._pieces, b"")


def dialect(
    delimiter: str | None = ",",
    quote: str | None = '"',
    encoding: str = "utf-8",
    *,
    has_header: bool = False,
    width: int = 2,
    email_column: int = 1,
) -> Dialect:
    names = tuple(f"column_{number}" for number in range(1, width + 1))
    kind = Format.TEXT if delimiter is None else Format.CSV
    return Dialect(
        format=kind,
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        has_header=has_header,
        column_names=names,
        email_columns=(email_column,),
    )


TEXT = dialect(None, None, width=1, email_column=0)


def read(content: str | bytes, how: Dialect | None = None) -> list[Row | RejectedRow]:
    raw = content.encode() if isinstance(content, str) else content
    return list(DelimitedTable(io.BytesIO(raw), how or dialect()))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_come_with_the_line_they_start_on(end: str) -> None:
    content = end.join(["a,b@c.de", "", '"two', 'lines",d@e.fg', "   ", "f,g@h.ij"])
    assert read(content) == [
        Row(1, ["a", "b@c.de"]),
        Row(3, [f"two{end}lines", "d@e.fg"]),
        Row(6, ["f", "g@h.ij"]),
    ]


def test_rows_of_which_every_cell_is_blank_are_none() -> None:
    content = "a,b@c.de\n,\n , \n,,,,\n\t,\n,d@e.fg\n"
    assert read(content) == [Row(1, ["a", "b@c.de"]), Row(6, ["", "d@e.fg"])]


def test_what_stands_above_the_header_is_left_out_and_its_lines_count() -> None:
    content = 'Contacts of Acme\n\n"two\nlines",of preamble\nname,email\nBob,b@c.de\n'
    how = replace(dialect(has_header=True), skipped_rows=2)
    assert read(content, how) == [Row(6, ["Bob", "b@c.de"])]


def test_line_ends_may_be_mixed() -> None:
    assert [row[0] for row in read("a,b\r\nc,d\ne,f\rg,h")] == [1, 2, 3, 4]


@pytest.mark.parametrize("at_most", [1, 2, 3, 5])
def test_a_line_end_between_two_blocks_is_one_line_end(at_most: int) -> None:
    stream = Dribble("ä,b\r\nc,d\r\re,f\n".encode(), at_most)
    assert list(DelimitedTable(stream, dialect())) == [Row(1, ["ä", "b"]), Row(2, ["c", "d"]), Row(4, ["e", "f"])]


def test_the_header_is_left_out_even_behind_blank_lines_and_over_two_lines() -> None:
    assert read('\n"na\nme",email\na,b@c.de\n', dialect(has_header=True)) == [Row(4, ["a", "b@c.de"])]


def test_the_header_is_the_first_row_that_can_be_read() -> None:
    too_long = "x" * (MAX_ROW_LENGTH + 1)
    assert read(f"{too_long}\nname,email\na,b@c.de\n", dialect(has_header=True)) == [
        RejectedRow(1, RejectReason.ROW_TOO_LONG, "x" * 1000),
        Row(3, ["a", "b@c.de"]),
    ]


def test_ragged_rows_stay_as_they_are() -> None:
    assert [row[1] for row in read("a\nb,c,d\n,e\n")] == [["a"], ["b", "c", "d"], ["", "e"]]


def test_nul_characters_are_dropped() -> None:
    assert read(b"a\0b,c@d.ef\0\n") == [Row(1, ["ab", "c@d.ef"])]


def test_bytes_that_do_not_decode_cost_one_character() -> None:
    assert read(b"a\xffb,c@d.ef\n") == [Row(1, ["a\ufffdb", "c@d.ef"])]


def test_a_quote_inside_a_cell_is_a_character() -> None:
    assert read('5" disk,a@b.cd\n"Al" Smith,c@d.ef\n') == [
        Row(1, ['5" disk', "a@b.cd"]),
        Row(2, ["Al Smith", "c@d.ef"]),
    ]


def test_without_a_quote_quotation_marks_mean_nothing() -> None:
    assert read('"a,b\n"c,d\n', dialect(quote=None)) == [Row(1, ['"a', "b"]), Row(2, ['"c', "d"])]


def test_plain_text_has_a_line_in_its_one_column() -> None:
    assert read('a@b.cd\n\n"x, y" <c@d.ef>\r\n', TEXT) == [Row(1, ["a@b.cd"]), Row(3, ['"x, y" <c@d.ef>'])]


def test_bytes_read_tell_how_far_the_reader_has_come() -> None:
    content = b"a,b\n" * 200_000
    rows = DelimitedTable(io.BytesIO(content), dialect())
    iterator = iter(rows)
    next(iterator)
    assert 0 < rows.bytes_read < len(content)
    for _ in iterator:
        pass
    assert rows.bytes_read == len(content)


# --- rows too long ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [dialect(), TEXT])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_too_long_is_rejected_and_the_rest_goes_on(how: Dialect, end: str) -> None:
    rows = read(end.join(["first", "x" * (MAX_ROW_LENGTH + 1), "last"]), how)
    assert rows == [Row(1, ["first"]), RejectedRow(2, RejectReason.ROW_TOO_LONG, "x" * 1000), Row(3, ["last"])]


@pytest.mark.parametrize("how", [dialect(), TEXT])
def test_a_line_of_the_greatest_length_is_read(how: Dialect) -> None:
    [row, _] = read("x" * MAX_ROW_LENGTH + "\r\nlast", how)
    assert row == Row(1, ["x" * MAX_ROW_LENGTH])


@pytest.mark.parametrize("last", [b"", b"\n", b"\nafter,it@x.yz", b"\rafter,it@x.yz", b"\r\nafter,it@x.yz"])
@pytest.mark.parametrize("length", [MIB + 1, 3 * MIB])
def test_a_line_too_long_may_end_in_any_way(last: bytes, length: int) -> None:
    after = [Row(2, ["after", "it@x.yz"])] if len(last) > 2 else []
    assert read(b"x" * length + last) == [RejectedRow(1, RejectReason.ROW_TOO_LONG, "x" * 1000), *after]


def test_a_gigantic_line_takes_little_memory() -> None:
    stream = Endless(b"x" * MIB, 64, b"\nafter,it@x.yz\n")
    tracemalloc.start()
    rows = list(DelimitedTable(stream, dialect()))  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == [RejectedRow(1, RejectReason.ROW_TOO_LONG, "x" * 1000), Row(2, ["after", "it@x.yz"])]
    assert peak < 16 * MIB


def test_a_quoted_record_too_long_is_rejected_as_one() -> None:
    text = "a line of a long letter\n" * 50_000
    assert read(f'a,b@c.de\n"{text}",d@e.fg\nh,i@j.kl\n') == [
        Row(1, ["a", "b@c.de"]),
        RejectedRow(2, RejectReason.ROW_TOO_LONG, ('"' + text)[:1000]),
        Row(50_003, ["h", "i@j.kl"]),
    ]


def test_a_quoted_record_too_long_that_is_never_closed_ends_at_the_next_row() -> None:
    text = "a line of a long letter\n" * 50_000
    rows = read(f'"{text}d,e@f.gh\ni,j@k.lm\n')
    assert rows[1:] == [Row(50_001, ["d", "e@f.gh"]), Row(50_002, ["i", "j@k.lm"])]


def test_a_line_too_long_inside_a_quoted_record_hides_nothing_before_it() -> None:
    rows = read(f'"open,a@b.cd\nc,d@e.fg\n{"x" * (MIB + 1)}\nh,i@j.kl\n')
    assert [row[:2] for row in rows] == [
        (1, "unbalanced_quote"),
        (2, ["c", "d@e.fg"]),
        (3, "row_too_long"),
        (4, ["h", "i@j.kl"]),
    ]


def test_a_row_of_more_cells_than_a_spreadsheet_has_is_rejected_and_the_rest_goes_on() -> None:
    widest, too_wide = ["x"] * MAX_COLUMNS, ",".join(["x"] * (MAX_COLUMNS + 1))
    assert read(f'{",".join(widest)}\n{too_wide}\n"a\nb",{too_wide}\nh,i@j.kl\n') == [
        Row(1, widest),
        RejectedRow(2, RejectReason.TOO_MANY_COLUMNS, too_wide[:1000]),
        RejectedRow(3, RejectReason.TOO_MANY_COLUMNS, '"a'),
        Row(5, ["h", "i@j.kl"]),
    ]


# --- quotes left open ------------------------------------------------------------------------------------------------


def test_an_unbalanced_quote_costs_its_own_line_only() -> None:
    assert read('a,b@c.de\n"open,d@e.fg\nh,i@j.kl\nm,n@o.pq\n') == [
        Row(1, ["a", "b@c.de"]),
        RejectedRow(2, RejectReason.UNBALANCED_QUOTE, '"open,d@e.fg'),
        Row(3, ["h", "i@j.kl"]),
        Row(4, ["m", "n@o.pq"]),
    ]


def test_the_next_quoted_cell_shows_that_a_quote_was_left_open() -> None:
    rows = read('"open,d@e.fg\nh,i@j.kl\n"Smith, Al",n@o.pq\n')
    assert [row[:2] for row in rows] == [
        (1, "unbalanced_quote"),
        (2, ["h", "i@j.kl"]),
        (3, ["Smith, Al", "n@o.pq"]),
    ]


@pytest.mark.parametrize("lines", [10, 100_000])
def test_an_unbalanced_quote_far_from_the_end_loses_no_row(lines: int) -> None:
    rows = read('"open,a@b.cd\n' + "c,d@e.fg\n" * lines)
    assert rows[0] == RejectedRow(1, RejectReason.UNBALANCED_QUOTE, '"open,a@b.cd')
    assert [row.row_number for row in rows[1:]] == list(range(2, lines + 2))


def test_unbalanced_quotes_on_every_line_cost_linear_time() -> None:
    # Each of these lines is open, read from outside a quote or from inside one.
    line = 'x"y,"z\n'
    records = Records(Grammar(",", '"'), width=2, email_columns=(1,))
    block = [line] * 2_000
    blocks = [Block(block) for _ in range(25)]
    rows = list(records.split(blocks))
    assert [row.row_number for row in rows] == list(range(1, 50_001))
    assert records.wasted < 8 * MIB + 2 * len(line) * len(rows)


@given(st.text(st.sampled_from('ab@,"\n\r')))
def test_no_text_is_lost_whatever_its_quotes(text: str) -> None:
    rows = read(text)
    numbers = [row.row_number for row in rows]
    assert numbers == sorted(set(numbers))
    kept = "".join(row.raw_text if isinstance(row, RejectedRow) else "".join(row.columns) for row in rows)
    assert sum(map(kept.count, "ab@")) == sum(map(text.count, "ab@"))


@given(
    st.binary(), st.sampled_from(["utf-8", "utf-16-le", "utf-32-le", "cp1252", "cp932", "gb18030"]), st.integers(1, 9)
)
def test_any_bytes_can_be_read(content: bytes, encoding: str, at_most: int) -> None:
    how = dialect(encoding=encoding)
    assert list(DelimitedTable(Dribble(content, at_most), how)) == read(content, how)
