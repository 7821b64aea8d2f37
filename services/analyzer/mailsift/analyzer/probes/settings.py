"""How nameservers are asked."""

from dataclasses import dataclass


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
    questions_at_once: int = 2_000
    """How many questions one nameserver has to answer at once: more than it has room for and it drops some."""
