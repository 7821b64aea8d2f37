"""DKIM keys: what stands under a selector, and what it says of the domain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.analyzer.evidence import DkimPosture, Lookup
from mailsift.analyzer.records.dkim import DkimKey, SelectorAnswer, judge_dkim, read_key

KEYS = (
    ("v=DKIM1; k=rsa; p=MIGf", DkimKey.VALID),
    ("k=rsa; p=MIGf", DkimKey.VALID),
    ("p=MI Gf", DkimKey.VALID),
    ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", DkimKey.VALID),
    ("v=DKIM1; p=", DkimKey.REVOKED),
    ("v=DKIM1; k=rsa", DkimKey.BROKEN),
    ("v=DKIM1; k=dsa; p=MIGf", DkimKey.BROKEN),
    ("v=DKIM1; p=not*base64", DkimKey.BROKEN),
    ("v=DKIM1; p=MIG", DkimKey.BROKEN),
    ("v=DKIM2; p=MIGf", DkimKey.BROKEN),
    ("k=rsa; v=DKIM1; p=MIGf", DkimKey.BROKEN),
    ("v=spf1 -all", None),
    ("hello", None),
    ("", None),
)


@pytest.mark.parametrize(("text", "expected"), KEYS)
def test_a_key_is_read(text: str, expected: DkimKey | None) -> None:
    assert read_key(text) is expected


GOOD, BROKEN, REVOKED = "v=DKIM1; p=MIGf", "v=DKIM1; p=*", "v=DKIM1; p="


def _found(selector: str, *texts: str) -> SelectorAnswer:
    return SelectorAnswer(selector, Lookup.FOUND, texts)


JUDGED = (
    (Lookup.NXDOMAIN, (), DkimPosture(None, "no_keys")),
    (Lookup.TIMEOUT, (), DkimPosture(None, "timeout")),
    (Lookup.NODATA, (), DkimPosture(None, "unknown_selector")),
    (Lookup.NODATA, (SelectorAnswer("google", Lookup.NXDOMAIN),), DkimPosture(None, "unknown_selector")),
    (Lookup.NODATA, (_found("google", BROKEN), _found("s1", GOOD)), DkimPosture(True, "valid", "s1")),
    (Lookup.NODATA, (_found("google", BROKEN), _found("s1", "v=spf1")), DkimPosture(False, "broken", "google")),
    (Lookup.NODATA, (_found("google", REVOKED),), DkimPosture(None, "unknown_selector")),
    (Lookup.FOUND, (SelectorAnswer("google", Lookup.SERVFAIL),), DkimPosture(None, "servfail")),
)


@pytest.mark.parametrize(("keys_exist", "answers", "expected"), JUDGED)
def test_the_posture_follows_from_the_answers(
    keys_exist: Lookup, answers: tuple[SelectorAnswer, ...], expected: DkimPosture
) -> None:
    assert judge_dkim(keys_exist, answers) == expected


@given(st.text(max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    read_key(text)
    read_key(f"v=DKIM1; p={text}")
