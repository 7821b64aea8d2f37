"""Addresses: what is accepted, how it is normalised, and the word for every refusal."""

from ipaddress import ip_address

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from mailsift.shared.addresses import Address, InvalidAddress, SyntaxFault, parse

LONGEST = f"{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 56}.com"

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
    ('"John Smith"@company.com', Address('"John Smith"', "company.com", '"john smith"@company.com')),
    ('"a@b"@company.com', Address('"a@b"', "company.com", '"a@b"@company.com')),
    ('"john.smith"@company.com', Address("john.smith", "company.com", "john.smith@company.com")),
    (r'"j\o\"hn"@company.com', Address(r'"jo\"hn"', "company.com", r'"jo\"hn"@company.com')),
    ("john@[192.0.2.1]", Address("john", None, "john@[192.0.2.1]")),
    ("John@[ipv6:2001:DB8::1]", Address("John", None, "john@[IPv6:2001:db8::1]")),
    (f"{'é' * 32}@company.com", Address("é" * 32, "company.com", f"{'é' * 32}@company.com")),
    (f"a@{LONGEST}", Address("a", LONGEST, f"a@{LONGEST}")),
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
    ('""@company.com', SyntaxFault.LOCAL_PART_QUOTED),
    ('"john" smith@company.com', SyntaxFault.LOCAL_PART_QUOTED),
    ('"john smith@company.com', SyntaxFault.LOCAL_PART_QUOTED),
    (f'"{"a " * 32}"@company.com', SyntaxFault.LOCAL_PART_TOO_LONG),
    (f"{'é' * 33}@company.com", SyntaxFault.LOCAL_PART_TOO_LONG),
    (f"{'Ⱥ' * 32}@company.com", SyntaxFault.LOCAL_PART_TOO_LONG),
    ("john(home)@company.com", SyntaxFault.LOCAL_PART_COMMENT),
    ("semi;colon@company.com", SyntaxFault.LOCAL_PART),
    ("invalid@", SyntaxFault.DOMAIN_EMPTY),
    ("john@[192.0.2.256]", SyntaxFault.DOMAIN_LITERAL),
    ("john@[2001:db8::1]", SyntaxFault.DOMAIN_LITERAL),
    ("john@[192.0.2.1", SyntaxFault.DOMAIN_LITERAL),
    ("john@[company.com]", SyntaxFault.DOMAIN_LITERAL),
    ("john@company..com", SyntaxFault.DOMAIN_DOTS),
    ("john@company.com.", SyntaxFault.DOMAIN_DOTS),
    (f"john@{'a' * 64}.com", SyntaxFault.DOMAIN_TOO_LONG),
    ("john@localhost", SyntaxFault.DOMAIN_NO_DOT),
    ("john@192.0.2.1", SyntaxFault.DOMAIN_NUMERIC),
    ("john@printer.local", SyntaxFault.DOMAIN_RESERVED),
    ("john@company.test", SyntaxFault.DOMAIN_RESERVED),
    ("john@company.invalid", SyntaxFault.DOMAIN_RESERVED),
    ("john@metadata.google.internal", SyntaxFault.DOMAIN_RESERVED),
    ("john@-company.com", SyntaxFault.DOMAIN_HYPHEN),
    ("john@company-.com", SyntaxFault.DOMAIN_HYPHEN),
    ("john@com_pany.com", SyntaxFault.DOMAIN_CHARACTER),
    ("john@company.com/", SyntaxFault.DOMAIN_CHARACTER),
    ("john@ab--cd.com", SyntaxFault.DOMAIN),
    ("john@xn--ls8h.com", SyntaxFault.DOMAIN),
    ("john@☃.com", SyntaxFault.DOMAIN),
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


ANY_CHARACTER = st.characters(exclude_categories=[]) | st.sampled_from('"@.[]()\\\x00\u202e\u200b\u200d\ud800ßİΣ')
ANYTHING = st.text(ANY_CHARACTER, max_size=400)
ALIKE = st.builds("{}@{}".format, st.text(ANY_CHARACTER, max_size=70), st.text(ANY_CHARACTER, max_size=70))
LOCAL_PARTS = st.text(st.characters(categories=["L", "M", "N", "P", "S"]), min_size=1, max_size=40)
DOMAINS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12).map("{}.com".format)
WELL_FORMED = st.builds("{}@{}".format, LOCAL_PARTS | LOCAL_PARTS.map('"{}"'.format), DOMAINS | st.just("[192.0.2.1]"))


@given(ANYTHING | ALIKE | WELL_FORMED | st.from_regex(r"[^@]{0,70}@[^@]{0,70}\.[a-z]{0,5}"))
def test_no_text_makes_it_raise(text: str) -> None:
    found = parse(text)
    assert isinstance(found, Address | InvalidAddress)
    if isinstance(found, Address):
        assert (found.domain is None) is (found.literal is not None)


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


@given(PLAIN | WELL_FORMED)
@example("ΑΣ@company.com")
@example('"\u212a b"@company.com')
@example("\u03d3\u0308x@company.com")
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = parse(text)
    if isinstance(once, Address):
        again = parse(once.normalized)
        assert isinstance(again, Address)
        assert again.normalized == once.normalized
        assert again.domain == once.domain


def test_an_address_says_of_what_kind_it_is() -> None:
    quoted, literal = parse('"john smith"@company.com'), parse("john@[IPv6:2001:db8::1]")
    beyond_ascii, plain = parse("jürgen@company.com"), parse("john@bücher.example")
    assert isinstance(quoted, Address)
    assert quoted.is_quoted
    assert isinstance(literal, Address)
    assert literal.literal == ip_address("2001:db8::1")
    assert isinstance(beyond_ascii, Address)
    assert beyond_ascii.needs_smtputf8
    assert isinstance(plain, Address)
    assert (plain.is_quoted, plain.literal, plain.needs_smtputf8) == (False, None, False)
