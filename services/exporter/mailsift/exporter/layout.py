"""Which columns a file has, in which order and under which names; pure.

A column is asked for as the whole file names it: as in the list's header, the second `phone` as `phone_2` and one
without a name as `column_<number>`; an answer as `mailsift_status`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from mailsift.exporter import rendering
from mailsift.exporter.rendering import ANSWERS, Answer, Shape
from mailsift.shared.errors import PermanentError
from mailsift.shared.writing import AS_USUAL, WritingOptions

_SHOWN: Final = 40
_LONGEST_SHOWN: Final = 60

Arranged = Sequence[object]


@dataclass(frozen=True, slots=True)
class Told:
    """An answer to one of the addresses of a row."""

    answer: Answer
    entry: int


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file: a cell of the user's, by its number from 0, or an answer."""

    title: str
    source: int | Told


@dataclass(frozen=True, slots=True)
class Layout:
    """What is written beside what."""

    shape: Shape
    columns: tuple[Column, ...]
    is_chosen: bool
    """Whether somebody said which, or under which names; else they are all there, in the usual order."""

    @property
    def titles(self) -> tuple[str, ...]:
        """The header."""
        return tuple(column.title for column in self.columns)

    @property
    def cells(self) -> int:
        """How many of the columns are the user's own."""
        return sum(isinstance(column.source, int) for column in self.columns)

    @property
    def told(self) -> tuple[Told, ...]:
        """The answers that are written, in the order of the file."""
        return tuple(column.source for column in self.columns if isinstance(column.source, Told))

    def select(self, value: Callable[[Told], str]) -> str:
        """Select what `arrange` takes: a row's cells, and behind them the answers, each as `value` has it in SQL."""
        return ", ".join(["u1.columns", *map(value, self.told)])

    def typed(self, told: Told) -> str:
        """The value of an answer in SQL, in its own type."""
        return self.shape.value(told.answer, told.entry)

    def arranging(self, missing: object) -> Callable[[Sequence[str], Sequence[object]], Arranged]:
        """Return what puts cells and answers of a row into the order of the file, `missing` for a cell it has not."""
        width = len(self.shape.columns)

        def everything(cells: Sequence[str], answers: Sequence[object]) -> Arranged:
            return [*cells, *[missing] * (width - len(cells)), *answers]

        if not self.is_chosen:
            return everything
        answers = iter(range(width, width + len(self.told)))
        places = [each.source if isinstance(each.source, int) else next(answers) for each in self.columns]

        def chosen(cells: Sequence[str], answers: Sequence[object]) -> Arranged:
            row = everything(cells, answers)
            return [row[place] for place in places]

        return chosen


def lay_out(shape: Shape, options: WritingOptions = AS_USUAL) -> Layout:
    """Find the columns that are asked for. Raises PermanentError `unknown_column`."""
    known = known_columns(shape)
    wanted = options.columns or tuple(known)
    _require(known, (*wanted, *options.rename))
    columns = (Column(options.rename.get(name, known[name].title), known[name].source) for name in wanted)
    return Layout(shape, tuple(columns), bool(options.columns or options.rename))


def known_columns(shape: Shape) -> dict[str, Column]:
    """List all that a file may have, each by the name under which it is asked for."""
    given = set(shape.columns)
    # Whoever is called like one without a name goes first.
    unnamed = (name if (name := f"column_{number}") not in given else f"{name}_2" for number in count(1))
    named = [name or number for name, number in zip(shape.columns, unnamed, strict=False)]
    own = zip(rendering.json_keys(named), shape.columns, range(len(named)), strict=True)
    known = {key: Column(name, place) for key, name, place in own}
    answers = (Told(answer, entry) for entry in shape.entries for answer in ANSWERS)
    told = zip(rendering.answer_names(shape), answers, strict=True)
    return known | {name: Column(name, answer) for name, answer in told}


def _require(known: dict[str, Column], names: Iterable[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise PermanentError(
            "unknown_column", f"the file has no column {_quoted(unknown[:3])}; its columns are {_quoted(known)}"
        )


def _quoted(names: Iterable[str]) -> str:
    shown = [repr(name[:_LONGEST_SHOWN]) for name in names]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more
