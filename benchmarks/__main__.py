"""Measures everything in one run on this machine: `make bench`.

It starts a PostgreSQL that keeps what it commits (fsync and synchronous_commit are on), a RabbitMQ with quorum queues,
and for each measurement a fresh database, a fresh virtual host, and the processes named below; all of them end with it.
The figures go to build/bench.json. `make bench BENCH="--only latency"` measures a part; so do `python -m
benchmarks.jobs`, `.ingest`, `.analyzer`, `.exporter`, `.api` and `.sizing`. Times on a machine that does something else
besides are longer; the ratios hold.
"""

from __future__ import annotations

from benchmarks import analyzer, api, exporter, ingest, jobs, sizing
from benchmarks.command import main

if __name__ == "__main__":
    rooms = (jobs, ingest, analyzer, exporter, api, sizing)
    main(
        "\n".join([__doc__ or "", *(room.__doc__ or "" for room in rooms)]),
        {name: part for room in rooms for name, part in room.PARTS.items()},
    )
