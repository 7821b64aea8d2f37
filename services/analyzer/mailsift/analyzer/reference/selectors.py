"""DKIM selectors that are worth trying, by who runs the mail of a domain."""

from functools import cache

from mailsift.analyzer.reference.files import read_list

_FOR_ANYBODY = "any"


@cache
def selectors_for(provider: str | None) -> tuple[str, ...]:
    """Those of the provider first, then those that are tried for everybody; each once."""
    pairs = [tuple(entry.split()) for entry in read_list("dkim_selectors").entries]
    own = [selector for name, selector in pairs if name == provider]
    return tuple(dict.fromkeys([*own, *(selector for name, selector in pairs if name == _FOR_ANYBODY)]))
