"""The lists: what is on them, which decides, and which popular domain was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.analyzer.evidence import DomainKind
from mailsift.analyzer.reference.files import parse_list, read_domain, read_list, read_local_part
from mailsift.analyzer.reference.lists import ListKind, Lists, NameList, packaged_lists
from mailsift.analyzer.reference.names import in_unicode
from mailsift.analyzer.reference.popular import domain_meant, popular_domain_near
from mailsift.analyzer.reference.registrable import public_suffix, registrable_domain
from mailsift.shared.addresses import Address, parse

KINDS = (
    ("mailinator.com", DomainKind.DISPOSABLE, "mailinator.com"),
    ("x.y.mailinator.com", DomainKind.DISPOSABLE, "mailinator.com"),
    ("duck.com", DomainKind.RELAY, "duck.com"),
    ("mozmail.com", DomainKind.RELAY, "mozmail.com"),
    ("privaterelay.appleid.com", DomainKind.RELAY, "privaterelay.appleid.com"),
    ("gmail.com", DomainKind.FREE, "gmail.com"),
    ("tuta.io", DomainKind.FREE, "tuta.io"),
    ("hey.com", DomainKind.FREE, "hey.com"),
    ("kpnplanet.nl", DomainKind.ISP, "kpnplanet.nl"),
    ("appleid.com", DomainKind.CORPORATE, None),
    ("company.com", DomainKind.CORPORATE, None),
    ("com", DomainKind.CORPORATE, None),
    ("mail.company.example", DomainKind.CORPORATE, None),
)


@pytest.mark.parametrize(("domain", "kind", "entry"), KINDS)
def test_a_domain_is_of_a_kind_with_the_entry_that_says_so(domain: str, kind: DomainKind, entry: str | None) -> None:
    listing = packaged_lists().listing_of(domain)
    assert listing.kind is kind
    assert (listing.hit.entry if listing.hit else None) == entry


def test_every_list_says_where_it_comes_from() -> None:
    for known in packaged_lists().all:
        assert known.name
        assert known.source == "mailsift" or known.source.startswith("package ")
        assert known.version
        assert known.entries
    assert {known.kind for known in packaged_lists().all} == set(ListKind)


def test_disposable_goes_before_free() -> None:
    by_kind = {known.kind: known for known in reversed(packaged_lists().all)}
    both = min(set(by_kind[ListKind.DISPOSABLE].entries) & set(by_kind[ListKind.FREE].entries))
    assert packaged_lists().listing_of(both).kind is DomainKind.DISPOSABLE


PRECEDENCE = (ListKind.DISPOSABLE, ListKind.RELAY, ListKind.FREE, ListKind.ISP)


@given(st.permutations(PRECEDENCE), st.sets(st.sampled_from(PRECEDENCE), min_size=1))
def test_the_kind_decides_and_not_the_order_of_the_lists(order: list[ListKind], on: set[ListKind]) -> None:
    lists = Lists(tuple(_listed(kind, "x.com" if kind in on else "y.com") for kind in order))
    assert lists.listing_of("a.x.com").kind.value == min(on, key=PRECEDENCE.index).value


def _listed(kind: ListKind, *entries: str, name: str = "test") -> NameList:
    return NameList(kind, name, "a test", "1", None, frozenset(entries))


def test_of_one_kind_the_list_that_comes_first_is_named() -> None:
    lists = Lists((_listed(ListKind.FREE, "x.com", name="ours"),))
    told = lists.with_first([_listed(ListKind.FREE, "x.com", name="operator:free")]).listing_of("x.com")
    assert told.hit is not None
    assert told.hit.list_name == "operator:free"


SECTORS = (
    ("cs.ox.ac.uk", ListKind.EDUCATION, "ac.uk"),
    ("mit.edu", ListKind.EDUCATION, "edu"),
    ("student.ethz.ch", ListKind.EDUCATION, "ethz.ch"),
    ("company.com", ListKind.EDUCATION, None),
    ("edu.company.com", ListKind.EDUCATION, None),
    ("hmrc.gov.uk", ListKind.GOVERNMENT, "gov.uk"),
    ("nasa.gov", ListKind.GOVERNMENT, "gov"),
    ("bmi.bund.de", ListKind.GOVERNMENT, "bund.de"),
    ("gov.company.com", ListKind.GOVERNMENT, None),
)


@pytest.mark.parametrize(("domain", "kind", "entry"), SECTORS)
def test_a_sector_is_told_by_the_suffix_that_is_kept_for_it(domain: str, kind: ListKind, entry: str | None) -> None:
    hit = packaged_lists().sector_of(domain, kind)
    assert (hit and hit.entry) == entry


def test_no_relay_is_called_disposable() -> None:
    for relay in read_list("relays").entries:
        assert packaged_lists().listing_of(relay).kind is DomainKind.RELAY


FILE = """\ufeff# version: 7
# date: 2026-11-01
# a note
Company.COM   # with a reason
@mail.company.com
*.company.net
bücher.example.

not a domain
http://company.com/
-x.com
company.com
"""


def test_a_list_is_read_as_people_write_it() -> None:
    listed = parse_list(FILE.removeprefix("\ufeff"), read_domain)
    assert (listed.version, listed.date) == ("7", "2026-11-01")
    assert listed.entries == ("company.com", "mail.company.com", "company.net", "xn--bcher-kva.example")
    assert listed.refused == 3
    assert parse_list("Info\nsales@\na b\na@b\n", read_local_part).entries == ("info", "sales")


@given(st.text())
def test_any_text_is_a_list_of_what_makes_sense_in_it(text: str) -> None:
    for read in (read_domain, read_local_part):
        for entry in parse_list(text, read).entries:
            assert entry == entry.strip()
            assert read(entry) == entry


@pytest.mark.parametrize(
    "name",
    [
        *("relays", "free_providers", "isps", "education", "government", "parking", "popular", "roles"),
        *("no_reply", "test", "keyboard_runs"),
    ],
)
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


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("xn--bcher-kva.example", "bücher.example"),
        ("mail.xn--r8jz45g.jp", "mail.例え.jp"),
        ("company.com", "company.com"),
        ("xn--a.company.com", "xn--a.company.com"),
        ("", ""),
    ],
)
def test_a_name_as_people_write_it(name: str, written: str) -> None:
    assert in_unicode(name) == written


@given(st.text(st.characters(categories=["L", "N", "M"]), min_size=1, max_size=12))
def test_a_name_is_the_same_there_and_back(label: str) -> None:
    address = parse(f"john@{label}.com")
    if isinstance(address, Address) and address.domain is not None:
        again = parse(f"john@{in_unicode(address.domain)}")
        assert isinstance(again, Address)
        assert again.domain == address.domain


@pytest.mark.parametrize("local_part", ["info", "SALES", "postmaster", "no-reply", "support+de", "kontakt"])
def test_a_role(local_part: str) -> None:
    hit = packaged_lists().role_of(local_part)
    assert hit is not None
    assert hit.list_name == "roles"


@pytest.mark.parametrize("local_part", ["john", "salesman", "info.john", "+info", ""])
def test_no_role(local_part: str) -> None:
    assert packaged_lists().role_of(local_part) is None


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


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("company.con", "company.com"),
        ("mail.company.cmo", "mail.company.com"),
        ("company.comm", "company.com"),
        ("company.nte", "company.net"),
        ("company.ogr", "company.org"),
        ("gmial.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
    ],
)
def test_a_suffix_that_does_not_exist_was_meant_to_be_another(typed: str, meant: str) -> None:
    assert domain_meant(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "company.co",
        "company.cm",
        "company.om",
        "company.ne",
        "company.example",
        "nic.gov.in",
        "com",
        "con",
        ".con",
        "",
        "x.intra",
    ],
)
def test_a_suffix_that_exists_was_meant(typed: str) -> None:
    assert domain_meant(typed) is None


def test_no_popular_domain_is_corrected_into_another() -> None:
    assert [domain for domain in read_list("popular").entries if popular_domain_near(domain)] == []


@given(st.text(alphabet="abgmilo.com-x", max_size=16))
def test_a_suggestion_is_never_far_away(typed: str) -> None:
    meant = domain_meant(typed)
    assert meant is None or (meant != typed and abs(len(meant) - len(typed)) <= 1)
