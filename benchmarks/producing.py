"""The producer process: `python -m benchmarks.producing noop|engine`, until SIGTERM."""

from __future__ import annotations

import argparse
import os
import signal
import threading
import uuid
from collections.abc import Callable, Iterator

import dramatiq

from benchmarks.furnishing import jobs_to_send
from benchmarks.pacing import Pace, in_threads
from benchmarks.surroundings import ADMIN_URL, NOOP_ACTOR, NOOP_QUEUE, folder
from benchmarks.tally import SENT, Tally
from mailsift.shared.broker import rabbitmq_broker
from mailsift.shared.db.session import make_engine, tenant_transaction
from mailsift.shared.jobs.repository import queueing


def main() -> None:
    """Send until told to stop, or until there is nothing left to send."""
    arguments = _arguments()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    rate = arguments.per_minute / 60 / arguments.threads if arguments.per_minute else None
    pace = Pace(folder(), arguments.ahead, rate)
    tally = Tally(folder(), SENT)
    send = _noop(tally) if arguments.kind == "noop" else _engine(tally, arguments)
    in_threads(arguments.threads, send, pace, stop)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("noop", "engine"))
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--ahead", type=int, default=500, help="most messages sent and not done")
    parser.add_argument("--sleep", type=float, default=0.0, help="seconds that the handler of a job waits")
    parser.add_argument("--per-minute", type=int, default=0, help="at this rate instead of as fast as possible")
    return parser.parse_args()


def _noop(tally: Tally) -> Callable[[int, Iterator[None]], None]:
    broker = rabbitmq_broker(os.environ["RABBITMQ_URL"], confirm_delivery=True)

    def send(_number: int, turns: Iterator[None]) -> None:
        for _ in turns:
            message: dramatiq.Message[None] = dramatiq.Message(
                queue_name=NOOP_QUEUE,
                actor_name=NOOP_ACTOR,
                args=(),
                kwargs={"job_id": str(uuid.uuid4()), "attempt": 0},
                options={},
            )
            broker.enqueue(message)
            tally.add()

    return send


def _engine(tally: Tally, arguments: argparse.Namespace) -> Callable[[int, Iterator[None]], None]:
    engine = make_engine(os.environ["DATABASE_URL"], "benchmark-producer", pool_size=arguments.threads)
    jobs = jobs_to_send(os.environ[ADMIN_URL], arguments.sleep)

    def send(number: int, turns: Iterator[None]) -> None:
        for job, _ in zip(jobs[number :: arguments.threads], turns, strict=False):
            with tenant_transaction(engine, job.workspace_id) as connection:
                queueing.enqueue(connection, job)
            tally.add()

    return send


if __name__ == "__main__":
    main()
