"""Gather the facts of one domain: what is asked, in which order, and what is not asked any more."""

from collections.abc import Sequence
from typing import Final

from mailsift.analyzer.evidence import (
    UNKNOWN_TTL_SECONDS,
    DomainFacts,
    Existence,
    Lookup,
    Lookups,
    MailHost,
    Reach,
)
from mailsift.analyzer.probes.inquiry import Ask, Inquiry, SharedMemory
from mailsift.analyzer.probes.posture import Posture, find_posture
from mailsift.analyzer.records.delivery import (
    FIRST_HOSTS,
    Route,
    locate,
    read_mx,
    route_by_address,
    route_by_mx,
    route_without_hosts,
)
from mailsift.analyzer.records.existence import judge_existence
from mailsift.analyzer.records.replies import Question, Reply, only
from mailsift.analyzer.reference.providers import provider_of

MIN_TTL_SECONDS: Final = 300
MAX_TTL_SECONDS: Final = 86_400
NEGATIVE_TTL_SECONDS: Final = 900
"""How long a no is kept that came without a SOA (RFC 2308 5)."""

MAX_NAME_SERVERS: Final = 6


class DomainLookup:
    """Asks what is needed to know a domain, and no more; one object serves all domains of a process."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._shared = SharedMemory(ask)

    async def facts(self, domain: str) -> DomainFacts:
        """MX first: a name that does not exist or that nobody can look up is asked nothing more (RFC 8020)."""
        inquiry = Inquiry(domain, self._ask, self._shared)
        mx = await inquiry.follow(only(Question(domain, "MX")))
        route = await _route(inquiry, domain, mx)
        if not route.accepts_mail:
            return _bare_facts(domain, mx, route)
        return _whole_facts(domain, mx, route, await find_posture(inquiry, domain, provider_of(route.mx)))


def _whole_facts(domain: str, mx: Reply, route: Route, posture: Posture) -> DomainFacts:
    """The facts of a domain that takes mail."""
    return DomainFacts(
        domain=domain,
        existence=Existence.EXISTS,
        mx=route.mx,
        own_host=route.own_host,
        accepts_mail=True,
        spf=posture.spf,
        dkim=posture.dkim,
        dmarc=posture.dmarc,
        mta_sts=posture.mta_sts,
        tls_rpt=posture.tls_rpt,
        name_servers=posture.name_servers.names[:MAX_NAME_SERVERS],
        wildcard_mx=posture.wildcard.domain,
        lookups=Lookups(
            mx=mx.lookup,
            address=route.address,
            spf=posture.own_texts.lookup,
            dmarc=posture.policy.lookup,
            dkim=posture.keys.lookup,
            name_servers=posture.name_servers.lookup,
            wildcard=posture.wildcard.lookup,
        ),
        ttl_seconds=_ttl(mx, posture.own_texts, is_open=posture.is_open),
    )


def _bare_facts(domain: str, mx: Reply, route: Route) -> DomainFacts:
    """The facts of a domain that takes no mail, or about which that cannot be told."""
    existence = judge_existence(mx.lookup, is_referral=mx.is_referral, extended_error=mx.extended_error)
    accepts_mail = None if existence is Existence.LAME else route.accepts_mail
    return DomainFacts(
        domain=domain,
        existence=existence,
        mx=route.mx,
        null_mx=route.null_mx,
        own_host=route.own_host,
        accepts_mail=accepts_mail,
        extended_error=mx.extended_error,
        lookups=Lookups(mx=mx.lookup, address=route.address),
        ttl_seconds=UNKNOWN_TTL_SECONDS if accepts_mail is None else _ttl(mx),
    )


async def _route(inquiry: Inquiry, domain: str, mx: Reply) -> Route:
    named = read_mx(mx.hosts)
    if named.hosts:
        return route_by_mx(named, await _located(inquiry, named.hosts))
    if named.is_null or not mx.lookup.tells or mx.lookup is Lookup.NXDOMAIN:
        return route_without_hosts(mx.lookup, is_null=named.is_null)
    return route_by_address(await inquiry.follow(locate(MailHost(0, domain))))


async def _located(inquiry: Inquiry, hosts: Sequence[MailHost]) -> tuple[MailHost, ...]:
    """Find the first hosts, and the others where none of those can be reached."""
    first, others = hosts[:FIRST_HOSTS], hosts[FIRST_HOSTS:]
    found = await inquiry.follow_all([locate(host) for host in first])
    if any(host.reach is Reach.PUBLIC for host in found):
        return (*found, *others)
    return (*found, *await inquiry.follow_all([locate(host) for host in others]))


def _ttl(*replies: Reply, is_open: bool = False) -> int:
    """As long as the shortest-lived record, within bounds; an open question is asked again soon."""
    shortest = min((reply.ttl_seconds for reply in replies if reply.ttl_seconds is not None), default=None)
    found = shortest if shortest is not None else NEGATIVE_TTL_SECONDS
    return MIN_TTL_SECONDS if is_open else max(MIN_TTL_SECONDS, min(found, MAX_TTL_SECONDS))
