r"""What a list takes of disk, memory and connections, and how long a person is looked for in it.

sizing: a list of five columns is taken in, its domains' facts written, scored, and written into a CSV, by one process
    of each service (two of the analyzer) of four threads. `sizing_bytes` is what a million rows leave on disk: each
    table with its index, the index alone, both files. `sizing_wal_bytes` is what each step wrote into the write-ahead
    log. `sizing_memory_mb` is what each process held at most, `sizing_connections` how many connections it had open
    then. `sizing_erasure_seconds` is how long it takes to look through everything, twice, for an address that is
    nowhere.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Final

import psutil
from sqlalchemy import Connection, text

from benchmarks.analysed import Analysed
from benchmarks.command import Part, Size, main
from benchmarks.crew import crew
from benchmarks.figures import Figure, Findings
from benchmarks.scoring import Bench
from benchmarks.site import Ground, Site
from benchmarks.writing import Desk
from mailsift.dispatcher.erasing import Eraser
from mailsift.dispatcher.repository import erasures
from mailsift.shared.db.session import make_engine
from mailsift.shared.storage import Storage
from mailsift.shared.verdicts import FileType
from processes import peak_megabytes

_MILLION: Final = 1_000_000
_LOG: Final = text("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
_SIZES: Final = text("""
    SELECT relname, pg_total_relation_size(oid), pg_indexes_size(oid) FROM pg_class
    WHERE relname IN ('uploadEmails', 'advancedEmailResults', 'domains') AND relkind = 'r'""")
_CONNECTIONS: Final = text("""
    SELECT application_name, count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'mailsift-%' GROUP BY 1""")
_SERVICE: Final = re.compile(r"mailsift\.(\w+)(?:\.worker|\.wsgi)?(?::\w+)?\Z")


def run(ground: Ground, size: Size) -> Findings:
    """Take one list all the way, and look at what it left."""
    with ground.site() as site, crew(site) as hands:
        log = [_written(site)]
        bench = Bench(hands, size.rows)
        log.append(_written(site))
        analysis_id, scored, _ = bench.score()
        log.append(_written(site))
        hands.service("ingest")
        hands.api()
        Desk(hands).export(Analysed(analysis_id, size.rows), FileType.CSV)
        with site.connection() as connection:
            sizes = dict(_sizes(connection, size.rows))
            connections = {name.removeprefix("mailsift-"): count for name, count in connection.execute(_CONNECTIONS)}
        sizes |= _files(site, size.rows)
        memory = _memory()
        seconds = _look_for_nobody(site)
    steps = zip(("ingest", "scores"), log, log[1:], strict=False)
    wal = {step: round((after - before) * _MILLION / size.rows) for step, before, after in steps}
    return Findings(
        [
            *(Figure(f"a million rows: {what}", count / 1e6, "MB") for what, count in sizes.items()),
            *(Figure(f"a million rows: write-ahead log of {step}", count / 1e6, "MB") for step, count in wal.items()),
            *(Figure(f"peak memory: {service}", held, "MB") for service, held in memory.items()),
            *(Figure(f"connections: {service}", count) for service, count in connections.items()),
            Figure(f"looking twice through {size.rows + scored:,} rows for an address", seconds, "s"),
        ],
        {
            "sizing_bytes": sizes,
            "sizing_wal_bytes": wal,
            "sizing_memory_mb": memory,
            "sizing_connections": connections,
            "sizing_erasure_seconds": round(seconds, 2),
        },
    )


def _written(site: Site) -> int:
    with site.connection() as connection:
        return int(connection.scalar(_LOG) or 0)


def _sizes(connection: Connection, rows: int) -> Iterator[tuple[str, int]]:
    for name, whole, index in connection.execute(_SIZES):
        yield name, round(whole * _MILLION / rows)
        yield f"{name}, its index", round(index * _MILLION / rows)


def _files(site: Site, rows: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for path in (site.folder / "files").rglob("*"):
        if path.is_file():
            what = "file of the export" if "exports" in path.parts else "uploaded file"
            found[what] = max(found.get(what, 0), round(path.stat().st_size * _MILLION / rows))
    return found


def _memory() -> dict[str, float]:
    """The most megabytes that a process of each service held, by the service that its command names."""
    held: dict[str, float] = {}
    for process in psutil.Process().children(recursive=True):
        named = [match[1] for word in process.cmdline() if (match := _SERVICE.match(word))]
        if named:
            held[named[0]] = max(held.get(named[0], 0.0), round(peak_megabytes(process.pid), 1))
    return held


def _look_for_nobody(site: Site) -> float:
    engine = make_engine(site.url("mailsift_dispatcher"), "benchmark", pool_size=1)
    eraser = Eraser(engine, Storage((site.folder / "files").as_uri()))
    with engine.begin() as connection:
        erasure_id = erasures.add(connection, ["nobody@firm7.example"])
    began = time.monotonic()
    completed = False
    while not completed:
        eraser.go_on(erasure_id, threading.Event())
        with engine.begin() as connection:
            completed = erasures.standing(connection, erasure_id).completed_at is not None
    engine.dispose()
    return time.monotonic() - began


PARTS: Mapping[str, Part] = {"sizing": run}

if __name__ == "__main__":
    main(__doc__ or "", PARTS)
