"""The lists: what is on them, which decides, and which popular domain was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.analyzer.evidence import DomainKind
from mailsift.analyzer.reference.domains import domain_lists, listing_of
from mailsift.analyzer.reference.files import read_list
from mailsift.analyzer.reference.popular import popular_domain_near
from mailsift.analyzer.reference.registrable import public_suffix, registrable_domain
from mailsift.analyzer.reference.roles import role_of

KINDS = (
    ("mailinator.com", DomainKind.DISPOSABLE, "mailinator.com"),
    ("x.y.mailinator.com", DomainKind.DISPOSABLE, "mailinator.com"),
    ("duck.com", DomainKind.RELAY, "duck.com"),
    ("mozmail.com", DomainKind.RELAY, "mozmail.com"),
    ("privaterelay.appleid.com", DomainKind.RELAY, "privaterelay.appleid.com"),
    ("gmail.com", DomainKind.FREE, "gmail.com"),
    ("tuta.io", DomainKind.FREE, "tuta.io"),
    ("hey.com", DomainKind.FREE, "hey.com"),
    ("appleid.com", DomainKind.CORPORATE, None),
    ("company.com", DomainKind.CORPORATE, None),
    ("com", DomainKind.CORPORATE, None),
    ("mail.company.example", DomainKind.CORPORATE, None),
)


@pytest.mark.parametrize(("domain", "kind", "entry"), KINDS)
def test_a_domain_is_of_a_kind_with_the_entry_that_says_so(domain: str, kind: DomainKind, entry: str | None) -> None:
    listing = listing_of(domain)
    assert listing.kind is kind
    assert (listing.hit.entry if listing.hit else None) == entry


def test_a_hit_knows_its_list_and_version() -> None:
    for known in domain_lists():
        assert known.name
        assert known.version
        assert known.domains


def test_disposable_goes_before_free() -> None:
    disposable, _, free, _ = domain_lists()
    both = next(iter(sorted(set(disposable.domains) & set(free.domains))))
    assert listing_of(both).kind is DomainKind.DISPOSABLE


def test_no_relay_is_called_disposable() -> None:
    for relay in read_list("relays").entries:
        assert listing_of(relay).kind is DomainKind.RELAY


@pytest.mark.parametrize("name", ["relays", "free_providers", "popular", "roles"])
def test_our_own_lists_are_clean(name: str) -> None:
    entries = read_list(name).entries
    assert len(set(entries)) == len(entries)
    assert all(entry == entry.strip().lower() for entry in entries)


@pytest.mark.parametrize(
    ("domain", "registrable", "suffix"),
    [
        ("a.b.company.co.uk", "company.co.uk", "co.uk"),
        ("company.com", "company.com", "com"),
        ("co.uk", None, "co.uk"),
        ("user.github.io", "github.io", "io"),
        ("mail.company.example", None, None),
        ("xn--bcher-kva.xn--p1ai", "xn--bcher-kva.xn--p1ai", "xn--p1ai"),
    ],
)
def test_the_part_somebody_registered(domain: str, registrable: str | None, suffix: str | None) -> None:
    assert registrable_domain(domain) == registrable
    assert public_suffix(domain) == suffix


@pytest.mark.parametrize("local_part", ["info", "SALES", "postmaster", "no-reply", "support+de", "kontakt"])
def test_a_role(local_part: str) -> None:
    hit = role_of(local_part)
    assert hit is not None
    assert hit.list_name == "roles"


@pytest.mark.parametrize("local_part", ["john", "salesman", "info.john", "+info", ""])
def test_no_role(local_part: str) -> None:
    assert role_of(local_part) is None


MEANT = (
    ("gmial.com", "gmail.com"),
    ("gmai.com", "gmail.com"),
    ("gmaill.com", "gmail.com"),
    ("gnail.com", "gmail.com"),
    ("gmail.con", "gmail.com"),
    ("gmail.co", "gmail.com"),
    ("gmail.cm", "gmail.com"),
    ("gmail.comm", "gmail.com"),
    ("hotmial.com", "hotmail.com"),
    ("yaho.com", "yahoo.com"),
    ("outlok.com", "outlook.com"),
    ("yahoo.co.ukk", "yahoo.co.uk"),
    ("hotmal.co.uk", "hotmail.co.uk"),
    ("t-onlin.de", "t-online.de"),
)

NOT_MEANT = (
    "gmail.com",
    "ymail.com",
    "company.com",
    "gmial.de",
    "gmail.de",
    "yahoo.nl",
    "gmx.dk",
    "mail.yahoo.com",
    "gm.ail.com",
    "gmailcom",
    "gnaill.com",
    "qp.com",
    "ao.com",
    "nic.gov.in",
    "",
    "a",
)


@pytest.mark.parametrize(("typed", "meant"), MEANT)
def test_one_slip_away_from_a_popular_domain(typed: str, meant: str) -> None:
    assert popular_domain_near(typed) == meant


@pytest.mark.parametrize("typed", NOT_MEANT)
def test_no_slip_of_a_popular_domain(typed: str) -> None:
    assert popular_domain_near(typed) is None


def test_no_popular_domain_is_corrected_into_another() -> None:
    assert [domain for domain in read_list("popular").entries if popular_domain_near(domain)] == []


@given(st.text(alphabet="abgmilo.com-x", max_size=16))
def test_a_suggestion_is_never_far_away(typed: str) -> None:
    meant = popular_domain_near(typed)
    assert meant is None or (meant != typed and abs(len(meant) - len(typed)) <= 1)
