"""The `tag=value; tag=value` lists that DKIM and DMARC share (RFC 6376 3.2)."""

import re

_TAG = re.compile(r"[ \t\r\n]*([A-Za-z][A-Za-z0-9_]*)[ \t\r\n]*=(.*)", re.DOTALL)


def read_tags(text: str) -> tuple[tuple[str, str], ...]:
    """Read the tags in order, names in lower case; a piece that is no tag is left out, the first of two wins."""
    tags: dict[str, str] = {}
    for piece in text.split(";"):
        tag = _TAG.fullmatch(piece)
        if tag is not None:
            tags.setdefault(tag[1].lower(), tag[2].strip(" \t\r\n"))
    return tuple(tags.items())
