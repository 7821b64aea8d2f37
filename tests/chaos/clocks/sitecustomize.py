"""What a process loads that reads a wrong time: faketime mistakes Python's way to sleep for one by the wrong clock."""

from __future__ import annotations

import select
import time
from typing import Any


def _sleep(seconds: Any) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep
