"""Keeps jobs of all kinds going for hours, with a disturbance every few minutes: `make soak HOURS=1`.

It starts a PostgreSQL that keeps what it commits, a RabbitMQ, a nameserver and two of each service, and ends them all.
What it finds is in build/soak.json, written anew every few minutes; its exit code is 1 when a gate is broken. Ctrl-C
ends the load and judges what there is.
"""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from chaos import lists
from chaos.pace import PACES, TWENTIETH, Pace
from chaos.record import Record
from chaos.rig import Rig, ensure_template
from chaos.soak.report import Report
from chaos.soak.soak import Options, Soak
from conftest import TEMPLATE, add_template
from servers import run_nsd, run_postgresql, run_rabbitmq

_MOST_OPEN = 600


def main() -> None:
    options, pace = _options()
    report = _run(options, pace)
    sys.stderr.write(f"{options.output}: {'passed' if report.passed else f'broken: {report.broken()}'}\n")
    sys.exit(0 if report.passed else 1)


def _run(options: Options, pace: Pace) -> Report:
    with ExitStack() as stack:
        scratch = tempfile.TemporaryDirectory(prefix="mailsift-soak-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(scratch))
        postgresql = stack.enter_context(run_postgresql(durable=True))
        rabbitmq = stack.enter_context(run_rabbitmq())
        nameserver = stack.enter_context(run_nsd(lists.ZONES))
        add_template(postgresql)
        ensure_template(postgresql, TEMPLATE)
        record = Record("", "soak", pace.name, 1, full=True, folder=None)
        rig = stack.enter_context(Rig(postgresql, rabbitmq, nameserver, pace, folder, record).open())
        soak = Soak(rig, options, folder)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: soak.stop())
        return soak.run()


def _options() -> tuple[Options, Pace]:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=1_000.0, help="jobs a minute, with all their parts")
    parser.add_argument("--pace", choices=sorted(PACES), default=TWENTIETH.name, help="the engine's times")
    parser.add_argument("--gap", type=float, nargs=2, default=(2.0, 4.0), help="minutes between two disturbances")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="of the disturbances")
    parser.add_argument("--most-open", type=int, default=_MOST_OPEN, help="jobs; while more are open, nobody asks")
    parser.add_argument("--log-level", default="WARNING", help="of the services; their logs are kept if a gate breaks")
    parser.add_argument("--output", type=Path, default=Path("build/soak.json"))
    asked = vars(parser.parse_args())
    pace = PACES[asked.pop("pace")]
    return Options(**{**asked, "gap": tuple(asked["gap"])}), pace


if __name__ == "__main__":
    main()
