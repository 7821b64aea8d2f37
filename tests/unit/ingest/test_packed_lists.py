"""Lists in containers, through the one place that opens files."""

import csv
import io
import json
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsift.ingest.checkpoint import Checkpoint
from mailsift.ingest.containers.bounds import Bounds
from mailsift.ingest.dialect import Container, Dialect, Format, Trait
from mailsift.ingest.opening import Opener
from mailsift.ingest.rows import RejectedRow, Row
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions
from packing import PACK, zipped
from workbooks import xlsx

LIST = b"name,email\nAnn,ann@b.cd\nAl,al@b.cd\n"
ROWS = [["Ann", "ann@b.cd"], ["Al", "al@b.cd"]]
NOTHING = ReadingOptions()
OPENER = Opener()


def understand(content: bytes, options: ReadingOptions = NOTHING, opener: Opener = OPENER) -> Dialect:
    return opener.understand(io.BytesIO(content), options, lambda: None)


def read(content: bytes, dialect: Dialect) -> tuple[list[Row | RejectedRow], tuple[str, ...]]:
    # As another attempt would, from the checkpoint.
    kept = Checkpoint.from_json(json.loads(json.dumps(Checkpoint(dialect).to_json()))).dialect
    assert kept == dialect
    with OPENER.table(io.BytesIO(content), len(content), kept, lambda: None) as table:
        rows = list(table)
        assert 0 < table.bytes_read <= len(content)
        return rows, table.column_names


def cells(content: bytes, options: ReadingOptions = NOTHING) -> list[list[str]]:
    rows, _ = read(content, understand(content, options))
    return [row.columns for row in rows if isinstance(row, Row)]


def refusal(content: bytes, options: ReadingOptions = NOTHING, opener: Opener = OPENER) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        understand(content, options, opener)
    return caught.value


def evidence(dialect: Dialect) -> str:
    return next(finding.evidence for finding in dialect.findings if finding.what is Trait.FORMAT)


@pytest.mark.parametrize("container", Container)
@pytest.mark.parametrize(
    ("content", "format_", "rows"),
    [
        (LIST, Format.CSV, ROWS),
        (LIST.replace(b",", b"\t"), Format.TSV, ROWS),
        (LIST.decode().encode("utf-16"), Format.CSV, ROWS),
        (b"ann@b.cd\nal@b.cd\n", Format.TEXT, [["ann@b.cd"], ["al@b.cd"]]),
        (b"Ann <ann@b.cd>, Al <al@b.cd>", Format.MAILBOXES, ROWS),
        (b'[{"name": "Ann", "email": "ann@b.cd"}, {"name": "Al", "email": "al@b.cd"}]', Format.JSON, ROWS),
        (b'{"name": "Ann", "email": "ann@b.cd"}\n{"name": "Al", "email": "al@b.cd"}\n', Format.JSONL, ROWS),
        (xlsx([["name", "email"], *ROWS]), Format.XLSX, ROWS),
    ],
    ids=["csv", "tsv", "utf-16", "text", "mailboxes", "json", "jsonl", "xlsx"],
)
def test_every_format_is_read_in_every_container(
    container: Container, content: bytes, format_: Format, rows: list[list[str]]
) -> None:
    packed = PACK[container](content)
    dialect = understand(packed)
    assert (dialect.container, dialect.format) == (container, format_)
    assert cells(packed) == rows
    assert container.value in evidence(dialect)


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufeff@"), max_size=9)
tables = st.lists(st.tuples(names, st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.org", fullmatch=True)), min_size=2)


@settings(max_examples=30)
@given(tables, st.sampled_from(Container))
def test_any_objects_in_any_container_are_read_back(table: list[tuple[str, str]], container: Container) -> None:
    content = json.dumps([{"a": name, "mail": mail} for name, mail in table]).encode()
    assert cells(PACK[container](content)) == [list(row) for row in table]


@settings(max_examples=60)
@given(
    tables,
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
    st.sampled_from(Container),
)
def test_any_table_in_any_dialect_encoding_and_container_is_read_back(
    table: list[tuple[str, str]], delimiter: str, line_end: str, encoding: str, container: Container
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=line_end).writerows([("a name", "mail"), *table])
    assert cells(PACK[container](text.getvalue().encode(encoding))) == [list(row) for row in table]


# --- several lists in one zip file ------------------------------------------------------------------------------------


def test_several_lists_are_one_with_their_columns_joined_by_name() -> None:
    packed = zipped(
        {
            "a.csv": b"name,email\nAnn,ann@b.cd\n",
            "sub/b.tsv": b"E-Mail\tName \tcity\nal@b.cd\tAl\tRome\n",
            "c.csv": b"Mail;Name\ncy@b.cd;Cy\n",
            "d.json": b'[{"name": "Di", "email": "di@b.cd"}, {"email": "ed@b.cd", "late": "x"}]',
        }
    )
    rows, names = read(packed, understand(packed))
    assert names == ("name", "email", "city", "Mail", "late")
    assert [row.columns for row in rows if isinstance(row, Row)] == [
        ["Ann", "ann@b.cd"],
        ["Al", "al@b.cd", "Rome"],
        ["Cy", "", "", "cy@b.cd"],
        ["Di", "di@b.cd"],
        ["", "ed@b.cd", "", "", "x"],
    ]
    assert understand(packed).email_columns == (1, 3)


def test_lists_without_headers_are_joined_by_position() -> None:
    packed = zipped({"a.csv": b"Ann,ann@b.cd\nBo,bo@b.cd\n", "b.csv": b"Al,al@b.cd,Rome\nCy,cy@b.cd,Oslo\n"})
    dialect = understand(packed)
    assert (dialect.column_names, dialect.email_columns) == (("column_1", "column_2", "column_3"), (1,))
    assert cells(packed)[-1] == ["Cy", "cy@b.cd", "Oslo"]


def test_columns_of_one_name_in_a_list_are_joined_in_their_order() -> None:
    packed = zipped({"a.csv": b"tag,email,tag\n1,a@b.cd,2\n", "b.csv": b"email,tag,tag\nc@b.cd,3,4\n"})
    assert cells(packed) == [["1", "a@b.cd", "2"], ["3", "c@b.cd", "4"]]


def test_cells_beyond_the_columns_of_their_list_stand_behind_those_of_all() -> None:
    first = b"email,n\n" + b"a@b.cd,1\n" * 1500 + b"b@b.cd,1,x\n"
    packed = zipped({"a.csv": first, "b.csv": b"city,email\nRome,d@b.cd\nOslo,e@b.cd\n"})
    rows = cells(packed)
    assert (rows[0], rows[1500], rows[1501]) == (
        ["a@b.cd", "1"],
        ["b@b.cd", "1", "", "x"],
        ["d@b.cd", "", "Rome"],
    )


def test_what_is_no_list_is_passed_over_and_named() -> None:
    packed = zipped(
        {
            "lists/": b"",
            "lists/a.csv": LIST,
            "__MACOSX/a.csv": b"\0\1",
            "logo.png": b"\x89PNG\r\n" + bytes(100),
            "README.txt": b"This is what we\nknow of them.\n",
            "empty.csv": b"",
            "b.csv": LIST,
        }
    )
    dialect = understand(packed)
    assert len(cells(packed)) == 4
    told = evidence(dialect)
    assert "2 lists in a zip file (lists/a.csv, b.csv)" in told
    for name in ("lists/", "__MACOSX/a.csv", "logo.png (binary_file)", "README.txt (no_email_column)", "empty.csv"):
        assert name in told.split("passed over")[1]


def test_where_no_member_is_a_list_the_first_one_tells_why() -> None:
    assert refusal(zipped({"a.png": b"\x89PNG\r\n" + bytes(100), "b.txt": b"words\nonly\n"})).code == "binary_file"
    assert refusal(zipped({"b.txt": b"words\nonly\n"})).code == "no_email_column"


def test_what_is_said_of_columns_is_said_of_all_lists_together() -> None:
    packed = zipped({"a.csv": b"name,email\nAnn,ann@b.cd\n", "b.csv": b"mail,city\nal@b.cd,Rome\n"})
    options = ReadingOptions(keep_columns=("city",), email_columns=("email", 3), mapping={"city": "town"})
    dialect = understand(packed, options)
    assert (dialect.column_names, dialect.email_columns, dialect.kept_columns) == (
        ("name", "email", "mail", "town"), (1, 2), (1, 2, 3),
    )  # fmt: skip
    assert refusal(packed, ReadingOptions(keep_columns=("street",))).code == "no_such_column"
    alone = zipped({"a.csv": b"name,email\nAnn,ann@b.cd\n"})
    renamed = understand(alone, ReadingOptions(keep_columns=("email",), mapping={"email": "email", "name": "who"}))
    assert (renamed.column_names, renamed.kept_columns) == (("who", "email"), (1,))


def test_lines_of_text_are_searched_for_their_addresses_beside_tables_too() -> None:
    packed = zipped({"a.csv": LIST, "b.txt": b"write to bo@b.cd soon\nor to cy@b.cd\n"})
    assert understand(packed).format is Format.TEXT


# --- hostile ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outer", Container)
@pytest.mark.parametrize("inner", Container)
def test_an_archive_in_an_archive_is_refused(outer: Container, inner: Container) -> None:
    assert refusal(PACK[outer](PACK[inner](LIST))).code == "nested_archive"


def test_a_nested_archive_is_not_passed_over_beside_lists() -> None:
    assert refusal(zipped({"a.csv": LIST, "b.zip": zipped({"c.csv": LIST})})).code == "nested_archive"


def test_a_workbook_stored_in_a_zip_file_is_not_taken_for_its_outside() -> None:
    packed = zipped({"book.xlsx": xlsx([["name", "email"], *ROWS])}, zipfile.ZIP_STORED)
    assert (understand(packed).container, cells(packed)) == (Container.ZIP, ROWS)


def test_damage_in_one_of_several_lists_is_damage() -> None:
    packed = bytearray(zipped({"a.csv": LIST, "b.csv": LIST}, zipfile.ZIP_STORED))
    packed[bytes(packed).rindex(b"Ann")] ^= 1
    assert refusal(bytes(packed)).code == "archive_damaged"


def test_the_bounds_are_those_of_all_members_together() -> None:
    opener = replace(OPENER, bounds=Bounds(expanded_bytes=len(LIST) + 1))
    assert refusal(zipped({"a.csv": LIST, "b.csv": LIST}), NOTHING, opener).code == "archive_too_large"


def test_a_tar_file_is_refused_packed_or_not() -> None:
    tar = bytes(257) + b"ustar" + bytes(250)
    assert refusal(tar).code == "nested_archive"
    assert refusal(PACK[Container.GZIP](tar)).code == "nested_archive"


@pytest.mark.parametrize(
    "text", [b"BZh9 is no bzip2,a@b.cd\nx,c@d.ef\n", b"PK,a@b.cd\nPK,c@d.ef\n", b"P*M,a@b.cd\nx,c@d.ef\n"]
)
def test_text_that_begins_like_an_archive_is_text(text: bytes) -> None:
    assert understand(text).container is None
