"""What PostgreSQL understands when it reads lines of COPY."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A row of "uploadEmails", in the order in which it is loaded."""

    upload_id: str
    sequence_number: int
    row_number: int
    column_index: int
    email_address: str | None
    normalized_address: str | None
    domain: str | None
    is_valid_format: bool
    format_error: str | None
    duplicate_of: int | None
    columns: list[str | None]


def read_entries(lines: str) -> list[Entry]:
    return [read_entry(f"{line}\n") for line in lines.split("\n")[:-1]]


def read_entry(line: str) -> Entry:
    upload_id, number, row_number, column, email, normalized, domain, valid, fault, first, columns = decode_line(line)
    return Entry(
        upload_id=upload_id or "",
        sequence_number=int(number or ""),
        row_number=int(row_number or ""),
        column_index=int(column or ""),
        email_address=email,
        normalized_address=normalized,
        domain=domain,
        is_valid_format={"t": True, "f": False}[valid or ""],
        format_error=fault,
        duplicate_of=None if first is None else int(first),
        columns=decode_array(columns or ""),
    )


def decode_line(line: str) -> list[str | None]:
    """Read one line as COPY FROM does: split at tabs, then take the backslashes away."""
    assert line.endswith("\n")
    body = line[:-1]
    assert "\n" not in body
    assert "\r" not in body
    return [None if cell == r"\N" else unescape(cell) for cell in body.split("\t")]


def unescape(cell: str) -> str:
    out = []
    characters = iter(cell)
    for character in characters:
        if character == "\\":
            following = next(characters)
            out.append({"t": "\t", "n": "\n", "r": "\r"}.get(following, following))
        else:
            out.append(character)
    return "".join(out)


def decode_array(literal: str) -> list[str | None]:
    """Read a text[] literal as array_in does."""
    assert literal[0] == "{"
    assert literal[-1] == "}"
    elements: list[str | None] = []
    at = 1
    while at < len(literal) - 1:
        if literal[at] == '"':
            at += 1
            element = []
            while literal[at] != '"':
                at += literal[at] == "\\"
                element.append(literal[at])
                at += 1
            elements.append("".join(element))
            at += 1
        else:
            end = at + len("NULL")
            assert literal[at:end] == "NULL"
            elements.append(None)
            at = end
        assert literal[at] in ",}"
        at += 1
    return elements
