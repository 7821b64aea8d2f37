"""How late an event loop comes to what is due: one blocking call holds up everything that the loop has under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mailsift.shared.observability.metrics import EVENT_LOOP_LAG_SECONDS

_EVERY_SECONDS = 0.25


@asynccontextmanager
async def watching_lag() -> AsyncIterator[None]:
    """Count how late this event loop is, for as long as the block lasts."""
    watch = asyncio.create_task(_watch())
    try:
        yield
    finally:
        watch.cancel()


async def _watch() -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + _EVERY_SECONDS
        await asyncio.sleep(_EVERY_SECONDS)
        EVENT_LOOP_LAG_SECONDS.observe(max(0.0, clock() - due))
