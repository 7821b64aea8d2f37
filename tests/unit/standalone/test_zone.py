from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import pytest

from mailsift.standalone.demo.zone import Fault, Zone, read_zone

ZONE = """
$TTL 3600
.                     IN SOA ns.example. hostmaster.example. 1 3600 600 86400 900
company.example.      IN MX  10 mx.company.example.
mx.company.example.   IN A   192.0.2.1
alias.example.        IN CNAME company.example.
dangling.example.     IN CNAME nowhere.example.
round.example.        IN CNAME round.example.
a.b.deep.example.     IN A   192.0.2.2
*.wild.example.       IN MX  10 mx.company.example.
there.wild.example.   IN A   192.0.2.3
mute.example._fault.  IN TXT "silence"
sick.example._fault.  IN TXT "servfail"
shut.example._fault.  IN TXT "refused"
left.example._fault.  IN TXT "lame"
""" + "\n".join(f'long.example. IN TXT "{number:0200}"' for number in range(10))


@pytest.fixture(scope="module")
def zone() -> Zone:
    return read_zone(ZONE)


def ask(zone: Zone, name: str, rdtype: str) -> dns.message.Message | None:
    return zone.answer(dns.message.make_query(name, rdtype))


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode", "answers"),
    [
        ("company.example", "MX", dns.rcode.NOERROR, 1),
        ("COMPANY.example", "MX", dns.rcode.NOERROR, 1),
        ("company.example", "TXT", dns.rcode.NOERROR, 0),
        ("nobody.example", "MX", dns.rcode.NXDOMAIN, 0),
        ("b.deep.example", "A", dns.rcode.NOERROR, 0),  # nothing stands here, but something below
        ("alias.example", "MX", dns.rcode.NOERROR, 2),
        ("alias.example", "CNAME", dns.rcode.NOERROR, 1),
        ("dangling.example", "MX", dns.rcode.NXDOMAIN, 1),
        ("round.example", "MX", dns.rcode.SERVFAIL, 8),
        ("sick.example", "MX", dns.rcode.SERVFAIL, 0),
        ("_dmarc.sick.example", "TXT", dns.rcode.SERVFAIL, 0),
        ("a.wild.example", "MX", dns.rcode.NOERROR, 1),
        ("a.b.wild.example", "MX", dns.rcode.NOERROR, 1),
        ("a.wild.example", "A", dns.rcode.NOERROR, 0),
        ("there.wild.example", "MX", dns.rcode.NOERROR, 0),
        ("a.there.wild.example", "MX", dns.rcode.NXDOMAIN, 0),
        ("wild.example", "MX", dns.rcode.NOERROR, 0),
        ("left.example", "MX", dns.rcode.SERVFAIL, 0),
        ("shut.example", "MX", dns.rcode.REFUSED, 0),
        ("sick.example._fault", "TXT", dns.rcode.NXDOMAIN, 0),
    ],
)
def test_a_question_ends_as_a_resolver_would_end_it(
    zone: Zone, name: str, rdtype: str, rcode: dns.rcode.Rcode, answers: int
) -> None:
    answer = ask(zone, name, rdtype)
    assert answer is not None
    assert (answer.rcode(), len(answer.answer)) == (rcode, answers)
    assert answer.flags & dns.flags.RA


def test_silence_is_no_answer_at_all(zone: Zone) -> None:
    assert ask(zone, "mute.example", "MX") is None
    assert Fault.SILENCE in zone.faults.values()


def test_a_no_carries_the_soa_that_says_how_long_it_holds(zone: Zone) -> None:
    answer = ask(zone, "nobody.example", "MX")
    assert answer is not None
    assert answer.authority[0][0].minimum == 900


def test_an_answer_too_long_for_udp_is_cut_and_comes_whole_over_tcp(zone: Zone) -> None:
    query = dns.message.make_query("long.example", "TXT", use_edns=True, payload=1232).to_wire()
    over_udp = zone.answer_packet(query, over_udp=True)
    over_tcp = zone.answer_packet(query, over_udp=False)
    assert over_udp is not None
    assert over_tcp is not None
    assert len(over_udp) <= 1232
    assert dns.message.from_wire(over_udp, ignore_trailing=True, continue_on_error=True).flags & dns.flags.TC
    assert len(dns.message.from_wire(over_tcp).answer[0]) == 10


def test_a_nameserver_that_is_asked_the_modern_way_says_why_it_failed(zone: Zone) -> None:
    answer = zone.answer(dns.message.make_query("left.example", "MX", use_edns=0))
    assert answer is not None
    assert [option.to_text() for option in answer.options] == ["EDE 22 (No Reachable Authority)"]
