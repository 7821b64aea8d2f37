"""The `mailsift erase` command: what it takes; the work is imported when it is asked for."""

from __future__ import annotations

from pathlib import Path

import click

from mailsift.standalone import options
from mailsift.standalone.ending import reporting


@click.command(epilog=options.EXIT_CODES)
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@options.json
@options.server
@options.api_key
@options.home
def erase(
    *, addresses: tuple[str, ...], as_json: bool, server: str | None, api_key: str | None, home: Path | None
) -> None:
    """Erase all that is kept of a person, known by ADDRESS, and prove that nothing of it is left.

    Rows of lists stay, their cells blank; answers about the person, and files that hold the address, go. Everything is
    searched again until a search has found nothing. Without ADDRESS, addresses of one person come from standard input,
    where no list of processes shows them. It cannot be taken back; files that were written for you are yours to mend.
    """
    with reporting(as_json=as_json):
        from mailsift.standalone import commands, places

        commands.erase(places.choose_place(home, server, api_key, None), addresses, as_json=as_json)
