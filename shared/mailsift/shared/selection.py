"""Which rows of an analysis an export has, and in which order; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self

from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status

RECOMMENDED_SCORE: Final = 70
"""A valid address with at least so many points is recommended."""


class FilterOption(StrEnum):
    """The rows that are asked for most, by one word."""

    ALL = "all"
    DELIVERABLE = "deliverable"
    """Valid."""
    RECOMMENDED = "recommended"
    """Valid, and with RECOMMENDED_SCORE points or more."""
    REJECTED = "rejected"
    """Whatever is not recommended, rows without an address too."""


class RowOrder(StrEnum):
    """What comes first; rows that are alike stay in the order of the list, and those without a score come last."""

    ROW = "row"
    SCORE = "score"
    """The lowest first."""
    SCORE_DESCENDING = "-score"
    """The highest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What an address has to be like for its row to be exported; an empty tuple and None ask for nothing.

    Every condition has to hold. Of a row with several addresses, one of them is enough.
    """

    filter_option: FilterOption = FilterOption.ALL
    status: tuple[Status, ...] = ()
    sub_status: tuple[str, ...] = ()
    lead_status: tuple[LeadStatus, ...] = ()
    risk_level: tuple[RiskLevel, ...] = ()
    provider: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    min_score: int | None = None
    max_score: int | None = None
    disposable: bool | None = None
    role: bool | None = None
    free: bool | None = None
    duplicate: bool | None = None
    """Whether it stood further above already."""
    text: str | None = None
    """How the address begins, normalised."""
    order: RowOrder = RowOrder.ROW
    partial: bool = False
    """Whether an analysis that has not ended may be exported as far as it is."""

    @property
    def is_everything(self) -> bool:
        """Whether it takes every row, in the order of the list."""
        return replace(self, partial=False) == EVERYTHING

    def to_json(self) -> dict[str, Any]:
        """Give it the shape of exports."options", which holds no more than was asked for."""
        asked = {
            "filterOption": None if self.filter_option is FilterOption.ALL else self.filter_option.value,
            "status": [word.value for word in self.status],
            "subStatus": list(self.sub_status),
            "leadStatus": [word.value for word in self.lead_status],
            "riskLevel": [word.value for word in self.risk_level],
            "provider": list(self.provider),
            "domain": list(self.domain),
            "minScore": self.min_score,
            "maxScore": self.max_score,
            "disposable": self.disposable,
            "role": self.role,
            "free": self.free,
            "duplicate": self.duplicate,
            "text": self.text,
            "order": None if self.order is RowOrder.ROW else self.order.value,
            "partial": self.partial or None,
        }
        return {name: value for name, value in asked.items() if value is not None and value != []}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read it back."""
        return cls(
            filter_option=FilterOption(stored.get("filterOption", FilterOption.ALL)),
            status=tuple(map(Status, stored.get("status", ()))),
            sub_status=tuple(stored.get("subStatus", ())),
            lead_status=tuple(map(LeadStatus, stored.get("leadStatus", ()))),
            risk_level=tuple(map(RiskLevel, stored.get("riskLevel", ()))),
            provider=tuple(stored.get("provider", ())),
            domain=tuple(stored.get("domain", ())),
            min_score=stored.get("minScore"),
            max_score=stored.get("maxScore"),
            disposable=stored.get("disposable"),
            role=stored.get("role"),
            free=stored.get("free"),
            duplicate=stored.get("duplicate"),
            text=stored.get("text"),
            order=RowOrder(stored.get("order", RowOrder.ROW)),
            partial=stored.get("partial", False),
        )


EVERYTHING: Final = Selection()
