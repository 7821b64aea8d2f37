"""Who runs the mail hosts of a domain, by the names of those."""

from collections.abc import Iterable
from functools import cache

from mailsift.analyzer.evidence import ListHit, MailHost, MailProvider
from mailsift.analyzer.reference.files import read_list
from mailsift.analyzer.reference.names import with_parents

_LIST = "mail_providers"


@cache
def _providers() -> dict[str, MailProvider]:
    listed = read_list(_LIST)
    pairs = (entry.split() for entry in listed.entries)
    return {domain: MailProvider(name, ListHit(_LIST, listed.version or "", domain)) for name, domain in pairs}


def provider_of(hosts: Iterable[MailHost]) -> MailProvider | None:
    """The provider of the first host, in the order of preference, that is anybody's we know."""
    known = _providers()
    return next((known[name] for host in hosts for name in with_parents(host.host) if name in known), None)
