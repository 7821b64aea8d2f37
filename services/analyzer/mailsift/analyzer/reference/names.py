"""Domain names as paths to the root."""

from collections.abc import Iterator


def with_parents(name: str) -> Iterator[str]:
    """A name and all above it: `a.b.com`, `b.com`, `com`."""
    while name:
        yield name
        name = name.partition(".")[2]
