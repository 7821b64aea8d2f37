"""How a list is to be read, as it is said on the command line."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from mailsift.api.schemas.reading import Reading
from mailsift.shared.reading import ReadingOptions
from mailsift.standalone.errors import InputError

_OPTIONS = {
    "mapping": "--map",
    "hasHeader": "--header",
    "delimiter": "--delimiter",
    "encoding": "--encoding",
    "sheet": "--sheet",
    "emailColumns": "--email-column",
    "keepColumns": "--keep-column",
}


@dataclass(frozen=True, slots=True)
class Words:
    """The options of a command, as they were typed."""

    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    sheet: str | None = None
    email_columns: Sequence[str] = ()
    keep_columns: Sequence[str] = ()
    mapping: Sequence[str] = ()
    """NAME=WORD each."""


def read_words(words: Words) -> ReadingOptions:
    """Take the options of a command for what they mean. Raises InputError."""
    said = {
        "mapping": dict(map(_pair, words.mapping)) or None,
        "hasHeader": words.header,
        "delimiter": words.delimiter,
        "encoding": words.encoding,
        "sheet": words.sheet,
        "emailColumns": list(words.email_columns) or None,
        "keepColumns": list(words.keep_columns) or None,
    }
    try:
        return Reading.model_validate(said).options()
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        message = fault["msg"].removeprefix("Value error, ")
        raise InputError("invalid_option", f"{_OPTIONS[str(fault['loc'][0])]}: {message}") from error


def as_arguments(options: ReadingOptions) -> str:
    """Write them as one would type them."""
    return shlex.join(_arguments(options))


def _arguments(options: ReadingOptions) -> Iterator[str]:
    if options.has_header is not None:
        yield "--header" if options.has_header else "--no-header"
    for name, value in (
        ("--delimiter", options.delimiter),
        ("--encoding", options.encoding),
        ("--sheet", options.sheet),
    ):
        if value is not None:
            yield from (name, "tab" if value == "\t" else value)
    for name, columns in (("--email-column", options.email_columns), ("--keep-column", options.keep_columns or ())):
        for column in columns:
            yield from (name, str(column))
    for column, word in options.mapping.items():
        yield from ("--map", f"{column}={word}")


def _pair(text: str) -> tuple[str, str]:
    # A name may hold an equals sign, a word for it hardly ever does.
    column, _, word = text.rpartition("=")
    if not column or not word:
        raise InputError("invalid_option", f"--map: {text!r} does not read NAME=WORD, as in --map Mail=email")
    return column, word
