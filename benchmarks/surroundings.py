"""What the processes of a benchmark find in their environment."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = "BENCHMARK_FOLDER"
ADMIN_URL = "BENCHMARK_ADMIN_URL"
NOOP_QUEUE = "benchmark.noop"
NOOP_ACTOR = "noop"


def folder() -> Path:
    """Return the folder in which the processes of one measurement leave what they count."""
    return Path(os.environ[FOLDER])
