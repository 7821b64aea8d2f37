"""How an address may be written wherever it stands, as one pattern that PostgreSQL and Python both understand; pure."""

from __future__ import annotations

import json
import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final
from urllib.parse import quote

import idna

from mailsift.shared.addresses import MAX_TEXT_LENGTH
from mailsift.shared.suppressions import address_key

ERASED: Final = "[erased]"
"""What stands in a text where an address was."""

# What may stand beside an address is no part of another: in `joann@example.com` there is no `ann@example.com`, nor is
# there one in `ann@example.com.au`, in `o'ann@example.com` or in `x+ann@example.com`.
# But a letter before it may be the end of a line break as JSON has it, a digit or a letter that of a comma in a URL.
# Where JSON stands in JSON, one number stands for the backslash of the inner one.
_NO_LETTER: Final = "(?:[013][0-9a-f]|2[0-4689acf])"
_BEFORE: Final = rf"(?:(?<![\w.%+-])(?<!\w')|(?<=[\\\x01][nrt])|(?<=%{_NO_LETTER})|(?<=[\\\x01]u00{_NO_LETTER}))"
# A file may be named after a person: `ann@example.com-analysed.csv` is no address.
_FILE: Final = (
    r"(?:-[\w-]+)?(?:\.(?:csv|tsv|txt|xlsx?|ods|jsonl?|ndjson|parquet|pdf|eml|vcf|gz|bz2|xz|zst|zip))+(?![\w.-])"
)
_AFTER: Final = rf"(?:(?![\w-]|\.\w)|(?={_FILE}))"
_WILD: Final = re.compile(r"[%_\\]")
_ESCAPED: Final = r"\\\g<0>"
_ESCAPED_ASCII: Final = {character: f"\\u{ord(character):04x}" for character in "+'&<>`"}
_NUMBERED: Final = re.compile(r"[^ -~]|[+'&<>`]")
_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_SPECIAL: Final = re.compile(r"[!-/:-?\[-^`{-~]")

ESCAPES: Final = (r"\\", r"\"", r"\n", r"\r", r"\t", r"\b", r"\f")
"""What JSON has for what strings cannot hold; in JSON without them the character of its number stands for each."""
_UNESCAPED: Final = str.maketrans({escape[1]: chr(number) for number, escape in enumerate(ESCAPES[:2], 1)})


def erasable(text: str) -> str:
    """Return the key of an address as lists compare it. Raises ValueError for what stands for no address.

    It need not be a proper one: lists have others, too.
    """
    key = address_key(text)
    local_part, at_sign, domain = key.rpartition("@")
    if not (local_part and at_sign and domain) or len(key) > MAX_TEXT_LENGTH:
        raise ValueError("write an address like ann@example.com")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in key):
        raise ValueError("must not contain control characters")
    return key


def of_one_person(written: Iterable[str], most: int) -> list[str]:
    """Return the keys of a person's addresses, each once; empty lines are none. Raises ValueError."""
    given = islice(filter(None, map(str.strip, written)), most + 1)
    keys = list(dict.fromkeys(map(erasable, given)))
    if not 1 <= len(keys) <= most:
        raise ValueError(f"give 1 to {most} addresses of one person")
    return keys


def pattern(keys: Iterable[str]) -> str:
    """Say how any of these addresses is found in a text; letter case makes no difference.

    For `~*` of PostgreSQL, and for `re` with IGNORECASE.
    """
    return _any_of({each for key in keys for each in spellings(key)})


def pattern_in_json(keys: Iterable[str]) -> str:
    """Say the same of a text of JSON without its `ESCAPES`: what is found lies within one string, quotes and all."""
    return _any_of({each.translate(_UNESCAPED) for key in keys for each in spellings(key)})


def _any_of(spelt: Iterable[str]) -> str:
    return f"{_BEFORE}(?:{'|'.join(map(_escape, sorted(spelt)))}){_AFTER}"


def likes(keys: Iterable[str]) -> list[str]:
    """Say what LIKE finds in a text in lower case wherever the pattern may: it is much quicker to rule a text out.

    Of other letters than those of ASCII each case is among them: not every database knows which belong together.
    """
    spelt = {each.translate(_LOWER) for key in keys for each in spellings(key)}
    return sorted(f"%{_WILD.sub(_ESCAPED, each)}%" for each in spelt)


def pattern_of_bytes(keys: Iterable[str]) -> re.Pattern[bytes]:
    """Say the same of a file of which nobody knows what it is: UTF-8, or UTF-16 once its NULs are taken out."""
    return re.compile(pattern(keys).encode(), re.IGNORECASE)


def domains(keys: Iterable[str]) -> frozenset[bytes]:
    """Say what stands in a file in which one of these addresses does: what is quick to look for."""
    return frozenset(
        each.rpartition("@")[2].rpartition("%40")[2].lower().encode() for key in keys for each in spellings(key)
    )


def spellings(key: str) -> Iterator[str]:
    """Write an address as it may have been written: letter case apart, by people, in JSON, and in a URL."""
    local_part, _, domain = key.rpartition("@")
    for host in {domain, _in_letters(domain)}:
        escaped = _in_json(local_part)
        for name in {local_part, escaped, _in_json(escaped), quote(local_part, safe="")}:
            for address in (f"{name}@{host}", f"{name}%40{host}"):
                for form in _of_all_forms(address):
                    numbered = _by_number(form)
                    yield from (form, numbered, numbered.replace("\\u", r"\\u"))


def _in_json(text: str, *, ascii_only: bool = False) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _by_number(text: str) -> str:
    """Write characters as JSON may, where it holds no more than ASCII or is to stand in HTML."""
    return _NUMBERED.sub(lambda found: _ESCAPED_ASCII.get(found[0]) or _in_json(found[0], ascii_only=True), text)


def _of_all_forms(text: str) -> Iterator[str]:
    yield text
    if not text.isascii():
        # Which letters are alike, a database knows for its own locale only.
        for form in ("NFC", "NFD"):
            yield unicodedata.normalize(form, text)
            yield unicodedata.normalize(form, text.upper())


def _in_letters(domain: str) -> str:
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


def _escape(text: str) -> str:
    return _SPECIAL.sub(_ESCAPED, text)
