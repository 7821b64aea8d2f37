"""Evidence as JSON, and domain facts back from it: names in camelCase, what makes no sense left at its default."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import cache, lru_cache
from itertools import accumulate
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints

from mailsift.analyzer.address_evidence import AddressEvidence
from mailsift.analyzer.evidence import FACTS_VERSION, DomainEvidence, DomainFacts

_Reader = Callable[[object], Any]

_NO_SENSE: Final = object()
_PLAIN: Final = frozenset({str, int, bool, NoneType})
_WORDS: Final = re.compile(r"_(.)")
_KEY: Final = "domain"
"""The key of the row, so not among its facts."""

_JUDGED: Final = {
    **dict.fromkeys(("existence", "mx", "null_mx", "own_host", "accepts_mail", "name_servers", "wildcard_mx"), ()),
    "spf": ("valid", "detail", "all_policy"),
    "dkim": ("valid", "detail", "key_type", "key_bits"),
    "dmarc": ("valid", "detail", "policy"),
    "lookups": ("address",),
}
"""The fields of facts that verdicts stand on, or what they are read for of a field."""

_UNREAD: Final = "addresses"
"""What takes the most room of a mail host, and no verdict stands on."""

_PARTS_KEPT: Final = 8_192
"""Few domains have a posture of their own, and many share their mail hosts or nameservers."""


def facts_to_json(facts: DomainFacts) -> dict[str, Any]:
    """The value of `domains.facts`."""
    return {"version": FACTS_VERSION, **{name: value for name, value in to_json(facts).items() if name != _KEY}}


def facts_from_json(stored: object, domain: str) -> DomainFacts:
    """Read what any version wrote of a domain: a key that is missing or makes no sense is not known."""
    values = stored if isinstance(stored, dict) else {}
    found = _reader(DomainFacts)({**values, _KEY: domain})
    return found if isinstance(found, DomainFacts) else DomainFacts(domain)


def judged_paths() -> Iterator[tuple[str, ...]]:
    """The keys that lead to each value that `judged_from_json` wants."""
    for name, parts in _JUDGED.items():
        yield from ((_camel(name), _camel(part)) for part in parts) if parts else [(_camel(name),)]


def judged_from_json(domain: str, texts: Sequence[str | None]) -> DomainFacts:
    """Read what verdicts stand on, each value as JSON or null: to read all there is takes several times as long."""
    found = {name: _judged(name, tuple(texts[first:last])) for name, first, last in _places()}
    return DomainFacts(domain, **{name: value for name, value in found.items() if value is not _NO_SENSE})


@cache
def _places() -> Sequence[tuple[str, int, int]]:
    """Where the values of each field stand among all: from the first to before the last."""
    ends = list(accumulate(len(parts) or 1 for parts in _JUDGED.values()))
    return list(zip(_JUDGED, [0, *ends], ends, strict=False))


@lru_cache(_PARTS_KEPT)
def _judged(name: str, texts: tuple[str | None, ...]) -> Any:
    parts = _JUDGED[name]
    found = [_NO_SENSE if text is None else json.loads(text, object_hook=_less_unread) for text in texts]
    keyed = {_camel(part): value for part, value in zip(parts, found, strict=False) if value is not _NO_SENSE}
    return _reader(_hints(DomainFacts)[name])(keyed if parts else found[0])


def _less_unread(found: dict[str, Any]) -> dict[str, Any]:
    found.pop(_UNREAD, None)
    return found


def evidence_to_json(evidence: AddressEvidence) -> dict[str, Any]:
    """The value of `"singleAnalysis".evidence`: all that a verdict stands on, with the version that found it."""
    return {"version": FACTS_VERSION, **to_json(evidence)}


def domain_evidence_to_json(evidence: DomainEvidence) -> dict[str, Any]:
    """The value of `"domainAnalysis".evidence`, likewise."""
    return {"version": FACTS_VERSION, **to_json(evidence)}


def to_json(value: Any) -> Any:
    """Turn evidence into what `json.dumps` takes."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is tuple:
        return [to_json(item) for item in value]
    if names := _names(kind):  # type: ignore[arg-type]  # a class is hashable
        return {key: to_json(getattr(value, name)) for name, key in names}
    return value.value if isinstance(value, StrEnum) else value


@cache
def _names(kind: type) -> tuple[tuple[str, str], ...]:
    """The fields of a class of evidence, and their keys; there are none in any other value."""
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else getattr(kind, "_fields", ())
    return tuple((name, _camel(name)) for name in names)


@cache
def _camel(name: str) -> str:
    return _WORDS.sub(lambda found: found[1].upper(), name)


@cache
def _reader(hint: Any) -> _Reader:
    """What reads a stored value of this type, or says that it makes no sense."""
    options = [option for option in get_args(hint) if option is not NoneType]
    if get_origin(hint) is tuple:
        return _items(_reader(options[0]))
    if options:  # the only unions are with None
        return _optional(_reader(options[0]))
    if is_dataclass(hint):
        return _object(hint)
    if issubclass(hint, StrEnum):
        return _word(hint)
    return _plain(hint)


def _plain(kind: type) -> _Reader:
    # The exact type: True is no number here.
    return lambda stored: stored if type(stored) is kind else _NO_SENSE


def _word(words: type[StrEnum]) -> _Reader:
    known = {word.value: word for word in words}
    return lambda stored: known.get(stored, _NO_SENSE) if isinstance(stored, str) else _NO_SENSE


def _optional(read: _Reader) -> _Reader:
    return lambda stored: None if stored is None else read(stored)


def _items(read: _Reader) -> _Reader:
    def read_items(stored: object) -> object:
        if not isinstance(stored, list):
            return _NO_SENSE
        return tuple(item for item in map(read, stored) if item is not _NO_SENSE)

    return read_items


_hints: Final = cache(get_type_hints)


def _object(kind: Any) -> _Reader:
    hints = _hints(kind)
    readers = [
        (field.name, _camel(field.name), _reader(hints[field.name]), _is_needed(field)) for field in fields(kind)
    ]

    def read_object(stored: object) -> object:
        if not isinstance(stored, dict):
            return _NO_SENSE
        values: dict[str, Any] = {}
        for name, key, read, needed in readers:
            value = read(stored[key]) if key in stored else _NO_SENSE
            if value is not _NO_SENSE:
                values[name] = value
            elif needed:
                return _NO_SENSE
        return kind(**values)

    return read_object


def _is_needed(field: "Field[Any]") -> bool:
    return field.default is MISSING and field.default_factory is MISSING
