import io

from hypothesis import given
from hypothesis import strategies as st

from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.formats.delimited import DelimitedTable
from mailsift.ingest.formats.runs import in_rows, in_runs, skip
from mailsift.ingest.rows import RejectedRow, RejectReason, Row, Run

CSV = Dialect(
    format=Format.CSV, delimiter=",", quote='"', has_header=True, column_names=("email", "name"), email_columns=(0,)
)
REJECTED = RejectedRow(7, RejectReason.ROW_TOO_LONG, "x")

runs = st.lists(
    st.builds(Run, st.integers(1, 99), st.lists(st.just(["a"]), min_size=1, max_size=9)) | st.just(REJECTED)
)


def read(content: bytes) -> list[Run | RejectedRow]:
    return list(DelimitedTable(io.BytesIO(content), CSV).runs())


def test_rows_that_stand_on_a_line_each_come_together() -> None:
    content = b"email,name\na@x.com,Ann\nb@x.com,Bob\n"
    assert read(content) == [Run(2, [["a@x.com", "Ann"], ["b@x.com", "Bob"]])]


def test_a_run_is_not_long() -> None:
    found = read(b"email,name\n" + b"a@x.com,Ann\n" * 1000)
    assert [len(run.rows) for run in found if isinstance(run, Run)] == [249, 250, 250, 250, 1]


def test_where_rows_and_lines_differ_each_comes_by_itself() -> None:
    content = b'email,name\na@x.com,Ann\n\nb@x.com,"Bob\nSmith"\n , \nc@x.com,"Cid\nd@x.com,Dan\n'
    assert list(in_rows(read(content))) == [
        Row(2, ["a@x.com", "Ann"]),
        Row(4, ["b@x.com", "Bob\nSmith"]),
        RejectedRow(7, RejectReason.UNBALANCED_QUOTE, 'c@x.com,"Cid'),
        Row(8, ["d@x.com", "Dan"]),
    ]


@given(runs, st.integers(0, 30))
def test_so_many_rows_are_skipped(whole: list[Run | RejectedRow], count: int) -> None:
    assert list(in_rows(skip(whole, count))) == list(in_rows(whole))[count:]


@given(runs)
def test_rows_can_be_runs_of_one(whole: list[Run | RejectedRow]) -> None:
    assert list(in_rows(in_runs(in_rows(whole)))) == list(in_rows(whole))
