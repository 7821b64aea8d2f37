import json

import pytest

from mailsift.ingest.detection import detect
from mailsift.ingest.dialect import Dialect, Format
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions

PEOPLE = [{"name": "Ann", "mail": "ann@b.cd", "n": 1}, {"name": "Al", "mail": "al@b.cd", "tags": ["x"]}]


NOTHING = ReadingOptions()


def understand(text: str | bytes, options: ReadingOptions = NOTHING, *, complete: bool = True) -> Dialect:
    return detect(text.encode() if isinstance(text, str) else text, options, complete=complete)


def refusal(text: str, options: ReadingOptions = NOTHING) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        understand(text, options)
    return caught.value


def lines(*values: object) -> str:
    return "\n".join(map(json.dumps, values))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_array_of_objects_is_known_with_its_keys_for_columns(indent: int | None, encoding: str) -> None:
    dialect = understand(json.dumps(PEOPLE, indent=indent).encode(encoding))
    assert (dialect.format, dialect.encoding, dialect.has_header) == (Format.JSON, encoding, False)
    assert (dialect.column_names, dialect.email_columns) == (("name", "mail", "n", "tags"), (1,))


def test_an_array_of_arrays_may_have_a_header() -> None:
    dialect = understand('[["who", "e-mail"], ["Ann", "ann@b.cd"], ["Al", "al@b.cd"]]')
    assert (dialect.format, dialect.has_header, dialect.column_names) == (Format.JSON, True, ("who", "e-mail"))
    assert not understand('[["Ann", "ann@b.cd"], ["Al", "al@b.cd"]]').has_header


def test_an_array_of_addresses_is_one_column() -> None:
    dialect = understand('["ann@b.cd", "al@b.cd"]')
    assert (dialect.format, dialect.column_names, dialect.email_columns) == (Format.JSON, ("column_1",), (0,))


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"ok": True, "data": PEOPLE}, "data"),
        ({"owner": "me@b.cd", "data": PEOPLE[:1]}, "data"),
        ({"page": {"next": None, "items": PEOPLE}, "links": ["a"]}, "page.items"),
        ({"errors": [{"code": 1}], "people": PEOPLE}, "people"),
        ({"people": [], "emails": ["ann@b.cd", "al@b.cd"]}, "emails"),
        ({"mail": "ann@b.cd", "tags": ["x", "y"]}, None),
        ({"mail": "ann@b.cd", "friends": ["al@b.cd"]}, None),
    ],
)
def test_the_array_of_the_list_is_found_inside_of_objects(document: object, path: str | None) -> None:
    assert understand(json.dumps(document)).sheet == path


def test_the_array_may_be_named() -> None:
    document = json.dumps({"a": PEOPLE, "b": {"c": [{"email": "x@y.zz"}]}})
    assert understand(document, ReadingOptions(sheet="b.c")).column_names == ("email",)
    error = refusal(document, ReadingOptions(sheet="d"))
    assert (error.code, "'a', 'b.c'" in error.message) == ("no_such_sheet", True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (lines(*PEOPLE), Format.JSONL),
        (lines(PEOPLE[0]) + "\n\n" + lines(PEOPLE[1]), Format.JSONL),
        ('{"mail": "ann@b.cd"\n{"mail": "al@b.cd"}\n', Format.JSONL),
        (lines(["Ann", "ann@b.cd"], ["Al", "al@b.cd"]), Format.JSONL),
        (lines(PEOPLE[0]), Format.JSON),
        ("\n".join(json.dumps(person, indent=1) for person in PEOPLE), Format.JSON),
        ('[\n{"mail": "ann@b.cd"}\n]', Format.JSON),
        ('[\n["ann@b.cd"],\n["al@b.cd"]\n]', Format.JSON),
        ("{Ann} <ann@b.cd>\n{Al} <al@b.cd>\n", Format.MAILBOXES),
        ("[1] ann@b.cd\n[2] al@b.cd\n", Format.TEXT),
        ("[x],ann@b.cd\n[y],al@b.cd\n", Format.CSV),
    ],
)
def test_a_document_on_each_line_is_json_lines(text: str, expected: Format) -> None:
    assert understand(text).format is expected


def test_a_sample_may_end_anywhere_in_a_document() -> None:
    document = json.dumps({"n": 1, "data": PEOPLE * 3})
    for end in range(document.index("}") + 1, len(document)):
        assert understand(document[:end], complete=False).sheet == "data"


@pytest.mark.parametrize(
    "text", ['[{"mail": "a@b.cd"} {"mail": "b@b.cd"}]', '[{"mail": "a@b.cd"},', '{"mail": "a@b.cd",}', "[[" * 9999]
)
def test_what_begins_as_json_and_is_none_is_malformed(text: str) -> None:
    assert refusal(text).code == "malformed_json"


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"data": []}', "[[]]", '[{"name": "Ann"}]', '{"data": [{"name": "Ann"}]}']
)
def test_json_without_addresses_is_refused(text: str) -> None:
    assert refusal(text).code in {"no_readable_row", "no_email_column"}


def test_who_names_a_delimiter_gets_a_table() -> None:
    assert understand('["a@b.cd", "c@d.ef"]\n', ReadingOptions(delimiter=",")).format is Format.CSV


# --- mailboxes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'Ann <ann@b.cd>, "Smith, Al" <al@b.cd>; di@b.cd',
        "Ann <ann@b.cd>\nAl <al@b.cd>\n",
        '"Smith, Ann" <ann@b.cd>,\n"Smith, Al" <al@b.cd>,\n',
        "ann@b.cd, al@b.cd, di@b.cd",
        "ann@b.cd;al@b.cd;di@b.cd;\n",
        "ann@b.cd, al@b.cd,\n  di@b.cd\n",
        "To: ann@b.cd, Al <al@b.cd>",
        "<ann@b.cd>\n<al@b.cd>\n",
        ", ".join(f"user{number}@example.com" for number in range(5000)),
    ],
)
def test_lists_of_mailboxes_are_known(text: str) -> None:
    dialect = understand(text)
    assert (dialect.format, dialect.column_names, dialect.email_columns) == (
        Format.MAILBOXES,
        ("name", "address"),
        (1,),
    )


@pytest.mark.parametrize(
    "text",
    [
        "ann@b.cd\nal@b.cd\n",
        "ann@b.cd,al@b.cd\ncy@b.cd,di@b.cd\n",
        "email\nAnn <ann@b.cd>\nAl <al@b.cd>\n",
        "to,cc\nann@b.cd,al@b.cd\n",
        "Ann,ann@b.cd\nAl,al@b.cd\n",
        "1;Ann <ann@b.cd>;x\n2;Al <al@b.cd>;y\n",
        "Ann <ann@b.cd>\tOslo\nAl <al@b.cd>\tRome\n",
        "please write to ann@b.cd soon\nand to al@b.cd, or call\n",
        '"Ann <ann@b.cd>"\n"Al <al@b.cd>"\n',
        "ann@b.cd,\nal@b.cd,\n",
    ],
)
def test_tables_and_running_text_are_no_mailboxes(text: str) -> None:
    assert understand(text).format is not Format.MAILBOXES


def test_who_speaks_of_a_header_gets_a_table() -> None:
    assert understand("Ann <ann@b.cd>\nAl <al@b.cd>\n", ReadingOptions(has_header=False)).format is Format.TEXT


# --- lines without end ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize(
    ("line", "code"),
    [("x" * 2**21, "line_too_long"), ("x y" * 2**20, "line_too_long"), ("x@y.zz" * 2**19, "line_too_long"),
     (",".join(map(str, range(10**6))), "too_many_columns"), ("\n" + "name;" * 10**6, "too_many_columns")],
    ids=["letters", "words", "addresses", "numbers", "names"],
)  # fmt: skip
def test_one_line_without_end_is_refused(line: str, code: str, complete: bool) -> None:
    with pytest.raises(PermanentError) as caught:
        understand(line[: 4 * 2**20], complete=complete)
    assert caught.value.code == code


def test_megabytes_of_mailboxes_on_one_line_are_a_list() -> None:
    line = ", ".join(f"Ann {number} <user{number}@example.com>" for number in range(150_000))
    assert understand(line[: 4 * 2**20], complete=False).format is Format.MAILBOXES
