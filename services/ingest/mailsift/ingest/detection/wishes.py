"""What the user says of a list, held against what it is; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mailsift.ingest.detection.columns import MAX_EMAIL_COLUMNS
from mailsift.ingest.dialect import Format
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import EMAIL, Column, ReadingOptions

_MAX_NAMES_SHOWN: Final = 10
_MAX_NAME_SHOWN: Final = 40


_WORKBOOKS: Final = frozenset({Format.XLSX, Format.XLS, Format.ODS})
_WITH_SHEETS: Final = _WORKBOOKS | {Format.JSON}
"""In JSON each array may be a list."""

_DELIMITED: Final = frozenset({Format.CSV, Format.TSV})


def refuse_unfitting(options: ReadingOptions, format_: Format) -> None:
    """Refuse what was said though it means nothing in a format.

    Raises PermanentError: `no_such_sheet` or `unfitting_option`.
    """
    if options.sheet is not None and format_ not in _WITH_SHEETS:
        raise PermanentError("no_such_sheet", f"The file is {format_.value}, which has no sheets; leave `sheet` out.")
    for name, value, fits in (
        ("delimiter", options.delimiter, format_ in _DELIMITED),
        ("encoding", options.encoding, format_ not in _WORKBOOKS),
    ):
        if value is not None and not fits:
            raise PermanentError("unfitting_option", f"The file is {format_.value}: leave `{name}` out, it has none.")


class Wishes:
    """The options that speak of columns. Every method raises PermanentError `no_such_column`."""

    def __init__(self, options: ReadingOptions, names: Sequence[str]) -> None:
        self._options = options
        self._names = names
        self._numbers = {name.casefold(): column for column, name in reversed(list(enumerate(names)))}

    @property
    def email_columns(self) -> tuple[int, ...]:
        """Those that hold addresses; none if nothing was said. Raises `too_many_email_columns`, too."""
        mapped = (column for column, meaning in self._options.mapping.items() if meaning == EMAIL)
        asked = sorted({self._find(column) for column in (*self._options.email_columns, *mapped)})
        if len(asked) > MAX_EMAIL_COLUMNS:
            raise PermanentError(
                "too_many_email_columns", f"A list can have {MAX_EMAIL_COLUMNS} e-mail columns; please name no more."
            )
        return tuple(asked)

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns shall be called."""
        wished = {self._find(column): name for column, name in self._options.mapping.items() if name != EMAIL}
        return tuple(wished.get(column, name) for column, name in enumerate(self._names))

    def kept_columns(self, email_columns: Sequence[int]) -> tuple[int, ...] | None:
        """Those that are kept, the ones with addresses in any case; None for all."""
        if self._options.keep_columns is None:
            return None
        return tuple(sorted({*email_columns, *map(self._find, self._options.keep_columns)}))

    def _find(self, column: Column) -> int:
        """The first column of a name, or the one with this number; a name in digits may be a number."""
        if isinstance(column, str):
            found = self._numbers.get(column.strip().casefold())
            if found is not None:
                return found
        number = int(column) if isinstance(column, int) or (column.isascii() and column.isdigit()) else 0
        if not 1 <= number <= len(self._names):
            raise PermanentError(
                "no_such_column", f"The file has no column {column!r}. Its columns are: {shown(self._names)}."
            )
        return number - 1


def shown(names: Sequence[str]) -> str:
    """Name some columns to the user."""
    some = ", ".join(repr(name.strip()[:_MAX_NAME_SHOWN]) for name in names[:_MAX_NAMES_SHOWN])
    return some + (", ..." if len(names) > _MAX_NAMES_SHOWN else "")
