"""Answers taken apart as dnspython does, and bytes that are no answers."""

from __future__ import annotations

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnspython_reading import as_dnspython_reads, as_we_read
from mailsift.analyzer.records.message import (
    MAX_RECORDS,
    Message,
    is_answer_to,
    make_query,
    make_question,
    read_message,
)
from mailsift.analyzer.records.replies import RecordType
from mailsift.analyzer.records.wire import MalformedMessage

NS = ("company.com. 600 IN NS ns.elsewhere.net.",)
SOA = ("com. 600 IN SOA ns.com. hostmaster.com. 1 2 3 4 300",)
TYPES: tuple[RecordType, ...] = ("A", "AAAA", "MX", "NS", "TXT")


def answer(
    *records: str, name: str = "company.com", record_type: str = "MX", authority: tuple[str, ...] = ()
) -> dns.message.Message:
    response = dns.message.make_response(dns.message.make_query(name, record_type, use_edns=0))
    response.answer.extend(_record(record) for record in records)
    response.authority.extend(_record(record) for record in authority)
    return response


def _record(record: str) -> dns.rrset.RRset:
    name, ttl, *rest = record.split(" ", 4)
    return dns.rrset.from_text(name, int(ttl), *rest)


@pytest.mark.parametrize("record_type", TYPES)
@pytest.mark.parametrize("name", ["company.com", "_dmarc.company.com.", "a" * 63 + ".com", "xn--bcher-kva.example"])
def test_a_question_is_what_dnspython_reads(name: str, record_type: RecordType) -> None:
    question = make_question(name, record_type)
    assert question is not None
    query = dns.message.from_wire(b"\x12\x67" + make_query(question))
    assert (query.id, query.flags, query.edns, query.payload) == (4711, dns.flags.RD, 0, 1232)
    assert [(each.name, each.rdtype.name) for each in query.question] == [(dns.name.from_text(name), record_type)]
    assert dns.message.from_wire(b"\0\0" + make_query(question, edns=False)).edns == -1


@pytest.mark.parametrize("name", ["", ".", "a..b", ".a", "a" * 64, ".".join(["a" * 49] * 6), "bücher.example"])
def test_what_is_no_name_is_not_asked(name: str) -> None:
    assert make_question(name, "MX") is None


READ = (
    ("A", ("company.com. 60 IN A 192.0.2.1", "company.com. 30 IN A 192.0.2.2"), ("192.0.2.1", "192.0.2.2"), 30),
    ("AAAA", ("company.com. 60 IN AAAA 2001:DB8:0::1",), ("2001:db8::1",), 60),
    ("MX", ("company.com. 60 IN MX 20 MX.Company.com.",), ((20, "mx.company.com"),), 60),
    ("MX", ("company.com. 60 IN MX 0 .",), ((0, ""),), 60),
    ("NS", ("company.com. 60 IN NS ns.a\\.b.company.com.",), ("ns.a\ufffdb.company.com",), 60),
    ("TXT", ('company.com. 60 IN TXT "v=spf1 inc" "lude:a.com" "" "\\255"',), (b"v=spf1 include:a.com\xff",), 60),
    ("TXT", ('company.com. 60 IN TXT ""',), (b"",), 60),
    ("MX", ("other.com. 60 IN MX 20 mx.other.com.",), (), None),
    (
        "A",
        ("b.com. 9 IN A 192.0.2.1", "a.com. 70 IN CNAME b.com.", "company.com. 60 IN CNAME A.com."),
        ("192.0.2.1",),
        9,
    ),
    ("A", ("company.com. 60 IN CNAME company.com.",), (), 60),
)


@pytest.mark.parametrize(("record_type", "records", "expected", "ttl"), READ)
def test_the_records_that_are_asked_for_are_read(
    record_type: RecordType, records: tuple[str, ...], expected: tuple[object, ...], ttl: int | None
) -> None:
    found = read_message(answer(*records, record_type=record_type).to_wire(), record_type)
    assert (found.records, found.ttl_seconds) == (expected, ttl)
    assert found.is_alias == any("CNAME" in record for record in records)


REFERRALS = (
    (dns.rcode.NOERROR, False, (), NS, Message(0, is_referral=True)),
    (dns.rcode.NOERROR, True, (), NS, Message(0)),
    (dns.rcode.NOERROR, False, (), SOA, Message(0, ttl_seconds=300)),
    (dns.rcode.NOERROR, False, (), (*NS, *SOA), Message(0, ttl_seconds=300)),
    (dns.rcode.NOERROR, False, (), (), Message(0)),
    (dns.rcode.NXDOMAIN, False, (), SOA, Message(3, ttl_seconds=300)),
    (dns.rcode.NOERROR, False, ("company.com. 60 IN MX 1 a.com.",), NS, Message(0, False, ((1, "a.com"),), 60)),
    (dns.rcode.SERVFAIL, False, (), NS, Message(2)),
    (dns.rcode.BADVERS, False, (), (), Message(16)),
)


@pytest.mark.parametrize(("rcode", "has_authority", "records", "authority", "expected"), REFERRALS)
def test_a_referral_is_told_from_an_empty_answer(
    rcode: dns.rcode.Rcode,
    has_authority: bool,
    records: tuple[str, ...],
    authority: tuple[str, ...],
    expected: Message,
) -> None:
    response = answer(*records, authority=authority)
    response.set_rcode(rcode)
    response.flags |= dns.flags.AA if has_authority else 0
    assert read_message(response.to_wire(), "MX") == expected


def test_the_first_reason_that_is_given_for_a_failure_is_kept() -> None:
    response = answer()
    response.set_rcode(dns.rcode.SERVFAIL)
    reasons: list[dns.edns.Option] = [
        dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678"),
        *(dns.edns.EDEOption(code) for code in ("NO_REACHABLE_AUTHORITY", "NETWORK_ERROR")),
    ]
    response.use_edns(0, options=reasons)
    assert read_message(response.to_wire(), "MX").extended_error == 22


def test_no_more_records_are_read_than_serve_anybody() -> None:
    many = answer(*(f"company.com. 60 IN MX {number} mx.com." for number in range(300)))
    assert len(read_message(many.to_wire(max_size=65535), "MX").records) == MAX_RECORDS


def test_only_what_repeats_the_question_is_an_answer_to_it() -> None:
    question = make_question("company.com", "MX")
    assert question is not None
    wire = answer().to_wire()
    assert is_answer_to(question, wire)
    assert is_answer_to(question, wire.replace(b"company", b"Company"))
    assert not is_answer_to(question, dns.message.make_query("company.com", "MX").to_wire())
    assert not is_answer_to(question, answer(name="other.com").to_wire())
    assert not is_answer_to(question, answer(record_type="A").to_wire())
    assert not is_answer_to(question, wire[:11])


@pytest.mark.parametrize(("rcode", "expected"), [(1, True), (2, True), (5, True), (0, False), (3, False)])
def test_a_failure_may_leave_the_question_away_and_a_fact_may_not(rcode: int, expected: bool) -> None:
    question = make_question("company.com", "MX")
    assert question is not None
    assert is_answer_to(question, bytes((0, 1, 0x80, rcode, 0, 0, 0, 0, 0, 0, 0, 0))) is expected


@pytest.mark.parametrize(
    "owner",
    [b"\xc0\x13", b"\xc0\x20", b"\xc0\xff", b"\x80\x00", b"\x3fa"],
    ids=["to itself", "forward", "past the end", "of no kind", "cut off"],
)
def test_a_name_that_leads_nowhere_is_no_name(owner: bytes) -> None:
    head, question = b"\0\1\x81\x80\0\1\0\1\0\0\0\0", b"\1a\0\0\1\0\1"
    record = b"\0\1\0\1\0\0\0\1\0\4abcd"
    assert read_message(head + question + b"\xc0\x0c" + record, "A").records == ("97.98.99.100",)
    with pytest.raises(MalformedMessage):
        read_message(head + question + owner + record, "A")


_LABEL = st.text("abcDEF09-_", min_size=1, max_size=8)
_NAME = st.lists(_LABEL, min_size=1, max_size=3).map(lambda labels: ".".join(labels) + ".")
_DATA = st.one_of(
    st.builds(lambda name: f"CNAME {name}", _NAME),
    st.builds(lambda number, name: f"MX {number} {name}", st.integers(0, 65535), _NAME),
    st.builds(lambda name: f"NS {name}", _NAME),
    st.builds(lambda a: f"A {a}", st.ip_addresses(v=4)),
    st.builds(lambda a: f"AAAA {a}", st.ip_addresses(v=6)),
    st.builds(lambda texts: "TXT " + " ".join(f'"{each}"' for each in texts), st.lists(_LABEL, min_size=1, max_size=3)),
)
_RECORDS = st.lists(
    st.builds(
        lambda name, ttl, data: f"{name} {ttl} IN {data}", st.just("Company.com.") | _NAME, st.integers(0, 9), _DATA
    ),
    max_size=6,
)


@given(_RECORDS, st.sampled_from(TYPES))
def test_it_reads_what_dnspython_reads(records: list[str], record_type: RecordType) -> None:
    wire = answer(*records, name="company.com", record_type=record_type).to_wire()
    assert as_we_read(wire, record_type) == as_dnspython_reads(wire)


@given(st.binary(max_size=200), _RECORDS, st.sampled_from(TYPES), st.data())
def test_no_bytes_do_harm(noise: bytes, records: list[str], record_type: RecordType, data: st.DataObject) -> None:
    wire = bytearray(answer(*records, record_type=record_type, authority=(*NS, *SOA)).to_wire())
    for value in noise[:8]:
        wire[data.draw(st.integers(0, len(wire) - 1))] = value
    for each in (bytes(wire), bytes(wire[: len(noise)]), noise):
        try:
            read_message(each, record_type)
        except MalformedMessage:
            continue
