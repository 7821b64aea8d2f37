from hypothesis import given
from hypothesis import strategies as st

from mailsift.ingest.dialect import Dialect, Format
from mailsift.ingest.entries import Entries, to_upload_emails
from mailsift.ingest.repeats import Repeats
from mailsift.ingest.repository import _encode
from mailsift.ingest.rows import Row
from mailsift.shared.db.copy import encode_row

DIALECT = Dialect(format=Format.CSV, has_header=False, column_names=("a", "b"), email_columns=(0, 1))
CELLS = (
    st.sampled_from(["a@b.cd", " A@b.cd", "x\\y@b.cd", "Bob <a@b.cd>", "\u200b\n\ta@b.cd", "jösé@müller.example"])
    | st.emails()
    | st.text()
)


@given(st.lists(st.builds(Row, st.integers(1, 9), st.lists(CELLS, max_size=3))))
def test_the_short_way_to_write_an_entry_writes_what_the_long_one_does(rows: list[Row]) -> None:
    for entry in to_upload_emails(rows, Entries("an-id", DIALECT, Repeats())):
        assert _encode(entry) == encode_row(entry)
