"""Did you mean: the domain one slip away from what was typed."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from mailsift.analyzer.reference.files import read_list
from mailsift.analyzer.reference.registrable import public_suffix

SLIPS_OF_COM: Final = frozenset({"co", "cm", "om"})
"""Real country suffixes that are nearly always a mistyped `.com` when nobody takes mail there."""

_COMMON_SUFFIXES: Final = ("com", "net", "org")
"""What a suffix that does not exist was meant to be."""

_SHORTEST_NAME: Final = 4
"""Names shorter than this (qq, gmx, aol) are one slip from too many others."""


@cache
def _index() -> dict[str, tuple[str, ...]]:
    """Each popular domain under itself and under itself less any one character, most popular first."""
    index: dict[str, tuple[str, ...]] = {}
    for popular in read_list("popular").entries:
        for key in {popular, *_deletions(popular)}:
            index[key] = (*index.get(key, ()), popular)
    return index


@cache
def _ranks() -> dict[str, int]:
    return {popular: rank for rank, popular in enumerate(read_list("popular").entries)}


def domain_meant(domain: str) -> str | None:
    """The domain that was probably meant: a popular one, or the same under a suffix that exists.

    Ask only about a domain that takes no mail: a neighbour that does is no mistake.
    """
    return popular_domain_near(domain) or _under_a_suffix_that_exists(domain)


def popular_domain_near(domain: str) -> str | None:
    """The most popular domain that one edit turns this one into; None for a popular one itself."""
    ranks = _ranks()
    if domain in ranks:
        return None
    candidates = {popular for key in (domain, *_deletions(domain)) for popular in _index().get(key, ())}
    near = (popular for popular in candidates if _is_one_edit(domain, popular) and _is_meant(domain, popular))
    return min(near, key=ranks.__getitem__, default=None)


def _under_a_suffix_that_exists(domain: str) -> str | None:
    name, _, typed = domain.rpartition(".")
    meant = next((suffix for suffix in _COMMON_SUFFIXES if _is_one_edit(typed, suffix)), None)
    # Asked last, for it takes longest.
    return f"{name}.{meant}" if name and meant is not None and public_suffix(domain) is None else None


def _deletions(text: str) -> Iterator[str]:
    return (text[:position] + text[position + 1 :] for position in range(len(text)))


def _is_one_edit(typed: str, meant: str) -> bool:
    """One character added, lost or changed, or two neighbours swapped."""
    start = next((i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), min(len(typed), len(meant)))
    typed_rest, meant_rest = typed[start:], meant[start:]
    return (
        typed_rest[1:] == meant_rest[1:]
        or typed_rest[1:] == meant_rest
        or typed_rest == meant_rest[1:]
        or (typed_rest[:2] == meant_rest[1::-1] and typed_rest[2:] == meant_rest[2:])
    )


def _is_meant(typed: str, meant: str) -> bool:
    typed_name, _, typed_suffix = typed.partition(".")
    meant_name, _, meant_suffix = meant.partition(".")
    if typed_name != meant_name:
        return len(meant_name) >= _SHORTEST_NAME and typed_suffix == meant_suffix
    # A suffix that exists was meant: .gov.in is no mistyped .gov.
    return public_suffix(typed) != typed_suffix or (meant_suffix == "com" and typed_suffix in SLIPS_OF_COM)
