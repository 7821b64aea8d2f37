"""Whether the first row names the columns, and what they are called; pure."""

from __future__ import annotations

import re
from typing import Final

from mailsift.ingest.detection.addresses import bears_address

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
_NOT_LETTERS: Final = re.compile(r"[\W_]+")
_LABEL: Final = re.compile(r"[^\W\d_][\w \-/#()&:]{0,59}")
_PLACEHOLDERS: Final = frozenset({"na", "none", "null", "nil", "unknown", "missing", "empty", "no", "noemail"})


def is_email_word(cell: str) -> bool:
    """Whether a column of this name holds e-mail addresses."""
    return email_word_weight(cell) > 0


def email_word_weight(cell: str) -> float:
    """1 for `email`, `E-Mail Address` and the like; a tenth where `mail` is only part of it (`Owner email`); else 0."""
    if len(cell) > 60 or bears_address(cell):
        return 0.0
    word = _letters(cell)
    if word in _EMAIL_WORDS:
        return 1.0
    return 0.1 if "mail" in word else 0.0


def has_header(rows: list[list[str]], email_column: int) -> bool:
    """Whether the first row is a header, given that the rows below have addresses in that column.

    When in doubt it is data: a header taken for data costs one odd row, data taken for a header is lost.
    """
    first = rows[0]
    cell = first[email_column].strip() if email_column < len(first) else ""
    if any(map(bears_address, first)):
        return False
    if is_email_word(cell):
        return True
    if not _LABEL.fullmatch(cell) or _letters(cell) in _PLACEHOLDERS:
        return False
    return not any(map(_is_number, first))


def name_columns(header: list[str], width: int) -> tuple[str, ...]:
    """The header's names, less the NULs that PostgreSQL has no place for, and made-up ones where it has none."""
    names = [cell.replace("\0", "").strip() for cell in header]
    names += [""] * (width - len(names))
    return tuple(name or f"column_{number}" for number, name in enumerate(names, start=1))


def _is_number(cell: str) -> bool:
    """A date or an amount too: digits, and no letter."""
    return any(map(str.isdigit, cell)) and not any(map(str.isalpha, cell))


def _letters(cell: str) -> str:
    return _NOT_LETTERS.sub("", cell).casefold()
