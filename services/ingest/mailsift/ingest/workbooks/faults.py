"""Why a workbook cannot be read: as the reading process says it, and as its user hears it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from mailsift.shared.errors import PermanentError

_SAVE_AS_CSV: Final = 'open it in a spreadsheet program, save the sheet with the addresses as CSV ("CSV UTF-8")'


class Fault(StrEnum):
    """What is wrong with a workbook."""

    NO_WORKBOOK = "no_workbook"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    NO_MEMORY = "no_memory"
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"
    BOMB = "bomb"


class Unreadable(Exception):
    """Raised in the reading process where it knows what is wrong."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


_REFUSALS: Final = {
    Fault.NO_WORKBOOK: (
        "binary_file",
        "The file is one of Office, but no workbook. Please upload the list itself, as CSV or as a workbook.",
    ),
    Fault.ENCRYPTED: (
        "workbook_encrypted",
        "The workbook is protected with a password. Please save a copy without the password and upload that.",
    ),
    Fault.DAMAGED: (
        "workbook_damaged",
        f"The workbook cannot be read: it is damaged, or not whole. Please {_SAVE_AS_CSV} and upload that.",
    ),
    Fault.NO_MEMORY: (
        "workbook_too_large",
        f"The workbook takes more memory than there is for one. Please {_SAVE_AS_CSV} and upload that.",
    ),
    Fault.TOO_LONG: (
        "workbook_too_large",
        f"The workbook takes too long to be read. Please {_SAVE_AS_CSV} and upload that.",
    ),
    Fault.TOO_LARGE: (
        "workbook_too_large",
        f"The workbook is larger than this server takes. Please {_SAVE_AS_CSV} and upload that.",
    ),
    Fault.BOMB: (
        "archive_bomb",
        f"The workbook unpacks to far more than its own size. Please {_SAVE_AS_CSV} and upload that.",
    ),
}


def refusal(fault: Fault) -> PermanentError:
    """The error that a job fails with."""
    return PermanentError(*_REFUSALS[fault])
