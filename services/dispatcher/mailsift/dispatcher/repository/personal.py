"""Which texts of which tables may hold an address, the rows of lists and results apart."""

from __future__ import annotations

from typing import Final

from mailsift.shared.db.rewriting import Holds, Texts
from mailsift.shared.jobs.repository.erasing import JOBS

_OWN: Final = 't."workspaceId" = ANY(CAST(:workspaces AS uuid[]))'
_OF_ANALYSIS: Final = """EXISTS (SELECT FROM analyses a WHERE a."analysisId" = t."analysisId"
    AND a."workspaceId" = ANY(CAST(:workspaces AS uuid[])))"""

TEXTS: Final = (
    Texts(
        "uploads",
        {
            "fileName": Holds.TEXT,
            "sourceUrl": Holds.TEXT,
            "errorMessage": Holds.TEXT,
            "reading": Holds.JSON,
            "columnNames": Holds.LIST,
            "detection": Holds.JSON,
            # Beside an address stand the other cells of its row.
            "preview": Holds.WHOLE,
            "emails": Holds.JSON,
        },
        _OWN,
    ),
    Texts("analyses", {"errorMessage": Holds.TEXT}, _OWN),
    Texts(
        "singleAnalysis",
        {"emailAddress": Holds.TEXT, "emailAddresses": Holds.LIST, "evidence": Holds.WHOLE},
        _OF_ANALYSIS,
        # The evidence tells the local part by itself, and the verdict is about the person.
        besides=("evidence", "status", "leadStatus", "riskLevel", "deliverabilityScore"),
    ),
    Texts("domainAnalysis", {"evidence": Holds.WHOLE, "recommendations": Holds.WHOLE}, _OF_ANALYSIS),
    # What DNS says belongs to no tenant; a DMARC record may name a mailbox.
    Texts("domains", {"facts": Holds.JSON}, None),
    Texts("verifiedEmails", {"emailAddress": Holds.TEXT, "facts": Holds.JSON}, _OWN, goes=True),
    Texts("outcomes", {"normalizedAddress": Holds.TEXT}, _OWN, goes=True),
    Texts("suppressions", {"value": Holds.TEXT, "reason": Holds.TEXT}, _OWN, goes=True),
    Texts(
        "exports",
        {"fileName": Holds.TEXT, "errorMessage": Holds.TEXT, "options": Holds.JSON, "writing": Holds.JSON},
        _OWN,
    ),
    # Its key is a client's own word, and nobody sends the request again a day later.
    Texts("idempotencyKeys", {"key": Holds.TEXT, "response": Holds.JSON}, _OWN, goes=True),
    Texts("userActivities", {"activityDetails": Holds.JSON}, _OWN),
    Texts("schedules", {"name": Holds.NAME, "options": Holds.JSON, "writing": Holds.JSON}, _OWN, grows=False),
    Texts(
        "webhooks",
        {"url": Holds.TEXT, "description": Holds.TEXT, "disabledReason": Holds.TEXT},
        _OWN,
        grows=False,
    ),
    Texts("webhookDeliveries", {"payload": Holds.JSON, "responseBody": Holds.TEXT, "errorMessage": Holds.TEXT}, _OWN),
    Texts("workspaces", {"name": Holds.TEXT}, _OWN, grows=False),
    Texts("apiKeys", {"name": Holds.TEXT}, _OWN, grows=False),
    Texts("guestTokens", {"name": Holds.TEXT}, _OWN, grows=False),
    # A person who uses mailsift belongs to every workspace at once: no tenant erases another's members.
    Texts("userProfiles", {"email": Holds.WHOLE}, None, grows=False),
    Texts("operatorKeys", {"name": Holds.TEXT}, None, grows=False),
    Texts("pausedQueues", {"reason": Holds.TEXT}, None, grows=False),
    *JOBS,
)
