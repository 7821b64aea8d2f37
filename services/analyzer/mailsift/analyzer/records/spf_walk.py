"""Follow an SPF record through all it refers to, as a receiver does for a sender whom nothing names (RFC 7208 4.6.4).

That sender takes the longest way: every term is looked up until an `all`. What breaks the record on that way breaks it
for some receiver's question; a sender who is named earlier may never notice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from mailsift.analyzer.evidence import Lookup, SpfPosture
from mailsift.analyzer.records.replies import Question, RecordType, Reply, Walk
from mailsift.analyzer.records.spf import Mechanism, SpfRecord, SpfTerm, has_macros, is_spf, read_spf

MAX_LOOKUPS: Final = 10
MAX_VOIDS: Final = 2
MAX_MX: Final = 10
MAX_RECORD_KEPT: Final = 1_024
MAX_NAME_KEPT: Final = 253

_SENDERS_ADDRESS: Final[RecordType] = "A"
"""Lookups are those for a sender with an IPv4 address."""

_PASS: Final = "pass"  # noqa: S105 - what SPF calls a match


class _Broken(Exception):
    """Receivers end in an error (`permerror`)."""

    def __init__(self, detail: str, at: str) -> None:
        self.detail, self.at = detail, at


class _Open(Exception):
    """A lookup did not say."""

    def __init__(self, lookup: Lookup, at: str) -> None:
        self.lookup, self.at = lookup, at


@dataclass(slots=True)
class _Count:
    """What was looked up so far."""

    lookups: int = 0
    voids: int = 0
    includes: list[str] = field(default_factory=list)
    is_partial: bool = False

    def term(self, at: str) -> None:
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise _Broken("too_many_lookups", at)

    def reply(self, name: str, at: str, reply: Reply) -> Reply:
        if not reply.lookup.tells:
            raise _Open(reply.lookup, name)
        self.voids += reply.lookup is not Lookup.FOUND
        if self.voids > MAX_VOIDS:
            raise _Broken("too_many_voids", at)
        return reply


def walk_spf(domain: str) -> Walk[SpfPosture]:
    """Judge the SPF record of a domain and of all domains it includes or redirects to."""
    reply = yield Question(domain, "TXT")
    records = [text for text in reply.texts if is_spf(text)]
    if not reply.lookup.tells:
        return SpfPosture(None, reply.lookup.value, at=domain)
    if not records:
        return SpfPosture(valid=False, detail="none")
    count = _Count()
    policy, valid, detail, at = None, None, "valid", None
    try:
        policy = yield from _policy(domain, records, count, (domain,))
        valid = True
    except _Broken as fault:
        valid, detail, at = False, fault.detail, fault.at
    except _Open as fault:
        detail, at = fault.lookup.value, fault.at
    return SpfPosture(
        valid,
        detail,
        policy if valid else _own_policy(records),
        at and at[:MAX_NAME_KEPT],
        count.lookups,
        count.voids,
        tuple(count.includes),
        count.is_partial,
        records[0][:MAX_RECORD_KEPT],
    )


def _own_policy(records: Sequence[str]) -> str | None:
    record = read_spf(records[0]) if len(records) == 1 else None
    return None if record is None else record.all_policy


def _policy(domain: str, records: Sequence[str], count: _Count, path: tuple[str, ...]) -> Walk[str | None]:
    """What a domain's record comes to for a sender whom nothing names; null when nothing is said (4.7)."""
    record = _the_one(domain, records)
    for term in record.terms:
        count.term(domain)
        if term.target is not None and has_macros(term.target):
            count.is_partial = True
        elif (yield from _matches_anyone(domain, term, count, path)):
            return term.result
    if record.redirect is None:
        return record.all_policy
    count.term(domain)
    if has_macros(record.redirect):
        count.is_partial = True
        return None
    found = yield from _referred(domain, record.redirect, count, path)
    if not found:
        raise _Broken("redirect_missing", domain)
    return (yield from _policy(record.redirect, found, count, (*path, record.redirect)))


def _the_one(domain: str, records: Sequence[str]) -> SpfRecord:
    if len(records) > 1:
        raise _Broken("several", domain)
    record = read_spf(records[0])
    if record is None:
        raise _Broken("syntax", domain)
    return record


def _matches_anyone(domain: str, term: SpfTerm, count: _Count, path: tuple[str, ...]) -> Walk[bool]:
    """Look a term up; a sender whom nothing names may still match by what is included, and where a name exists."""
    name = term.target or domain
    match term.mechanism:
        case Mechanism.INCLUDE:
            found = yield from _referred(domain, name, count, path)
            if not found:
                raise _Broken("include_missing", domain)
            return (yield from _policy(name, found, count, (*path, name))) == _PASS
        case Mechanism.EXISTS:  # of a name that does not depend on the message
            return (yield from _look(Question(name, "A"), domain, count)).lookup is Lookup.FOUND
        case Mechanism.A:
            yield from _look(Question(name, _SENDERS_ADDRESS), domain, count)
        case Mechanism.MX:
            yield from _look_at_mx(name, domain, count)
        case Mechanism.PTR:  # its lookups are about the sender's address
            count.is_partial = True
    return False


def _referred(domain: str, name: str, count: _Count, path: tuple[str, ...]) -> Walk[list[str]]:
    """The SPF records of a domain that another one refers to."""
    if name in path:
        raise _Broken("loop", domain)
    count.includes.append(name[:MAX_NAME_KEPT])
    reply = yield from _look(Question(name, "TXT"), domain, count)
    return [text for text in reply.texts if is_spf(text)]


def _look_at_mx(name: str, domain: str, count: _Count) -> Walk[None]:
    reply = yield from _look(Question(name, "MX"), domain, count)
    hosts = [host.host for host in reply.hosts if host.host]
    if len(hosts) > MAX_MX:
        raise _Broken("too_many_mx", domain)
    for host in hosts:
        yield from _look(Question(host, _SENDERS_ADDRESS), domain, count)


def _look(question: Question, domain: str, count: _Count) -> Walk[Reply]:
    return count.reply(question.name, domain, (yield question))
