"""How nameservers are asked."""

from dataclasses import dataclass
from typing import Final

QUESTIONS_PER_DOMAIN: Final = 2


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

    @property
    def questions_at_once(self) -> int:
        """How many questions may be out: what a domain asks for at once waits its turn, or a nameserver drops some."""
        return QUESTIONS_PER_DOMAIN * self.concurrency
