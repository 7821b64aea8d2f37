from __future__ import annotations

import asyncio
import time

from mailsift.shared.observability.lag import watching_lag
from mailsift.shared.observability.metrics import REGISTRY

NAME = "mailsift_event_loop_lag_seconds"


def late() -> float:
    """How often a loop was more than a tenth of a second late."""
    all_of_them = REGISTRY.get_sample_value(f"{NAME}_count") or 0
    return all_of_them - (REGISTRY.get_sample_value(f"{NAME}_bucket", {"le": "0.1"}) or 0)


def test_a_blocking_call_shows_as_lag() -> None:
    async def work() -> None:
        async with watching_lag():
            await asyncio.sleep(0)
            time.sleep(0.6)  # noqa: ASYNC251 - what must not be done
            await asyncio.sleep(0.01)

    before = late()
    asyncio.run(work())
    assert late() == before + 1
