"""What each command does, from its options to what it prints."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import click

from mailsift.api.schemas.outcomes import Calibration
from mailsift.api.schemas.results import Result
from mailsift.api.schemas.scoring import WorkspaceScoring
from mailsift.shared.verdicts import FileType, ListAnalysisType
from mailsift.standalone import answers, calibrating, erasing, previews, reports, suppressing
from mailsift.standalone.asking import Asking
from mailsift.standalone.auditing import audit_all, audited_json, audited_report
from mailsift.standalone.checking import Checked, check_all
from mailsift.standalone.client import Client
from mailsift.standalone.connecting import Deployment, Own, with_client
from mailsift.standalone.destination import choose_destination, choose_rejected, read_source
from mailsift.standalone.errors import HomeInUseError, InputError, PostgresError
from mailsift.standalone.home import find_home
from mailsift.standalone.how_written import HowWritten
from mailsift.standalone.looking import look_at
from mailsift.standalone.outcomes import Vocabulary, read_outcomes
from mailsift.standalone.places import Place, make_asking
from mailsift.standalone.progress import progress
from mailsift.standalone.reading import Words, read_words
from mailsift.standalone.runs import RunKey, RunRecords
from mailsift.standalone.stopping import Stopped
from mailsift.standalone.suppressing import read_values
from mailsift.standalone.verifying import Order, Verified, Verifier, require_options
from mailsift.standalone.weighing import read_scoring

_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `verify` was asked for."""

    file: Path
    out: Path | None
    analysis_type: ListAnalysisType
    how: HowWritten
    rejected: Path | None
    words: Words
    scoring: str | None
    as_json: bool


@dataclass(frozen=True, slots=True)
class Serving:
    """What `serve` was asked for."""

    port: int
    nameserver: str | None
    new_key: bool
    as_json: bool


def verify(place: Place, wanted: Wanted) -> None:
    """Take a file through and print what came of it."""
    begun = time.monotonic()
    source = read_source(wanted.file)
    file_type, writing = wanted.how.file_type(wanted.out), wanted.how.writing(wanted.out)
    destination = choose_destination(source, wanted.out, wanted.how.some + writing.suffix(file_type))
    rejected = None if wanted.rejected is None else choose_rejected(source, wanted.rejected, destination)
    words, scoring = read_words(wanted.words), read_scoring(wanted.scoring)
    selection, analysis_type = wanted.how.selection, wanted.analysis_type
    order = Order(source, file_type, destination, words, rejected, scoring, writing, selection, analysis_type)
    require_options(order.wanted)
    verified = _take_through(place, order)
    notices = verified.analysis.notices
    if wanted.as_json:
        click.echo(answers.verified_json(verified, time.monotonic() - begun, notices))
    else:
        reports.console().print(reports.summary(verified))
    _explain(notices, as_json=wanted.as_json)


def preview(place: Place, file: Path, words: Words, *, as_json: bool) -> None:
    """Print what would be understood of a file; nothing is analysed."""
    options, source = read_words(words), read_source(file)
    with progress() as shown:
        upload = with_client(place.target, shown, lambda client: look_at(client, source, options, shown))
    if as_json:
        click.echo(answers.upload_json(upload))
    else:
        reports.console().print(previews.report(upload, shlex.quote(str(file)), options), crop=False)


def check(place: Place, addresses: Sequence[str], scoring: str | None, *, as_json: bool) -> None:
    """Check addresses and print their answers in the same order."""
    policy = read_scoring(scoring)

    def ask(client: Client) -> list[Checked]:
        return list(check_all(client, addresses, policy))

    with progress() as shown:
        checked = with_client(place.target, shown, ask)
    for each in checked:
        if as_json:
            click.echo(answers.checked_json(each))
        else:
            reports.console().print(reports.detail(each.result, is_cached=each.is_cached))
    _explain(sorted({notice for each in checked for notice in each.notices}), as_json=as_json)


def audit(place: Place, domains: Sequence[str], *, as_json: bool) -> None:
    """Have domains analysed and print what might be better about them, in the same order."""
    with progress() as shown:
        audited = with_client(place.target, shown, lambda client: list(audit_all(client, domains)))
    for each in audited:
        if as_json:
            click.echo(audited_json(each))
        else:
            reports.console().print(audited_report(each))
    _explain(sorted({notice for each in audited for notice in each.notices}), as_json=as_json)


def calibrate(place: Place, file: Path | None, words: Words, vocabulary: Vocabulary, *, as_json: bool) -> None:
    """Report what a file says became of mail, if there is one, and print what outcomes say of the scores."""
    reported = None if file is None else read_outcomes(read_source(file).path, read_words(words), vocabulary)

    def ask(client: Client) -> Calibration:
        return client.calibration() if reported is None else calibrating.report(client, reported)

    with progress() as shown:
        found = with_client(place.target, shown, ask)
    if as_json:
        click.echo(calibrating.as_json(found, reported))
    else:
        reports.console().print(calibrating.as_table(found, reported))


def weigh(place: Place, wanted: str | None, *, reset: bool, as_json: bool) -> None:
    """Say what is weighed otherwise from now on, if anything is said, and print what holds then."""
    policy = None if wanted is None else read_scoring(wanted)

    def ask(client: Client) -> WorkspaceScoring:
        if reset:
            return client.reset_scoring()
        return client.scoring() if policy is None else client.set_scoring(policy)

    with progress() as shown:
        done = with_client(place.target, shown, ask)
    said = done.model_dump(mode="json", by_alias=True)
    click.echo(json.dumps(said) if as_json else json.dumps(said["effective"], indent=2))


def suppress(place: Place, named: Sequence[str], file: Path | None, reason: str | None, *, as_json: bool) -> None:
    """Suppress addresses and domains, and print how many of them were new."""
    values = read_values(named, file)
    with progress() as shown:
        done = with_client(place.target, shown, lambda client: suppressing.suppress(client, values, reason))
    said = f"{done.added:,} suppressed, {done.already_suppressed:,} were already"
    click.echo(done.model_dump_json(by_alias=True) if as_json else said)


def release(place: Place, named: Sequence[str], file: Path | None, *, as_json: bool) -> None:
    """Suppress addresses and domains no longer, and print how many were suppressed."""
    values = read_values(named, file)
    with progress() as shown:
        done = with_client(place.target, shown, lambda client: suppressing.release(client, values))
    click.echo(done.model_dump_json(by_alias=True) if as_json else f"{done.removed:,} suppressed no longer")


def erase(place: Place, named: Sequence[str], *, as_json: bool) -> None:
    """Erase all that is kept of a person, and print the proof."""
    addresses = erasing.read_addresses(named)
    with progress() as shown:
        erasure = with_client(place.target, shown, lambda client: erasing.erase(client, addresses, shown))
    click.echo(erasure.model_dump_json(by_alias=True) if as_json else erasing.report(erasure))


def show_suppressed(place: Place, *, as_json: bool) -> None:
    """Print all that is suppressed, one a line."""

    def show(client: Client) -> None:
        for each in client.suppressions():
            line = each.value if each.reason is None else f"{each.value}\t{each.reason}"
            click.echo(each.model_dump_json(by_alias=True) if as_json else reports.printable(line))

    with progress() as shown:
        with_client(place.target, shown, show)


def show_lists(folder: Path | None, *, as_json: bool) -> None:
    """Print which lists there are, the user's own first."""
    from mailsift.analyzer.list_files import ListUnreadableError, read_folder

    home = find_home(folder, os.environ)
    try:
        known = read_folder(home.lists).all
    except ListUnreadableError as problem:
        raise InputError("list_unreadable", str(problem)) from problem
    if as_json:
        click.echo(answers.lists_json(known))
    else:
        reports.console().print(reports.lists(known))
        click.echo(f"lists of your own go into {home.lists}")


def demonstrate(folder: Path | None, *, as_json: bool) -> None:
    """Take the bundled list through, against the bundled zone, and print every answer."""
    from mailsift.standalone.demo.nameserver import bundled_zone, serving

    begun = time.monotonic()
    home = find_home(folder, os.environ).demo
    results: list[Result] = []
    with as_file(files("mailsift.standalone.demo") / "list.csv") as listed, serving(bundled_zone()) as nameserver:
        # On loopback nothing is late: what has not come in two seconds is the silence that the zone is there to show.
        asking = Asking((nameserver,), query_seconds=2, tries=2, domains_at_once=16, known_as=_name_of_the_zone())
        place = Place(home, Own(home, asking, {}, any_nameserver=True))
        order = Order(read_source(listed), FileType.CSV, home.folder / "list-analysed.csv")
        verified = _take_through(place, order, None if as_json else results)
    if as_json:
        seconds = time.monotonic() - begun
        click.echo(answers.verified_json(verified, seconds, [*verified.analysis.notices, reports.DEMONSTRATION_ZONE]))
    else:
        screen = reports.console()
        screen.print(reports.overview(results))
        screen.print(reports.summary(verified))
    _explain([reports.DEMONSTRATION_ZONE], as_json=as_json)


def serve(folder: Path | None, wanted: Serving) -> None:
    """Serve the API until a signal ends it."""
    from mailsift.standalone.launcher import Keys, launched

    home = find_home(folder, os.environ)
    keys = Keys.ONE_MORE if wanted.new_key else Keys.THE_FIRST
    with home.held_or_found() as running:
        if running is not None:
            raise HomeInUseError(f"mailsift runs already (pid {running.pid}): its API is at {running.url}")
        asking = make_asking(wanted.nameserver)
        with launched(home, asking, os.environ, port=wanted.port, keys=keys) as everything:
            try:
                _announce(everything.record.url, everything.key, as_json=wanted.as_json)
                while everything.database.alive:
                    time.sleep(_LOOK_SECONDS)
            except Stopped:
                click.echo("stopping", err=True)
            else:
                raise PostgresError(f"PostgreSQL has ended of itself: its log in {home.postgres} says why")


def _take_through(place: Place, order: Order, results: list[Result] | None = None) -> Verified:
    """Verify, and also read the answers back when somebody wants them."""
    records = RunRecords(place.home.runs)
    key = _key_of(place, order)
    with progress() as shown:

        def work(client: Client) -> Verified:
            verified = Verifier(client, records, key, shown).verify(order)
            if results is not None:
                results[:] = client.results(verified.analysis.analysis_id)
            return verified

        return with_client(place.target, shown, work)


def _key_of(place: Place, order: Order) -> RunKey:
    source, file_type = order.source.sha256, order.file_type
    said = (order.options, order.scoring, order.writing, order.selection, order.analysis_type)
    match place.target:
        case Deployment(url, _):
            return RunKey(source, file_type, (), url, *said)
        case Own(_, asking):
            return RunKey(source, file_type, () if asking.known_as else asking.nameservers, None, *said)


def _name_of_the_zone() -> str:
    text = (files("mailsift.standalone.demo") / "demo.zone").read_bytes()
    return f"demonstration {hashlib.sha256(text).hexdigest()[:12]}"


def _announce(url: str, key: str | None, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"url": url, "apiKey": key, "pid": os.getpid()}))
        return
    click.echo(f"mailsift serves at {url} (described at {url}/docs); Ctrl-C stops it")
    if key is not None:
        click.echo(f"API key, shown this once: {key}")


def _explain(notices: Sequence[str], *, as_json: bool) -> None:
    for code in notices:
        click.echo(f"note: {reports.notice(code)}", err=as_json)
