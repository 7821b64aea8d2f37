"""The probe against name servers that fail, lie, cut off, refuse or say nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import replace
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from domain_facts import public
from mailsift.analyzer.evidence import DomainFacts, Existence, Lookup, MailHost, Reach
from mailsift.analyzer.facts_json import facts_from_json, facts_to_json
from mailsift.analyzer.probes import ports
from mailsift.analyzer.probes.breaker import BreakerState, CircuitBreaker
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.analyzer.probes.ports import OPEN_PORTS, USES_OF_A_PORT
from mailsift.analyzer.probes.settings import ProbeSettings
from processes import wait_for
from servers import free_port

Reply = Callable[[dns.message.Message, str], bytes | None]
Replies = Callable[[dns.message.Message, str, int], Iterable[tuple[int, bytes]]]
"""Given the port too that a question comes from; datagrams, and the port that each goes to."""


def serve(reply: Reply, port: int = 0) -> AbstractContextManager[str]:
    """Answer over UDP with whatever bytes `reply` makes of the question; None is silence."""

    def replies(question: dns.message.Message, kind: str, port: int) -> Iterable[tuple[int, bytes]]:
        found = reply(question, kind)
        return () if found is None else ((port, found),)

    return serve_all(replies, port)


@contextmanager
def serve_all(replies: Replies, port: int = 0) -> Iterator[str]:
    """Answer over UDP with one datagram after the other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.settimeout(0.1)
        ended = threading.Event()

        def work() -> None:
            while not ended.is_set():
                try:
                    wire, sender = sock.recvfrom(4096)
                except TimeoutError:
                    continue
                question = dns.message.from_wire(wire)
                kind = question.question[0].name.to_text().partition(".")[0].lower()
                for receiver, answer in replies(question, kind, sender[1]):
                    sock.sendto(answer, ("127.0.0.1", receiver))

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield f"127.0.0.1:{sock.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def _answer(question: dns.message.Message, *records: str) -> dns.message.Message:
    response = dns.message.make_response(question)
    for record in records:
        response.answer.append(dns.rrset.from_text(question.question[0].name, 600, "IN", *record.split(" ", 1)))
    return response


RECORDS = {
    "odd": ("MX 0 a\\.b.\\255\\200.example.",),
    "ok": ("MX 10 mx.ok.example.",),
    "mx": ("A 192.0.2.1",),
}


def _reply(question: dns.message.Message, kind: str) -> dns.message.Message:
    name, record_type = question.question[0].name, question.question[0].rdtype
    match kind:
        case "loop":
            return _answer(question, f"CNAME {name}")
        case "lame" | "bogus":
            return _failure_with_its_reason(question, kind)
        case _ if kind in RECORDS:
            return _answer(question, *(record for record in RECORDS[kind] if record.startswith(f"{record_type.name} ")))
        case "stranger":
            response = _answer(question, "MX 10 mx.stranger.example.")
            response.question[0].name = dns.name.from_text("other.example.")
            return response
    response = _answer(question)
    response.set_rcode(dns.rcode.Rcode.__members__.get(kind.upper(), dns.rcode.NXDOMAIN))
    return response


def _failure_with_its_reason(question: dns.message.Message, kind: str) -> dns.message.Message:
    response = dns.message.make_response(question)
    response.set_rcode(dns.rcode.SERVFAIL)
    code = dns.edns.EDECode.NO_REACHABLE_AUTHORITY if kind == "lame" else dns.edns.EDECode.DNSSEC_BOGUS
    response.use_edns(0, options=[dns.edns.EDEOption(code)] if question.edns >= 0 else [])
    return response


def _mischief(question: dns.message.Message, kind: str) -> bytes | None:
    if kind == "garbage":
        asked = question.to_wire()[12:].partition(b"\0")[0] + b"\0" + question.question[0].rdtype.to_bytes(2, "big")
        return question.to_wire()[:2] + b"\x84\x00\x00\x01\x00\x05\0\0\0\0" + asked + b"\0\1garbage"
    return None if kind == "silent" else _reply(question, kind).to_wire()


def _impatient(*nameservers: str) -> ProbeSettings:
    return ProbeSettings(nameservers, query_seconds=0.8, tries=3)


def _resolve(
    nameserver: str, domains: list[str], breaker: CircuitBreaker | None = None, seconds: float = 0.8
) -> dict[str, DomainFacts]:
    found: list[DomainFacts] = []
    probe = DomainProbe(replace(_impatient(nameserver), query_seconds=seconds), breaker or CircuitBreaker())
    probe.resolve_all(domains, found.extend)
    return {facts.domain: facts for facts in found}


FAILURES = (
    ("servfail", Existence.SERVFAIL, Lookup.SERVFAIL),
    ("notimp", Existence.SERVFAIL, Lookup.SERVFAIL),
    ("formerr", Existence.SERVFAIL, Lookup.MALFORMED),
    ("garbage", Existence.SERVFAIL, Lookup.MALFORMED),
    ("refused", Existence.REFUSED, Lookup.REFUSED),
    ("silent", Existence.TIMEOUT, Lookup.TIMEOUT),
    ("stranger", Existence.TIMEOUT, Lookup.TIMEOUT),
    ("nxdomain", Existence.NXDOMAIN, Lookup.NXDOMAIN),
    ("lame", Existence.LAME, Lookup.SERVFAIL),
    ("bogus", Existence.SERVFAIL, Lookup.SERVFAIL),
)


@pytest.mark.parametrize(("kind", "existence", "lookup"), FAILURES)
def test_each_failure_has_its_own_name(kind: str, existence: Existence, lookup: Lookup) -> None:
    seconds = 0.8 if lookup is Lookup.TIMEOUT else 20
    with serve(_mischief) as nameserver:
        facts = _resolve(nameserver, [f"{kind}.example"], seconds=seconds)[f"{kind}.example"]
    assert (facts.existence, facts.lookups.mx) == (existence, lookup)


def test_a_nameserver_says_why_it_failed() -> None:
    with serve(_mischief) as nameserver:
        found = _resolve(nameserver, ["lame.example", "bogus.example", "servfail.example"], seconds=20)
    assert {name: facts.extended_error for name, facts in found.items()} == {
        "lame.example": 22,
        "bogus.example": 6,
        "servfail.example": None,
    }


def test_an_alias_of_itself_takes_no_mail() -> None:
    with serve(_mischief) as nameserver:
        facts = _resolve(nameserver, ["loop.example"], seconds=20)["loop.example"]
    assert (facts.existence, facts.accepts_mail) == (Existence.EXISTS, False)


def test_a_mail_host_that_is_no_host_name_does_no_harm() -> None:
    with serve(_mischief) as nameserver:
        facts = _resolve(nameserver, ["odd.example"], seconds=20)["odd.example"]
    assert facts.mx == (MailHost(0, "a?b.??.example", Reach.NO_ADDRESS),)
    assert facts_from_json(facts_to_json(facts), facts.domain) == facts


def test_a_cut_off_answer_is_asked_for_again_over_tcp() -> None:
    def cut_off(question: dns.message.Message, kind: str) -> bytes:
        if kind != "long" or question.question[0].rdtype is not dns.rdatatype.MX:
            return _reply(question, kind).to_wire()
        response = dns.message.make_response(question)
        response.flags |= dns.flags.TC
        return response.to_wire()

    port = free_port()  # one that no connection of another process happens to have
    with serve(cut_off, port) as nameserver, closing(socket.create_server(("127.0.0.1", port))) as listener:
        thread = threading.Thread(target=_serve_one_over_tcp, args=(listener,))
        thread.start()
        facts = _resolve(nameserver, ["long.example"], seconds=20)["long.example"]
        thread.join()
    assert facts.mx == (public(10, "mx.example"),)


def _port(nameserver: str) -> int:
    return int(nameserver.rpartition(":")[2])


def _serve_one_over_tcp(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as stream:
        question = dns.message.from_wire(stream.read(int.from_bytes(stream.read(2), "big")))
        wire = _answer(question, "MX 10 mx.example.").to_wire()
        connection.sendall(len(wire).to_bytes(2, "big") + wire)


def test_silence_costs_seconds_at_any_list_size() -> None:
    asked: Counter[Lookup] = Counter()
    breaker = CircuitBreaker()
    existences: Counter[Existence] = Counter()
    with serve(lambda *_: None) as nameserver:
        probe = DomainProbe(_impatient(nameserver), breaker, lambda _type, lookup, _seconds: asked.update([lookup]))
        before = time.monotonic()
        domains = [f"{number}.example" for number in range(20_000)]
        probe.resolve_all(domains, lambda news: existences.update(facts.existence for facts in news))
    assert time.monotonic() - before < 30
    assert breaker.state is not BreakerState.CLOSED
    assert existences.total() == 20_000
    assert set(existences) == {Existence.TIMEOUT, Existence.UNREACHABLE}
    assert asked == {Lookup.TIMEOUT: existences[Existence.TIMEOUT]}
    assert 50 <= asked.total() <= 250


def test_a_port_where_nobody_listens_is_no_answer_either() -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    found = _resolve(f"127.0.0.1:{port}", [f"{number}.example" for number in range(1000)])
    assert len(found) == 1000
    assert all(facts.accepts_mail is None for facts in found.values())
    assert found["999.example"].existence is Existence.UNREACHABLE


def test_a_nameserver_that_comes_back_is_asked_again() -> None:
    breaker = CircuitBreaker(seconds_to_half_open=0.2)
    with serve(lambda *_: None) as nameserver:
        _resolve(nameserver, [f"{number}.example" for number in range(60)], breaker)
    assert not breaker.may_ask()
    time.sleep(0.3)
    with serve(_mischief) as nameserver:
        found = _resolve(nameserver, ["ok.example"], breaker, seconds=20)
    assert found["ok.example"].accepts_mail
    assert breaker.state is BreakerState.CLOSED


class JobGone(Exception):
    pass


def test_whoever_waits_is_called_while_nobody_answers_and_may_go() -> None:
    calls: list[Sequence[DomainFacts]] = []

    def go(news: Sequence[DomainFacts]) -> None:
        calls.append(news)
        if len(calls) == 3:
            raise JobGone

    domains = [f"{number}.example" for number in range(500)]
    with serve(lambda *_: None) as nameserver:
        probe = DomainProbe(ProbeSettings((nameserver,), query_seconds=600), CircuitBreaker())
        with pytest.raises(JobGone):
            probe.resolve_all(domains, go)
    assert calls == [[], [], []]
    wait_for(lambda: "dns" not in {thread.name for thread in threading.enumerate()}, "the thread that asks to end")


def test_whoever_comes_hears_that_a_nameserver_makes_no_sense() -> None:
    probe = DomainProbe(ProbeSettings(("127.0.0.1:port",)), CircuitBreaker())
    for _ in range(2):
        with pytest.raises(ValueError, match="port"):
            probe.resolve_all(["a.example"], lambda _: None)


def test_one_who_goes_leaves_the_others_theirs() -> None:
    found: list[DomainFacts] = []
    is_gone = threading.Event()

    def answer(question: dns.message.Message, kind: str) -> bytes | None:
        return _mischief(question, kind) if is_gone.is_set() else None

    def go(_: Sequence[DomainFacts]) -> None:
        raise JobGone

    with serve(answer) as nameserver:
        probe = DomainProbe(ProbeSettings((nameserver,), query_seconds=20, tries=5), CircuitBreaker())
        other = threading.Thread(target=probe.resolve_all, args=(["ok.example"], found.extend))
        other.start()
        with pytest.raises(JobGone):
            probe.resolve_all([f"ok.d{number}.example" for number in range(50)], go)
        is_gone.set()
        other.join()
    assert [facts.accepts_mail for facts in found] == [True]


def test_a_second_nameserver_answers_for_a_silent_first() -> None:
    found: list[DomainFacts] = []
    with serve(lambda *_: None) as silent, serve(_mischief) as talking:
        probe = DomainProbe(ProbeSettings((silent, talking), query_seconds=3.0), CircuitBreaker())
        probe.resolve_all(["ok.example"], found.extend)
    assert found[0].accepts_mail


def _many(nameservers: Sequence[str], domains: Sequence[str], **settings: Any) -> dict[str, DomainFacts]:
    found: list[DomainFacts] = []
    probe = DomainProbe(replace(ProbeSettings(tuple(nameservers), query_seconds=30), **settings), CircuitBreaker())
    probe.resolve_all(domains, found.extend)
    return {facts.domain: facts for facts in found}


@pytest.mark.parametrize("failure", ["servfail", "refused", "notimp", "garbage"])
def test_another_nameserver_answers_for_one_that_fails(failure: str) -> None:
    def fail(question: dns.message.Message, _: str) -> bytes | None:
        return _mischief(question, failure)

    with serve(fail) as failing, serve(_mischief) as talking:
        found = _many([failing, talking], [f"ok.d{number}.example" for number in range(20)])
    assert {facts.existence for facts in found.values()} == {Existence.EXISTS}
    assert all(facts.accepts_mail for facts in found.values())


def test_when_all_nameservers_fail_what_one_of_them_says_is_kept() -> None:
    with serve(_mischief) as failing, serve(lambda *_: None) as silent:
        facts = _many([failing, silent], ["lame.example"], query_seconds=4)["lame.example"]
    assert (facts.existence, facts.extended_error) == (Existence.LAME, 22)


def test_a_forged_answer_is_passed_over_for_the_right_one() -> None:
    def forge(question: dns.message.Message, kind: str, port: int) -> Iterator[tuple[int, bytes]]:
        right = _reply(question, kind).to_wire()
        wrong = _answer(question, "MX 10 evil.example.", "A 127.0.0.1")
        wrong.id ^= 1
        yield port, wrong.to_wire()
        wrong.id ^= 1
        wrong.question[0].name = dns.name.from_text("ok.evil.example.")
        yield port, wrong.to_wire()
        yield port, right[:12]
        yield port, b"\0"
        yield port, right

    with serve_all(forge) as nameserver:
        facts = _resolve(nameserver, ["ok.example"], seconds=20)["ok.example"]
    assert facts.mx == (public(10, "mx.ok.example"),)


def test_an_answer_to_the_first_try_counts_when_the_second_is_out() -> None:
    first: dict[str, tuple[int, bytes]] = {}

    def late(question: dns.message.Message, kind: str, port: int) -> Iterator[tuple[int, bytes]]:
        asked = question.question[0].to_text()
        if asked in first:
            yield first[asked]
        else:
            first[asked] = port, _reply(question, kind).to_wire()

    with serve_all(late) as nameserver:
        facts = _many([nameserver], ["nxdomain.example"])["nxdomain.example"]
    assert facts.existence is Existence.NXDOMAIN


def test_a_nameserver_that_never_heard_of_edns_is_asked_without() -> None:
    def old(question: dns.message.Message, kind: str) -> bytes:
        if question.edns < 0:
            return _reply(question, kind).to_wire()
        response = dns.message.make_response(question)
        response.use_edns(edns=False)
        response.set_rcode(dns.rcode.FORMERR)
        return response.to_wire()[:12].replace(b"\0\1\0\0\0\0", b"\0\0\0\0\0\0")

    with serve(old) as nameserver:
        facts = _resolve(nameserver, ["ok.example"], seconds=20)["ok.example"]
    assert facts.mx == (public(10, "mx.ok.example"),)


def test_a_cut_off_answer_that_tcp_does_not_bring_either_is_unknown() -> None:
    def cut_off(question: dns.message.Message, _: str) -> bytes:
        response = dns.message.make_response(question)
        response.flags |= dns.flags.TC
        return response.to_wire()

    with serve(cut_off) as nameserver:
        facts = _resolve(nameserver, ["long.example"])["long.example"]
    assert (facts.accepts_mail, facts.lookups.mx) == (None, Lookup.TIMEOUT)


def test_no_nameserver_has_more_to_answer_than_it_is_said_to_bear_whoever_asks() -> None:
    asked: set[str] = set()

    def hold(question: dns.message.Message, _: str) -> None:
        asked.add(question.question[0].to_text())

    def look_until_over(thread: int) -> None:
        def go_on(_: Sequence[DomainFacts]) -> None:
            if is_over.is_set():
                raise JobGone

        with suppress(JobGone):
            probe.resolve_all([f"{n}.t{thread}.example" for n in range(30)], go_on)

    is_over = threading.Event()
    with serve(hold) as nameserver:
        settings = ProbeSettings((nameserver,), query_seconds=600, questions_at_once=3)
        probe = DomainProbe(settings, CircuitBreaker())
        threads = [threading.Thread(target=look_until_over, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(asked) == 3, "three questions")
        time.sleep(0.3)
        is_over.set()
        for thread in threads:
            thread.join()
    assert len(asked) == 3


def test_thousands_of_questions_are_out_at_once() -> None:
    asked: set[str] = set()
    enough = 2_000

    def hold(question: dns.message.Message, _: str) -> bytes | None:
        asked.add(question.question[0].to_text())
        return _reply(question, "nxdomain").to_wire() if len(asked) >= enough else None

    with serve(hold) as nameserver:
        found = _many([nameserver], [f"d{n}.example" for n in range(enough)], concurrency=enough, query_seconds=30)
    assert {facts.existence for facts in found.values()} == {Existence.NXDOMAIN}
    assert len(asked) == len(found) == enough


def test_a_nameserver_that_dies_in_the_middle_leaves_the_rest_to_the_other() -> None:
    heard = 0

    def die(question: dns.message.Message, kind: str) -> bytes | None:
        nonlocal heard
        heard += 1
        return _mischief(question, kind) if heard <= 50 else None

    with serve(die) as dying, serve(_mischief) as talking:
        found = _many([dying, talking], [f"ok.d{number}.example" for number in range(60)])
    assert all(facts.accepts_mail for facts in found.values())
    assert heard > 50


def test_a_nameserver_whose_name_gets_lost_is_asked_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up, names = socket.getaddrinfo, list[str]()

    def forget(host: str, port: int, **options: Any) -> Any:
        names.append(host)
        if len(names) > 1:
            raise socket.gaierror
        return look_up("127.0.0.1", port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", forget)
    monkeypatch.setattr(ports, "SECONDS_OF_A_LOCATION", 0.0)
    with serve(_mischief) as nameserver:
        found = _many([f"ns.example:{_port(nameserver)}"], [f"nxdomain.d{n}.example" for n in range(OPEN_PORTS)])
    assert {facts.existence for facts in found.values()} == {Existence.NXDOMAIN}
    assert set(names) == {"ns.example"}
    assert len(names) > 1


def test_ports_and_ids_change_with_the_questions() -> None:
    seen: Counter[int] = Counter()
    ids: set[int] = set()

    def note(question: dns.message.Message, _: str, port: int) -> Iterator[tuple[int, bytes]]:
        seen[port] += 1
        ids.add(question.id)
        yield port, _reply(question, "nxdomain").to_wire()

    domains = [f"nxdomain.d{number}.example" for number in range(2 * OPEN_PORTS * USES_OF_A_PORT)]
    with serve_all(note) as nameserver:
        _many([nameserver], domains, questions_at_once=20, query_seconds=120)

    assert len(seen) > OPEN_PORTS
    assert len(ids) > len(domains) * 0.9
