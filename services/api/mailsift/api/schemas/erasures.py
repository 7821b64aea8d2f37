"""Erasures of a person's data, and the proof that nothing of it is left."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from mailsift.api.schemas.base import Answer, Given, Page, Time
from mailsift.shared.spellings import erasable, of_one_person
from mailsift.shared.verdicts import ErasureStatus

MOST_AT_ONCE = 10

ErasedAddress = Annotated[
    str,
    AfterValidator(erasable),
    WithJsonSchema({"type": "string", "format": "address", "examples": ["ann@example.com"]}),
]


def _of_one_person(addresses: list[str]) -> list[str]:
    return of_one_person(addresses, MOST_AT_ONCE)


class ErasureRequest(Given):
    """Whose data is to be erased."""

    addresses: Annotated[list[ErasedAddress], AfterValidator(_of_one_person)] = Field(
        min_length=1, max_length=MOST_AT_ONCE, description="the addresses of one person"
    )


class Erasure(Answer):
    """How an erasure stands; it does not say whose it is."""

    erasure_id: uuid.UUID
    status: ErasureStatus
    progress: int = Field(ge=0, le=100, description="of the present search, in per cent")
    searches: int = Field(description="whole searches so far; the last one finds nothing")
    waiting_for: int = Field(
        description="jobs, uploads and earlier erasures of the person that have to end before the next search"
    )
    erased: dict[str, int] = Field(description="what was found and erased, by place")
    remaining: int | None = Field(description="what the last search found: 0, once it is completed")
    more_mailboxes: bool = Field(
        default=False,
        description="whether more than 100 addresses lead to the same mailbox; name the others, and erase again",
    )
    rows_searched: int = Field(description="rows of lists and answers that the present, or the last, search looked at")
    files_searched: int
    created_at: Time
    completed_at: Time | None


class ErasurePage(Page[Erasure]):
    """A page of erasures."""
