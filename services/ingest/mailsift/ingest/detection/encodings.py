"""Bytes to text: byte order mark, strict UTF-8, pattern of NULs, statistics, cp1252, in this order; pure."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
from statistics import mean
from typing import Final

from charset_normalizer import from_bytes

from mailsift.ingest.detection.contents import binary_file
from mailsift.ingest.dialect import AS_ASKED
from mailsift.ingest.formats.text import BLOCK_SIZE, is_binary
from mailsift.shared.errors import PermanentError
from mailsift.shared.reading import find_codec


@dataclass(frozen=True, slots=True)
class Decoded:
    """The sample as text, and the codec to read the rest of the file with."""

    encoding: str
    text: str
    confidence: float
    evidence: str


# The mark of UTF-32 begins with that of UTF-16. These codecs take the mark away as they read.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# ASCII text in these has NULs at the other places of each group of four bytes.
_NUL_PATTERNS: Final = (
    ("utf-32-le", (1, 2, 3)),
    ("utf-32-be", (0, 1, 2)),
    ("utf-16-le", (1, 3)),
    ("utf-16-be", (0, 2)),
)

# What lists are really written in. Left free, the detector prefers rarities such as mac_iceland.
_PLAUSIBLE: Final = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "cp866", "cp850", "mac_roman"),
    *("cp932", "euc_jp", "cp949", "gb18030", "big5"),
]
# Alike in most letters of western names: cp1252 is by far the most common of them.
_LIKE_CP1252: Final = frozenset({"cp1250", "cp1254"})

_BETWEEN_CELLS: Final = re.compile(rb"[,;|\t\r\n]+")
_MAX_CELLS: Final = 2000
_PROBE_SIZE: Final = 64 * 1024
_MAX_NAME_SHOWN: Final = 40
_MAX_DAMAGE: Final = 0.01
_MAX_CONTROLS: Final = 0.02
_MAX_NULS: Final = 0.1
_MAX_NON_ASCII_GUESS: Final = 0.3
_CONTROLS: Final = re.compile("[\x01-\x08\x0e-\x19\x1c-\x1f\x7f]")


def decode(sample: bytes, asked: str | None, *, complete: bool) -> Decoded:
    """Read the sample as text, in the encoding that was asked for if one was.

    Raises PermanentError: `binary_file`, `unreadable_encoding`, `wrong_encoding` or `empty_file`.
    """
    decoded = _as_asked(sample, asked, complete=complete) if asked else _found(sample, complete=complete)
    # As the rest is read: who counts rows here and there must see the same text.
    text = decoded.text.replace("\0", "")
    if not text:
        raise PermanentError("empty_file", "The file is empty.")
    return replace(decoded, text=text)


def _as_asked(sample: bytes, asked: str, *, complete: bool) -> Decoded:
    codec = find_codec(asked)
    readings = [
        Decoded(encoding, text, 1.0, AS_ASKED)
        for encoding in (_encodings_meant(codec, sample) if codec else ())
        if (text := _decode(sample, encoding, complete=complete, errors="replace")) is not None
    ]
    # Whatever the language, a list has at-signs, dots and line ends.
    best = max(readings, key=lambda reading: _count_ascii(reading.text), default=None)
    if best is None or not _count_ascii(best.text) or _count_damage(best.text) > _MAX_DAMAGE * len(best.text):
        raise PermanentError(
            "wrong_encoding",
            f"The file cannot be read as {asked[:_MAX_NAME_SHOWN]!r}. Leave the encoding out to have it found.",
        )
    return best


def _encodings_meant(codec: str, sample: bytes) -> tuple[str, ...]:
    """What a name stands for: the mark at the beginning takes part in it, and tells the order of bytes."""
    marked = next((encoding for mark, encoding in _MARKS if sample.startswith(mark)), None)
    if marked and marked.startswith(codec.removesuffix("-le").removesuffix("-be")):
        return (marked,)
    return (f"{codec}-le", f"{codec}-be") if codec in {"utf-16", "utf-32"} else (codec,)


def _count_ascii(text: str) -> int:
    return len(text.encode("ascii", "ignore")) - text.count("\0")


def _count_damage(text: str) -> int:
    return text.count("\ufffd") + text.count("\0")


def _found(sample: bytes, *, complete: bool) -> Decoded:
    decoded = (
        _by_mark(sample, complete=complete)
        or _by_strict_utf8(sample, complete=complete)
        or _by_nul_pattern(sample, complete=complete)
        or _by_damaged_utf8(sample, complete=complete)
        or _by_statistics(sample)
        or _by_default(sample)
    )
    if decoded is None:
        if any(is_binary(sample[at : at + BLOCK_SIZE]) for at in range(0, len(sample), BLOCK_SIZE)):
            raise binary_file()
        raise PermanentError(
            "unreadable_encoding",
            "The file cannot be read as text in any known encoding. Please save it as UTF-8 and upload it again.",
        )
    return decoded


def _by_mark(sample: bytes, *, complete: bool) -> Decoded | None:
    encoding = next((encoding for mark, encoding in _MARKS if sample.startswith(mark)), None)
    if encoding is None:
        return None
    text = _decode(sample, encoding, complete=complete)
    if text is None:
        text = _decode(sample, encoding, complete=complete, errors="replace") or ""
        if text.count("\ufffd") > _MAX_DAMAGE * len(text):
            return None
    _refuse_controls(text)
    return Decoded(encoding, text, 1.0, f"{encoding} by its byte order mark")


def _by_strict_utf8(sample: bytes, *, complete: bool) -> Decoded | None:
    text = _decode(sample, "utf-8", complete=complete)
    if text is None or text.count("\0", 0, _PROBE_SIZE) > _MAX_NULS * min(len(text), _PROBE_SIZE):
        return None
    _refuse_controls(text)
    return Decoded("utf-8", text, 1.0, "plain ASCII" if text.isascii() else "UTF-8 without a fault")


def _by_nul_pattern(sample: bytes, *, complete: bool) -> Decoded | None:
    """UTF-16 and UTF-32 without a mark; any other text has no use for NULs, so many of them mean no text."""
    probe = sample[:_PROBE_SIZE]
    if probe.count(0) <= _MAX_NULS * len(probe):
        return None
    nuls = [probe[place::4].count(0) / max(1, len(probe[place::4])) for place in range(4)]
    for encoding, places in _NUL_PATTERNS:
        inside = mean(nuls[place] for place in places)
        outside = mean(nuls[place] for place in range(4) if place not in places)
        # A letter such as U+0100 has its NUL at the other place; the character NUL has both.
        if inside > max(2 * _MAX_NULS, outside):
            text = _decode(sample, encoding, complete=complete)
            if text is not None and text.count("\0") <= _MAX_DAMAGE * len(text):
                _refuse_controls(text)
                return Decoded(encoding, text, 0.9, f"{encoding} by its pattern of NULs")
    raise binary_file()


def _by_damaged_utf8(sample: bytes, *, complete: bool) -> Decoded | None:
    """Mostly good UTF-8 is UTF-8: another codec would read every good letter wrongly for the sake of a bad one."""
    text = _decode(sample, "utf-8", complete=complete, errors="replace") or ""
    bad = text.count("\ufffd")
    good = sum(not character.isascii() for character in text[:_PROBE_SIZE]) - text.count("\ufffd", 0, _PROBE_SIZE)
    if good < 10 * bad:
        return None
    _refuse_controls(text)
    return Decoded("utf-8", text, 0.8, "UTF-8 with a few faults")


def _by_statistics(sample: bytes) -> Decoded | None:
    _refuse_controls(sample[:_PROBE_SIZE].decode("latin-1"))
    # Only the cells that are not ASCII tell encodings apart; among the others they would be lost.
    cells = [cell for cell in _BETWEEN_CELLS.split(sample) if not cell.isascii()]
    matches = from_bytes(b"\n".join(cells[:_MAX_CELLS])[:_PROBE_SIZE], cp_isolation=_PLAUSIBLE)
    best = matches.best()
    if best is None:
        return None
    encoding = best.encoding
    # Encodings that read these cells alike are listed under one of them.
    rivals = {name for match in matches if match.chaos <= best.chaos for name in match.could_be_from_charset}
    if encoding in _LIKE_CP1252 and "cp1252" in rivals:
        encoding = "cp1252"
    text = sample.decode(encoding, errors="replace")
    if "@" not in text and _share_of_non_ascii(sample) > _MAX_NON_ASCII_GUESS:
        return None
    return Decoded(encoding, text, 0.7, f"{encoding}, a guess by its letters")


def _by_default(sample: bytes) -> Decoded | None:
    if _share_of_non_ascii(sample) > _MAX_NON_ASCII_GUESS:
        return None
    text = _decode(sample, "cp1252", complete=True)
    return Decoded("cp1252", text, 0.5, "cp1252, for want of a better guess") if text is not None else None


def _decode(sample: bytes, encoding: str, *, complete: bool, errors: str = "strict") -> str | None:
    """An incremental decoder forgives a character that the end of the sample cuts in two."""
    try:
        return codecs.getincrementaldecoder(encoding)(errors).decode(sample, complete)
    except UnicodeDecodeError:
        return None


def _refuse_controls(text: str) -> None:
    probe = text[:_PROBE_SIZE]
    if len(_CONTROLS.findall(probe)) > _MAX_CONTROLS * len(probe):
        raise binary_file()


def _share_of_non_ascii(sample: bytes) -> float:
    probe = sample[:_PROBE_SIZE]
    return sum(byte > 0x7F for byte in probe) / len(probe)
