"""Results as lines of COPY: what those of many addresses have in common is put together once; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from mailsift.analyzer.examination import Examination, Examiner
from mailsift.analyzer.ordinary import OrdinaryAddresses
from mailsift.analyzer.reference.mailboxes import MailboxRules, mailbox_rules
from mailsift.analyzer.results import Purpose, Tally, canonical_if_other, counters_of, result_row
from mailsift.shared.addresses import parse
from mailsift.shared.copy_text import NULL, encode_fields

_OWN_COLUMNS: Final = 5
"""Those at the front that are the address's own."""
_OTHERS_KEPT: Final = 1_000


class ListRow(NamedTuple):
    """One address to score."""

    sequence_number: int
    email_address: str
    normalized_address: str
    domain: str | None = None


PlainRow = tuple[int, str, str, str | None]
"""A ListRow as it is fetched: of a list's millions few have to become one."""


class SharedResult(NamedTuple):
    """What many results have in common."""

    rest: str
    """The line from behind the address to its end."""
    counters: tuple[str, ...]


class _Ordinary(NamedTuple):
    """What the results of all ordinary addresses of a domain have in common."""

    mailboxes: MailboxRules | None
    renaming: MailboxRules | None
    """The same, where the canonical address may be another."""
    shared: SharedResult


class _Other(NamedTuple):
    """The same of others, where domain and verdict are the same."""

    example: Examination
    """It is kept lest another domain or verdict take the place in memory by which these are told apart."""
    shared: SharedResult


class ResultLines:
    """The lines of one analysis: of an ordinary address whose domain is known, nothing has to be examined."""

    def __init__(self, purpose: Purpose, examiner: Examiner) -> None:
        self.examiner = examiner
        self._purpose = purpose
        self._addresses = OrdinaryAddresses(examiner.lists)
        self._ordinary: dict[str, _Ordinary] = {}
        self._counters: dict[tuple[str, ...], tuple[str, ...]] = {}
        """Each of the few that there are, once."""
        self._others: dict[tuple[int, int, bool], _Other] = {}

    def of(self, rows: Iterable[PlainRow], tally: Tally) -> str:
        """The lines of some results, which the tally counts."""
        start, ordinary, include = f"{self._purpose.analysis_id}\t", self._ordinary, self._addresses.include
        lines, counted = [], []
        for row in rows:
            number, text, normalized, _ = row
            known = ordinary.get(normalized[normalized.rfind("@") + 1 :])
            if known is not None and include(text, normalized, known.mailboxes):
                rest, counters = known.shared
                other = NULL if known.renaming is None else _canonical_field(known.renaming, normalized)
                lines.append(f"{start}{number}\t{text}\t{normalized}\t{other}\t{rest}")
            else:
                canonical, (rest, counters) = self._examine(ListRow._make(row))
                lines.append(f"{start}{number}\t{encode_fields((text, normalized, canonical))}\t{rest}")
            counted.append(counters)
        for counters, times in Counter(counted).items():
            tally.add(counters, times)
        return "".join(lines)

    def _examine(self, row: ListRow) -> tuple[str | None, SharedResult]:
        """The canonical address where it is another, and what the result has in common with others."""
        examination = self.examiner.examine(parse(row.email_address))
        return canonical_if_other(examination, row.normalized_address), self._in_common(row, examination)

    def _in_common(self, row: ListRow, examination: Examination) -> SharedResult:
        text, normalized = row.email_address, row.normalized_address
        if examination.suggestion is not None:  # which holds the local part
            return self._put_together(row, examination)
        domain = examination.evidence.domain
        if domain is not None and domain.facts.domain not in self._ordinary:
            name = domain.facts.domain
            mailboxes = mailbox_rules(name)
            if normalized.endswith(f"@{name}") and self._addresses.include(text, normalized, mailboxes):
                shared = self._put_together(row, examination)
                renaming = mailboxes if mailboxes is not None and mailboxes.rename(name) else None
                self._ordinary[name] = _Ordinary(mailboxes, renaming, shared)
                return shared
        return self._other(row, examination)

    def _other(self, row: ListRow, examination: Examination) -> SharedResult:
        evidence = examination.evidence
        kind = (id(evidence.domain), id(examination.verdict), evidence.role is None)
        known = self._others.get(kind)
        if known is None:
            if len(self._others) >= _OTHERS_KEPT:
                self._others.clear()
            known = self._others[kind] = _Other(examination, self._put_together(row, examination))
        return known.shared

    def _put_together(self, row: ListRow, examination: Examination) -> SharedResult:
        number, text, normalized, _ = row
        values = result_row(self._purpose, number, text, normalized, examination)
        counters = counters_of(examination)
        rest = f"{encode_fields(values[_OWN_COLUMNS:])}\n"
        return SharedResult(rest, self._counters.setdefault(counters, counters))


def _canonical_field(mailboxes: MailboxRules, normalized: str) -> str:
    """The canonical address of an ordinary one, where that is another; there is nothing in it to encode."""
    canonical = mailboxes.canonical(normalized.rpartition("@")[0])
    return NULL if canonical == normalized else canonical
