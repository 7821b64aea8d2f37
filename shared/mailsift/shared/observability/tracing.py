"""Traces: who is told of a stretch of work, if anybody is; where nobody is, nothing is imported and nothing done."""

from __future__ import annotations

from enum import Enum, auto
from types import TracebackType
from typing import Protocol, Self

from mailsift.shared.settings import TracingSettings
from mailsift.shared.trace_context import TraceContext

Told = str | int | float
"""What is said of a span, by one of the words that otlp.py knows: never an address, a domain, a key or a query."""

# So long the end of a process waits for a collector: what it has not taken by then is lost.
_STOP_SECONDS = 3.0


class Kind(Enum):
    """What a span is among the services."""

    REQUEST = auto()
    MESSAGE_OUT = auto()
    MESSAGE_IN = auto()
    CALL = auto()
    PART = auto()


class Span:
    """A stretch of work that lasts as long as its block. Of this one nobody is told."""

    @property
    def context(self) -> TraceContext | None:
        """Where it stands in its trace, for what it sets going."""
        return None

    def note(self, **told: Told) -> None:
        """Say something of it."""

    def fail(self, code: str) -> None:
        """Say that it went wrong, and by which code."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""


class Tracer(Protocol):
    """Who tells of spans."""

    def span(self, name: str, kind: Kind, parent: str | None, follows: str | None, **told: Told) -> Span:
        """Begin one below `parent`, or a trace, with a link to the one that it `follows`; both are traceparents."""
        ...

    def part(self, name: str, **told: Told) -> Span | None:
        """Begin one below the span that is under way here; None when there is none, or nobody is told of it."""
        ...

    def past(self, name: str, kind: Kind, parent: str, began: int, **told: Told) -> None:
        """Tell of one that is over, and began at `began`, in nanoseconds of the epoch."""
        ...

    def here(self) -> TraceContext | None:
        """Return where the span stands that is under way here, if there is one."""
        ...

    def stop(self, seconds: float) -> None:
        """Hand over what was not yet; wait no longer than so long for that."""
        ...


_UNTOLD = Span()
_tracer: Tracer | None = None


def configure_tracing(service: str, settings: TracingSettings) -> None:
    """Tell of what this process does from now on, where its environment asks for that. It must not fork any more."""
    if settings.traces_wanted:
        from mailsift.shared.observability.otlp import otlp_tracer  # noqa: PLC0415 - an extra

        tell(otlp_tracer(service))


def stop_tracing() -> None:
    """Hand over what was not yet, at the end of the process."""
    if _tracer is not None:
        _tracer.stop(_STOP_SECONDS)
        tell(None)


def tell(tracer: Tracer | None) -> None:
    """Tell of what this process does through a tracer, or nobody."""
    global _tracer  # noqa: PLW0603 - there is one in a process, like its logs and its metrics
    _tracer = tracer


def span(name: str, kind: Kind, parent: str | None = None, follows: str | None = None, **told: Told) -> Span:
    """Begin a span below `parent`, or a trace, with a link to the one that it `follows`; both are traceparents."""
    return _UNTOLD if _tracer is None else _tracer.span(name, kind, parent, follows, **told)


def part(name: str, **told: Told) -> Span:
    """Begin a part of the span that is under way here; by itself it would be a trace that says nothing."""
    return (_tracer and _tracer.part(name, **told)) or _UNTOLD


def past(name: str, kind: Kind, parent: str | None, began: int, **told: Told) -> None:
    """Tell of something below `parent` that is over, and began at `began`, in nanoseconds of the epoch."""
    if _tracer is not None and parent is not None:
        _tracer.past(name, kind, parent, began, **told)


def here() -> TraceContext | None:
    """Return where the span stands that is under way here, if there is one."""
    return None if _tracer is None else _tracer.here()
