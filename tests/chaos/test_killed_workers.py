"""Workers that die: in the middle of a slice, again and again, and by a job that kills each of them."""

from __future__ import annotations

import pytest

from chaos.rig import Rig


@pytest.mark.scenario("S1")
def test_a_worker_is_killed_in_the_middle_of_a_slice(rig: Rig) -> None:
    rig.start("dispatcher", "ingest", "analyzer", "exporter")
    rig.load.users(4 if rig.full else 1, rows=20_000)
    for worker, table in (("ingest", "uploadEmails"), ("analyzer", "advancedEmailResults"), ("exporter", None)):
        rig.await_copy(table)
        rig[worker].kill()
        rig.calm()
        rig[worker].start()
    rig.settle()
    assert rig.events("worker_lost") >= 3
