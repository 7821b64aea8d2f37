"""All that evidence can tell, as the paths of its JSON: `domain.facts.spf.record`; items of lists have no number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from mailsift.analyzer.address_evidence import AddressEvidence

HIT = ("listName", "version", "entry")
"""What an entry of a list is told by."""


def evidence_paths(kind: Any = AddressEvidence) -> Iterator[str]:
    """Name the leaves of a class of evidence."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else kind._fields
    for name in names:
        key = re.sub(r"_(.)", lambda found: found[1].upper(), name)
        below = [each for each in _classes(hints[name]) if is_dataclass(each) or hasattr(each, "_fields")]
        inner = [path for each in below for path in evidence_paths(each)]
        yield from (f"{key}.{path}" for path in inner) if inner else [key]


def told(shown: object, path: str = "") -> Iterator[str]:
    """Name the leaves of some JSON that hold anything."""
    if isinstance(shown, dict):
        for key, value in shown.items():
            yield from told(value, f"{path}.{key}" if path else key)
    elif isinstance(shown, list):
        for item in shown:
            yield from told(item, path)
    elif shown is not None:
        yield path


def _classes(hint: Any) -> list[Any]:
    options = get_args(hint)
    return [each for option in options for each in _classes(option)] if options else [hint]
