import io
import os
import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.ingest.detection import detect
from mailsift.ingest.detection.contents import workbook_format
from mailsift.ingest.dialect import AS_ASKED, Dialect, Finding, Format, Trait
from mailsift.ingest.formats.delimited import DelimitedTable
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import CODECS, ReadingOptions


def understand(text: str | bytes, options: ReadingOptions | None = None, *, complete: bool = True) -> Dialect:
    sample = text.encode() if isinstance(text, str) else text
    return detect(sample, options or ReadingOptions(), complete=complete)


def finding(dialect: Dialect, what: Trait) -> Finding:
    (found,) = (finding for finding in dialect.findings if finding.what is what)
    return found


def refusal(sample: str | bytes, options: ReadingOptions | None = None, *, complete: bool = True) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        understand(sample, options, complete=complete)
    return caught.value


@pytest.mark.parametrize(
    ("text", "delimiter", "email_column"),
    [
        ("id,name,email\n1,Bob,bob@x.com\n2,Al,al@y.org\n", ",", 2),
        ("email;name;amount\nbob@x.com;Bob;1,50\nal@y.org;Al;2,75\n", ";", 0),
        ("name\temail\nSmith, Bob\tbob@x.com\nJones, Al\tal@y.org\n", "\t", 1),
        ("name|email|tags\nBob|bob@x.com|a,b;c\nAl|al@y.org|d,e;f\n", "|", 1),
        ('"Smith, Bob","bob@x.com"\n"Jones, Al","al@y.org"\n', ",", 1),
        ('note,email\n"two\nlines",bob@x.com\n"and, more\n\nof them",al@y.org\n', ",", 1),
        ("id,email,note\n1,bob@x.com,a,b,c\n2,al@y.org\n3,cy@z.net,d\n4,di@z.net,e\n", ",", 1),
        ("a@b.com;1,5;2,5\nc@d.com;3,5;4,5\n", ";", 0),
        ("bob@x.com,\nal@y.org,\n", ",", 0),
        ("1;Bob <bob@x.com>;x\n2;Al <al@y.org>;y\n", ";", 1),
        ("1,mailto:bob@x.com\n2,mailto:al@y.org\n", ",", 1),
        ("name , email\r\nBob , bob@x.com\r\nAl , al@y.org\r\n", ",", 1),
        ("name,email\rBob,bob@x.com\rAl,al@y.org\r", ",", 1),
        ('name,email\n"Bob,bob@x.com\nAl,al@y.org\nCy,cy@z.net\n', ",", 1),
        ("id,Email,address\n1,yes,b@x.com\n2,no,c@x.com\n", ",", 2),
        ("id,email\n1,not-an-address\n2,neither\n", ",", 1),
        ("bob@x.com\nal@y.org\n", None, 0),
        ("bob@x.com", None, 0),
        ("E-Mail\nbob@x.com\n", None, 0),
        ("Bob Smith <bob@x.com>\nAl <al@y.org>\n", None, 1),
        ("please write to bob@x.com soon\nand to al@y.org, or call\n", None, 0),
        ('"bob@x.com"\n"al@y.org"\n', ",", 0),
        ("Bob^bob@x.com\nAl^al@y.org\n", "^", 1),
        ("bob@x.com~Bob\nal@y.org~Al\n", "~", 0),
        ("bob@x.com:Bob\nal@y.org:Al\n", ":", 0),
        ("mailto:bob@x.com\nmailto:al@y.org\n", None, 0),
        ("10:30,bob@x.com\n11:45,al@y.org\n", ",", 1),
        ("Betrag;E-Mail;Rabatt\n1.234,50;bob@x.com;0,5\n2,75;al@y.org;1,5\n", ";", 1),
    ],
)
def test_the_delimiter_and_the_column_are_those_that_give_addresses(
    text: str, delimiter: str | None, email_column: int
) -> None:
    dialect = understand(text)
    assert (dialect.delimiter, dialect.email_columns) == (delimiter, (email_column,))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a,b@c.de\n", Format.CSV), ("a;b@c.de\n", Format.CSV), ("a\tb@c.de\n", Format.TSV), ("b@c.de\n", Format.TEXT)],
)
def test_the_format_is_named_by_its_delimiter(text: str, expected: Format) -> None:
    assert understand(text).format is expected


def test_single_quotes_are_quotes_when_cells_stand_in_them() -> None:
    dialect = understand("'Smith, Bob','bob@x.com'\n'O, Al','al@y.org'\n")
    assert (dialect.delimiter, dialect.quote, dialect.email_columns) == (",", "'", (1,))


def test_whatever_was_found_says_how_sure_it_is_and_why() -> None:
    found = {
        finding.what: finding for finding in understand('name,email\n"Smith, Bob",bob@x.com\nAl,al@y.org\n').findings
    }
    assert list(found) == [trait for trait in Trait if trait is not Trait.SHEET]
    assert [finding.value for finding in found.values()] == ["csv", "utf-8", ",", '"', True, ("email",)]
    assert all(0.9 <= finding.confidence <= 1 and finding.evidence for finding in found.values())


def test_plain_text_has_neither_delimiter_nor_quote_to_find() -> None:
    found = [finding.what for finding in understand("bob@x.com\nal@y.org\n").findings]
    assert found == [Trait.FORMAT, Trait.ENCODING, Trait.HEADER, Trait.EMAIL_COLUMNS]


def test_the_user_says_what_parts_the_cells() -> None:
    text = "name email,x\nBob bob@x.com,1\nAl al@y.org,2\n"
    dialect = understand(text.replace(" ", "#"), ReadingOptions(delimiter="#", email_columns=(2,)))
    assert (dialect.delimiter, dialect.column_names) == ("#", ("name", "email,x"))
    assert finding(dialect, Trait.DELIMITER) == Finding(Trait.DELIMITER, "#", 1.0, AS_ASKED)


@pytest.mark.parametrize(
    ("asked", "written", "read"),
    [
        ("latin-1", "iso8859-1", "iso8859-1"),
        ("UTF-8", "utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16", "utf-16"),
        ("utf-16-le", "utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le", "utf-16-le"),
        ("mac-roman", "mac-roman", "mac-roman"),
    ],
)
def test_the_user_says_which_encoding_it_is(asked: str, written: str, read: str) -> None:
    dialect = understand("name,email\nJos\xe9,jose@x.com\n".encode(written), ReadingOptions(encoding=asked))
    assert (dialect.encoding, dialect.column_names) == (read, ("name", "email"))
    assert finding(dialect, Trait.ENCODING).evidence == AS_ASKED


@pytest.mark.parametrize("asked", ["utf-8", "utf-16", "ascii", "klingon"])
def test_an_encoding_in_which_the_file_is_not_written_is_refused(asked: str) -> None:
    sample = "name,email\nJos\xe9 \xe0 \xfc,jose@x.com\n".encode("cp1252")
    error = refusal(sample, ReadingOptions(encoding=asked))
    assert error.code == "wrong_encoding"
    assert asked in error.message


def test_an_apostrophe_is_no_quote() -> None:
    assert understand("O'Brien,o'brien@x.com\nD'Arcy,d'arcy@y.org\n").quote == '"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("email\nbob@x.com\n", True),
        ("Subscribers\nbob@x.com\n", True),
        ("Nachname;Anschrift\nSmith;bob@x.com\n", True),
        ("bob@x.com\nal@y.org\n", False),
        ("bob.x.com\nal@y.org\n", False),
        ("Bob,,Paris\nAl,al@y.org,Rome\n", False),
        ("Bob,n/a,Paris\nAl,al@y.org,Rome\n", False),
        ("1,Bob,unsure\n2,Al,al@y.org\n", False),
        ("name,other@x.com,email\nBob,b@x.com,al@y.org\n", False),
    ],
)
def test_a_first_row_is_a_header_only_if_it_says_so(text: str, expected: bool) -> None:
    assert understand(text).has_header is expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("id, name ,email\n1,Bob,b@x.com\n", ("id", "name", "email")),
        ("email,tag,tag\nb@x.com,1,2\n", ("email", "tag", "tag")),
        ("email,,city\nb@x.com,1,2\n", ("email", "column_2", "city")),
        ("email,city\nb@x.com,1,2\nc@x.com,3,4\nd@x.com,5,6\n", ("email", "city", "column_3")),
        ("b@x.com,1\nc@x.com,2\n", ("column_1", "column_2")),
        ("b@x.com\n", ("column_1",)),
    ],
)
def test_columns_keep_their_names_and_get_one_where_they_have_none(text: str, names: tuple[str, ...]) -> None:
    assert understand(text).column_names == names


LATIN = "name,email\nJosé García,jose@x.com\nJürgen Müller,jm@x.com\nFrançois,f@x.com\n"


@pytest.mark.parametrize(
    ("sample", "encoding"),
    [
        (b"email\na@b.com\n", "utf-8"),
        (LATIN.encode(), "utf-8"),
        (LATIN.encode("utf-8-sig"), "utf-8-sig"),
        (LATIN.encode("utf-16"), "utf-16"),
        (LATIN.encode("utf-32"), "utf-32"),
        (LATIN.encode("utf-16-le"), "utf-16-le"),
        (LATIN.encode("utf-16-be"), "utf-16-be"),
        ("email,name\nada@b.example,Āda\n".encode("utf-16-le"), "utf-16-le"),
        ("email,name\nada@b.example,ĀĀĀĀ\n".encode("utf-16-be"), "utf-16-be"),
        (LATIN.encode("utf-32-le"), "utf-32-le"),
        (LATIN.encode("utf-32-be"), "utf-32-be"),
        (LATIN.encode("cp1252"), "cp1252"),
        ("имя,email\nИван Петров,i@x.com\nМария Иванова,m@x.com\nАлексей,a@x.com\n".encode("cp1251"), "cp1251"),
        ("имя,email\nИван Петров,i@x.com\nМария Иванова,m@x.com\nАлексей,a@x.com\n".encode("koi8_r"), "koi8_r"),
        ("名前,email\n山田太郎,y@x.com\n鈴木花子,s@x.com\n東京都,t@x.com\n".encode("cp932"), "cp932"),
        ("name,email\nŁukasz Żółć,l@x.com\nŚwiętosław,s@x.com\nŹdźbło,z@x.com\n".encode("cp1250"), "cp1250"),
    ],
)
def test_the_encoding_is_told_from_the_bytes(sample: bytes, encoding: str) -> None:
    dialect = understand(sample)
    assert (dialect.encoding, dialect.column_names[dialect.email_columns[0]]) == (encoding, "email")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32"])
def test_a_sample_may_end_inside_a_character(encoding: str) -> None:
    whole = ("name,email\n" + "José Müller,jm@x.com\n" * 20).encode(encoding)
    for end in range(len(whole) - 12, len(whole)):
        assert understand(whole[:end], complete=False).encoding == encoding


def test_one_bad_byte_does_not_turn_utf8_into_something_else() -> None:
    sample = ("name,email\n" + "José Müller,jm@x.com\n" * 20).encode() + b"\xff,b@x.com\n"
    assert understand(sample).encoding == "utf-8"


def test_a_few_nuls_are_still_text() -> None:
    assert understand(b"id,email\n1,bob@x.com\n2,al\0@y.org\n3,cy@z.net\n").email_columns == (1,)


def zipped(*names: bytes) -> bytes:
    return b"".join(b"PK\x03\x04" + bytes(26) + name for name in names)


@pytest.mark.parametrize(
    "text",
    [
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><table>\n<tr><td>ann@example.com</td></tr></table>',
        "\n<!-- made by a program -->\n<TABLE>\n<tr><td>ann@example.com</td></tr></TABLE>",
        '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook><Data>ann@example.com</Data>',
        "<!DOCTYPE html><p>ann@example.com</p>",
    ],
)
def test_a_web_page_in_the_place_of_a_workbook_is_refused(text: str) -> None:
    assert refusal(text.encode()).code == "markup_file"


@pytest.mark.parametrize(
    "text", ["<html@example.com>\n<ann@example.com>\n", "<table.one@example.com>\n", "<xml>,a@b.example\n"]
)
def test_angle_brackets_alone_are_no_web_page(text: str) -> None:
    assert understand(text).email_columns


@pytest.mark.parametrize(
    ("sample", "format_"),
    [
        (zipped(b"[Content_Types].xml", b"xl/workbook.xml"), Format.XLSX),
        (zipped(b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), Format.ODS),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), Format.XLS),
        (zipped(b"[Content_Types].xml", b"word/document.xml"), None),
        (zipped(b"book.xlsx", b"[Content_Types].xml", b"xl/workbook.xml"), None),
        (b"email\nann@example.com\n", None),
    ],
)
def test_a_workbook_is_known_by_how_it_begins(sample: bytes, format_: Format | None) -> None:
    assert workbook_format(sample) is format_


@pytest.mark.parametrize(
    ("sample", "looks_like"),
    [
        (zipped(b"[Content_Types].xml", b"word/document.xml"), "a Word document (.docx)"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\x7fELF\x02\x01", "a program"),
        (bytes(1000), "a binary file"),
        (bytes(range(256)) * 10, "a binary file"),
        (random.Random(1).randbytes(5000), "a binary file"),
        (b"\xff\xfe" + bytes([1, 0, 2, 0, 3, 0]) * 100, "a binary file"),
    ],
)
def test_a_file_that_is_no_text_is_refused_by_its_name(sample: bytes, looks_like: str) -> None:
    error = refusal(sample)
    assert error.code == "binary_file"
    assert looks_like in error.message


def test_a_list_may_begin_with_the_letters_of_a_signature() -> None:
    assert understand("MZ,email\nBob,bob@x.com\n").column_names == ("MZ", "email")


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (b"\xff\xfe", "empty_file"),
        (b"\n \r\n\t\n", "no_readable_row"),
        (b"email,name\n", "no_readable_row"),
        (b"E-Mail", "no_readable_row"),
        (b"x" * 2**21, "line_too_long"),
        (b"email\n" + b"x" * 2**21, "no_readable_row"),
        (b"name,city\nBob,Paris\nAl,Rome\n", "no_email_column"),
        (b"just some words\nand some more\n", "no_email_column"),
        (b"name,handle\nBob,@bob\nAl,@al\n", "no_email_column"),
        (b"email\n" + b"\x81\x8d\x8f\x90\x9d" * 20, "unreadable_encoding"),
        (random.Random(1).randbytes(3000).translate(bytes(byte | 0x80 for byte in range(256))), "unreadable_encoding"),
        (("email,name\nbob@x.com,Bob Smith\n" * 20).encode("cp037"), "unreadable_encoding"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_code(sample: bytes, code: str) -> None:
    assert refusal(sample).code == code


def test_a_refusal_for_want_of_an_email_column_names_the_columns() -> None:
    assert refusal("name,city\nBob,Paris\n").message.endswith("The first row reads: 'name', 'city'.")


def test_a_refusal_names_no_more_columns_than_can_be_read() -> None:
    message = refusal(",".join(f"{'c' * 100}{number}" for number in range(5000))).message
    assert message.endswith(", ....")
    assert len(message) < 600


def test_a_header_is_enough_when_the_rows_lie_behind_the_sample() -> None:
    dialect = understand("id,email\n1,aaaaaa", complete=False)
    assert (dialect.has_header, dialect.email_columns) == (True, (1,))


def test_a_first_row_too_long_to_be_read_does_not_hide_the_others() -> None:
    dialect = understand("x" * (2**20 + 1) + "\nname,email\nBob,bob@x.com\n")
    assert (dialect.delimiter, dialect.email_columns) == (",", (1,))


def test_one_row_of_a_thousand_cells_names_no_columns() -> None:
    assert understand("id,email\n1,a@b.com" + "," * 1000).column_names == ("id", "email")


def test_a_doubtful_reading_has_less_confidence_and_says_why() -> None:
    sure = understand("id,email\n1,a@b.com\n2,c@d.com\n")
    doubtful = understand("id,email\n1,a@b.com\n2,c\n3,d,e,f\n4,g\n")
    assert finding(sure, Trait.EMAIL_COLUMNS).confidence == 1.0
    assert finding(doubtful, Trait.EMAIL_COLUMNS).confidence < 0.6
    assert "25% of 'email'" in finding(doubtful, Trait.EMAIL_COLUMNS).evidence


def test_ten_thousand_columns_are_read() -> None:
    names = [f"c{number}" for number in range(9_999)]
    text = "\n".join([",".join([*names, "email"]), ",".join([*map(str, range(9_999)), "a@b.com"])])
    assert understand(text).email_columns == (9_999,)


def test_a_row_too_wide_to_be_read_names_no_columns() -> None:
    dialect = understand("c," * 20_000 + "\nname,email\nBob,bob@x.com\n")
    assert (dialect.column_names, dialect.has_header) == (("name", "email"), True)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_file_of_rows_too_wide_to_be_read_is_refused(delimiter: str) -> None:
    row = delimiter.join(["a@b.com", *["x"] * 20_000])
    error = refusal("\n".join([row] * 3))
    assert (error.code, "16384 columns" in error.message) == ("too_many_columns", True)


def test_titles_may_outnumber_the_rows_of_a_short_list() -> None:
    dialect = understand("Acme\nContacts\nof 2026\n\nname,email\nBob,bob@x.com\n")
    assert (dialect.delimiter, dialect.skipped_rows, dialect.column_names) == (",", 3, ("name", "email"))


def test_a_wide_cell_does_not_make_a_wide_row() -> None:
    vectors = ["0,1" * 9_000, "1,0" * 9_000]
    text = "\n".join(["email;vector", f"a@b.com;{vectors[0]}", f"c@d.com;{vectors[1]}"])
    assert understand(text).delimiter == ";"


def test_a_delimiter_that_makes_rows_too_wide_is_refused() -> None:
    text = "\n".join(["a@b.com" + "x " * 20_000] * 3)
    assert refusal(text, ReadingOptions(delimiter=" ")).code == "too_many_columns"


@given(st.binary(max_size=200) | st.text(st.sampled_from("ab@.,;\t|\"'\n\r\0é")).map(str.encode), st.booleans())
def test_any_bytes_are_understood_or_refused_with_a_named_error(sample: bytes, complete: bool) -> None:
    with suppress(PermanentError):
        dialect = detect(sample, ReadingOptions(), complete=complete)
        assert all(0 <= column < len(dialect.column_names) for column in dialect.email_columns)
        assert all(0 <= finding.confidence <= 1 for finding in dialect.findings)


@given(
    st.binary(max_size=200) | st.text(st.sampled_from("ab@.,;\t|\"'\n\r\0é")).map(str.encode),
    st.sampled_from(sorted(CODECS)),
    st.sampled_from([None, ";", "@", "a", " "]),
    st.sampled_from([None, True, False]),
)
def test_any_bytes_are_read_as_asked_or_refused_with_a_named_error(
    sample: bytes, encoding: str, delimiter: str | None, has_header: bool | None
) -> None:
    options = ReadingOptions(encoding=encoding, delimiter=delimiter, has_header=has_header, email_columns=(1,))
    with suppress(PermanentError):
        dialect = detect(sample, options, complete=True)
        # What follows the sample may be anything.
        for row in DelimitedTable(io.BytesIO(sample + sample[::-1]), dialect):
            assert row.row_number >= 1


def test_random_bytes_never_pass_for_a_list() -> None:
    assert refusal(os.urandom(100_000)).code == "binary_file"
