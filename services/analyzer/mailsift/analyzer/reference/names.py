"""Domain names: as paths to the root, and as people write them."""

from functools import lru_cache
from typing import Final

import idna

_NAMES_KEPT: Final = 8_192


@lru_cache(_NAMES_KEPT)
def with_parents(name: str) -> tuple[str, ...]:
    """A name and all above it: `a.b.com`, `b.com`, `com`."""
    names = []
    while name:
        names.append(name)
        name = name.partition(".")[2]
    return tuple(names)


def in_unicode(name: str) -> str:
    """Write a name in U-labels (RFC 5890 2.3.2.1); one that has none, or none that can be read, as it is."""
    if "xn--" not in name:
        return name
    try:
        return idna.decode(name)
    except idna.IDNAError:
        return name
