"""Keys that lie side by side: what hands type that have nothing to say."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from mailsift.analyzer.reference.files import read_list

SHORTEST_RUN: Final = 4
_SHORTEST_PART: Final = 5
"""A run that breaks off is none before that many keys."""


@cache
def beginnings_of_runs() -> frozenset[str]:
    """The first SHORTEST_RUN keys of each: most words begin otherwise, and so are looked at no further."""
    return frozenset(run[:SHORTEST_RUN] for run in read_list("keyboard_runs").entries)


@cache
def _runs() -> re.Pattern[str]:
    """One run after the other, each perhaps broken off."""
    runs = read_list("keyboard_runs").entries
    parts = {*runs, *(run[:length] for run in runs for length in range(_SHORTEST_PART, len(run)))}
    return re.compile(f"(?:{'|'.join(map(re.escape, sorted(parts, key=len, reverse=True)))})+")


def keyboard_run_in(local_part: str, words: Sequence[str]) -> str | None:
    """The local part, or the first of its words, in lower case, that is nothing but runs of neighbouring keys."""
    beginnings = beginnings_of_runs()
    for name in (local_part, *words):
        if name[:SHORTEST_RUN] in beginnings and _runs().fullmatch(name):
            return name
    return None
