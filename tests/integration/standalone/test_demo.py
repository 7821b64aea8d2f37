"""The demonstration's list against its zone, through the analyzer's own probe and rules."""

from __future__ import annotations

import csv
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

import dns.message
import dns.query
import pytest

from evidence_keys import HIT, evidence_paths, told
from mailsift.analyzer.evidence import DomainFacts
from mailsift.analyzer.examination import Examination, Examiner
from mailsift.analyzer.facts_json import evidence_to_json
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.analyzer.probes.settings import ProbeSettings
from mailsift.analyzer.reference.lists import ListKind, packaged_lists
from mailsift.analyzer.rules import authentication, domain, lists, local_parts, mailboxes, roles, suggestion, syntax
from mailsift.analyzer.rules.finding import Finding
from mailsift.shared.addresses import Address, parse
from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status
from mailsift.standalone.demo.nameserver import bundled_zone, serving

# Said of all rows when no nameserver can be reached; the demonstration brings its own.
NEVER_IN_THE_DEMONSTRATION = {"dns_unreachable"}


@dataclass(frozen=True, slots=True)
class Demonstration:
    """Each row of the list with what came out of it."""

    rows: list[dict[str, str]]
    facts: Mapping[str, DomainFacts]
    examinations: list[Examination]

    def of(self, address: str) -> Examination:
        return next(found for row, found in zip(self.rows, self.examinations, strict=True) if row["email"] == address)


@pytest.fixture(scope="module")
def demonstration() -> Demonstration:
    text = files("mailsift.standalone.demo").joinpath("list.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    parsed = [parse(row["email"]) for row in rows]
    found: list[DomainFacts] = []
    with serving(bundled_zone()) as nameserver:
        probe = DomainProbe(
            ProbeSettings(nameservers=(nameserver,), query_seconds=5, tries=2, concurrency=16), CircuitBreaker()
        )
        domains = sorted({each.domain for each in parsed if isinstance(each, Address) and each.domain is not None})
        probe.resolve_all(domains, found.extend)
    facts = {each.domain: each for each in found}
    examiner = Examiner(facts)
    return Demonstration(rows, facts, [examiner.examine(address) for address in parsed])


def test_every_reason_occurs(demonstration: Demonstration) -> None:
    families = (authentication, domain, lists, local_parts, mailboxes, roles, suggestion, syntax)
    known = {value.reason for family in families for value in vars(family).values() if isinstance(value, Finding)}
    shown = {reason for found in demonstration.examinations for reason in found.verdict.reasons}
    assert shown == (known | set(syntax.REFUSALS)) - NEVER_IN_THE_DEMONSTRATION


def test_every_fact_is_told_of_some_address(demonstration: Demonstration) -> None:
    shown = [evidence_to_json(found.evidence) for found in demonstration.examinations]
    assert set(evidence_paths()) - {path for each in shown for path in told(each)} == set()


def test_every_list_tells_its_entries_with_their_provenance(demonstration: Demonstration) -> None:
    names: dict[ListKind, set[str]] = {kind: set() for kind in ListKind}
    for known in packaged_lists().all:
        names[known.kind].add(known.name)
    hits = [hit for found in demonstration.examinations for hit in _hits(evidence_to_json(found.evidence))]
    assert all(hit["version"] and hit["entry"] for hit in hits)
    told_by = {hit["listName"] for hit in hits}
    assert [kind.value for kind in ListKind if not names[kind] & told_by] == []


def _hits(shown: object) -> Iterator[dict[str, str]]:
    values = shown.values() if isinstance(shown, dict) else shown if isinstance(shown, list) else ()
    if isinstance(shown, dict) and shown.keys() == set(HIT):
        yield shown
    for value in values:
        yield from _hits(value)


def test_every_status_lead_status_and_risk_level_occurs(demonstration: Demonstration) -> None:
    verdicts = [found.verdict for found in demonstration.examinations]
    assert {verdict.status for verdict in verdicts} == set(Status)
    assert {verdict.lead_status for verdict in verdicts} == set(LeadStatus)
    assert {verdict.risk_level for verdict in verdicts} == set(RiskLevel)


def test_every_posture_occurs(demonstration: Demonstration) -> None:
    facts = demonstration.facts.values()
    assert {fact.spf.valid for fact in facts} == {True, False, None}
    assert {fact.dkim.valid for fact in facts} == {True, False, None}
    assert {fact.dmarc.valid for fact in facts} == {True, False, None}
    assert {fact.dmarc.policy for fact in facts} == {None, "none", "quarantine", "reject"}


@pytest.mark.parametrize(
    ("address", "score", "lead_status"),
    [("john@company.com", 95, LeadStatus.HIGH_QUALITY), ("sales@startup.io", 82, LeadStatus.MEDIUM_QUALITY)],
)
def test_the_two_addresses_of_every_introduction_score_as_they_always_have(
    demonstration: Demonstration, address: str, score: int, lead_status: LeadStatus
) -> None:
    verdict = demonstration.of(address).verdict
    assert (verdict.score, verdict.lead_status, verdict.risk_level) == (score, lead_status, RiskLevel.LOW)


def test_a_slip_is_answered_with_what_was_meant(demonstration: Demonstration) -> None:
    assert demonstration.of("paula@gmaill.com").suggestion == "paula@gmail.com"


def test_the_list_is_one_that_people_have(demonstration: Demonstration) -> None:
    rows = demonstration.rows
    assert 60 <= len(rows) <= 90
    assert {"email", "first_name", "company", "country"} <= set(rows[0])
    assert sum(not row["email"] for row in rows) == 1
    addresses = [address.normalized for row in rows if isinstance(address := parse(row["email"]), Address)]
    assert len(addresses) - len(set(addresses)) == 2


def test_the_nameserver_answers_over_udp_and_tcp_and_gives_its_port_back() -> None:
    query = dns.message.make_query("company.com", "MX")
    with serving(bundled_zone()) as nameserver:
        host, _, port = nameserver.partition(":")
        assert dns.query.udp(query, host, port=int(port), timeout=5).answer
        assert dns.query.tcp(query, host, port=int(port), timeout=5).answer
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind((host, int(port)))


def test_a_packet_that_is_no_question_is_passed_over() -> None:
    with serving(bundled_zone()) as nameserver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        host, _, port = nameserver.partition(":")
        asker.sendto(b"no question", (host, int(port)))
        answer = dns.query.udp(dns.message.make_query("company.com", "MX"), host, port=int(port), timeout=5)
        assert answer.answer
