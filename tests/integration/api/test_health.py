from __future__ import annotations

import time

from sqlalchemy import Engine

from mailsift.api.health import DatabaseProbe
from mailsift.shared.db.session import make_engine


def settled(probe: DatabaseProbe, *, wanted: bool) -> bool:
    deadline = time.monotonic() + 5
    while probe.ready is not wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return probe.ready is wanted


def test_a_process_is_ready_while_its_database_answers(api: Engine) -> None:
    probe = DatabaseProbe(api)
    assert not probe.ready
    probe.start()
    assert settled(probe, wanted=True)
    probe.stop()
    assert settled(probe, wanted=False)


def test_a_process_without_its_database_is_not_ready() -> None:
    engine = make_engine("postgresql+psycopg2://nobody@127.0.0.1:1/none", "test")
    probe = DatabaseProbe(engine)
    probe.start()
    time.sleep(0.3)
    assert not probe.ready
    probe.stop()
    engine.dispose()
