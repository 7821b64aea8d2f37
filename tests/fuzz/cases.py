"""The files of a fuzz run: each is made from the run's seed and its own number, and can be made again from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from fuzz.corpus import PLAIN, pack
from fuzz.mutations import mutate
from mailsift.shared.reading import ReadingOptions


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
    kind = draw.choice(list(PLAIN))
    content = PLAIN[kind](draw)
    packed = draw.random() < 0.4
    if packed:
        # What is spoilt inside arrives whole; what is spoilt outside seldom does.
        content = pack(draw, mutate(draw, content))
    if not packed or draw.random() < 0.5:
        content = mutate(draw, content)
    name = f"{seed}-{number}-{kind}{'-packed' if packed else ''}"
    return Case(name, content, _options(draw))


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
