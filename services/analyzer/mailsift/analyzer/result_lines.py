"""Results as lines of COPY: what those of many addresses have in common is put together once; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mailsift.analyzer.examination import Examination
from mailsift.analyzer.results import Purpose, Tally, result_row
from mailsift.shared.copy_text import encode_fields, encode_row

_OWN_COLUMNS: Final = 4
"""Those at the front that are the address's own."""

_Kind = tuple[int, int, bool]


@dataclass(slots=True)
class _Shared:
    """One kind of result: the same domain and the same verdict."""

    example: Examination
    """It is kept lest another domain or verdict take the place in memory by which these are told apart."""
    rest: str
    count: int = 0


class ResultLines:
    """The lines of one slice, in which most addresses of a domain share all but the address."""

    def __init__(self, purpose: Purpose) -> None:
        self._purpose = purpose
        self._shared: dict[_Kind, _Shared] = {}
        self._alone = Tally()

    def line(self, sequence_number: int, email_address: str, normalized: str, examination: Examination) -> str:
        """The line of one result."""
        if examination.suggestion is not None:  # which holds the local part
            self._alone.add(examination)
            row = result_row(self._purpose, sequence_number, email_address, normalized, examination)
            return encode_row(row)
        evidence = examination.evidence
        kind = (id(evidence.domain), id(examination.verdict), evidence.role is None)
        shared = self._shared.get(kind)
        if shared is None:
            row = result_row(self._purpose, sequence_number, email_address, normalized, examination)
            shared = self._shared[kind] = _Shared(examination, encode_fields(row[_OWN_COLUMNS:]))
        shared.count += 1
        texts = encode_fields((email_address, normalized))
        return f"{self._purpose.analysis_id}\t{sequence_number}\t{texts}\t{shared.rest}\n"

    def tally(self) -> Tally:
        """Count the results so far."""
        for shared in self._shared.values():
            self._alone.add(shared.example, shared.count)
            shared.count = 0
        return self._alone
