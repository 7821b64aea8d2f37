"""The `mailsift` command line: what it takes, and how it exits; the work is imported when it is asked for."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import click

from mailsift.standalone.errors import StandaloneError
from mailsift.standalone.stopping import Stopped, stopping_on_signals

_EXIT_CODES = """
\b
Exit codes: 0 done; 2 wrong usage or input that cannot be read; 1 anything else.
With --json an error, wrong usage apart, is printed as {"error": {"code", "message"}}.
"""

_home = click.option(
    "--home",
    type=click.Path(path_type=Path),
    metavar="DIR",
    # Given before the command, it holds for the command.
    callback=lambda context, _, given: given or context.obj,
    help="Keep everything in this folder (otherwise MAILSIFT_HOME, or the account's usual place for data).",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output, and nothing else there.")
_nameserver = click.option("--nameserver", metavar="HOST[:PORT]", help="Ask this nameserver instead of the machine's.")
_server = click.option(
    "--server", metavar="URL", envvar="MAILSIFT_SERVER", help="Use this deployment (or MAILSIFT_SERVER), with a key."
)
_api_key = click.option(
    "--api-key", metavar="KEY", envvar="MAILSIFT_API_KEY", help="The key for it; better given as MAILSIFT_API_KEY."
)
_READING = (
    click.option("--delimiter", metavar="CHARACTER", help="What stands between cells: ; or tab, comma, pipe, space."),
    click.option("--encoding", metavar="NAME", help="The character set, such as utf-8 or windows-1252."),
    click.option("--header/--no-header", default=None, help="Whether the first row names the columns."),
    click.option("--sheet", metavar="NAME", help="The sheet of a workbook. [the first with addresses]"),
    click.option(
        "--email-column",
        "email_columns",
        multiple=True,
        metavar="NAME|NUMBER",
        help="A column with addresses; once for each. Numbers count from 1.",
    ),
    click.option(
        "--keep-column",
        "keep_columns",
        multiple=True,
        metavar="NAME|NUMBER",
        help="A column to keep; once for each. Those with addresses are kept in any case. [all]",
    ),
    click.option(
        "--map", "mapping", multiple=True, metavar="NAME=WORD", help="What a column is: email, or a new name."
    ),
)
_Command = TypeVar("_Command", bound=Callable[..., None])


def _how_to_read(command: _Command) -> _Command:
    """Give a command the options that say how to read a list; left out, it is found out from the list."""
    for option in reversed(_READING):
        command = option(command)
    return command


@click.group(epilog=_EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("mailsift-standalone"), prog_name="mailsift", message="%(prog)s %(version)s")
@_home
@click.pass_context
def main(context: click.Context, home: Path | None) -> None:
    """Find out which addresses of a list are worth mailing, and why.

    What it keeps in its folder goes by itself when it runs: lists and answers after 90 days, your files and ended jobs
    after 30, files with the answers after 7, what was only previewed after an hour. What it wrote for you elsewhere is
    yours.
    """
    context.obj = home


@main.command(epilog=_EXIT_CODES)
@click.argument("file", type=click.Path(path_type=Path, readable=False, allow_dash=True))
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path, readable=False),
    metavar="OUT",
    help="Where the answers go; a file there is replaced when they are complete. [FILE's name with -analysed]",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["csv", "jsonl"]),
    help="CSV or JSON Lines. [by OUT's name, else csv]",
)
@click.option(
    "--rejected",
    type=click.Path(path_type=Path, readable=False),
    metavar="OUT",
    help="Save the rows from which no address could be taken, as CSV.",
)
@_how_to_read
@_nameserver
@_json
@_server
@_api_key
@_home
def verify(  # noqa: PLR0913 - the options of the command
    *,
    file: Path,
    out: Path | None,
    format_name: str | None,
    rejected: Path | None,
    nameserver: str | None,
    as_json: bool,
    server: str | None,
    api_key: str | None,
    home: Path | None,
    **words: Any,
) -> None:
    """Analyse a list and write it again with the answers beside each row.

    FILE is CSV, TSV or text with one address a line. It is never changed. What it is, is found out from it; preview
    shows that first, and the options below correct it. When the command is stopped or killed, the same command goes on
    where it stopped.
    """
    with _reporting(as_json=as_json):
        from mailsift.standalone import commands
        from mailsift.standalone.reading import Words

        place = commands.choose_place(home, server, api_key, nameserver)
        commands.verify(place, commands.Wanted(file, out, format_name, rejected, Words(**words), as_json))


@main.command(epilog=_EXIT_CODES)
@click.argument("file", type=click.Path(path_type=Path, readable=False, allow_dash=True))
@_how_to_read
@_json
@_server
@_api_key
@_home
def preview(
    *, file: Path, as_json: bool, server: str | None, api_key: str | None, home: Path | None, **words: Any
) -> None:
    """Show what would be understood of a list, its first rows and what to expect; nothing is analysed.

    The options correct what was misunderstood; verify takes the same ones.
    """
    with _reporting(as_json=as_json):
        from mailsift.standalone import commands
        from mailsift.standalone.reading import Words

        place = commands.choose_place(home, server, api_key, None)
        commands.preview(place, file, Words(**words), as_json=as_json)


@main.command(epilog=_EXIT_CODES)
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@_nameserver
@_json
@_server
@_api_key
@_home
def check(  # noqa: PLR0913 - the options of the command
    *,
    addresses: tuple[str, ...],
    nameserver: str | None,
    as_json: bool,
    server: str | None,
    api_key: str | None,
    home: Path | None,
) -> None:
    """Check single addresses; with --json one object a line."""
    with _reporting(as_json=as_json):
        from mailsift.standalone import commands

        place = commands.choose_place(home, server, api_key, nameserver)
        commands.check(place, addresses, as_json=as_json)


@main.command(epilog=_EXIT_CODES)
@_json
@_home
def lists(*, as_json: bool, home: Path | None) -> None:
    """Show the lists of domains and names that verdicts stand on: source, version, date and size of each.

    Lists of your own go into the folder `lists` of --home, each in a file named after its kind: disposable.txt,
    relay.txt, free.txt, isp.txt, education.txt, government.txt, parked.txt, role.txt; one entry a line. They add to
    those that come with mailsift, and a change counts from the next job on.
    """
    with _reporting(as_json=as_json):
        from mailsift.standalone import commands

        commands.show_lists(home, as_json=as_json)


@main.group()
def suppress() -> None:
    """Keep addresses and domains from being analysed and exported.

    A domain covers all domains below it. Addresses are compared as duplicates are, letter case aside.
    """


_values = click.argument("values", nargs=-1, metavar="[ADDRESS|DOMAIN]...")
_file = click.option(
    "--file",
    type=click.Path(path_type=Path, readable=False, allow_dash=True),
    metavar="FILE",
    help="More of them, one a line; - is standard input.",
)


@suppress.command("add", epilog=_EXIT_CODES)
@_values
@_file
@click.option("--reason", metavar="TEXT", help="Why, to be shown with them.")
@_json
@_server
@_api_key
@_home
def suppress_add(  # noqa: PLR0913 - the options of the command
    *,
    values: tuple[str, ...],
    file: Path | None,
    reason: str | None,
    as_json: bool,
    server: str | None,
    api_key: str | None,
    home: Path | None,
) -> None:
    """Suppress addresses and domains; what is suppressed already stays as it is."""
    _require_some(values, file)
    with _reporting(as_json=as_json):
        from mailsift.standalone import commands

        place = commands.choose_place(home, server, api_key, None)
        commands.suppress(place, values, file, reason, as_json=as_json)


@suppress.command("remove", epilog=_EXIT_CODES)
@_values
@_file
@_json
@_server
@_api_key
@_home
def suppress_remove(  # noqa: PLR0913 - the options of the command
    *,
    values: tuple[str, ...],
    file: Path | None,
    as_json: bool,
    server: str | None,
    api_key: str | None,
    home: Path | None,
) -> None:
    """Suppress addresses and domains no longer."""
    _require_some(values, file)
    with _reporting(as_json=as_json):
        from mailsift.standalone import commands

        place = commands.choose_place(home, server, api_key, None)
        commands.release(place, values, file, as_json=as_json)


@suppress.command("list", epilog=_EXIT_CODES)
@_json
@_server
@_api_key
@_home
def suppress_list(*, as_json: bool, server: str | None, api_key: str | None, home: Path | None) -> None:
    """Print what is suppressed, the newest first; with --json one object a line."""
    with _reporting(as_json=as_json):
        from mailsift.standalone import commands

        commands.show_suppressed(commands.choose_place(home, server, api_key, None), as_json=as_json)


def _require_some(values: tuple[str, ...], file: Path | None) -> None:
    if not values and file is None:
        raise click.UsageError("name addresses or domains, or a --file of them")


@main.command(epilog=_EXIT_CODES)
@_json
@_home
def demo(*, as_json: bool, home: Path | None) -> None:
    """Take a bundled list through, against a bundled zone of invented domains; needs no internet."""
    with _reporting(as_json=as_json):
        from mailsift.standalone import commands

        commands.demonstrate(home, as_json=as_json)


@main.command(epilog=_EXIT_CODES)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port on 127.0.0.1.")
@click.option("--new-key", is_flag=True, help="Print a key for the API also when one was printed before.")
@_nameserver
@_json
@_home
def serve(
    *,
    port: int,
    new_key: bool,
    nameserver: str | None,
    as_json: bool,
    home: Path | None,
) -> None:
    """Serve the API on 127.0.0.1 until stopped; the first time, a key for it is printed, once.

    While it runs, verify and check of the same account work through it.
    """
    with _reporting(as_json=as_json):
        from mailsift.standalone import commands

        commands.serve(home, commands.Serving(port, nameserver, new_key, as_json))


@contextmanager
def _reporting(*, as_json: bool) -> Iterator[None]:
    """Say in one line what went wrong, and exit with the code for it."""
    for stream in (sys.stdout, sys.stderr):
        # A list holds every alphabet; the terminal may not.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        with stopping_on_signals():
            yield
            sys.stdout.flush()
    except StandaloneError as error:
        _fail(error.code, _told(error), error.exit_code, as_json=as_json)
    except Stopped:
        _fail("stopped", "stopped; the same command goes on from here", 1, as_json=as_json)
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more may be written to it, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        logging.getLogger(__name__).exception("unexpected")
        said = f"something broke that should not: {type(error).__name__}: {_told(error)}"
        _fail("unexpected", said, 1, as_json=as_json)


def _told(error: Exception) -> str:
    return "; ".join([str(error), *getattr(error, "__notes__", [])])


def _fail(code: str, message: str, exit_code: int, *, as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps({"error": {"code": code, "message": message}}))
    click.echo(f"mailsift: {message}", err=True)
    sys.exit(exit_code)
