"""How an address may be written wherever it stands, as one pattern that PostgreSQL and Python both understand; pure."""

from __future__ import annotations

import json
import re
import string
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
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
_AT: Final = ("@", "%40")
_LONGEST_PATTERN: Final = 50_000
_WILD: Final = re.compile(r"[%_\\]")
_ESCAPED: Final = r"\\\g<0>"
_ESCAPED_ASCII: Final = {character: f"\\u{ord(character):04x}" for character in "+'&<>`"}
_NUMBERED: Final = re.compile(r"[^ -~]|[+'&<>`]")
_NUMBER, _ESCAPED_NUMBER = "\\u", r"\\u"
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
    if not fit(keys):
        raise ValueError("addresses so long have to be erased one by one, or a few at once")
    return keys


def fit(keys: Collection[str]) -> bool:
    """Whether these can be looked for at once: PostgreSQL takes no pattern that is much longer."""
    return len(pattern(keys)) <= _LONGEST_PATTERN


def pattern(keys: Iterable[str]) -> str:
    """Say how any of these addresses is found in a text; letter case makes no difference.

    For `~*` of PostgreSQL, and for `re` with IGNORECASE.
    """
    return _any_of(keys, {})


def pattern_in_json(keys: Iterable[str]) -> str:
    """Say the same of a text of JSON without its `ESCAPES`: what is found lies within one string, quotes and all."""
    return _any_of(keys, _UNESCAPED)


def likes(keys: Iterable[str]) -> list[str]:
    """Say what LIKE finds in a text in lower case wherever the pattern may: it is much quicker to rule a text out.

    Of other letters than those of ASCII each case is among them: not every database knows which belong together.
    """
    return sorted(f"%{_WILD.sub(_ESCAPED, each.translate(_LOWER))}%" for each in set(_begun(keys)))


def pattern_of_bytes(keys: Iterable[str]) -> re.Pattern[bytes]:
    """Say the same of a file of which nobody knows what it is: UTF-8, or UTF-16 once its NULs are taken out."""
    return re.compile(pattern(keys).encode(), re.IGNORECASE)


def domains(keys: Iterable[str]) -> frozenset[bytes]:
    """Say what stands in a file, once its ASCII is in lower case, in which one of these addresses does."""
    return frozenset(host.encode().lower() for key in keys for host in _hosts(key))


def _any_of(keys: Iterable[str], written: Mapping[int, str]) -> str:
    # Written out, a hundred addresses would be more than PostgreSQL compiles.
    names_at: dict[frozenset[str], set[str]] = {}
    for key in keys:
        names_at.setdefault(frozenset(_hosts(key)), set()).update(_names(key))
    found = [
        f"{_either(names, written)}{_either(_AT, {})}{_either(hosts, written)}" for hosts, names in names_at.items()
    ]
    return f"{_BEFORE}(?:{'|'.join(found)}){_AFTER}"


def _either(texts: Iterable[str], written: Mapping[int, str]) -> str:
    return f"(?:{'|'.join(_escape(each.translate(written)) for each in sorted(texts))})"


def _begun(keys: Iterable[str]) -> Iterator[str]:
    """Write addresses with their hosts where these are written in one way only: the more, the rarer it is found."""
    for key in keys:
        hosts = sorted(set(_hosts(key)))
        host = hosts[0] if len(hosts) == 1 else ""
        for name in _names(key):
            # What is escaped for JSON is not escaped for a URL, too.
            for at in _AT[:1] if "\\" in name else _AT:
                yield from (f"{name}{at}{host}", f"{name.replace(_NUMBER, _ESCAPED_NUMBER)}{at}{host}")


def _names(key: str) -> Iterator[str]:
    """Write a local part as it may have been written: letter case apart, by people, in JSON, and in a URL."""
    name = key.rpartition("@")[0]
    for each in {name, _in_json(name), _in_json(_in_json(name)), quote(name, safe="")}:
        yield from _of_all_forms(each)


def _hosts(key: str) -> Iterator[str]:
    domain = key.rpartition("@")[2]
    for each in {domain, _in_letters(domain)}:
        yield from _of_all_forms(each)


def _in_json(text: str, *, ascii_only: bool = False) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _by_number(text: str) -> str:
    """Write characters as JSON may, where it holds no more than ASCII or is to stand in HTML."""
    return _NUMBERED.sub(lambda found: _ESCAPED_ASCII.get(found[0]) or _in_json(found[0], ascii_only=True), text)


def _of_all_forms(text: str) -> Iterator[str]:
    # Which letters are alike, a database knows for its own locale only.
    alike = {text} if text.isascii() else {text, text.upper()}
    forms = {unicodedata.normalize(form, each) for form in ("NFC", "NFD") for each in alike}
    for each in {text} | forms:
        yield from {each, _by_number(each)}


def _in_letters(domain: str) -> str:
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


def _escape(text: str) -> str:
    return _SPECIAL.sub(_ESCAPED, text)
