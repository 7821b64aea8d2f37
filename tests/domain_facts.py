"""Domain facts for tests: a healthy domain, and what to change of it."""

from __future__ import annotations

from hypothesis import strategies as st

from mailsift.analyzer.evidence import (
    DkimPosture,
    DmarcPosture,
    DomainFacts,
    Existence,
    Lookup,
    Lookups,
    MailHost,
    Reach,
    SpfPosture,
    TransportPosture,
)


def public(preference: int, host: str) -> MailHost:
    """A mail host as most are."""
    return MailHost(preference, host, Reach.PUBLIC, addresses=("192.0.2.1",), lookup=Lookup.FOUND)


HEALTHY = DomainFacts(
    domain="company.com",
    existence=Existence.EXISTS,
    mx=(public(10, "mx1.company.com"), public(20, "mx2.company.com")),
    accepts_mail=True,
    spf=SpfPosture(valid=True, detail="valid", all_policy="softfail"),
    dkim=DkimPosture(True, "valid", "google", keys_exist=True, key_type="rsa", key_bits=2048),
    dmarc=DmarcPosture(valid=True, detail="valid", policy="reject", found_at="company.com"),
    name_servers=("ns1.company.com", "ns2.company.com"),
    lookups=Lookups(
        mx=Lookup.FOUND,
        spf=Lookup.FOUND,
        dmarc=Lookup.FOUND,
        dkim=Lookup.FOUND,
        name_servers=Lookup.FOUND,
        wildcard=Lookup.NXDOMAIN,
    ),
    ttl_seconds=3600,
)

_VALID = st.none() | st.booleans()
_WORD = st.none() | st.text(max_size=12)
_HOSTS = st.builds(
    MailHost,
    st.integers(0, 65535),
    st.text(max_size=12),
    st.sampled_from(Reach),
    st.booleans(),
    st.lists(st.text(max_size=12), max_size=2).map(tuple),
    st.sampled_from(Lookup),
)

ANY_FACTS = st.builds(
    DomainFacts,
    domain=st.sampled_from(["company.com", "outlok.com", "mailinator.com", "gmail.com", "duck.com"]),
    existence=st.sampled_from(Existence),
    mx=st.lists(_HOSTS, max_size=3).map(tuple),
    null_mx=st.booleans(),
    own_host=st.none() | _HOSTS,
    accepts_mail=_VALID,
    extended_error=st.none() | st.integers(0, 65535),
    spf=st.builds(SpfPosture, _VALID, st.sampled_from(["valid", "none", "several", "syntax"]), _WORD),
    dkim=st.builds(DkimPosture, _VALID, st.sampled_from(["valid", "broken", "unknown_selector"]), _WORD),
    dmarc=st.builds(DmarcPosture, _VALID, st.sampled_from(["valid", "none", "no_policy"]), _WORD, _WORD),
    mta_sts=st.builds(TransportPosture, _VALID, st.sampled_from(["valid", "none", "syntax"]), _WORD),
    tls_rpt=st.builds(TransportPosture, _VALID, st.sampled_from(["valid", "none", "syntax"]), _WORD),
    name_servers=st.lists(st.text(max_size=12), max_size=2).map(tuple),
    wildcard_mx=_WORD,
    lookups=st.builds(Lookups, *[st.sampled_from(Lookup)] * 7),
    ttl_seconds=st.integers(60, 86_400),
)
"""Any values at all, also such as no nameserver would give together."""
