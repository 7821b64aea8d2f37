"""Read DKIM key records and try the selectors that are known (RFC 6376, RFC 8301, RFC 8463)."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mailsift.analyzer.evidence import DkimPosture, Lookup
from mailsift.analyzer.records.replies import Question, Reply, Walk
from mailsift.analyzer.records.rsa_key import NotRsaError, rsa_bits
from mailsift.analyzer.records.tags import read_tags

MAX_SELECTORS: Final = 20
SHORTEST_RSA_KEY: Final = 1024
"""Verifiers take no shorter one (RFC 8301 3.2)."""

_RSA, _ED25519 = "rsa", "ed25519"
_ED25519_BYTES: Final = 32
_MAIL: Final = frozenset({"*", "email"})


class KeyState(StrEnum):
    """What a key under a selector is good for."""

    VALID = "valid"
    REVOKED = "revoked"
    SHORT = "short"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class DkimKey:
    """What stands under one selector."""

    state: KeyState
    key_type: str | None = None
    bits: int | None = None


_BROKEN: Final = DkimKey(KeyState.BROKEN)


def walk_dkim(domain: str, selectors: Sequence[str]) -> Walk[DkimPosture]:
    """Try the selectors in order until one has a key.

    Selectors cannot be listed, so finding none proves nothing: that is null, and so is a key
    that was revoked. Only a key that is there and cannot be used is broken.
    """
    keys = yield Question(f"_domainkey.{domain}", "TXT")
    if keys.lookup is Lookup.NXDOMAIN:  # then nothing exists below it either (RFC 8020)
        return DkimPosture(None, "no_keys", keys_exist=False)
    if not keys.lookup.tells:
        return DkimPosture(None, keys.lookup.value)
    found: list[tuple[str, DkimKey]] = []
    for selector in selectors[:MAX_SELECTORS]:
        reply = yield Question(f"{selector}._domainkey.{domain}", "TXT")
        found.extend((selector, key) for key in _keys(reply))
        if not reply.lookup.tells or any(key.state is KeyState.VALID for _, key in found):
            return _posture(found, reply.lookup)
    return _posture(found, Lookup.NODATA)


def _keys(reply: Reply) -> list[DkimKey]:
    return [key for text in reply.texts if (key := read_key(text)) is not None]


def _posture(found: Sequence[tuple[str, DkimKey]], last: Lookup) -> DkimPosture:
    revoked = tuple(selector for selector, key in found if key.state is KeyState.REVOKED)
    for state, valid in ((KeyState.VALID, True), (KeyState.SHORT, False), (KeyState.BROKEN, False)):
        for selector, key in found:
            if key.state is state and (valid or last.tells):
                return DkimPosture(valid, state.value, selector, True, key.key_type, key.bits, revoked)
    if not last.tells:
        return DkimPosture(None, last.value, keys_exist=True, revoked=revoked)
    detail = KeyState.REVOKED.value if revoked else "unknown_selector"
    return DkimPosture(None, detail, keys_exist=True, revoked=revoked)


def read_key(text: str) -> DkimKey | None:
    """Read one record; None when it is no DKIM key for mail at all, as under a wildcard."""
    tags = read_tags(text)
    values = dict(tags)
    if "v" in values and (tags[0][0] != "v" or values["v"] != "DKIM1"):
        return _BROKEN if values["v"].upper().startswith("DKIM") else None
    if "p" not in values:
        return _BROKEN if "v" in values else None
    if not _MAIL & _words(values.get("s", "*")):
        return None
    if not values["p"]:
        return DkimKey(KeyState.REVOKED)
    if "sha256" not in _words(
        values.get("h", "sha256")
    ):  # what is left is SHA-1, which no verifier takes (RFC 8301 3.1)
        return _BROKEN
    return _key_of(values.get("k", _RSA).lower(), values["p"])


def _key_of(key_type: str, text: str) -> DkimKey:
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
        if key_type == _ED25519 and len(data) == _ED25519_BYTES:
            return DkimKey(KeyState.VALID, key_type, 8 * _ED25519_BYTES)
        if key_type == _RSA:
            bits = rsa_bits(data)
            return DkimKey(KeyState.VALID if bits >= SHORTEST_RSA_KEY else KeyState.SHORT, key_type, bits)
    except (binascii.Error, NotRsaError, ValueError):
        pass
    return _BROKEN


def _words(text: str) -> set[str]:
    return {word.strip().lower() for word in text.split(":")}
