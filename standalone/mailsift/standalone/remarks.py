"""What there is to say about a list: what its warnings mean, and what to say when it was misunderstood."""

from __future__ import annotations

from typing import Final

from mailsift.api.schemas.uploads import Upload
from mailsift.shared.verdicts import UploadWarning

_REMEDIES: Final = {
    "no_email_column": "If one does, name it with --email-column.",
    "no_such_column": "See what mailsift preview finds.",
    "too_many_email_columns": "Name those that count with --email-column.",
    "no_readable_row": "If its first row is an address, say --no-header.",
    "no_such_sheet": "Name another with --sheet, or leave it out.",
    "wrong_encoding": "Name another with --encoding, or leave it out.",
}


def explain(warning: str, upload: Upload) -> str:
    """Say what a warning means for this list; one that is not known stays as it is."""
    if warning == UploadWarning.MOSTLY_DUPLICATES:
        return (
            f"more than half of the addresses repeat ({upload.duplicate_emails:,} of {upload.total_emails:,}); each is "
            "analysed once and answered in every row"
        )
    return warning


def with_remedy(code: str, message: str) -> str:
    """Add to what is wrong with a list what can be said about it on the command line."""
    remedy = _REMEDIES.get(code)
    return message if remedy is None else f"{message.rstrip('.')}. {remedy}"
