"""The named ways in which work ends early; whether it may be tried again is the type."""

from __future__ import annotations


class MailsiftError(Exception):
    """An error with a stable code for programs and a message that tells a person what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class PermanentError(MailsiftError):
    """The input is at fault: the job ends `failed` with this code and is never tried again."""


class TransientError(MailsiftError):
    """Something outside failed for now: the job is tried again until its retries are used up."""


class LeaseLost(Exception):
    """Another worker owns the job now; whatever this one was about to write must not land."""


class JobCancelled(Exception):
    """The user asked for the job to end; raised at the next safe place."""


class ShuttingDown(Exception):
    """This process is about to stop; the job goes back to the queue with no retry used up."""


class Reschedule(Exception):
    """The job must wait for something; it goes back to the queue with no retry used up, and no thread waits."""

    def __init__(self, delay_seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.delay_seconds = delay_seconds
        self.reason = reason
