"""The probe against a real authoritative name server: every kind of domain, and the questions it costs."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from domain_facts import public
from mailsift.analyzer.evidence import DomainFacts, Existence, Lookup, Reach
from mailsift.analyzer.probes.breaker import CircuitBreaker
from mailsift.analyzer.probes.domains import DomainProbe
from mailsift.analyzer.probes.settings import ProbeSettings

LONG_TXT = "\n".join(f'long TXT "{"x" * 250}" "{"y" * 250}" "{number}"' for number in range(90))
ZONE = f"""
$ORIGIN example.
$TTL 1200
@ SOA ns.example. hostmaster.example. 1 3600 600 86400 300
@ NS ns
ns A 127.0.0.1
mx A 192.0.2.1
good MX 20 mx2.good
good MX 10 mx1.good
mx1.good A 192.0.2.1
mx2.good A 192.0.2.1
good TXT "v=spf1 include:_spf.example" ".com ~all"
_dmarc.good TXT "v=DMARC1; p=quarantine; rua=mailto:d@good.example"
selector1._domainkey.good TXT "v=DKIM1; k=rsa; p=MIGf"
null MX 0 .
implicit A 192.0.2.1
implicit6 AAAA 2001:db8::1
bare TXT "nothing here takes mail"
alias CNAME good
dangling CNAME nowhere.example.
self MX 10 self
self A 192.0.2.1
self TXT "\\255\\254 v=spf1"
long MX 10 mx
long 60 TXT "v=spf1 -all"
{LONG_TXT}
twice MX 10 mx
twice TXT "v=spf1 -all"
twice TXT "v=spf1 mx -all"
*.wild MX 10 mx
*.wild TXT "v=spf1 -all"
lame NS ns.elsewhere.net.
unresolvable MX 10 mx.unresolvable
unresolvable MX 20 nodata
nodata TXT "a name without an address"
loopback MX 10 here
here A 127.0.0.1
private MX 10 intranet
intranet A 10.1.2.3
intranet AAAA fd00::1
six MX 10 mx6
mx6 AAAA 2001:db8::1
literal MX 10 192.0.2.7.
aliased MX 10 alias-of-mx
alias-of-mx CNAME mx
at-home A 127.0.0.1
"""
ZONES = {
    "example": ZONE,
    "company.co.uk": """
$ORIGIN company.co.uk.
$TTL 1200
@ SOA ns.example. hostmaster.example. 1 3600 600 86400 300
@ NS ns.example.
mail MX 10 mx
mx A 192.0.2.1
_dmarc TXT "v=DMARC1; p=reject; sp=none"
""",
}

NameServer = Callable[[Mapping[str, str]], str]


def _probe(nameserver: str, asked: Counter[Lookup] | None = None) -> DomainProbe:
    counter = asked if asked is not None else Counter[Lookup]()
    return DomainProbe(
        ProbeSettings(nameservers=(nameserver,), query_seconds=20),
        CircuitBreaker(),
        lambda lookup: counter.update([lookup]),
    )


def _resolve(probe: DomainProbe, *domains: str) -> dict[str, DomainFacts]:
    found: list[DomainFacts] = []
    asyncio.run(probe.resolve_all(domains, found.append))
    return {facts.domain: facts for facts in found}


def test_every_kind_of_domain_is_told_apart(name_server: NameServer) -> None:
    names = ("good", "null", "implicit", "implicit6", "bare", "alias", "dangling", "self", "long", "twice")
    asked: Counter[Lookup] = Counter()
    probe = _probe(name_server(ZONES), asked)
    found = _resolve(
        probe,
        *(f"{name}.example" for name in names),
        "a.wild.example",
        "missing.example",
        "mail.company.co.uk",
        "elsewhere.org",
    )
    facts = {domain.removesuffix(".example"): known for domain, known in found.items()}

    assert facts["good"].mx == (public(10, "mx1.good.example"), public(20, "mx2.good.example"))
    assert (facts["good"].spf.valid, facts["good"].spf.all_policy) == (True, "softfail")
    assert (facts["good"].dkim.valid, facts["good"].dkim.selector) == (True, "selector1")
    assert (facts["good"].dmarc.valid, facts["good"].dmarc.policy) == (True, "quarantine")
    assert facts["good"].ttl_seconds == 1200
    assert (facts["null"].null_mx, facts["null"].accepts_mail) == (True, False)
    assert (facts["implicit"].own_host, facts["implicit"].accepts_mail) == (public(0, "implicit.example"), True)
    assert (facts["implicit6"].mx_host, facts["implicit6"].accepts_mail) == ("implicit6.example", True)
    assert (facts["bare"].existence, facts["bare"].accepts_mail) == (Existence.EXISTS, False)
    assert facts["alias"].mx == facts["good"].mx
    assert facts["dangling"].existence is Existence.NXDOMAIN
    assert facts["self"].mx == (public(10, "self.example"),)
    assert facts["self"].spf.detail == "none"
    assert (facts["long"].spf.valid, facts["long"].ttl_seconds) == (True, 300)
    assert facts["twice"].spf.detail == "several"
    assert (facts["a.wild"].accepts_mail, facts["a.wild"].dkim.valid) == (True, None)
    assert facts["missing"].existence is Existence.NXDOMAIN
    assert (facts["mail.company.co.uk"].dmarc.policy, facts["mail.company.co.uk"].dmarc.found_at) == (
        "none",
        "company.co.uk",
    )
    assert facts["elsewhere.org"].existence is Existence.REFUSED
    assert set(asked) == {Lookup.FOUND, Lookup.NODATA, Lookup.NXDOMAIN, Lookup.REFUSED}


WHERE_MAIL_GOES = (
    ("unresolvable", (Reach.NO_ADDRESS, Reach.NO_ADDRESS), False),
    ("loopback", (Reach.NOWHERE,), False),
    ("private", (Reach.PRIVATE,), True),
    ("six", (Reach.PUBLIC,), True),
    ("literal", (Reach.LITERAL,), True),
    ("aliased", (Reach.PUBLIC,), True),
    ("at-home", (Reach.NOWHERE,), False),
)


def test_it_is_known_where_mail_goes(name_server: NameServer) -> None:
    found = _resolve(_probe(name_server(ZONES)), *(f"{name}.example" for name, _, _ in WHERE_MAIL_GOES))
    told = tuple(
        (name, tuple(host.reach for host in facts.mail_hosts), facts.accepts_mail)
        for name, _, _ in WHERE_MAIL_GOES
        for facts in [found[f"{name}.example"]]
    )
    assert told == WHERE_MAIL_GOES
    assert found["private.example"].mx[0].addresses == ("10.1.2.3", "fd00::1")
    assert [host.is_alias for host in found["aliased.example"].mx] == [True]


def test_a_nameserver_that_only_points_elsewhere_proves_nothing(name_server: NameServer) -> None:
    facts = _resolve(_probe(name_server(ZONES)), "lame.example")["lame.example"]
    assert (facts.existence, facts.accepts_mail, facts.lookups.mx) == (Existence.LAME, None, Lookup.NODATA)


def test_a_name_that_does_not_exist_costs_one_question(name_server: NameServer) -> None:
    asked: Counter[Lookup] = Counter()
    _resolve(_probe(name_server(ZONES), asked), *(f"missing{number}.example" for number in range(300)))
    assert asked == {Lookup.NXDOMAIN: 300}


def test_one_probe_serves_several_event_loops_at_once(name_server: NameServer) -> None:
    probe = _probe(name_server(ZONES))
    results: list[dict[str, DomainFacts]] = []

    def work(first: int) -> None:
        results.append(_resolve(probe, *(f"{number}.wild.example" for number in range(first, first + 100))))

    threads = [threading.Thread(target=work, args=(100 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(found) for found in results) == 400
    assert all(facts.accepts_mail for found in results for facts in found.values())


def test_what_the_callback_raises_ends_the_run(name_server: NameServer) -> None:
    class JobGone(Exception):
        pass

    seen: list[str] = []

    def on_done(facts: DomainFacts) -> None:
        seen.append(facts.domain)
        if len(seen) == 10:
            raise JobGone

    domains = [f"{number}.wild.example" for number in range(5000)]
    with pytest.raises(JobGone):
        asyncio.run(_probe(name_server(ZONES)).resolve_all(domains, on_done))
    assert len(seen) == 10


def test_the_hosts_file_is_not_asked(name_server: NameServer) -> None:
    facts = _resolve(_probe(name_server(ZONES)), "localhost")["localhost"]
    assert facts.existence is Existence.REFUSED


def test_nothing_to_look_up_is_no_fault(name_server: NameServer) -> None:
    assert _resolve(_probe(name_server(ZONES))) == {}
