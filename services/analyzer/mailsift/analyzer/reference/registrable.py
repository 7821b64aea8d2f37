"""Public suffixes and registrable domains, offline, from the Public Suffix List."""

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    # ICANN only: github.io is somebody's domain, co.uk is nobody's. Names under no known suffix have no owner.
    return PublicSuffixList(only_icann=True, accept_unknown=False)


@lru_cache(maxsize=65_536)
def registrable_domain(domain: str) -> str | None:
    """The part somebody registered: `company.co.uk` of `mail.company.co.uk`; None under no known suffix."""
    found: str | None = _suffixes().privatesuffix(domain)
    return found


@lru_cache(maxsize=65_536)
def public_suffix(domain: str) -> str | None:
    """The suffix below which names are registered: `co.uk`; None when no known one ends the name."""
    found: str | None = _suffixes().publicsuffix(domain)
    return found
