"""The options that several commands take, said once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

EXIT_CODES = """
\b
Exit codes: 0 done; 2 wrong usage or input that cannot be read; 1 anything else.
With --json an error, wrong usage apart, is printed as {"error": {"code", "message"}}.
"""

home = click.option(
    "--home",
    type=click.Path(path_type=Path),
    metavar="DIR",
    # Given before the command, it holds for the command.
    callback=lambda context, _, given: given or context.obj,
    help="Keep everything in this folder (otherwise MAILSIFT_HOME, or the account's usual place for data).",
)
json = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output, and nothing else there.")
nameserver = click.option("--nameserver", metavar="HOST[:PORT]", help="Ask this nameserver instead of the machine's.")
server = click.option(
    "--server", metavar="URL", envvar="MAILSIFT_SERVER", help="Use this deployment (or MAILSIFT_SERVER), with a key."
)
api_key = click.option(
    "--api-key", metavar="KEY", envvar="MAILSIFT_API_KEY", help="The key for it; better given as MAILSIFT_API_KEY."
)
scoring = click.option(
    "--scoring",
    metavar="JSON|FILE",
    help='What is weighed otherwise this time, such as {"weights": {"role_account": 0}}, or a file with it.',
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


def how_to_read(command: _Command) -> _Command:
    """Give a command the options that say how to read a list; left out, it is found out from the list."""
    for option in reversed(_READING):
        command = option(command)
    return command
