"""One DNS question, and its answer as far as mail cares: names and texts that are safe to keep."""

from collections.abc import Generator
from typing import Literal, NamedTuple, TypeVar

from mailsift.analyzer.evidence import Lookup, MailHost

RecordType = Literal["MX", "A", "AAAA", "TXT", "NS"]


class Question(NamedTuple):
    """What is asked of a nameserver; a tuple, for it is looked for in dictionaries again and again."""

    name: str
    record_type: RecordType


class Reply(NamedTuple):
    """How a question ended, and what was found; of the four kinds only the one that was asked for.

    There is one for each of so many questions, and a tuple is made in a fraction of the time.
    """

    lookup: Lookup
    hosts: tuple[MailHost, ...] = ()
    addresses: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    is_alias: bool = False
    """There was a CNAME on the way."""
    ttl_seconds: int | None = None
    """The shortest of the records on the way; of a denial what its SOA says."""
    is_referral: bool = False
    """The nameserver only points to others: it does not answer for the name."""
    extended_error: int | None = None
    """Why a nameserver failed, as it says itself (RFC 8914)."""


_Found = TypeVar("_Found")

Walk = Generator[Question, Reply, _Found]
"""Asks one question after the other, each because of the replies so far, and returns what was found."""


def only(question: Question) -> Walk[Reply]:
    """The walk that asks one question."""
    return (yield question)
