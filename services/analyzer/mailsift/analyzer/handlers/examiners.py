"""What this process has learnt of the domains of lists, kept from one slice of a list to the next."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from mailsift.analyzer.evidence import DomainFacts
from mailsift.analyzer.reference.lists import Lists
from mailsift.analyzer.result_lines import ResultLines

_SECONDS_BETWEEN_CHECKS: Final = 1.0

MOST_DOMAINS: Final = 40_000
"""Of all together, 1.5 KB each; beyond that, what was learnt first is forgotten, and learnt again if needed."""
MOST_ANALYSES: Final = 8
"""What one has learnt of other things than domains, such as words, comes to 5 MB at most."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """The lines of an analysis, and the facts that they stand on: what is added to them is known from then on."""

    lists: Lists
    facts: dict[str, DomainFacts]
    lines: ResultLines


class Examiners:
    """One for each analysis: what was fresh when an analysis began serves to its end, and so does its policy."""

    def __init__(self) -> None:
        self._learnt: OrderedDict[uuid.UUID, Learnt] = OrderedDict()
        self._lock = threading.Lock()
        self._turns = threading.Lock()

    @contextmanager
    def turn(self, check: Callable[[], object]) -> Iterator[None]:
        """Wait until no other thread of this process scores; `check` says now and then whether to wait any longer.

        Python runs one at a time: side by side they would learn the same domains and pass its lock to and fro.
        """
        while not self._turns.acquire(timeout=_SECONDS_BETWEEN_CHECKS):
            check()
        try:
            yield
        finally:
            self._turns.release()

    def learnt(
        self, analysis_id: uuid.UUID, lists: Lists, make: Callable[[dict[str, DomainFacts], Lists], ResultLines]
    ) -> Learnt:
        """Return what is there for an analysis, or begin; with other lists everything begins anew."""
        with self._lock:
            known = self._learnt.get(analysis_id)
            if known is None or known.lists is not lists:
                facts: dict[str, DomainFacts] = {}
                known = self._learnt[analysis_id] = Learnt(lists, facts, make(facts, lists))
            self._learnt.move_to_end(analysis_id)
            return known

    def make_room(self) -> None:
        """Forget, the analysis that was heard of longest ago first, until there is no more than there may be."""
        with self._lock:
            while len(self._learnt) > MOST_ANALYSES or self._domains() > MOST_DOMAINS:
                self._learnt.popitem(last=False)

    def _domains(self) -> int:
        return sum(len(known.facts) for known in self._learnt.values())
