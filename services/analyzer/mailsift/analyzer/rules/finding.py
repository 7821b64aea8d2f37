"""One thing found, and what follows from it."""

from dataclasses import dataclass

from mailsift.shared.verdicts import Status


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found. It can only ever lower a score."""

    reason: str
    """A stable code: kept in the database, shown to users, explained in docs/scoring.md."""
    points: int = 0
    """Taken off the score: zero or less. Zero explains a verdict without changing the number."""
    cap: int | None = None
    """The most that the score may be with this found."""
    status: Status = Status.VALID
    """The status this asks for; the worst asked for is given."""

    def __hash__(self) -> int:
        """Of the reason alone, which is at hand: verdicts are looked up by findings for every row of a list."""
        return hash(self.reason)

    def __post_init__(self) -> None:
        """Nothing that is found makes an address better than one with nothing found."""
        if self.points > 0:
            message = f"{self.reason}: a finding takes points off, it gives none"
            raise ValueError(message)
