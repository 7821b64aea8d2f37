import pytest

from mailsift.ingest.rows import extract, extract_from_line


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("a@b.cd", "a@b.cd"),
        ("  a@b.cd\t", "a@b.cd"),
        ("Bob <a@b.cd>", "a@b.cd"),
        ('"Smith, Bob" < a@b.cd >', "a@b.cd"),
        ("<a@b.cd>", "a@b.cd"),
        ("Bob <Bobby> <a@b.cd>", "a@b.cd"),
        ("mailto:a@b.cd", "a@b.cd"),
        ("MAILTO:a@b.cd?subject=hello", "a@b.cd"),
        ("Bob <mailto:a@b.cd>", "a@b.cd"),
        ("a < b", "a < b"),
        ("no address", "no address"),
        ("call a@b.cd", "call a@b.cd"),
        (" ", ""),
    ],
)
def test_the_address_is_taken_out_of_a_cell(cell: str, address: str) -> None:
    assert extract(cell) == address


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("a@b.cd", "a@b.cd"),
        ("please call a@b.cd, or not", "a@b.cd"),
        ("1. (a@b.cd)", "a@b.cd"),
        ("Bob <a@b.cd> x@y.zz", "a@b.cd"),
        ("see mailto:a@b.cd now", "a@b.cd"),
        ('"bob smith"@b.cd', '"bob smith"@b.cd'),
        (r'"bob \" smith"@b.cd', r'"bob \" smith"@b.cd'),
        ('"bob smith" a@b.cd', "a@b.cd"),
        ('"bob smith"@b.cd, a@b.cd', 'smith"@b.cd'),
        ("nothing here", "nothing here"),
        ("", ""),
    ],
)
def test_the_address_is_taken_out_of_a_line(line: str, address: str) -> None:
    assert extract_from_line(line) == address
