"""How fast time runs in a scenario: production's values, or a twentieth of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """The engine's times, in seconds."""

    name: str
    lease: float
    heartbeat: float
    republish: float
    reap: float
    retry_base: float
    retry_jitter: float
    progress: float
    # RabbitMQ counts whole seconds.
    amqp_heartbeat: int

    def environment(self) -> dict[str, str]:
        return {
            "LEASE_SECONDS": str(self.lease),
            "HEARTBEAT_SECONDS": str(self.heartbeat),
            "REPUBLISH_SECONDS": str(self.republish),
            "REAP_SECONDS": str(self.reap),
            "RETRY_BASE_SECONDS": str(self.retry_base),
            "RETRY_JITTER_SECONDS": str(self.retry_jitter),
            "PROGRESS_SECONDS": str(self.progress),
        }

    @property
    def patience(self) -> float:
        """How long to wait for what ought to happen: generous, for it is only used up when something is wrong."""
        return 90 + 5 * self.republish


PRODUCTION = Pace("production", 90, 30, 120, 5, 60, 30, 1, 30)
TWENTIETH = Pace("twentieth", 4.5, 1.5, 6, 0.25, 3, 1.5, 0.25, 2)
PACES = {pace.name: pace for pace in (TWENTIETH, PRODUCTION)}
