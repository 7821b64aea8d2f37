"""The answers as one JSON object, for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable

from mailsift.analyzer.reference.lists import NameList
from mailsift.api.schemas.uploads import UploadDetail
from mailsift.standalone.checking import Checked
from mailsift.standalone.verifying import Verified


def verified_json(verified: Verified, seconds: float, notices: list[str]) -> str:
    """Write what came of a list on one line."""
    upload, analysis = verified.upload, verified.analysis
    return json.dumps(
        {
            "uploadId": str(upload.upload_id),
            "analysisId": str(analysis.analysis_id),
            "exportId": str(verified.export.export_id),
            "totalEmails": upload.total_emails,
            "validEmails": upload.valid_emails,
            "duplicateEmails": upload.duplicate_emails,
            "cachedEmails": analysis.cached_emails,
            "suppressedRows": verified.export.suppressed_rows,
            "byStatus": analysis.by_status,
            "byLeadStatus": analysis.by_lead_status,
            "byRiskLevel": analysis.by_risk_level,
            "scoring": analysis.scoring.model_dump(mode="json", by_alias=True),
            "exportPath": str(verified.path),
            **({} if verified.rejected is None else {"rejectedPath": str(verified.rejected)}),
            "warnings": upload.warnings,
            "durationSeconds": round(seconds, 3),
            "notices": notices,
        }
    )


def upload_json(upload: UploadDetail) -> str:
    """Write what is known of an upload on one line."""
    return json.dumps(upload.model_dump(mode="json", by_alias=True))


def checked_json(checked: Checked) -> str:
    """Write the answer for an address, and what it stands on, on one line."""
    scoring = None if checked.scoring is None else checked.scoring.model_dump(mode="json", by_alias=True)
    result = checked.result.model_dump(mode="json", by_alias=True)
    return json.dumps({**result, "cached": checked.is_cached, "scoring": scoring, "evidence": checked.evidence})


def lists_json(lists: Iterable[NameList]) -> str:
    """Write the lists on one line."""
    return json.dumps(
        {
            "lists": [
                {
                    "kind": known.kind.value,
                    "name": known.name,
                    "source": known.source,
                    "version": known.version,
                    "date": known.date,
                    "size": len(known.entries),
                    "refused": known.refused,
                }
                for known in lists
            ]
        }
    )
