"""The one file of a form (RFC 7578), decoded on the fly: nothing is spooled to memory or disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from mailsift.api.problems import Problem, invalid

FIELD = "file"
_MOST_BUFFERED = 2 * 1024 * 1024  # of headers and of one read
_LONGEST_TAIL = 1024


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file in a form: its name as the client gave it, and its bytes, to be read once."""

    name: str | None
    chunks: Iterator[bytes]


def form_file(body: Iterable[bytes], boundary: str | None) -> FormFile:
    """Read a form up to its file. Raises Problem, here or while the bytes are read."""
    if not boundary:
        raise Problem("malformed_body", "the Content-Type of the form names no boundary")
    events = _events(_whole_delimiters(body), boundary)
    first = next(events, None)
    if not isinstance(first, File) or first.name != FIELD:
        raise invalid(FIELD, "send the file as the form's one field, `file`")
    return FormFile(first.filename, _data(events))


def _data(events: Iterator[Event]) -> Iterator[bytes]:
    for event in events:
        if isinstance(event, (Field, File)):
            raise invalid(event.name or "", f"the form has one field, `{FIELD}`")
        if isinstance(event, Data):
            yield event.data


def _whole_delimiters(body: Iterable[bytes]) -> Iterator[bytes]:
    # Werkzeug's decoder takes the line break before a delimiter for data when it gets that delimiter without its last
    # dash. So no chunk may end in what a delimiter can end in, unless that goes on and on and is no delimiter.
    held = b""
    for chunk in body:
        joined = held + chunk if held else chunk
        end = len(joined.rstrip(b"- \t"))
        end = len(joined) if len(joined) - end > _LONGEST_TAIL else end
        held = joined[end:]
        yield joined[:end]
    yield held


def _events(body: Iterator[bytes], boundary: str) -> Iterator[Event]:
    decoder = MultipartDecoder(boundary.encode("ascii", "replace"), max_form_memory_size=_MOST_BUFFERED)
    try:
        while True:
            event = decoder.next_event()
            if isinstance(event, NeedData):
                decoder.receive_data(next(body, None))
            elif isinstance(event, (Field, File, Data)):
                yield event
            elif isinstance(event, Epilogue):
                break
    except (ValueError, KeyError, RequestEntityTooLarge) as error:
        raise Problem("malformed_body", "the form is not proper multipart/form-data, or it is cut short") from error
    for _ in body:  # What follows the form is not part of it, but has to be read.
        pass
