"""How a list is to be read: what may be said of it, in JSON or in the text of a query or a form."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from mailsift.api.schemas.base import Described, Given, Line, printable
from mailsift.shared.reading import ReadingOptions, find_codec

_MOST_COLUMNS: Final = 16_384  # of a sheet
_MOST_NAMED: Final = 1000
_LONGEST_NAME: Final = 1000
_DELIMITERS: Final = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    r"\t": "\t",
    "pipe": "|",
    "space": " ",
}
# They are part of addresses, quote cells or end lines.
_NO_DELIMITERS: Final = frozenset('"@.\r\n\0\ufeff')


def _columns(value: object) -> object:
    """Take names and numbers apart that come as text: a JSON array, or words, or digits, with commas between them."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return _json(value)
    return [word.strip() for word in value.split(",")]


def from_text(value: object) -> object:
    """Read what is nested: as it is in JSON, or as JSON in text."""
    return _json(value) if isinstance(value, str) else value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("is not JSON") from error


def true_or_false(value: object) -> object:
    """Read a flag, of JSON or of text, in no other words than these."""
    words = {"true": True, "false": False}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value in words:
        return words[value]
    raise ValueError("say true or false")


def _delimiter(value: object) -> object:
    if value is None or not isinstance(value, str):
        return value
    delimiter = _DELIMITERS.get(value.lower(), value)
    if len(delimiter) != 1 or delimiter.isalnum() or delimiter in _NO_DELIMITERS or "\ud800" <= delimiter <= "\udfff":
        words = ", ".join(word for word in _DELIMITERS if word.isalpha())
        raise ValueError(f"one character that stands between cells, or one of {words}")
    return delimiter


def _codec(name: str) -> str:
    codec = find_codec(name)
    if codec is None:
        raise ValueError("is no character set that lists are written in; say utf-8, windows-1252, utf-16 or the like")
    return codec


def _column(value: object) -> object:
    known = isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME
    if not known and (isinstance(value, bool | str) or not isinstance(value, int) or not 0 < value <= _MOST_COLUMNS):
        raise ValueError(f"name a column, or give its number, from 1 to {_MOST_COLUMNS}")
    return printable(value) if isinstance(value, str) else value


def _once(columns: list[str | int] | None) -> list[str | int] | None:
    if columns is not None and len(set(columns)) < len(columns):
        raise ValueError("names a column twice")
    return columns


_Name = Annotated[Line, StringConstraints(min_length=1, max_length=_LONGEST_NAME)]
_Column = Annotated[
    str | int,
    BeforeValidator(_column),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1, "maxLength": _LONGEST_NAME},
                {"type": "integer", "minimum": 1, "maximum": _MOST_COLUMNS},
            ]
        }
    ),
]
_Columns = Annotated[
    Annotated[list[_Column], Field(max_length=_MOST_NAMED), AfterValidator(_once)] | None, BeforeValidator(_columns)
]
_SomeColumns = Annotated[
    Annotated[list[_Column], Field(min_length=1, max_length=_MOST_NAMED), AfterValidator(_once)] | None,
    BeforeValidator(_columns),
]
ColumnMapping = Annotated[
    Annotated[dict[_Name, _Name], Field(max_length=_MOST_NAMED)] | None, BeforeValidator(from_text)
]


class Reading(Given):
    """How the list is to be read; whatever is left out is found out."""

    mapping: ColumnMapping = Field(
        default=None,
        description='what columns are: `{"Mail": "email"}` makes one an e-mail column, any other word is a new name '
        "for it; a column is named as in the header, or by its number in digits",
        examples=[{"Mail": "email", "Vorname": "first name"}],
    )
    has_header: Annotated[bool | None, BeforeValidator(true_or_false)] = Field(
        default=None, description="whether the first row names the columns"
    )
    delimiter: Annotated[str | None, BeforeValidator(_delimiter), Described(format="delimiter")] = Field(
        default=None,
        description="what stands between cells: one character, or `tab`, `comma`, `semicolon`, `pipe`, `space`",
    )
    encoding: (
        Annotated[Line, Field(max_length=100), AfterValidator(_codec), Described(format="character-set")] | None
    ) = Field(default=None, description="the character set, by any of its names", examples=["windows-1252"])
    sheet: Annotated[Line, Field(min_length=1, max_length=255)] | None = Field(
        default=None, description="the sheet of a workbook, by its name"
    )
    email_columns: _SomeColumns = Field(
        default=None,
        description="the columns with addresses, by name or by number from 1; in a query or a form with commas between "
        "them, or as a JSON array",
        examples=[["E-mail", 4]],
    )
    keep_columns: _Columns = Field(
        default=None,
        description="the columns to keep, said like `emailColumns`; those with addresses are kept in any case",
        examples=[["first name", "E-mail"]],
    )

    def options(self) -> ReadingOptions:
        """What was said, as ingest reads it."""
        kept = self.keep_columns
        return ReadingOptions(
            mapping=self.mapping or {},
            has_header=self.has_header,
            delimiter=self.delimiter,
            encoding=self.encoding,
            sheet=self.sheet,
            email_columns=tuple(self.email_columns or ()),
            keep_columns=None if kept is None else tuple(kept),
        )

    def corrected(self, before: ReadingOptions) -> ReadingOptions:
        """What was said before, with what is said now in its place; null takes a thing back."""
        said, now = before.to_json(), self.options().to_json()
        for name in self.model_fields_set & Reading.model_fields.keys():
            alias = str(Reading.model_fields[name].alias)
            said.pop(alias, None)
            if alias in now:
                said[alias] = now[alias]
        return ReadingOptions.from_json(said)
