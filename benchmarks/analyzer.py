r"""How fast the analyzer finds out about domains and scores rows, beside what does only a part of it.

dns: 20,000 domains in the zone of an authoritative nsd, looked up by a deployed worker process as jobs of 500: asked
    for, judged and kept in PostgreSQL, from the first claim to the last commit. aiodns and dnspython ask the very
    questions that the facts of a tenth of these domains took, 500 at a time, and drop the answers; aiodns asks half of
    them before the worker and half after it. `dns_vs_aiodns` is the worker's questions a second in terms of aiodns's,
    the lower of two: near (`dns_near`), and far (`dns_far`), where a relay hands answers over 30 ms later and loses one
    datagram in a hundred. `alone_vs_aiodns` is what the worker asks with when it drops the answers
    too, in terms of aiodns: near it tells what a multiplexer of our own is good for, far away the relay sets the
    pace of both. `dns_two_workers_times` is what two worker processes with 64 questions in flight each do far away, in
    terms of one. `dns_memory_mb` is the peak of the worker after the domains, and after a quarter more.
scores: a list of 1,000,000 rows whose domains are known, scored by two worker processes of four threads each, as the
    Kubernetes base has them, from the claim of the first `email_scoring` job to the end of the last; each of them has
    yet to read what is known. psql loads the very results into the same table, empty both times, from a file in COPY's
    own format. `score_vs_copy` is copy's time in terms of the scores': 1 is as fast, 0.5 takes twice as long.
    `score_alone_rows_per_second` are rows that one core judges and makes lines of when nobody gets them.
    `score_memory_mb` is the peak of the larger worker after each round.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks import resolving, scoring
from benchmarks.command import Part, main

PARTS: Mapping[str, Part] = {
    "dns": lambda ground, size: resolving.run(ground, size.domains),
    "scores": lambda ground, size: scoring.run(ground, size.rows, size.rounds),
}

if __name__ == "__main__":
    main(__doc__ or "", PARTS)
