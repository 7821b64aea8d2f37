"""How findings are weighed: what an operator, a workspace or a request may say otherwise, and how; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

PERFECT: Final = 100
ROLE_ACCOUNT: Final = "role_account"

WEIGHABLE: Final = frozenset(
    {
        "access_provider",
        "address_literal",
        "all_digits",
        "disposable",
        "dkim_broken",
        "dkim_weak",
        "dmarc_broken",
        "dmarc_missing",
        "education",
        "free_provider",
        "government",
        "implicit_mx",
        "keyboard_run",
        "mx_alias",
        "mx_literal",
        "mx_private",
        "no_reply",
        "one_letter",
        "parked",
        "privacy_relay",
        "probable_typo",
        "provider_local_part",
        "quoted_local_part",
        ROLE_ACCOUNT,
        "smtputf8_needed",
        "spf_allows_anyone",
        "spf_broken",
        "spf_missing",
        "subaddress",
        "test_address",
        "wildcard_mx",
    }
)
"""The reasons that are a matter of taste. What is proven stays `invalid`, and what nobody knows stays `unknown`."""

_LONGEST_NAME: Final = 60


class PolicyError(ValueError):
    """Something is wrong with a policy; `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The scores from which the best and the second-best word are given."""

    upper: int
    lower: int

    def __post_init__(self) -> None:
        """Refuse what no score can reach, and an upper one below the lower. Raises ValueError."""
        if not 0 <= self.lower <= self.upper <= PERFECT:
            raise ValueError(f"0 to {PERFECT}, and the better word not below the other")


LEAD_STATUS: Final = Thresholds(90, 70)
RISK_LEVEL: Final = Thresholds(80, 50)
_LEAD_WORDS: Final = ("high-quality", "medium-quality")
_RISK_WORDS: Final = ("low", "medium")
_FIELDS: Final = ("weights", "caps", "leadStatus", "riskLevel")


@dataclass(frozen=True, slots=True)
class ScoringPolicy:
    """What is weighed otherwise than docs/scoring.md has it: (reason, number) each, in the order of the reasons."""

    weights: tuple[tuple[str, int], ...] = ()
    """Points: zero or less, for nothing that is found makes an address better."""
    caps: tuple[tuple[str, int], ...] = ()
    """The most that a score may be with this found; a hundred is no cap."""
    lead_status: Thresholds | None = None
    risk_level: Thresholds | None = None

    def __post_init__(self) -> None:
        """Hold it to its bounds. Raises PolicyError."""
        for reason, points in self.weights:
            if not -PERFECT <= points <= 0:
                raise PolicyError(f"weights.{reason}", f"zero or less, at least -{PERFECT}: a finding takes points off")
        for reason, cap in self.caps:
            if not 0 <= cap <= PERFECT:
                raise PolicyError(f"caps.{reason}", f"0 to {PERFECT}; {PERFECT} is no cap")

    @property
    def leads(self) -> Thresholds:
        """From where on a lead is of high and of medium quality."""
        return self.lead_status or LEAD_STATUS

    @property
    def risks(self) -> Thresholds:
        """From where on the risk is low and medium."""
        return self.risk_level or RISK_LEVEL

    @property
    def minds_roles(self) -> bool:
        """Whether a role account is worse than a person: not where it is said to cost nothing."""
        return (ROLE_ACCOUNT, 0) not in self.weights

    @property
    def fingerprint(self) -> str:
        """Tell policies apart: the same one has the same, wherever what it says was said."""
        written = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(written.encode()).hexdigest()[:16]

    def over(self, base: Self) -> Self:
        """Put what this one says above what another says."""
        return type(self)(
            weights=_sorted({**dict(base.weights), **dict(self.weights)}),
            caps=_sorted({**dict(base.caps), **dict(self.caps)}),
            lead_status=self.lead_status or base.lead_status,
            risk_level=self.risk_level or base.risk_level,
        )

    def said(self) -> dict[str, Any]:
        """Write down what it says, and no more."""
        whole = self.to_json()
        unsaid = {"leadStatus": self.lead_status is None, "riskLevel": self.risk_level is None}
        return {name: value for name, value in whole.items() if value and not unsaid.get(name)}

    def to_json(self) -> dict[str, Any]:
        """Write it down whole, the usual thresholds too, so that it means the same at any later time."""
        return {
            "weights": dict(self.weights),
            "caps": dict(self.caps),
            "leadStatus": dict(zip(_LEAD_WORDS, (self.leads.upper, self.leads.lower), strict=True)),
            "riskLevel": dict(zip(_RISK_WORDS, (self.risks.upper, self.risks.lower), strict=True)),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> Self:
        """Read back what was checked when it was written; nothing is the usual policy.

        A reason that only another version of the rules knows is kept: it is never found.
        """
        stored = stored or {}
        return cls(
            weights=_sorted(stored.get("weights", {})),
            caps=_sorted(stored.get("caps", {})),
            lead_status=_stored_thresholds(stored.get("leadStatus"), _LEAD_WORDS),
            risk_level=_stored_thresholds(stored.get("riskLevel"), _RISK_WORDS),
        )


DEFAULT_POLICY: Final = ScoringPolicy()


def parse_policy(said: object) -> ScoringPolicy:
    """Read what somebody wants weighed otherwise. Raises PolicyError for the first thing that is wrong."""
    fields = _object("", said)
    for name in fields:
        if name not in _FIELDS:
            raise PolicyError(_cut(name), f"not known here; what can be said is {', '.join(_FIELDS)}")
    return ScoringPolicy(
        weights=_by_reason("weights", fields),
        caps=_by_reason("caps", fields),
        lead_status=_thresholds("leadStatus", fields, _LEAD_WORDS),
        risk_level=_thresholds("riskLevel", fields, _RISK_WORDS),
    )


def parse_policy_text(text: str) -> ScoringPolicy:
    """Read the same from JSON. Raises PolicyError."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PolicyError("", f'no JSON ({error}); write it like {{"weights": {{"role_account": 0}}}}') from error
    return parse_policy(said)


def _by_reason(field: str, fields: Mapping[str, object]) -> tuple[tuple[str, int], ...]:
    numbers = _object(field, fields[field]) if fields.get(field) is not None else {}
    for reason in numbers:
        if reason not in WEIGHABLE:
            known = ", ".join(sorted(WEIGHABLE))
            raise PolicyError(f"{field}.{_cut(reason)}", f"no reason that can be weighed; those are {known}")
    return _sorted({reason: _number(f"{field}.{reason}", number) for reason, number in numbers.items()})


def _thresholds(field: str, fields: Mapping[str, object], words: tuple[str, str]) -> Thresholds | None:
    if fields.get(field) is None:
        return None
    numbers = _object(field, fields[field])
    if set(numbers) != set(words):
        raise PolicyError(field, f"say {words[0]} and {words[1]}, both and nothing else")
    try:
        return Thresholds(*(_number(f"{field}.{word}", numbers[word]) for word in words))
    except PolicyError:
        raise
    except ValueError as error:
        raise PolicyError(field, str(error)) from error


def _stored_thresholds(stored: Mapping[str, int] | None, words: tuple[str, str]) -> Thresholds | None:
    return None if stored is None else Thresholds(*(stored[word] for word in words))


def _object(field: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise PolicyError(field, "must be an object")
    return value


def _number(field: str, value: object) -> int:
    if type(value) is not int:
        raise PolicyError(field, "must be a whole number")
    return value


def _sorted(numbers: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(numbers.items()))


def _cut(name: str) -> str:
    return name[:_LONGEST_NAME]
