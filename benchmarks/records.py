"""What the rows say after a measurement: that nothing was lost, and how long each job waited."""

from __future__ import annotations

from sqlalchemy import text

from benchmarks.site import Site
from benchmarks.tally import SENT, total

_WAITED = text("""
    SELECT extract(epoch FROM "startedAt" - "createdAt")::float FROM "jobQueue"
    WHERE "createdAt" > (SELECT min("createdAt") FROM "jobQueue") + make_interval(secs => :warm_up)""")


def assert_all_completed(site: Site) -> None:
    """See that every job that was accepted is completed, at its first attempt, and no other job is there."""
    with site.connection() as connection:
        states = connection.execute(text('SELECT status, attempt, count(*) FROM "jobQueue" GROUP BY 1, 2')).all()
    assert [tuple(state) for state in states] == [("completed", 1, total(site.folder, SENT))], states


def waits(site: Site, warm_up: float) -> list[float]:
    """Return, for each job after the first seconds, the seconds from the transaction that made it to its claim."""
    with site.connection() as connection:
        return list(connection.scalars(_WAITED, {"warm_up": warm_up}))
