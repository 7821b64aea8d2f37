"""Reads one file to its end and prints what came of it, what it took, and whether this process is still well.

Run as a process of its own, so that its memory is its own: `python -m hostile.reading PATH`.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

from mailsift.ingest.opening import Opener
from mailsift.ingest.rows import RejectedRow
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import ReadingOptions
from mailsift.shared.storage import Storage


def read(path: Path) -> tuple[str | None, Counter[str]]:
    """The code that the file ends with, and how many rows were read or rejected, by reason."""
    rows: Counter[str] = Counter()
    storage, opener = Storage(path.parent.as_uri()), Opener()
    try:
        with storage.open(path.name) as stream:
            dialect = opener.understand(stream, ReadingOptions(), lambda: None)
        with (
            storage.open(path.name) as stream,
            opener.table(stream, path.stat().st_size, dialect, lambda: None) as table,
        ):
            rows.update(row.reason if isinstance(row, RejectedRow) else "read" for row in table)
    except PermanentError as error:
        return error.code, rows
    return None, rows


def main() -> None:
    before = time.process_time()
    code, rows = read(Path(sys.argv[1]))
    outcome = {"code": code, "rows": rows, "seconds": time.process_time() - before, "peak_mib": _peak_mib()}
    sys.stdout.write(json.dumps(outcome))


def _peak_mib() -> int:
    """Of this program; what getrusage tells begins with the process that this one was forked from."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    main()
