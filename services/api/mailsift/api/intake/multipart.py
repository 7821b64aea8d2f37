"""A form (RFC 7578) of one file and a few short fields, decoded on the fly: nothing is spooled to memory or disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from mailsift.api.problems import Problem, invalid

FILE = "file"
_MOST_BUFFERED = 2 * 1024 * 1024  # of headers and of one read
_LONGEST_NAME, _LONGEST_FIELD = 100, 8 * 1024  # of a field
_LONGEST_TAIL = 1024


@dataclass(frozen=True, slots=True)
class Form:
    """A file in a form: its name as the client gave it, its bytes, to be read once, and the fields beside it.

    Fields may come before the file or after it, so all of them are there when the bytes have been read.
    """

    file_name: str | None
    chunks: Iterator[bytes]
    fields: Mapping[str, str]


def read_form(body: Iterable[bytes], boundary: str | None, known: frozenset[str] = frozenset()) -> Form:
    """Read a form up to its file; it may have fields of the known names. Raises Problem, here or at the bytes."""
    if not boundary:
        raise Problem("malformed_body", "the Content-Type of the form names no boundary")
    parts = _Parts(_events(_whole_delimiters(body), boundary), known)
    return Form(parts.to_the_file(), parts.chunks(), parts.fields)


class _Parts:
    """The parts of a form, one after the other."""

    def __init__(self, events: Iterator[Event], known: frozenset[str]) -> None:
        self.fields: dict[str, str] = {}
        self._events = events
        self._known = known

    def to_the_file(self) -> str | None:
        """Read up to the file, and return its name."""
        for event in self._events:
            if isinstance(event, File) and event.name == FILE:
                return event.filename
            self._take(event)
        raise invalid(FILE, f"send the file in the form's field `{FILE}`")

    def chunks(self) -> Iterator[bytes]:
        """Read the bytes of the file, and the fields after it."""
        for event in self._events:
            if isinstance(event, Data):
                yield event.data
            else:
                self._take(event)

    def _take(self, event: Event) -> None:
        """Keep a field. Raises Problem for any other part, and for a field that is not one of those."""
        name = getattr(event, "name", None) or ""
        if not isinstance(event, Field) or name not in self._known:
            raise invalid(name[:_LONGEST_NAME], f"this form has one file, `{FILE}`, and no such field")
        if name in self.fields:
            raise invalid(name, "given more than once")
        self.fields[name] = self._text(name)

    def _text(self, name: str) -> str:
        value = b""
        for event in self._events:
            if isinstance(event, Data):
                value += event.data
            if len(value) > _LONGEST_FIELD:
                raise invalid(name, f"a field has {_LONGEST_FIELD} bytes at most")
            if isinstance(event, Data) and not event.more_data:
                break
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise invalid(name, "must be UTF-8") from error


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
