"""Tell from MX and address records whether a domain takes mail, and where (RFC 5321 5.1, RFC 7505)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from mailsift.analyzer.evidence import Lookup, MailHost, Reach
from mailsift.analyzer.records.networks import reach_of
from mailsift.analyzer.records.replies import Question, Reply, Walk

MAX_MAIL_HOSTS: Final = 16
FIRST_HOSTS: Final = 5
"""The addresses of so many hosts are asked for; of the others only where none of these can be reached."""

MAX_ADDRESSES: Final = 4

_REACHED: Final = frozenset({Reach.PUBLIC, Reach.PRIVATE, Reach.LITERAL})


@dataclass(frozen=True, slots=True)
class MxSet:
    """What the MX records of a domain say."""

    hosts: tuple[MailHost, ...] = ()
    """By preference, best first."""
    is_null: bool = False
    is_cut: bool = False
    """There are more than are worth looking at."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where mail for a domain goes, and whether it gets there."""

    mx: tuple[MailHost, ...] = ()
    null_mx: bool = False
    own_host: MailHost | None = None
    accepts_mail: bool | None = None
    address: Lookup = Lookup.NOT_ASKED
    """How the question for the domain's own address ended."""


def read_mx(hosts: Sequence[MailHost]) -> MxSet:
    """Order the hosts. One named "." beside others is a mistake that senders step over (RFC 7505 3)."""
    named = sorted((host for host in hosts if host.host), key=lambda host: (host.preference, host.host))
    return MxSet(tuple(named[:MAX_MAIL_HOSTS]), is_null=bool(hosts) and not named, is_cut=len(named) > MAX_MAIL_HOSTS)


def locate(host: MailHost) -> Walk[MailHost]:
    """Find out where a host is. One with a public IPv4 address is not asked for another."""
    if host.reach is not Reach.UNKNOWN:
        return host
    replies = [(yield Question(host.host, "A"))]
    if _may_have_another(replies[0]):
        replies.append((yield Question(host.host, "AAAA")))
    addresses = tuple(address for reply in replies for address in reply.addresses)
    is_known = all(reply.lookup.tells for reply in replies)
    return replace(
        host,
        reach=reach_of(addresses) if is_known else Reach.UNKNOWN,
        is_alias=any(reply.is_alias for reply in replies),
        addresses=addresses[:MAX_ADDRESSES],
        lookup=Lookup.FOUND if is_known and addresses else replies[-1].lookup,
    )


def _may_have_another(reply: Reply) -> bool:
    is_there = reply.lookup in {Lookup.FOUND, Lookup.NODATA}
    return is_there and reach_of(reply.addresses) is not Reach.PUBLIC


def route_by_mx(mx: MxSet, hosts: Sequence[MailHost]) -> Route:
    """Where mail goes by MX records, once it is known where their hosts are."""
    accepted = _accepted(hosts)
    return Route(mx=tuple(hosts), accepts_mail=None if accepted is False and mx.is_cut else accepted)


def route_by_address(own_host: MailHost) -> Route:
    """Where mail goes without an MX record: to the domain itself, if it is anywhere."""
    found = own_host if own_host.reach not in {Reach.NO_ADDRESS, Reach.UNKNOWN} else None
    return Route(own_host=found, accepts_mail=_accepted([own_host]), address=own_host.lookup)


def route_without_hosts(mx: Lookup, *, is_null: bool) -> Route:
    """Where mail goes when there is nobody to ask for further: nowhere, or that is not known."""
    return Route(null_mx=is_null, accepts_mail=False if is_null or mx is Lookup.NXDOMAIN else None)


def _accepted(hosts: Sequence[MailHost]) -> bool | None:
    """Whether mail can be handed to any of the hosts; null when that cannot be told."""
    reaches = {host.reach for host in hosts}
    if reaches & _REACHED:
        return True
    return None if Reach.UNKNOWN in reaches else False
