"""Lists that were analysed, to be exported: five columns, one row in twenty a repeat, an answer to each address."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text, update

from benchmarks.lists import HEADER
from factories import Tenant, make_analysis, make_upload
from mailsift.shared.db.tables import Analysis, Upload

_EMAIL_COLUMN: Final = HEADER.index("email")

_ROWS: Final = text("""
    INSERT INTO "uploadEmails" ("uploadId", "sequenceNumber", "rowNumber", "columnIndex", "emailAddress",
        "normalizedAddress", domain, "isValidFormat", "duplicateOf", columns)
    SELECT :upload_id, n, n + 1, :column, address, address, split_part(address, '@', 2), true,
        CASE WHEN n % 20 = 0 THEN n - 19 END,
        ARRAY['Given' || n % 977 || ' Family' || n % 7919, address, 'City ' || n % 300, 'Company No. ' || n % 5000,
              to_char(date '2010-01-01' + (n % 5000)::int, 'YYYY-MM-DD')]
    FROM generate_series(1, :rows) AS n,
        LATERAL (SELECT CASE WHEN n % 20 = 0 THEN n - 19 ELSE n END AS number) AS own,
        LATERAL (SELECT 'given' || number % 977 || '.family' || number || '@firm' || number % 20011 || '.example'
            AS address) AS named""")

_ANSWERS: Final = text("""
    INSERT INTO "advancedEmailResults" ("analysisId", "sequenceNumber", "emailAddress", "normalizedAddress", domain,
        status, "subStatus", "deliverabilityScore", "leadStatus", "riskLevel", "isValidSyntax", "isCorporate", "isFree",
        "isDisposable", "isRelay", "isRoleBased", "domainExists", "acceptsMail", "mxHost", "spfPass", "dmarcPass",
        "dmarcPolicy", "mailboxChecked", reasons, "scoreBreakdown", "scoreVersion")
    SELECT :analysis_id, "sequenceNumber", "emailAddress", "normalizedAddress", domain, 'valid', 'domain_accepts_mail',
        95, 'high-quality', 'low', true, true, false, false, false, false, true, true,
        'mx' || "sequenceNumber" % 5 || '.mail.example', true, false, 'none', false, ARRAY['dmarc_missing'],
        '[["dmarc_missing", -5]]', 1
    FROM "uploadEmails" WHERE "uploadId" = :upload_id AND "duplicateOf" IS NULL ORDER BY "sequenceNumber\"""")


@dataclass(frozen=True, slots=True)
class Analysed:
    """One of them."""

    analysis_id: uuid.UUID
    rows: int


def make_analysed(connection: Connection, tenant: Tenant, rows: int) -> Analysed:
    """Write a list of so many rows and its answers."""
    upload_id = make_upload(connection, tenant)
    analysis_id = make_analysis(connection, tenant, upload_id)
    listed = {"column_names": list(HEADER), "email_columns": [_EMAIL_COLUMN], "total_rows": rows, "status": "completed"}
    connection.execute(update(Upload).where(Upload.upload_id == upload_id).values(listed))
    connection.execute(update(Analysis).where(Analysis.analysis_id == analysis_id).values(status="completed"))
    connection.execute(_ROWS, {"upload_id": upload_id, "column": _EMAIL_COLUMN, "rows": rows})
    connection.execute(_ANSWERS, {"upload_id": upload_id, "analysis_id": analysis_id})
    return Analysed(analysis_id, rows)
