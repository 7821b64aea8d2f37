"""Read DKIM key records (RFC 6376 3.6.1, RFC 8463)."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mailsift.analyzer.evidence import DkimPosture, Lookup
from mailsift.analyzer.records.tags import read_tags

KEY_TYPES: Final = frozenset({"rsa", "ed25519"})


class DkimKey(StrEnum):
    """What stands under one selector."""

    VALID = "valid"
    REVOKED = "revoked"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class SelectorAnswer:
    """The TXT records found under one selector."""

    selector: str
    lookup: Lookup
    texts: tuple[str, ...] = ()


def judge_dkim(keys_exist: Lookup, answers: Sequence[SelectorAnswer]) -> DkimPosture:
    """Judge what `_domainkey` and the known selectors under it answered.

    Selectors cannot be listed, so finding none proves nothing: that is null, and so is a key
    that was revoked. Only a key that is there and cannot be used is broken.
    """
    if keys_exist is Lookup.NXDOMAIN:  # then nothing exists below it either (RFC 8020)
        return DkimPosture(None, "no_keys")
    if not keys_exist.tells:
        return DkimPosture(None, keys_exist.value)
    broken: str | None = None
    for answer in answers:
        keys = {key for text in answer.texts if (key := read_key(text)) is not None}
        if DkimKey.VALID in keys:
            return DkimPosture(valid=True, detail="valid", selector=answer.selector)
        if DkimKey.BROKEN in keys and broken is None:
            broken = answer.selector
    if broken is not None:
        return DkimPosture(valid=False, detail="broken", selector=broken)
    unknown = next((answer.lookup for answer in answers if not answer.lookup.tells), None)
    return DkimPosture(None, unknown.value if unknown is not None else "unknown_selector")


def read_key(text: str) -> DkimKey | None:
    """Read one record; None when it is no DKIM record at all, as under a wildcard."""
    tags = read_tags(text)
    values = dict(tags)
    if "v" in values and (tags[0][0] != "v" or values["v"] != "DKIM1"):
        return DkimKey.BROKEN if values["v"].upper().startswith("DKIM") else None
    if "p" not in values:
        return DkimKey.BROKEN if "v" in values else None
    if not values["p"]:
        return DkimKey.REVOKED
    if values.get("k", "rsa").lower() not in KEY_TYPES or not _is_base64(values["p"]):
        return DkimKey.BROKEN
    return DkimKey.VALID


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
