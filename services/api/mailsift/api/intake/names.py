"""File names as clients give them, made safe to show and to hand out again; pure."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from werkzeug.http import parse_options_header

_LONGEST = 255


def from_disposition(header: str | None) -> str | None:
    """Take the file name out of a Content-Disposition header."""
    _, options = parse_options_header(header)
    return options.get("filename")


def safe_name(name: str | None, fallback: str = "upload") -> str:
    """Strip folders and what cannot be shown from a file name."""
    base = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter for letter in base if unicodedata.category(letter) not in {"Cc", "Cs", "Cf"}).strip()
    return kept[-_LONGEST:] if kept not in {"", ".", ".."} else fallback


def attachment(name: str) -> str:
    """Write the Content-Disposition of a download: plain for old clients, RFC 6266's extended form for all others."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\%' else "_" for letter in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
