"""Addresses: what is accepted, how it is normalised, and the word for every refusal."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from mailsift.shared.addresses import Address, InvalidAddress, SyntaxFault, parse

ACCEPTED = (
    ("john@company.com", Address("john", "company.com", "john@company.com")),
    ("  John.Smith@Company.COM \t\r\n", Address("John.Smith", "company.com", "john.smith@company.com")),
    ("\ufeffa@b.example", Address("a", "b.example", "a@b.example")),
    ("o'brien+tag@sub.company.co.uk", Address("o'brien+tag", "sub.company.co.uk", "o'brien+tag@sub.company.co.uk")),
    ("x@xn--bcher-kva.example", Address("x", "xn--bcher-kva.example", "x@xn--bcher-kva.example")),
    ("x@BÜCHER.example", Address("x", "xn--bcher-kva.example", "x@xn--bcher-kva.example")),
    ("Jose\u0301@company.com", Address("Jos\u00e9", "company.com", "jos\u00e9@company.com")),
    ("用户@例え.jp", Address("用户", "xn--r8jz45g.jp", "用户@xn--r8jz45g.jp")),
    (f"{'a' * 64}@company.com", Address("a" * 64, "company.com", f"{'a' * 64}@company.com")),
    ("a@1-2.company.com", Address("a", "1-2.company.com", "a@1-2.company.com")),
)

REFUSED = (
    ("", SyntaxFault.EMPTY),
    (" \t ", SyntaxFault.EMPTY),
    ("\ufeff", SyntaxFault.EMPTY),
    ("x" * 321, SyntaxFault.TOO_LONG),
    ("x" * 5_000_000, SyntaxFault.TOO_LONG),
    (f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 30}.com", SyntaxFault.TOO_LONG),
    ("john.company.com", SyntaxFault.NO_AT),
    ("n/a", SyntaxFault.NO_AT),
    ("john@home@company.com", SyntaxFault.SEVERAL_AT),
    ("a@company.com, b@company.com", SyntaxFault.SEVERAL_AT),
    ("John Smith <john@company.com>", SyntaxFault.DISPLAY_NAME),
    ("john smith@company.com", SyntaxFault.SPACE),
    ("john@company .com", SyntaxFault.SPACE),
    ("jo\x00hn@company.com", SyntaxFault.UNSAFE_CHARACTER),
    ("jo\u202ehn@company.com", SyntaxFault.UNSAFE_CHARACTER),
    ("\u2066john@company.com\u2069", SyntaxFault.UNSAFE_CHARACTER),
    ("jo\u200bhn@company.com", SyntaxFault.UNSAFE_CHARACTER),
    ("john@com\u200dpany.com", SyntaxFault.UNSAFE_CHARACTER),
    ("john@com\u00adpany.com", SyntaxFault.UNSAFE_CHARACTER),
    ("jo\ud800hn@company.com", SyntaxFault.UNSAFE_CHARACTER),
    ("@company.com", SyntaxFault.LOCAL_PART_EMPTY),
    (f"{'a' * 65}@company.com", SyntaxFault.LOCAL_PART_TOO_LONG),
    (".john@company.com", SyntaxFault.LOCAL_PART_DOTS),
    ("john.@company.com", SyntaxFault.LOCAL_PART_DOTS),
    ("john..smith@company.com", SyntaxFault.LOCAL_PART_DOTS),
    ('"john smith"@company.com', SyntaxFault.LOCAL_PART_QUOTED),
    ("john(home)@company.com", SyntaxFault.LOCAL_PART),
    ("invalid@", SyntaxFault.DOMAIN_EMPTY),
    ("john@[192.0.2.1]", SyntaxFault.DOMAIN_LITERAL),
    ("john@company..com", SyntaxFault.DOMAIN_DOTS),
    ("john@company.com.", SyntaxFault.DOMAIN_DOTS),
    (f"john@{'a' * 64}.com", SyntaxFault.DOMAIN_TOO_LONG),
    ("john@localhost", SyntaxFault.DOMAIN_NO_DOT),
    ("john@192.0.2.1", SyntaxFault.DOMAIN_NUMERIC),
    ("john@printer.local", SyntaxFault.DOMAIN_RESERVED),
    ("john@company.test", SyntaxFault.DOMAIN_RESERVED),
    ("john@company.invalid", SyntaxFault.DOMAIN_RESERVED),
    ("john@metadata.google.internal", SyntaxFault.DOMAIN_RESERVED),
    ("john@-company.com", SyntaxFault.DOMAIN),
    ("john@com_pany.com", SyntaxFault.DOMAIN),
    ("john@ab--cd.com", SyntaxFault.DOMAIN),
    ("john@xn--zzzzzzz-.com", SyntaxFault.DOMAIN),
)


@pytest.mark.parametrize(("text", "expected"), ACCEPTED)
def test_an_address_is_read_and_normalised(text: str, expected: Address) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_a_refused_text_says_why(text: str, reason: SyntaxFault) -> None:
    refused = parse(text)
    assert isinstance(refused, InvalidAddress)
    assert refused.reason == reason
    assert 0 < len(refused.detail) <= 200


def test_every_fault_has_an_example_here() -> None:
    assert {reason for _, reason in REFUSED} == set(SyntaxFault)


@given(st.text(max_size=400) | st.from_regex(r"[^@]{0,70}@[^@]{0,70}\.[a-z]{0,5}"))
def test_no_text_makes_it_raise(text: str) -> None:
    assert isinstance(parse(text), Address | InvalidAddress)


PLAIN = st.from_regex(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,66}@([A-Za-z0-9-]{1,12}\.){1,3}[A-Za-z0-9]{1,9}", fullmatch=True
)


@given(PLAIN)
def test_the_fast_path_accepts_nothing_that_the_full_parser_refuses(text: str) -> None:
    try:
        full = validate_email(text, strict=True, check_deliverability=False)
    except EmailNotValidError:
        full = None
    ours = parse(text)
    if full is None:
        assert isinstance(ours, InvalidAddress)
    else:
        assert isinstance(ours, Address)
        assert ours.domain == full.ascii_domain


@given(PLAIN)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = parse(text)
    if isinstance(once, Address):
        again = parse(once.normalized)
        assert isinstance(again, Address)
        assert again.normalized == once.normalized
