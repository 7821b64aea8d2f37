"""What handlers do otherwise in a sandbox: nobody is asked, and now and then an answer takes its time."""

from __future__ import annotations

from collections.abc import Iterable

from mailsift.analyzer.sandbox import SLOW_SECONDS, asks_for_patience
from mailsift.shared.errors import Reschedule
from mailsift.shared.jobs.lease import Lease

_WAITED = "waited"


def take_time(lease: Lease, addresses: Iterable[str]) -> None:
    """Come back later, once, if one of the addresses asks for that; no thread waits. Raises Reschedule."""
    if (lease.job.checkpoint or {}).get(_WAITED) or not any(map(asks_for_patience, addresses)):
        return
    with lease.transaction() as transaction:
        transaction.checkpoint({_WAITED: True})
    raise Reschedule(SLOW_SECONDS, "an address of a sandbox takes its time")
