"""Rows that tests begin with: a workspace, an upload, an analysis, a job."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, insert
from uuid_utils.compat import uuid7

from mailsift.shared.db.tables import (
    AdvancedAnalysis,
    Analysis,
    ApiKey,
    BulkAnalysis,
    Export,
    Suppression,
    Upload,
    UserProfile,
    Workspace,
    WorkspaceMember,
)
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import NewJob, Subject
from mailsift.shared.jobs.repository import queueing
from mailsift.shared.plans import Plan
from mailsift.shared.suppressions import parse_suppression


@dataclass(frozen=True, slots=True)
class Tenant:
    workspace_id: uuid.UUID
    user_id: uuid.UUID
    key: str


def make_tenant(connection: Connection, name: str = "Acme", role: str = "owner", plan: Plan = Plan.UNLIMITED) -> Tenant:
    tenant = Tenant(uuid7(), uuid7(), f"ms_{uuid.uuid4().hex}")
    workspace = {"workspace_id": tenant.workspace_id, "name": name, "plan": plan.value}
    connection.execute(insert(Workspace), workspace)
    connection.execute(insert(UserProfile), {"user_id": tenant.user_id, "email": f"{tenant.user_id}@example.com"})
    connection.execute(
        insert(WorkspaceMember), {"workspace_id": tenant.workspace_id, "user_id": tenant.user_id, "role": role}
    )
    connection.execute(
        insert(ApiKey),
        {
            "api_key_id": uuid7(),
            "workspace_id": tenant.workspace_id,
            "user_id": tenant.user_id,
            "name": "test",
            "prefix": tenant.key[:8],
            "key_hash": hashlib.sha256(tenant.key.encode()).digest(),
        },
    )
    return tenant


def make_upload(connection: Connection, tenant: Tenant, storage_key: str = "uploads/list.csv") -> uuid.UUID:
    upload_id = uuid7()
    connection.execute(
        insert(Upload),
        {
            "upload_id": upload_id,
            "workspace_id": tenant.workspace_id,
            "user_id": tenant.user_id,
            "file_name": "list.csv",
            "file_size": 1,
            "sha256": "0" * 64,
            "storage_key": storage_key,
        },
    )
    return upload_id


def make_analysis(
    connection: Connection, tenant: Tenant, upload_id: uuid.UUID | None, analysis_type: str = "advanced"
) -> uuid.UUID:
    analysis_id = uuid7()
    connection.execute(
        insert(Analysis),
        {
            "analysis_id": analysis_id,
            "workspace_id": tenant.workspace_id,
            "user_id": tenant.user_id,
            "upload_id": upload_id,
            "analysis_type": analysis_type,
        },
    )
    summary = BulkAnalysis if analysis_type == "bulk" else AdvancedAnalysis
    connection.execute(insert(summary), {"analysis_id": analysis_id})
    return analysis_id


def make_export(connection: Connection, tenant: Tenant, analysis_id: uuid.UUID, file_type: str = "csv") -> uuid.UUID:
    export_id = uuid7()
    connection.execute(
        insert(Export),
        {
            "export_id": export_id,
            "workspace_id": tenant.workspace_id,
            "user_id": tenant.user_id,
            "analysis_id": analysis_id,
            "file_name": f"list-analysed.{file_type}",
            "file_type": file_type,
        },
    )
    return export_id


def suppress(connection: Connection, tenant: Tenant, *values: str) -> None:
    for value in map(parse_suppression, values):
        owned = {"suppression_id": uuid7(), "workspace_id": tenant.workspace_id}
        connection.execute(insert(Suppression), {**owned, "kind": value.kind.value, "value": value.value})


def enqueue(
    connection: Connection, tenant: Tenant, job_type: JobType, subject: Subject, **payload: object
) -> uuid.UUID:
    return queueing.enqueue(
        connection,
        NewJob(
            job_type=job_type,
            workspace_id=tenant.workspace_id,
            user_id=tenant.user_id,
            subject=subject,
            trace_id=uuid.uuid4().hex,
            payload=payload,
        ),
    )
