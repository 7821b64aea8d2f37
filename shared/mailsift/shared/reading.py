"""What a user may say of a list that is otherwise found out from the list itself; pure."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

Column = str | int
"""A column by its name, or by its number from 1."""

EMAIL: Final = "email"
"""What a column is mapped to when it holds addresses."""

CODECS: Final = frozenset(
    {
        *("ascii", "utf-8", "utf-8-sig"),
        *("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"),
        *(f"iso8859-{part}" for part in range(1, 17) if part != 12),
        *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
        *("cp437", "cp737", "cp775", "cp850", "cp852", "cp855", "cp857", "cp858", "cp866", "cp874"),
        *("koi8-r", "koi8-u", "mac-roman", "mac-latin2", "mac-cyrillic", "mac-greek", "mac-turkish", "mac-iceland"),
        *("cp932", "shift_jis", "euc_jp", "iso2022_jp", "cp949", "euc_kr", "gb2312", "gbk", "gb18030", "big5", "cp950"),
    }
)
"""The codecs that lists are written in. Python knows others that are no character sets, or fail half way in ways of
their own (`idna`, `unicode_escape`, `undefined`)."""


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How a list is to be read; whatever is left out is found out."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    """By the name of a column, or its number in digits: EMAIL, or the name that it shall have."""
    has_header: bool | None = None
    delimiter: str | None = None
    """One character."""
    encoding: str | None = None
    """A name that `find_codec` knows."""
    sheet: str | None = None
    """Of a workbook."""
    email_columns: tuple[Column, ...] = ()
    keep_columns: tuple[Column, ...] | None = None
    """None keeps all; columns with addresses are kept whatever it says."""

    def to_json(self) -> dict[str, Any]:
        """Give it the shape of the column `reading`, which holds no more than was said."""
        said = {
            "mapping": dict(self.mapping) or None,
            "hasHeader": self.has_header,
            "delimiter": self.delimiter,
            "encoding": self.encoding,
            "sheet": self.sheet,
            "emailColumns": list(self.email_columns) or None,
            "keepColumns": None if self.keep_columns is None else list(self.keep_columns),
        }
        return {name: value for name, value in said.items() if value is not None}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read it back."""
        kept = stored.get("keepColumns")
        return cls(
            mapping=stored.get("mapping", {}),
            has_header=stored.get("hasHeader"),
            delimiter=stored.get("delimiter"),
            encoding=stored.get("encoding"),
            sheet=stored.get("sheet"),
            email_columns=tuple(stored.get("emailColumns", ())),
            keep_columns=None if kept is None else tuple(kept),
        )


def find_codec(name: str) -> str | None:
    """Python's name for an encoding by any of its names; None for what is no character set of lists."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return found if found in CODECS else None
