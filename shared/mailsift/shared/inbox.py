"""Where a workspace's lists lie that were put into the storage by other means than an upload; pure."""

from __future__ import annotations

import re
import uuid
from typing import Final

INBOX: Final = "inbox"
MAX_NAME_LENGTH: Final = 900
"""In UTF-8: a bucket's key has 1024 bytes at most."""

# Halves of surrogate pairs, as JSON may have them, have no place in UTF-8.
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
# So a folder names what is not written to its end.
_UNFINISHED: Final = re.compile(r"#\d+\Z")


def inbox_key(workspace_id: uuid.UUID, name: str) -> str:
    """Return the key of an object of a workspace's inbox. Raises ValueError for a name that could lead elsewhere."""
    parts = name.split("/")
    if not name or len(name.encode("utf-8", "replace")) > MAX_NAME_LENGTH:
        raise ValueError(f"1 to {MAX_NAME_LENGTH} bytes: the name of an object below the workspace's inbox")
    if _FORBIDDEN.search(name) or not {"", ".", ".."}.isdisjoint(parts) or _UNFINISHED.search(name):
        raise ValueError("no name of an object in the inbox: parts are divided by one slash each, and none is . or ..")
    return f"{INBOX}/{workspace_id}/{name}"
