"""Erases a person's data from the command line, and says what was found and that nothing is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from mailsift.api.schemas.erasures import MOST_AT_ONCE, Erasure
from mailsift.shared.spellings import of_one_person
from mailsift.shared.verdicts import ErasureStatus
from mailsift.standalone.client import Client
from mailsift.standalone.errors import InputError
from mailsift.standalone.progress import Shown

_PAUSE_SECONDS = 0.5


def read_addresses(named: Sequence[str]) -> list[str]:
    """Take addresses from the command line or, where there are none, from standard input. Raises InputError."""
    try:
        return of_one_person(named or sys.stdin, MOST_AT_ONCE)
    except ValueError as error:
        raise InputError("invalid_address", str(error)) from error


def erase(client: Client, addresses: Sequence[str], shown: Shown) -> Erasure:
    """Have a person's data erased, and come back when nothing of it is left."""
    erasure = client.erase(addresses)
    while erasure.status is not ErasureStatus.COMPLETED:
        step = "waiting for what is under way" if erasure.waiting_for else f"search {erasure.searches + 1}"
        shown.show(step, erasure.progress)
        time.sleep(_PAUSE_SECONDS)
        erasure = client.find_erasure(erasure.erasure_id)
    return erasure


def report(erasure: Erasure) -> str:
    """Lay the proof out."""
    width = max(map(len, erasure.erased), default=0)
    lines = [f"{place:<{width}}  {count:,} erased" for place, count in sorted(erasure.erased.items())]
    searched = f"{erasure.rows_searched:,} rows, {erasure.files_searched:,} files"
    lines.append(f"search {erasure.searches} went through everything ({searched}): {erasure.remaining} remain")
    if erasure.more_mailboxes:
        lines.append("more addresses lead to the same mailbox than one erasure takes: name the others, and erase again")
    lines.append(f"erasure {erasure.erasure_id}")
    return "\n".join(lines)
