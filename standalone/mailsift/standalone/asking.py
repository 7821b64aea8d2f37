"""How nameservers are asked: what a command may choose."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asking:
    """Which nameservers are asked, and how patiently."""

    nameservers: tuple[str, ...] = ()
    query_seconds: float = 4
    tries: int = 4
    domains_at_once: int = 200
    known_as: str | None = None
    """A name for nameservers whose address changes from run to run, so that what they said is known again."""
