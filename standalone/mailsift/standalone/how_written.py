"""The options that say how the answers are written, and what they mean together with the name of the output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import click

from mailsift.shared.selection import FilterOption, RowOrder, Selection
from mailsift.shared.verdicts import Compression, FileType, Formulas
from mailsift.shared.writing import WritingOptions
from mailsift.standalone.errors import InputError

_BY_SUFFIX: Final = {**{f".{each.value}": each for each in FileType}, ".ndjson": FileType.JSONL}
_GZIP: Final = ".gz"

_OPTIONS: Final = (
    click.option(
        "--format",
        "format_name",
        type=click.Choice([each.value for each in FileType]),
        help="What to write. [by OUT's name, else csv]",
    ),
    click.option("--gzip", is_flag=True, help="Pack it. [when OUT's name ends in .gz]"),
    click.option("--bom", is_flag=True, help="Begin CSV or TSV with the mark by which Excel knows UTF-8."),
    click.option(
        "--keep-formulas",
        is_flag=True,
        help="Leave cells of CSV or TSV alone that a spreadsheet would run as formulas.",
    ),
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="NAME",
        help="A column to write, your own or mailsift_status and so on; once for each, in this order. [all]",
    ),
    click.option("--rename", multiple=True, metavar="NAME=NEW", help="Another name for a column; once for each."),
    click.option(
        "--only",
        type=click.Choice([each.value for each in FilterOption if each is not FilterOption.ALL]),
        help="Only these rows: valid ones, those with 70 points and more besides, or all but those. [all]",
    ),
    click.option(
        "--sort",
        type=click.Choice([each.value for each in RowOrder]),
        help="In the order of the list, or by score, the lowest or (with -) the highest first. [row]",
    ),
)
_Command = TypeVar("_Command", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class HowWritten:
    """What was said of how the answers are to be written."""

    format_name: str | None = None
    gzip: bool = False
    bom: bool = False
    keep_formulas: bool = False
    only: str | None = None
    sort: str | None = None
    columns: Sequence[str] = ()
    rename: Sequence[str] = ()
    """NAME=NEW each."""

    @property
    def selection(self) -> Selection:
        """Which rows, and in which order."""
        option = FilterOption(self.only or FilterOption.ALL)
        return Selection(filter_option=option, order=RowOrder(self.sort or RowOrder.ROW))

    @property
    def some(self) -> str:
        """What the name of the output says of the rows that it has."""
        return "" if self.only is None else f"-{self.only}"

    def file_type(self, out: Path | None) -> FileType:
        """The format that was named, or that the output's name tells."""
        if self.format_name is not None:
            return FileType(self.format_name)
        suffixes = [] if out is None else [suffix.lower() for suffix in out.suffixes if suffix.lower() != _GZIP]
        return _BY_SUFFIX.get(suffixes[-1], FileType.CSV) if suffixes else FileType.CSV

    def writing(self, out: Path | None) -> WritingOptions:
        """What was said besides."""
        packed = self.gzip or (out is not None and out.suffix.lower() == _GZIP)
        return WritingOptions(
            Compression.GZIP if packed else Compression.NONE,
            Formulas.KEEP if self.keep_formulas else Formulas.NEUTRALISE,
            self.bom,
            tuple(self.columns),
            dict(map(_pair, self.rename)),
        )


def _pair(text: str) -> tuple[str, str]:
    # A new name hardly ever holds an equals sign.
    name, _, new = text.rpartition("=")
    if not name or not new:
        raise InputError(
            "invalid_option", f"--rename: {text!r} does not read NAME=NEW, as in --rename mailsift_status=Status"
        )
    return name, new


def how_to_write(command: _Command) -> _Command:
    """Give a command the options that say how the answers are written."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
