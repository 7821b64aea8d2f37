"""How much may come out of a packed file, and the errors for one that goes beyond it or is broken; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mailsift.shared.errors import PermanentError

_MIB: Final = 2**20
_GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a packed file may grow to."""

    expanded_bytes: int = 16 * _GIB
    ratio: int = 1000
    """Of what comes out to what was stored. Lists get to 100, and to 400 where hundreds of columns are empty."""
    window_bytes: int = 100 * _MIB
    """The ratio is that of so much of what comes out, wherever in the file; less of it may have any."""
    members: int = 1000
    """Lists in one zip file."""
    directory_bytes: int = 8 * _MIB
    """The table of contents of a zip file, which is read as a whole."""


class Meter:
    """Counts what goes into the unpacking of a file and what comes out, and raises when that is too much."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self.stored = 0
        self._expanded = 0
        self._window = (0, 0)
        """What had been stored and expanded where it begins."""

    def take(self, size: int) -> None:
        """Count stored bytes."""
        self.stored += size

    def give(self, size: int) -> None:
        """Count bytes that came out. Raises PermanentError `archive_too_large` or `archive_bomb`."""
        self._expanded += size
        if self._expanded > self._bounds.expanded_bytes:
            raise too_large(f"it unpacks to more than {in_words(self._bounds.expanded_bytes)}")
        stored, expanded = self._window
        came_out = self._expanded - expanded
        if came_out >= self._bounds.window_bytes:
            if came_out > self._bounds.ratio * (self.stored - stored):
                raise bomb(f"it unpacks to more than {self._bounds.ratio:,} times its size")
            self._window = (self.stored, self._expanded)


def in_words(size: int) -> str:
    """Say how many bytes that are, in whole units."""
    return f"{size // _GIB:,} GiB" if size >= _GIB else f"{size // _MIB:,} MiB"


def damaged(why: str) -> PermanentError:
    """The error for a packed file that cannot be unpacked to its end."""
    return PermanentError(
        "archive_damaged", f"The packed file is damaged: {why}. Please pack it again, or upload the list itself."
    )


def too_large(why: str) -> PermanentError:
    """The error for a packed file that holds more than is read."""
    return PermanentError("archive_too_large", f"The packed file is too large: {why}. Please upload it in parts.")


def bomb(why: str) -> PermanentError:
    """The error for a file that was made to grow."""
    return PermanentError(
        "archive_bomb", f"The packed file is not unpacked: {why}. If it is a list, please upload the list itself."
    )
