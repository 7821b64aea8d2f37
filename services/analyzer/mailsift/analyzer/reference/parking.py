"""Names that are for sale or only show advertisements, told by whose nameservers and mail hosts they have."""

from functools import cache

from mailsift.analyzer.evidence import DomainFacts, ListHit
from mailsift.analyzer.reference.files import read_list
from mailsift.analyzer.reference.names import with_parents

_LIST = "parking"


@cache
def _services() -> dict[str, ListHit]:
    listed = read_list(_LIST)
    return {entry: ListHit(_LIST, listed.version, entry) for entry in listed.entries}


def parking_of(facts: DomainFacts) -> ListHit | None:
    """The parking service that holds a domain, if it is one that is known."""
    known = _services()
    hosts = (*facts.name_servers, *(host.host for host in facts.mx))
    return next((known[name] for host in hosts for name in with_parents(host) if name in known), None)
