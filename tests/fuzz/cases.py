"""The files of a fuzz run: each is made from the run's seed and its own number, and can be made again from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from fuzz.corpus import PLAIN, WORKBOOKS, pack
from fuzz.mutations import mutate, mutate_members
from mailsift.shared.reading import ReadingOptions

_WORKBOOKS = 0.1
_PACKED = 0.3
_SPOILT_AGAIN = 0.4


@dataclass(frozen=True, slots=True)
class Case:
    """A file, and what its user says of it."""

    name: str
    content: bytes
    options: ReadingOptions


def cases(seed: int) -> Iterator[Case]:
    """Without end."""
    return (case(seed, number) for number in count())


def case(seed: int, number: int) -> Case:
    """One of them."""
    draw = Random(f"{seed}/{number}")
    kind, content = _workbook(draw) if draw.random() < _WORKBOOKS else _plain(draw)
    if draw.random() < _PACKED:
        kind, content = f"{kind}-packed", pack(draw, content)
        if draw.random() < _SPOILT_AGAIN:
            content = mutate(draw, content)
    return Case(f"{seed}-{number}-{kind}", content, _options(draw))


def _plain(draw: Random) -> tuple[str, bytes]:
    kind = draw.choice(list(PLAIN))
    return kind, mutate(draw, PLAIN[kind](draw))


def _workbook(draw: Random) -> tuple[str, bytes]:
    kind = draw.choice(list(WORKBOOKS))
    # What is spoilt inside arrives; what is spoilt outside seldom does.
    spoil = draw.choice((mutate, mutate_members))
    return kind, spoil(draw, WORKBOOKS[kind](draw))


def _options(draw: Random) -> ReadingOptions:
    if draw.random() < 0.7:
        return ReadingOptions()
    return ReadingOptions(
        has_header=draw.choice((None, None, True, False)),
        delimiter=draw.choice((None, None, ",", ";", "\t", '"', "@", "x")),
        encoding=draw.choice((None, None, "utf-8", "utf-16", "cp1252", "ascii", "iso2022_jp")),
        email_columns=draw.choice(((), (), ("email",), (1,), (1, 2), (9999,))),
        keep_columns=draw.choice((None, None, (), (1,), ("name",))),
    )
