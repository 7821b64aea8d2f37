"""Which rows an export has, and in which order: what may be said of it."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, StrictBool
from pydantic.json_schema import JsonSchemaValue

from mailsift.api.schemas.base import Given, Line, Scored, Whole
from mailsift.shared.selection import FilterOption, RowOrder, Selection
from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status

Word = TypeVar("Word")

_MOST_WORDS = 1000


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


class _OneOrSeveral:
    """Says that a word may stand for a list of it alone."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


_Words = Annotated[tuple[Word, ...], BeforeValidator(_several), Field(max_length=_MOST_WORDS), _OneOrSeveral()]
_Name = Annotated[Line, Field(min_length=1, max_length=253)]


class ExportFilters(Scored):
    """What an address has to be like; every condition has to hold, and of a list of words one.

    Of a row with several addresses, one of them is enough.
    """

    status: _Words[Status] = ()
    sub_status: _Words[_Name] = ()
    lead_status: _Words[LeadStatus] = ()
    risk_level: _Words[RiskLevel] = ()
    provider: _Words[_Name] = Field(default=(), description="who runs the mail host, as in the results")
    domain: _Words[_Name] = ()
    # Of JSON: no text stands for a number there.
    min_score: Whole | None = Field(default=None, ge=0, le=100)
    max_score: Whole | None = Field(default=None, ge=0, le=100)
    disposable: StrictBool | None = None
    role: StrictBool | None = Field(default=None, description="whether it is a function's, such as sales@")
    free: StrictBool | None = None
    duplicate: StrictBool | None = Field(default=None, description="whether it stood further above already")
    text: Line | None = Field(default=None, min_length=1, max_length=320, description="how the address begins")


class Selecting(Given):
    """Rows of an analysis, in an order."""

    filter_option: FilterOption = Field(
        default=FilterOption.ALL,
        description="`deliverable`: valid; `recommended`: valid with a score of 70 or more; `rejected`: all the rest",
    )
    filters: ExportFilters = Field(default=ExportFilters(), description="conditions besides")
    sort: RowOrder = Field(default=RowOrder.ROW, description="`row` as in the list, `score` or `-score` by the score")

    @property
    def selection(self) -> Selection:
        """What the exporter is told."""
        asked = self.filters
        return Selection(
            filter_option=self.filter_option,
            status=asked.status,
            sub_status=asked.sub_status,
            lead_status=asked.lead_status,
            risk_level=asked.risk_level,
            provider=asked.provider,
            domain=tuple(domain.lower() for domain in asked.domain),
            min_score=asked.min_score,
            max_score=asked.max_score,
            disposable=asked.disposable,
            role=asked.role,
            free=asked.free,
            duplicate=asked.duplicate,
            text=None if asked.text is None else asked.text.strip().lower(),
            order=self.sort,
        )
