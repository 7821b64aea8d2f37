"""Domains whose addresses are thrown away; pure: a list shipped with a package, read when first needed."""

from __future__ import annotations

from functools import cache


def is_disposable(domain: str) -> bool:
    """Whether a domain, or one that it lies below, is on the list. The analysis says more: here it is an estimate."""
    labels = domain.split(".")
    return any(".".join(labels[first:]) in _listed() for first in range(len(labels) - 1))


@cache
def _listed() -> frozenset[str]:
    # The package holds its whole list in a module: reading it waits until somebody asks.
    from disposable_email_domains import blocklist  # noqa: PLC0415

    return frozenset(blocklist)
