"""How nameservers are asked."""

from dataclasses import dataclass
from typing import Final

DKIM_SELECTORS: Final = (
    "google",  # Google Workspace
    "selector1",  # Microsoft 365
    "selector2",
    "default",  # cPanel, Plesk, OpenDKIM
    "s1",  # SendGrid, HubSpot
    "k1",  # Mailchimp
    "k2",
    "k3",
    "dkim",
    "mail",
    "fm1",  # Fastmail
    "protonmail",
    "zoho",
    "20230601",  # Gmail itself
    "s2048",  # Yahoo
)
"""Selectors of large senders, most common first. They cannot be listed, only guessed."""


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """How nameservers are asked."""

    nameservers: tuple[str, ...] = ()
    """`host`, `host:port`, `[v6]` or `[v6]:port`; none means those of /etc/resolv.conf."""
    query_seconds: float = 4.0
    """How long one question may take, all of its tries included."""
    tries: int = 4
    """How often a question is sent, with waits that double in between."""
    concurrency: int = 200
    """How many domains are looked up at once."""
    dkim_selectors: tuple[str, ...] = DKIM_SELECTORS
