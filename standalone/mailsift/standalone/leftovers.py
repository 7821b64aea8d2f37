"""What earlier runs left unfinished: it goes on at the start, and asks the nameservers it was begun with."""

from __future__ import annotations

from mailsift.shared.db.session import make_engine
from mailsift.shared.jobs.repository.outbox import void_all_hints
from mailsift.shared.jobs.repository.recovering import put_off_pending, void_all_leases
from mailsift.standalone.home import Home

_HELD_SECONDS = 365 * 24 * 3600


def take_over(database_url: str, home: Home, nameservers: tuple[str, ...]) -> None:
    """Hand back whatever ran when its process died; whoever calls is the only one who runs jobs in this database.

    A command that asks other nameservers leaves it alone: their answers would colour verdicts that were asked of these.
    """
    others = home.asked() not in {None, nameservers}
    engine = make_engine(database_url, "mailsift-standalone", pool_size=1)
    try:
        with engine.begin() as connection:
            void_all_leases(connection)
            void_all_hints(connection)
            left = put_off_pending(connection, _HELD_SECONDS if others else 0)
    finally:
        engine.dispose()
    if not (others and left):
        home.note_asked(nameservers)
