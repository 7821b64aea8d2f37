"""What a selection of rows is in SQL; pure. Names are those of rendering: `u1`, `r1`, an entry and its answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mailsift.shared.selection import RECOMMENDED_SCORE, FilterOption, RowOrder, Selection

_RECOMMENDED: Final = f"""r{{n}}.status = 'valid' AND r{{n}}."deliverabilityScore" >= {RECOMMENDED_SCORE}"""
_OPTIONS: Final = {
    FilterOption.DELIVERABLE: "r{n}.status = 'valid'",
    FilterOption.RECOMMENDED: _RECOMMENDED,
    FilterOption.REJECTED: f"({_RECOMMENDED}) IS NOT TRUE",
}

_SCORE: Final = """r{n}."deliverabilityScore\""""
_ORDERS: Final = {
    RowOrder.ROW: "",
    RowOrder.SCORE: "least({scores}) ASC NULLS LAST, ",
    RowOrder.SCORE_DESCENDING: "greatest({scores}) DESC NULLS LAST, ",
}

_CONDITIONS: Final = {
    "status": "r{n}.status = ANY(%(status)s)",
    "sub_status": 'r{n}."subStatus" = ANY(%(sub_status)s)',
    "lead_status": 'r{n}."leadStatus" = ANY(%(lead_status)s)',
    "risk_level": 'r{n}."riskLevel" = ANY(%(risk_level)s)',
    "provider": "r{n}.provider = ANY(%(provider)s)",
    "domain": "r{n}.domain = ANY(%(domain)s)",
    "min_score": f"{_SCORE} >= %(min_score)s",
    "max_score": f"{_SCORE} <= %(max_score)s",
    "disposable": 'r{n}."isDisposable" = %(disposable)s',
    "role": 'r{n}."isRoleBased" = %(role)s',
    "free": 'r{n}."isFree" = %(free)s',
    "duplicate": """u{n}."emailAddress" IS NOT NULL AND (u{n}."duplicateOf" IS NOT NULL) = %(duplicate)s""",
    "beginning": 'starts_with(r{n}."normalizedAddress", %(beginning)s)',
}
"""What an address is asked for, by the parameter that holds the answer."""


def condition(selection: Selection, entries: range) -> str:
    """Say in SQL whether a row is wanted; the parameters are those of `parameters`."""
    wanted = []
    if (option := _OPTIONS.get(selection.filter_option)) is not None:
        # A row is rejected when each of its addresses is.
        joint = " AND " if selection.filter_option is FilterOption.REJECTED else " OR "
        wanted.append(joint.join(f"({option.format(n=entry)})" for entry in entries))
    if asked := list(_asked(selection)):
        wanted.append(" OR ".join(f"({' AND '.join(asked).format(n=entry)})" for entry in entries))
    return " AND ".join(f"({part})" for part in wanted) or "true"


def order(selection: Selection, entries: range) -> str:
    """Say in SQL what comes first; of a row with several addresses the one that is furthest ahead decides."""
    scores = ", ".join(_SCORE.format(n=entry) for entry in entries)
    return _ORDERS[selection.order].format(scores=scores) + 'u1."sequenceNumber"'


def parameters(selection: Selection) -> dict[str, object]:
    """Give the values that the condition names."""
    return {
        "status": [word.value for word in selection.status],
        "sub_status": list(selection.sub_status),
        "lead_status": [word.value for word in selection.lead_status],
        "risk_level": [word.value for word in selection.risk_level],
        "provider": list(selection.provider),
        "domain": list(selection.domain),
        "min_score": selection.min_score,
        "max_score": selection.max_score,
        "disposable": selection.disposable,
        "role": selection.role,
        "free": selection.free,
        "duplicate": selection.duplicate,
        "beginning": selection.text,
    }


def _asked(selection: Selection) -> Iterator[str]:
    """Say what is asked of each address, in the names of a pattern."""
    asked = parameters(selection)
    return (pattern for name, pattern in _CONDITIONS.items() if asked[name] not in (None, []))
