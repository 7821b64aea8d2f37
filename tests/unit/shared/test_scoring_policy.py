"""What is weighed otherwise: read strictly, put one above the other, written down and read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.shared.scoring_policy import (
    DEFAULT_POLICY,
    WEIGHABLE,
    PolicyError,
    ScoringPolicy,
    Thresholds,
    parse_policy,
    parse_policy_text,
)
from mailsift.shared.settings import ScoringSettings, SettingsError, load
from scoring_policies import policies

POLICIES = policies(st.sampled_from(sorted(WEIGHABLE)))
SAID = {
    "weights": {"role_account": 0, "free_provider": -20},
    "caps": {"disposable": 60},
    "leadStatus": {"high-quality": 85, "medium-quality": 60},
    "riskLevel": {"low": 75, "medium": 40},
}


def test_all_that_can_be_said_is_read() -> None:
    assert parse_policy(SAID) == ScoringPolicy(
        weights=(("free_provider", -20), ("role_account", 0)),
        caps=(("disposable", 60),),
        lead_status=Thresholds(85, 60),
        risk_level=Thresholds(75, 40),
    )
    assert parse_policy({}) == DEFAULT_POLICY


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ([], ""),
        (None, ""),
        ({"weight": {}}, "weight"),
        ({"weights": []}, "weights"),
        ({"weights": {"role_acount": 0}}, "weights.role_acount"),
        ({"weights": {"domain_not_found": 0}}, "weights.domain_not_found"),
        ({"weights": {"dns_timeout": -50}}, "weights.dns_timeout"),
        ({"weights": {"role_account": 1}}, "weights.role_account"),
        ({"weights": {"role_account": -101}}, "weights.role_account"),
        ({"weights": {"role_account": True}}, "weights.role_account"),
        ({"weights": {"role_account": -1.0}}, "weights.role_account"),
        ({"weights": {"role_account": "-1"}}, "weights.role_account"),
        ({"weights": {"role_account": None}}, "weights.role_account"),
        ({"caps": {"disposable": 101}}, "caps.disposable"),
        ({"caps": {"disposable": -1}}, "caps.disposable"),
        ({"caps": {"null_mx": 100}}, "caps.null_mx"),
        ({"leadStatus": {"high-quality": 90}}, "leadStatus"),
        ({"leadStatus": {"high-quality": 90, "medium-quality": 70, "low-quality": 1}}, "leadStatus"),
        ({"leadStatus": {"high-quality": 70, "medium-quality": 90}}, "leadStatus"),
        ({"leadStatus": {"high-quality": 101, "medium-quality": 90}}, "leadStatus"),
        ({"riskLevel": {"low": 80, "medium": "50"}}, "riskLevel.medium"),
        ({"riskLevel": 80}, "riskLevel"),
        ({"x" * 1000: 1}, "x" * 60),
    ],
)
def test_what_is_wrong_is_named(said: Any, field: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(said)
    assert caught.value.field == field


def test_an_unknown_reason_is_answered_with_those_there_are() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy({"weights": {"role_acount": 0}})
    assert all(reason in caught.value.message for reason in WEIGHABLE)


@pytest.mark.parametrize(
    "text", ["", "{", "role_account=0", "[" * 100_000, "NaN", '{"weights": {"role_account": 1e400}}']
)
def test_a_text_that_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy_text(text)


@given(POLICIES)
def test_a_policy_written_down_is_read_back(policy: ScoringPolicy) -> None:
    assert parse_policy_text(json.dumps(policy.said())) == policy
    assert ScoringPolicy.from_json(policy.said()) == policy
    whole = ScoringPolicy.from_json(policy.to_json())
    assert whole.to_json() == policy.to_json()
    assert whole.fingerprint == policy.fingerprint


@given(POLICIES, POLICIES, POLICIES)
def test_what_is_said_nearer_holds(request: ScoringPolicy, own: ScoringPolicy, operator: ScoringPolicy) -> None:
    policy = request.over(own.over(operator))
    assert policy == request.over(own).over(operator)
    for field in ("weights", "caps"):
        layers = [dict(getattr(layer, field)) for layer in (operator, own, request)]
        assert dict(getattr(policy, field)) == layers[0] | layers[1] | layers[2]
    assert policy.lead_status == (request.lead_status or own.lead_status or operator.lead_status)
    assert DEFAULT_POLICY.over(policy) == policy


@given(POLICIES, POLICIES)
def test_a_fingerprint_tells_policies_apart(one: ScoringPolicy, other: ScoringPolicy) -> None:
    assert (one.fingerprint == other.fingerprint) == (one.to_json() == other.to_json())


def test_a_reason_of_another_version_is_kept_as_it_was_written() -> None:
    stored = {"weights": {"gone_by_now": -3}, "caps": {}}
    assert ScoringPolicy.from_json(stored).weights == (("gone_by_now", -3),)
    assert ScoringPolicy.from_json(None) == DEFAULT_POLICY


def test_an_operator_says_it_as_json_or_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "scoring.json"
    file.write_text(json.dumps(SAID))
    for said in (json.dumps(SAID), str(file)):
        monkeypatch.setenv("SCORING_POLICY", said)
        assert load(ScoringSettings).scoring_policy == parse_policy(SAID)
    monkeypatch.setenv("SCORING_POLICY", "")
    assert load(ScoringSettings).scoring_policy is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('{"weights": {"role_acount": 0}}', "SCORING_POLICY: Value error, weights.role_acount: no reason that can be"),
        ("/nowhere/scoring.json", "SCORING_POLICY: Value error, /nowhere/scoring.json: "),
        ("{", "SCORING_POLICY: Value error, no JSON"),
    ],
)
def test_a_process_does_not_start_with_a_policy_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, said: str, expected: str
) -> None:
    monkeypatch.setenv("SCORING_POLICY", said)
    with pytest.raises(SettingsError) as caught:
        load(ScoringSettings)
    assert expected in str(caught.value)
