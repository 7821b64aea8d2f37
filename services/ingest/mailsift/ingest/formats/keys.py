"""Decoded JSON as cells: the keys of objects are columns, in the order in which they come up; pure."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from mailsift.ingest.rows import MAX_COLUMNS
from mailsift.shared.errors import PermanentError

_MAX_NAME_LENGTH: Final = 1000

# A file of rows that each have one late column only would grow a thousandfold: so many empty cells are given away, and
# beyond them one for each character of the file.
_FREE_CELLS: Final = 10_000_000

_STRINGS: Final = {str}
_NESTED: Final = frozenset({dict, list})
_CONSTANTS: Final = {None: "", True: "true", False: "false"}
_NO_TEXT: Final = re.compile("[\ud800-\udfff]")
_ESCAPE: Final = r"\u"
"""Only what is written with it can need to be cleaned."""


class Keys:
    """The columns of a list of objects."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._filled_in = 0

    @property
    def names(self) -> tuple[str, ...]:
        """In order, those met so far."""
        return tuple(map(clean, self._places))

    def cells(self, value: Any, source: str) -> list[str] | None:
        """The cells of one row, given the text it was decoded from; None if it has too many of them."""
        if isinstance(value, dict):
            return self._cells(value, source)
        if isinstance(value, list):
            return _texts(value, source) if len(value) <= MAX_COLUMNS else None
        return [_text(value)]

    def _cells(self, record: dict[str, Any], source: str) -> list[str] | None:
        places = self._places
        if not record.keys() <= places.keys() and not self._add(record):
            return None
        texts = _texts(list(record.values()), source)
        if len(texts) == len(places) and all(map(str.__eq__, record, places)):
            return texts
        found = dict(zip(map(places.__getitem__, record), texts, strict=True))
        cells = [found.get(place, "") for place in range(1 + max(found, default=-1))]
        self._count(len(cells) - len(found) - len(source))
        return cells

    def _add(self, record: dict[str, Any]) -> bool:
        new = [key for key in record if key not in self._places]
        if len(self._places) + len(new) > MAX_COLUMNS or any(len(key) > _MAX_NAME_LENGTH for key in new):
            return False
        for key in new:
            self._places[key] = len(self._places)
        return True

    def _count(self, filled_in: int) -> None:
        self._filled_in += max(0, filled_in)
        if self._filled_in > _FREE_CELLS:
            raise PermanentError(
                "too_many_columns",
                "The objects of the file have too little in common to make a table: they name "
                f"{len(self._places):,} columns, and most are empty in most rows.",
            )


def clean(text: str) -> str:
    r"""Text without what the database has no place for: NUL and halves of characters, in JSON `\u0000` and `\ud800`."""
    if text.isascii():
        return text.replace("\0", "") if "\0" in text else text
    return _NO_TEXT.sub("\ufffd", text).replace("\0", "")


def _texts(values: list[Any], source: str) -> list[str]:
    """Each value as text; one that is nested as compact JSON."""
    types = set(map(type, values))
    if types == _STRINGS and _ESCAPE not in source:
        return values
    if not types.isdisjoint(_NESTED):
        return list(map(_nested_text, values, _decode_plainly(source)))
    return list(map(_text, values))


def _text(value: Any) -> str:
    return clean(value) if isinstance(value, str) else _CONSTANTS[value]


def _nested_text(value: Any, plain: Any) -> str:
    if type(value) not in _NESTED:
        return _text(value)
    return clean(json.dumps(plain, ensure_ascii=False, separators=(",", ":")))


def _decode_plainly(source: str) -> list[Any]:
    """The values of an object or array with numbers as numbers, which nested ones are written again from."""
    found = json.loads(source, parse_int=_integer, strict=False)
    return list(found.values()) if isinstance(found, dict) else list(found)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < 1000 else digits
