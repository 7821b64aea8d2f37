"""How a command ends: what it says of an error, and the code that it exits with."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from mailsift.standalone.errors import StandaloneError
from mailsift.standalone.stopping import Stopped, stopping_on_signals


@contextmanager
def reporting(*, as_json: bool) -> Iterator[None]:
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
