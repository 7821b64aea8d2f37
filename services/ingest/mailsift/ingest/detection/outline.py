"""Which arrays there are in a JSON text, and how much in each looks like addresses; pure."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from mailsift.ingest.formats.json_rows import SEPARATOR
from mailsift.ingest.formats.json_text import CutOff, JsonText

_MAX_DEPTH: Final = 20


@dataclass(slots=True)
class Place:
    """An array, or what stands outside of all."""

    at_signs: int = 0
    of_rows: bool = False
    """Whether its elements are objects or arrays."""


@dataclass(slots=True)
class Outline:
    """What was found in a text."""

    documents: int = 0
    outside: Place = field(default_factory=Place)
    arrays: dict[str, Place] = field(default_factory=dict)
    """By the keys that lead to each, with dots between them; not the outermost, which needs none."""


def outline(text: str) -> Outline:
    """Go through a text; where it is no JSON, PermanentError `malformed_json` is raised."""
    found = Outline()
    reader = JsonText(io.BytesIO(text.encode()), "utf-8")
    # Whether it may be cut off is for the reader of its rows to say.
    with suppress(CutOff):
        while reader.peek():
            found.documents += 1
            _walk(reader, "", found, depth=0)
    return found


def _walk(reader: JsonText, prefix: str, found: Outline, *, depth: int) -> None:
    """Go through one object, whose keys begin with `prefix`, or count what else stands here."""
    if reader.peek() != "{" or depth == _MAX_DEPTH:
        found.outside.at_signs += _at_signs(reader)
        return
    for key in reader.fields():
        if reader.peek() == "[":
            _count(reader, found.arrays.setdefault(prefix + key, Place()))
        else:
            _walk(reader, f"{prefix}{key}{SEPARATOR}", found, depth=depth + 1)


def _count(reader: JsonText, place: Place) -> None:
    for _ in reader.elements():
        place.of_rows |= reader.peek() in {"{", "["}
        place.at_signs += _at_signs(reader)


def _at_signs(reader: JsonText) -> int:
    return reader.value()[1].count("@")
