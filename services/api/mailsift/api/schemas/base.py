"""The rules of all schemas: camelCase outside, nothing unknown accepted, nothing changed once made."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue

from mailsift.api.paging import Position, parse_number, parse_position

Item = TypeVar("Item", bound=BaseModel)

Time = dt.datetime

_MOST_FIELDS = 100


class Given(BaseModel):
    """The base of what clients send."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, given: object) -> object:
        # Each unknown field is a fault of its own, many times as large as the field.
        if isinstance(given, dict) and len(given) > _MOST_FIELDS:
            raise ValueError(f"has more than {_MOST_FIELDS} fields")
        return given


class Answer(BaseModel):
    """The base of what the API says; built from rows or by keyword."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, from_attributes=True, frozen=True
    )


class SnakeAnswer(Answer):
    """The base of answers in the words of data pipeline jobs."""

    model_config = ConfigDict(alias_generator=None)


class Page(Answer, Generic[Item]):
    """A page of a list; `next` is the cursor of the page after it, null on the last."""

    items: list[Item]
    next: str | None


def printable(text: str) -> str:
    """Refuse text that no name and no address would be. Raises ValueError."""
    # Control characters have no place in a name or an address, and neither they nor lone surrogates can be stored.
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError("must not contain control characters")
    return text


class Described:
    """Adds to what the document says of a value: what its type and its limits cannot tell."""

    def __init__(self, **words: JsonValue) -> None:
        """With keywords of JSON Schema."""
        self._words = words

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the value."""
        return {**handler(schema), **self._words}


class NotNull:
    """Says that a field may be left out and is never null: a None of it was not sent."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the value."""
        [kind] = [kind for kind in handler(schema)["anyOf"] if kind != {"type": "null"}]
        return dict(kind)


Line = Annotated[str, AfterValidator(printable), Described(pattern=r"^[^\u0000-\u001f\u007f-\u009f]*$")]
"""Text without a control character."""

PositionCursor = Annotated[
    Position | None,
    BeforeValidator(lambda value: value if value is None else parse_position(value)),
    WithJsonSchema({"type": "string", "format": "position-cursor", "description": "`next` of the page before"}),
]
NumberCursor = Annotated[
    int | None,
    BeforeValidator(lambda value: value if value is None else parse_number(value)),
    WithJsonSchema({"type": "string", "format": "number-cursor", "description": "`next` of the page before"}),
]


# RFC 3339: an hour without its offset is not a moment.
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def _moment(value: object) -> object:
    if value is None:
        return None
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("write it like 2026-11-30T08:00:00+01:00, or with Z; in a URL the + is %2B")
    return dt.datetime.fromisoformat(value)


def _whole(value: object) -> object:
    # In JSON 7.0 is a whole number too.
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError("must be a whole number")
    return value


def _no_text(value: object) -> object:
    if isinstance(value, str):
        raise ValueError("must be a whole number")  # noqa: TRY004 - pydantic reports ValueError as the field's fault
    return value


Whole = Annotated[int, BeforeValidator(_whole), BeforeValidator(_no_text)]
"""A whole number of a JSON body."""


class Timed(Given):
    """The base of what a job is made for: when it may begin, and how urgent it is."""

    scheduled_for: Annotated[
        Time | None,
        BeforeValidator(_moment),
        WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}),
    ] = Field(
        default=None,
        description="not before then, with its offset; a time that has passed is now",
        examples=["2026-11-30T08:00:00+01:00"],
    )
    priority: Annotated[int | None, BeforeValidator(_whole)] = Field(
        default=None,
        ge=0,
        le=10,
        description="the higher goes first; left out, it is that of the type of job",
        examples=[7],
    )


class Scored(Given):
    """The base of what asks for scores between two."""

    min_score: int | None = Field(default=None, ge=0, le=100)
    max_score: int | None = Field(default=None, ge=0, le=100)

    @model_validator(mode="after")
    def _some_score_fits(self) -> Self:
        if self.min_score is not None and self.max_score is not None and self.min_score > self.max_score:
            raise ValueError("minScore is above maxScore")
        return self


class Listing(Given):
    """Paging of the lists that run from the newest to the oldest."""

    cursor: PositionCursor = None
    limit: int = Field(default=50, ge=1, le=200)


class Numbered(Given):
    """Paging of the lists that run by number."""

    cursor: NumberCursor = None
    limit: int = Field(default=100, ge=1, le=1000)
