"""What the job engine does beside its handlers, and how it bears crowds of jobs.

throughput: `jobs_per_second` are jobs that pass through the whole engine (row, notification, choice, message, claim,
    end) while a producer process puts them in, each in a transaction of its own as the API does; the dispatcher is the
    one that is deployed, the handler of the one worker process ends its job in one transaction and does nothing else.
    `noop_per_second` are Dramatiq's actors that do nothing, on the same broker with the same queues and publisher
    confirms, with no database. On both sides the producer and the worker are one process of four threads each, no
    more than 500 messages are sent and not done, and what is counted in a window of eight seconds is what was done.
    Both are measured in turn, so that what else the machine does weighs on both; the figures are medians.
    `processor_ms_per_job` says which process's time a job takes: with few cores, the sum is the limit.
latency: `enqueue_to_start_ms_*` is the time from the begin of the transaction that makes a job to its claim, by the
    database's clock, with jobs that come at random moments, so many a minute. `engine_overhead_ms_*` is the time that
    a message holds a worker's thread beside its handler: claim, end, and all between.
backlog: `selection_ms` is the statement by which the dispatcher chooses 50 of 10,000 queued jobs of five workspaces,
    with 200 under way, and as many ended and new ones between two choices; `drain_seconds` is how long one worker
    process of four threads takes for such a queue, from the start of the dispatcher.
scaling: `scaling_times` is what 2 and 4 worker processes of one thread do of jobs of 50 ms, in terms of what 1 does.
fleet: fifty worker processes of one thread work until each has done some; `fleet_*` says what connections they took.

Every measurement ends by seeing that each job that was accepted is completed at its first attempt.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks import backlog, fleet, latency, scaling, throughput
from benchmarks.command import Part, main

PARTS: Mapping[str, Part] = {
    "throughput": lambda ground, size: throughput.run(ground, size.rounds),
    "latency": lambda ground, _: latency.run(ground),
    "backlog": lambda ground, _: backlog.run(ground),
    "scaling": lambda ground, _: scaling.run(ground),
    "fleet": lambda ground, _: fleet.run(ground),
}

if __name__ == "__main__":
    main(__doc__ or "", PARTS)
