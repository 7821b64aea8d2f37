"""Tell from MX and address records whether a domain takes mail (RFC 5321 5.1, RFC 7505)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mailsift.analyzer.evidence import Lookup, MailHost

MAX_MAIL_HOSTS: Final = 16


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where mail for a domain goes."""

    mx: tuple[MailHost, ...] = ()
    null_mx: bool = False
    implicit_mx: bool = False
    accepts_mail: bool | None = None


def needs_address(mx: Lookup, hosts: Sequence[MailHost]) -> bool:
    """Whether the domain's own address decides: it exists and names no MX at all."""
    return mx.tells and mx is not Lookup.NXDOMAIN and not hosts


def judge_delivery(mx: Lookup, hosts: Sequence[MailHost], address: Lookup) -> Delivery:
    """Judge how the MX question and, if it was needed, the address question ended."""
    if mx is Lookup.NXDOMAIN:
        return Delivery(accepts_mail=False)
    if not mx.tells:
        return Delivery()
    if not hosts:
        accepts_mail = address is Lookup.FOUND if address.tells else None
        return Delivery(implicit_mx=accepts_mail is True, accepts_mail=accepts_mail)
    # A host named "." beside others is a mistake that senders step over (RFC 7505 3).
    usable = sorted((host for host in hosts if host.host), key=lambda host: (host.preference, host.host))
    return Delivery(mx=tuple(usable[:MAX_MAIL_HOSTS]), null_mx=not usable, accepts_mail=bool(usable))
