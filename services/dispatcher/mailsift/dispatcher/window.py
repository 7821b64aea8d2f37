"""How many hints each queue may have under way; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def free_slots(queues: Iterable[str], outstanding: Mapping[str, int], limit: int) -> dict[str, int]:
    """Return, for each queue with room, how many more hints may be sent.

    A job in the broker can no longer be overtaken by a more urgent one, so only `limit` hints of a queue are there.
    """
    room = {queue: limit - outstanding.get(queue, 0) for queue in queues}
    return {queue: free for queue, free in room.items() if free > 0}
