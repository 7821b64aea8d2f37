"""The `mailsift` command line: what it takes, and how it exits; the work is imported when it is asked for."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from mailsift.shared.verdicts import LIST_ANALYSIS_TYPES
from mailsift.standalone import options
from mailsift.standalone.cli_erase import erase
from mailsift.standalone.cli_suppress import suppress
from mailsift.standalone.ending import reporting
from mailsift.standalone.how_written import HowWritten, how_to_write


@click.group(epilog=options.EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("mailsift-standalone"), prog_name="mailsift", message="%(prog)s %(version)s")
@options.home
@click.pass_context
def main(context: click.Context, home: Path | None) -> None:
    """Find out which addresses of a list are worth mailing, and why.

    What it keeps in its folder goes by itself when it runs: lists and answers after 90 days, your files and ended jobs
    after 30, files with the answers after 7, what was only previewed after an hour. What it wrote for you elsewhere is
    yours.
    """
    context.obj = home


@main.command(epilog=options.EXIT_CODES)
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
    "--type",
    "analysis_type",
    type=click.Choice(list(LIST_ANALYSIS_TYPES)),
    default="advanced",
    show_default=True,
    help="What to look at: bulk is syntax, whether domains take mail, and lists; advanced is SPF, DKIM, DMARC and "
    "leads as well.",
)
@how_to_write
@click.option(
    "--rejected",
    type=click.Path(path_type=Path, readable=False),
    metavar="OUT",
    help="Save the rows from which no address could be taken, as CSV.",
)
@options.how_to_read
@options.scoring
@options.nameserver
@options.json
@options.server
@options.api_key
@options.home
def verify(  # noqa: PLR0913 - the options of the command
    *,
    file: Path,
    out: Path | None,
    analysis_type: str,
    format_name: str | None,
    gzip: bool,
    bom: bool,
    keep_formulas: bool,
    only: str | None,
    sort: str | None,
    columns: tuple[str, ...],
    rename: tuple[str, ...],
    rejected: Path | None,
    scoring: str | None,
    nameserver: str | None,
    as_json: bool,
    server: str | None,
    api_key: str | None,
    home: Path | None,
    **words: Any,
) -> None:
    """Analyse a list and write it again with the answers beside each row.

    FILE is CSV, TSV, text, JSON, JSON Lines, a workbook (XLSX, XLS, ODS) or a list of mailboxes, packed or not. It is
    never changed. What it is, is found out from it; preview shows that first, and the options below correct it. When
    the command is stopped or killed, the same command goes on where it stopped.
    """
    with reporting(as_json=as_json):
        from mailsift.standalone import commands, places
        from mailsift.standalone.reading import Words

        how = HowWritten(format_name, gzip, bom, keep_formulas, only, sort, columns, rename)
        place = places.choose_place(home, server, api_key, nameserver)
        kind = LIST_ANALYSIS_TYPES[analysis_type]
        commands.verify(place, commands.Wanted(file, out, kind, how, rejected, Words(**words), scoring, as_json))


@main.command(epilog=options.EXIT_CODES)
@click.argument("file", type=click.Path(path_type=Path, readable=False, allow_dash=True))
@options.how_to_read
@options.json
@options.server
@options.api_key
@options.home
def preview(
    *, file: Path, as_json: bool, server: str | None, api_key: str | None, home: Path | None, **words: Any
) -> None:
    """Show what would be understood of a list, its first rows and what to expect; nothing is analysed.

    The options correct what was misunderstood; verify takes the same ones.
    """
    with reporting(as_json=as_json):
        from mailsift.standalone import commands, places
        from mailsift.standalone.reading import Words

        place = places.choose_place(home, server, api_key, None)
        commands.preview(place, file, Words(**words), as_json=as_json)


@main.command(epilog=options.EXIT_CODES)
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@options.scoring
@options.nameserver
@options.json
@options.server
@options.api_key
@options.home
def check(  # noqa: PLR0913 - the options of the command
    *,
    addresses: tuple[str, ...],
    scoring: str | None,
    nameserver: str | None,
    as_json: bool,
    server: str | None,
    api_key: str | None,
    home: Path | None,
) -> None:
    """Check single addresses; with --json one object a line."""
    with reporting(as_json=as_json):
        from mailsift.standalone import commands, places

        place = places.choose_place(home, server, api_key, nameserver)
        commands.check(place, addresses, scoring, as_json=as_json)


@main.command(epilog=options.EXIT_CODES)
@click.option("--set", "wanted", metavar="JSON|FILE", help="Say it anew: JSON as docs/scoring.md has it, or a file.")
@click.option("--reset", is_flag=True, help="Take back what was said.")
@options.json
@options.server
@options.api_key
@options.home
def scoring(  # noqa: PLR0913 - the options of the command
    *,
    wanted: str | None,
    reset: bool,
    as_json: bool,
    server: str | None,
    api_key: str | None,
    home: Path | None,
) -> None:
    """Show what is weighed otherwise from now on in all that is analysed, or say it.

    verify and check take --scoring, which holds for that one time.
    """
    if wanted is not None and reset:
        raise click.UsageError("say --set or --reset")
    with reporting(as_json=as_json):
        from mailsift.standalone import commands, places

        place = places.choose_place(home, server, api_key, None)
        commands.weigh(place, wanted, reset=reset, as_json=as_json)


@main.command(epilog=options.EXIT_CODES)
@click.argument("domains", nargs=-1, required=True, metavar="DOMAIN...")
@options.nameserver
@options.json
@options.server
@options.api_key
@options.home
def audit(  # noqa: PLR0913 - the options of the command
    *,
    domains: tuple[str, ...],
    nameserver: str | None,
    as_json: bool,
    server: str | None,
    api_key: str | None,
    home: Path | None,
) -> None:
    """Say what might be better about domains, or those of URLs; with --json one object a line.

    Nothing but DNS is asked: of a URL only its domain is read.
    """
    with reporting(as_json=as_json):
        from mailsift.standalone import commands, places

        place = places.choose_place(home, server, api_key, nameserver)
        commands.audit(place, domains, as_json=as_json)


@main.command(epilog=options.EXIT_CODES)
@click.argument("file", required=False, type=click.Path(path_type=Path, readable=False, allow_dash=True))
@click.option("--outcome-column", metavar="NAME|NUMBER", help="Where it says so. [the column with such words]")
@click.option("--delivered", multiple=True, metavar="WORD", help="A word of the file for delivered; once for each.")
@click.option("--bounced", multiple=True, metavar="WORD", help="A word of the file for bounced; once for each.")
@options.how_to_read
@options.json
@options.server
@options.api_key
@options.home
def calibrate(  # noqa: PLR0913 - the options of the command
    *,
    file: Path | None,
    outcome_column: str | None,
    delivered: tuple[str, ...],
    bounced: tuple[str, ...],
    as_json: bool,
    server: str | None,
    api_key: str | None,
    home: Path | None,
    **words: Any,
) -> None:
    """Show how many addresses bounced, score by score, so that you see whether the scores tell the truth.

    FILE is what your sending service says of them: one address and one outcome a row, in any format that lists come in.
    It is kept and added to what earlier files said; without FILE nothing is added. Words such as delivered, bounce and
    hard_bounce and reply codes such as 250 and 5.1.1 are known; what is neither, as a soft bounce, is passed over.
    """
    with reporting(as_json=as_json):
        from mailsift.standalone import commands, places
        from mailsift.standalone.outcomes import Vocabulary
        from mailsift.standalone.reading import Words

        place = places.choose_place(home, server, api_key, None)
        vocabulary = Vocabulary(outcome_column, delivered, bounced)
        commands.calibrate(place, file, Words(**words), vocabulary, as_json=as_json)


@main.command(epilog=options.EXIT_CODES)
@options.json
@options.home
def lists(*, as_json: bool, home: Path | None) -> None:
    """Show the lists of domains and names that verdicts stand on: source, version, date and size of each.

    Lists of your own go into the folder `lists` of --home, each in a file named after its kind: disposable.txt,
    relay.txt, free.txt, isp.txt, education.txt, government.txt, parked.txt, role.txt, no_reply.txt, test.txt; one entry
    a line. They add to those that come with mailsift, and a change counts from the next job on.
    """
    with reporting(as_json=as_json):
        from mailsift.standalone import commands

        commands.show_lists(home, as_json=as_json)


main.add_command(suppress)
main.add_command(erase)


@main.command(epilog=options.EXIT_CODES)
@options.json
@options.home
def demo(*, as_json: bool, home: Path | None) -> None:
    """Take a bundled list through, against a bundled zone of invented domains; needs no internet."""
    with reporting(as_json=as_json):
        from mailsift.standalone import commands

        commands.demonstrate(home, as_json=as_json)


@main.command(epilog=options.EXIT_CODES)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port on 127.0.0.1.")
@click.option("--new-key", is_flag=True, help="Print a key for the API also when one was printed before.")
@options.nameserver
@options.json
@options.home
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
    with reporting(as_json=as_json):
        from mailsift.standalone import commands

        commands.serve(home, commands.Serving(port, nameserver, new_key, as_json))
