"""The `mailsift suppress` commands: what they take; the work is imported when it is asked for."""

from __future__ import annotations

from pathlib import Path

import click

from mailsift.standalone import options
from mailsift.standalone.ending import reporting


@click.group()
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


@suppress.command("add", epilog=options.EXIT_CODES)
@_values
@_file
@click.option("--reason", metavar="TEXT", help="Why, to be shown with them.")
@options.json
@options.server
@options.api_key
@options.home
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
    with reporting(as_json=as_json):
        from mailsift.standalone import commands, places

        place = places.choose_place(home, server, api_key, None)
        commands.suppress(place, values, file, reason, as_json=as_json)


@suppress.command("remove", epilog=options.EXIT_CODES)
@_values
@_file
@options.json
@options.server
@options.api_key
@options.home
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
    with reporting(as_json=as_json):
        from mailsift.standalone import commands, places

        place = places.choose_place(home, server, api_key, None)
        commands.release(place, values, file, as_json=as_json)


@suppress.command("list", epilog=options.EXIT_CODES)
@options.json
@options.server
@options.api_key
@options.home
def suppress_list(*, as_json: bool, server: str | None, api_key: str | None, home: Path | None) -> None:
    """Print what is suppressed, the newest first; with --json one object a line."""
    with reporting(as_json=as_json):
        from mailsift.standalone import commands, places

        commands.show_suppressed(places.choose_place(home, server, api_key, None), as_json=as_json)


def _require_some(values: tuple[str, ...], file: Path | None) -> None:
    if not values and file is None:
        raise click.UsageError("name addresses or domains, or a --file of them")
