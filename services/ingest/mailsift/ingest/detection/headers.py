"""Whether the first row names the columns, and what they are called; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from mailsift.ingest.detection.addresses import bears_address, is_address
from mailsift.ingest.dialect import AS_ASKED
from mailsift.shared.answers import answer_prefix

MAX_ROWS_IN_FRONT: Final = 50
"""How far down a header is looked for."""

_EMAIL_WORDS: Final = frozenset(
    {
        *("email", "emails", "mail", "emailaddress", "emailaddresses", "mailaddress", "emailid", "useremail", "epost"),
        *("primaryemail", "workemail", "contactemail", "emailadresse", "mailadresse", "adresseemail", "adressemail"),
        *("courriel", "correo", "correoelectronico", "correoelectrónico", "indirizzoemail", "postaelettronica"),
        *(
            "メール",
            "メールアドレス",
            "邮箱",
            "电子邮件",
            "電子郵件",
            "이메일",
            "почта",
            "электроннаяпочта",
            "sähköposti",
        ),
    }
)
_MAX_SHOWN: Final = 40
# What is left of an address without its at-sign: `ann.hotmail.com` names no column, as `Gmail` may.
_MAIL_HOST: Final = re.compile(r"mail\.[a-z]{2,3}(?:\.[a-z]{2})?\s*$", re.IGNORECASE)
_NOT_LETTERS: Final = re.compile(r"[\W_]+")
_LABEL: Final = re.compile(r"[^\W\d_][\w \-/#()&:]{0,59}")
_PLACEHOLDERS: Final = frozenset({"na", "none", "null", "nil", "unknown", "missing", "empty", "no", "noemail"})


def is_email_word(cell: str) -> bool:
    """Whether a column of this name holds e-mail addresses."""
    return email_word_weight(cell) > 0


def email_word_weight(cell: str) -> float:
    """1 for `email`, `E-Mail Address` and the like; a tenth where `mail` is only part of it (`Owner email`); else 0."""
    if len(cell) > 60 or bears_address(cell) or answer_prefix(cell):
        return 0.0
    word = _letters(cell)
    if word in _EMAIL_WORDS:
        return 1.0
    return 0.1 if "mail" in word and not _MAIL_HOST.search(cell) else 0.0


@dataclass(frozen=True, slots=True)
class Header:
    """Where the data rows begin, and whether the row before them names the columns."""

    skipped_rows: int
    is_there: bool
    confidence: float
    evidence: str

    @property
    def rows(self) -> int:
        """How many rows are no data rows."""
        return self.skipped_rows + self.is_there


def find_header(rows: Sequence[list[str]], email_column: int, width: int) -> Header:
    """Whether a row names the columns, and which; `width` cells make a row a full one.

    When in doubt all is data: a header taken for data costs one odd row, data taken for a header is lost. So what
    stands above a header is left out only if nothing in the e-mail column up to there is an address.
    """
    front = _rows_in_front(rows, email_column)
    number = _naming_row(front, email_column, width)
    if number is not None:
        name = _cell(front[number], email_column).strip()[:_MAX_SHOWN]
        return Header(number, True, 1.0, f"{_row(number)} names {name!r}")
    number = next((number for number, row in enumerate(front) if _extent(row) >= width), 0)
    if front and _is_label_row(front[number], email_column):
        return Header(number, True, 0.8, f"{_row(number)} has neither addresses nor numbers")
    if not front:
        return Header(0, False, 1.0, "the first row holds an address")
    return Header(0, False, 0.7, "the first row does not look like names")


def asked_header(rows: Sequence[list[str]], email_column: int, width: int, *, has_header: bool) -> Header:
    """The header that the user says there is: the row that names the e-mail column, or the very first.

    Below the first address stand data rows: one may say `hotmail.com`, and name nothing.
    """
    number = _naming_row(_rows_in_front(rows, email_column), email_column, width) if has_header else None
    return Header(number or 0, has_header, 1.0, AS_ASKED)


def name_columns(header: Sequence[str], width: int) -> tuple[str, ...]:
    """The header's names, less the NULs that PostgreSQL has no place for, and made-up ones where it has none."""
    names = [cell.replace("\0", "").strip() for cell in header]
    names += [""] * (width - len(names))
    return tuple(name or f"column_{number}" for number, name in enumerate(names, start=1))


def _naming_row(front: Sequence[list[str]], email_column: int, width: int) -> int | None:
    """Which of the rows above the first address names the e-mail column; None if none does."""
    weights = [0.0 if any(map(bears_address, row)) else email_word_weight(_cell(row, email_column)) for row in front]
    if not any(weights):
        return None
    # A title may speak of mail as well, but it has not all the columns.
    return max(range(len(front)), key=lambda number: (weights[number], min(_extent(front[number]), width)))


def _rows_in_front(rows: Sequence[list[str]], email_column: int) -> Sequence[list[str]]:
    """The rows above the first whose e-mail cell is an address, or has one somewhere inside if none is one."""
    cells = [_cell(row, email_column) for row in rows]
    for test in (partial(is_address, whole_line=False), bears_address):
        first = next((number for number, cell in enumerate(cells) if test(cell)), None)
        if first is not None:
            return rows[: min(first, MAX_ROWS_IN_FRONT)]
    return rows[:MAX_ROWS_IN_FRONT]


def _is_label_row(row: list[str], email_column: int) -> bool:
    cell = _cell(row, email_column).strip()
    if any(map(bears_address, row)) or not _LABEL.fullmatch(cell) or _letters(cell) in _PLACEHOLDERS:
        return False
    return not any(map(_is_number, row))


def _row(number: int) -> str:
    return f"row {number + 1}" if number else "the first row"


def _cell(row: list[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def _extent(row: list[str]) -> int:
    """How many cells there are up to the last that is filled."""
    return next((len(row) - back for back, cell in enumerate(reversed(row)) if cell and not cell.isspace()), 0)


def _is_number(cell: str) -> bool:
    """A date or an amount too: digits, and no letter."""
    return any(map(str.isdigit, cell)) and not any(map(str.isalpha, cell))


def _letters(cell: str) -> str:
    return _NOT_LETTERS.sub("", cell).casefold()
