"""What a preview shows: what was understood and how sure that is, the first rows, and what to expect."""

from __future__ import annotations

from pydantic import Field, JsonValue

from mailsift.api.schemas.base import Answer


class Finding(Answer):
    """One thing that was understood of a list."""

    what: str = Field(description="`format`, `encoding`, `delimiter`, `quote`, `sheet`, `header` or `emailColumns`")
    value: JsonValue
    confidence: float = Field(ge=0, le=1, description="1 for what was said by the user; below 0.5 a person should look")
    evidence: str = Field(description="what it stands on, in a few words")


class PreviewRow(Answer):
    """One of the first rows."""

    row_number: int
    columns: list[str] = Field(description="its cells, long ones cut")


class Share(Answer):
    """A part of the addresses that were looked at."""

    count: int
    of: int
    share: float = Field(ge=0, le=1)


class Estimate(Answer):
    """What to expect of the whole list, from its beginning; it repeats itself at least as often as that does."""

    bad_syntax: Share
    duplicates: Share
    disposable: Share
    no_address: Share = Field(description="rows, of all rows")


class Preview(Answer):
    """The beginning of a list."""

    complete: bool = Field(description="whether that is all of it")
    bytes_read: int
    rows_read: int
    estimated_rows: int | None = Field(
        description="of the whole list; exact when `complete`, null when nobody can tell from so little"
    )
    rows: list[PreviewRow]
    estimate: Estimate
