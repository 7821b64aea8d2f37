"""Read list files: one entry a line, notes behind a #, first of all `# version:` and `# date:` if there are any."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import idna

_MARK: Final = re.compile(r"#\s*(version|date):\s*(\S{1,64})")
_DOMAIN: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_LOCAL_PART: Final = re.compile(r"[^\s@]{1,64}")


@dataclass(frozen=True, slots=True)
class ListFile:
    """The entries of a list in order, which edition it is, and how many lines were no entries."""

    version: str | None
    date: str | None
    entries: tuple[str, ...]
    refused: int = 0


@cache
def read_list(name: str) -> ListFile:
    """Read `data/<name>.txt` of this package."""
    return parse_list(files(__package__).joinpath("data", f"{name}.txt").read_text("utf-8"), _as_it_is)


def parse_list(text: str, read_entry: Callable[[str], str | None]) -> ListFile:
    """Read the lines of a list; `read_entry` says what an entry is, or that it is none."""
    marks: dict[str, str] = {}
    entries: dict[str, None] = {}
    refused = 0
    for line in text.splitlines():
        found = _MARK.match(line)
        if found is not None:
            marks.setdefault(found[1], found[2])
        for written in _before_the_note(line):
            entry = read_entry(written)
            refused += entry is None
            if entry is not None:
                entries[entry] = None
    return ListFile(marks.get("version"), marks.get("date"), tuple(entries), refused)


def read_domain(text: str) -> str | None:
    """A domain as people write it in lists: `@Bücher.example`, `*.company.com`; None when it is none."""
    name = text.lower().removeprefix("@").removeprefix("*.").removesuffix(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            return None
    return name if _DOMAIN.fullmatch(name) else None


def read_local_part(text: str) -> str | None:
    """A local part; None when it is none."""
    name = text.lower().removesuffix("@")
    return name if _LOCAL_PART.fullmatch(name) else None


def _before_the_note(line: str) -> Iterator[str]:
    written = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
    if written:
        yield written


def _as_it_is(text: str) -> str:
    return text
