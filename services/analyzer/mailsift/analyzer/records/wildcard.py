"""Tell whether a domain takes mail for names that nobody ever made (RFC 4592)."""

from dataclasses import dataclass
from hashlib import sha256

from mailsift.analyzer.evidence import Lookup
from mailsift.analyzer.records.replies import Question, Walk


@dataclass(frozen=True, slots=True)
class WildcardFound:
    """The domain below which any name takes mail, if there is one, and how the question ended."""

    domain: str | None
    lookup: Lookup


def walk_wildcard(domain: str, registrable: str | None) -> Walk[WildcardFound]:
    """Ask for the MX of a name that is nobody's: beside a subdomain, or below a registrable domain.

    Beside it, because a subdomain that shares its parent's wildcard may be one of those names itself.
    """
    is_registered = domain.count(".") <= 1 if registrable is None else domain == registrable
    base = domain if is_registered else domain.partition(".")[2]
    # Always the same for a domain, so that a resolver may answer it from memory.
    label = f"mailsift-{sha256(base.encode()).hexdigest()[:16]}"
    reply = yield Question(f"{label}.{base}", "MX")
    return WildcardFound(base if reply.lookup is Lookup.FOUND else None, reply.lookup)
