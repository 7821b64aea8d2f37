"""JSON Lines in UTF-8: an object a row, its cells below `columns`, the answers below `result` or `emails`."""

from __future__ import annotations

from typing import Final

from mailsift.exporter import rendering
from mailsift.exporter.rendering import Shape
from mailsift.exporter.writers.writer import CopyWriter

CONTENT_TYPE: Final = "application/x-ndjson"

# COPY's text format would double every backslash. As CSV a line passes as it is: JSON writes control characters in
# their escaped form, so there is nothing in it that these two would make COPY quote.
_OPTIONS: Final = r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02', ENCODING 'UTF8'"


def jsonl_writer(shape: Shape) -> CopyWriter:
    """Write the user's columns and the answers as JSON Lines."""
    keys = rendering.json_keys(shape.columns)
    return CopyWriter(CONTENT_TYPE, rendering.json_line(shape), _OPTIONS, parameters={"keys": keys})
