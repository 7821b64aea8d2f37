"""What the steps and the states of an analysis of a domain are called."""

from __future__ import annotations

from typing import Final

from mailsift.api.wording.languages import Words
from mailsift.shared.verdicts import DomainStep

STEPS: Final = {
    DomainStep.VALIDATING: Words("Checking the domain", "Die Domain wird geprüft"),
    DomainStep.LOOKING_UP: Words("Looking up the domain's records", "Die DNS-Einträge der Domain werden abgefragt"),
    DomainStep.ANALYZING: Words("Evaluating what was found", "Die Ergebnisse werden ausgewertet"),
    DomainStep.GENERATING_RECOMMENDATIONS: Words("Writing recommendations", "Empfehlungen werden erstellt"),
}

STATES: Final = {
    "pending": Words("Waiting for a free worker", "Wartet auf einen freien Worker"),
    "running": Words("At work", "In Arbeit"),
    "completed": Words("Completed", "Abgeschlossen"),
    "failed": Words("Failed", "Fehlgeschlagen"),
    "cancelled": Words("Cancelled", "Abgebrochen"),
}
"""For a job that is at none of the steps."""
