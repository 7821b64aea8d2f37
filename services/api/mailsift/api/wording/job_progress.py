"""How far a job is, in a few words."""

from __future__ import annotations

from mailsift.api.wording.languages import Language
from mailsift.api.wording.steps import STATES

_NAMES = {"processing": "running", "dead_letter": "failed"}


def progress_message(status: str, step: str | None, processed: int, total: int | None) -> str:
    """Say it: of a job at work the step and the count, of any other its state."""
    if status != "processing" or not step:
        return STATES[_NAMES.get(status, status)].say(Language.ENGLISH)
    words = step.replace("_", " ").capitalize()
    return f"{words}: {processed} of {total}" if total else words
