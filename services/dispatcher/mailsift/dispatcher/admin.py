"""The operator's command: `python -m mailsift.dispatcher.admin`, in the environment of a dispatcher."""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mailsift.dispatcher import steering
from mailsift.dispatcher.config import ErasingSettings
from mailsift.dispatcher.erasing import Eraser
from mailsift.dispatcher.erasure import MAILBOXES, Standing
from mailsift.dispatcher.proofs import Erased, NotErased
from mailsift.dispatcher.reports import Answer, as_json
from mailsift.shared.db.session import make_engine
from mailsift.shared.errors import MailsiftError
from mailsift.shared.jobs.catalog import ALL_QUEUES, QUEUES, JobType
from mailsift.shared.jobs.repository.inspecting import Selection
from mailsift.shared.observability.logs import configure_logs
from mailsift.shared.settings import Settings, load_or_exit
from mailsift.shared.spellings import of_one_person
from mailsift.shared.storage import Storage

Add = Callable[..., argparse.ArgumentParser]
Run = Callable[[Engine, argparse.Namespace], Answer]

_DONE, _NOTHING_FOUND, _NOT_POSSIBLE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command: 0 when it is done, 1 when there was nothing to do it to, 2 when it cannot be run."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.command == "redrive" and not (chosen.all or _selection(chosen) != Selection()):
        parser.error("say which dead letters: --job, --queue, --type, --code, or --all")
    settings = load_or_exit(Settings)
    configure_logs("operator", settings.log_level)
    engine = make_engine(settings.database_url, "mailsift-operator", pool_size=1)
    try:
        return _tell(chosen.run(engine, chosen), for_programs=chosen.json)
    except SQLAlchemyError as error:
        sys.stderr.write(f"the database: {error.orig if isinstance(error, DBAPIError) else error}\n")
        return _NOT_POSSIBLE
    except MailsiftError as error:
        sys.stderr.write(f"{error.code}: {error.message}\n")
        return _NOT_POSSIBLE
    finally:
        engine.dispose()


def _tell(answer: Answer, *, for_programs: bool) -> int:
    if for_programs:
        sys.stdout.write(f"{as_json(answer)}\n")
    else:
        # A message may quote what a user sent, and a terminal obeys control characters.
        lines = ("".join(sign if sign.isprintable() else "?" for sign in line) for line in answer.lines())
        (sys.stdout if answer.found else sys.stderr).writelines(f"{line}\n" for line in lines)
    return _DONE if answer.found else _NOTHING_FOUND


def _selection(chosen: argparse.Namespace) -> Selection:
    jobs = tuple(chosen.job) if getattr(chosen, "job", None) else None
    return Selection(jobs, chosen.queue, chosen.type, chosen.code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mailsift.dispatcher.admin", description=__doc__)
    add = parser.add_subparsers(dest="command", required=True).add_parser
    _add_queues(add)
    _add_dead_letters(add)
    _add_jobs(add)
    _add_erasing(add)
    return parser


def _add_queues(add: Add) -> None:
    meaning = "how many jobs of each queue are where, and which queues are paused"
    _add(add, "queues", meaning, lambda engine, _: steering.queues(engine))
    meaning = "hold a queue back: what runs goes on to its end, and nothing begins"
    held = _add(add, "pause", meaning, lambda engine, chosen: steering.pause(engine, chosen.queue, chosen.reason))
    held.add_argument("queue", choices=ALL_QUEUES, metavar="QUEUE", help=", ".join(ALL_QUEUES))
    held.add_argument("--reason", help="for those who look at it later")
    held = _add(add, "resume", "let a queue go on", lambda engine, chosen: steering.resume(engine, chosen.queue))
    held.add_argument("queue", choices=ALL_QUEUES, metavar="QUEUE", help=", ".join(ALL_QUEUES))


def _add_dead_letters(add: Add) -> None:
    def listing(engine: Engine, chosen: argparse.Namespace) -> Answer:
        return steering.dead_letters(engine, _selection(chosen), chosen.limit)

    def redriving(engine: Engine, chosen: argparse.Namespace) -> Answer:
        return steering.redrive(engine, _selection(chosen), chosen.limit, dry_run=chosen.dry_run)

    listed = _add(add, "dead-letters", "jobs whose retries are used up, the last first, and why", listing)
    _add_selection(listed)
    listed.add_argument("--limit", type=_count, default=50, help="how many to list (%(default)s); all are counted")
    meaning = "put dead letters back to work, or the root jobs that they are parts of"
    redriven = _add(add, "redrive", meaning, redriving)
    redriven.add_argument(
        "--job", type=uuid.UUID, nargs="+", action="extend", help="their ids, or those of their roots"
    )
    _add_selection(redriven)
    redriven.add_argument("--all", action="store_true", help="whatever they are")
    redriven.add_argument("--limit", type=_count, help="no more than so many, those that died first first")
    redriven.add_argument("--dry-run", action="store_true", help="only say what would be done")


def _add_selection(command: argparse.ArgumentParser) -> None:
    command.add_argument("--queue", choices=QUEUES, metavar="QUEUE", help=", ".join(QUEUES))
    types = [job_type.value for job_type in JobType]
    command.add_argument("--type", choices=types, metavar="TYPE", help=", ".join(types))
    command.add_argument("--code", help="what they died of")


def _add_jobs(add: Add) -> None:
    for name, meaning, run in (
        ("retry", "put one job that ended badly back to work", steering.retry),
        ("cancel", "take one job back", steering.cancel),
        ("show", "the life of one job: its state, its history, what its attempts had to say", steering.show),
    ):
        job = _add(add, name, meaning, _of_job(run))
        job.add_argument("job", type=uuid.UUID, metavar="JOB", help="its id")


def _add_erasing(add: Add) -> None:
    meaning = "the erasures that are not completed, the oldest first: where each is, and for how much it waits"
    _add(add, "erasures", meaning, lambda engine, _: steering.open_erasures(engine))
    meaning = "erase a person's data from all workspaces, and prove that nothing of it is left"
    erased = _add(add, "erase", meaning, _erase)
    erased.add_argument(
        "addresses",
        nargs="*",
        metavar="ADDRESS",
        help="the person's; without one they come from standard input, where no list of processes shows them",
    )


def _erase(engine: Engine, chosen: argparse.Namespace) -> Answer:
    settings = load_or_exit(ErasingSettings)
    try:
        addresses = of_one_person(chosen.addresses or sys.stdin, MAILBOXES)
    except ValueError as error:
        return NotErased(str(error))
    return Erased.of(Eraser(engine, Storage(settings.storage_url)).see_through(addresses, _tell_progress))


def _tell_progress(standing: Standing) -> None:
    waits = (
        f", waits for {standing.waiting_for} jobs, uploads and earlier erasures to end" if standing.waiting_for else ""
    )
    sys.stderr.write(
        f"search {standing.searches + 1}: {standing.rows_searched:,} of about {standing.rows_expected:,} rows{waits}\n"
    )


def _of_job(run: Callable[[Engine, uuid.UUID], Answer]) -> Run:
    return lambda engine, chosen: run(engine, chosen.job)


def _add(add: Add, name: str, meaning: str, run: Run) -> argparse.ArgumentParser:
    command = add(name, help=meaning, description=meaning)
    command.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    command.set_defaults(run=run)
    return command


def _count(written: str) -> int:
    number = int(written)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
