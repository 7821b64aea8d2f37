"""Domain names: as paths to the root, and as people write them."""

from collections.abc import Iterator

import idna


def with_parents(name: str) -> Iterator[str]:
    """A name and all above it: `a.b.com`, `b.com`, `com`."""
    while name:
        yield name
        name = name.partition(".")[2]


def in_unicode(name: str) -> str:
    """Write a name in U-labels (RFC 5890 2.3.2.1); one that has none, or none that can be read, as it is."""
    if "xn--" not in name:
        return name
    try:
        return idna.decode(name)
    except idna.IDNAError:
        return name
