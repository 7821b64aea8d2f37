"""A job of a list's analysis, and the parties around it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from engines import Engines
from factories import Tenant, enqueue, make_analysis, make_upload
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject


@pytest.fixture
def engines(worker: Engine, dispatcher: Engine, api: Engine, tenant: Tenant) -> Engines:
    with tenant_transaction(api, tenant.workspace_id) as connection:
        upload_id = make_upload(connection, tenant)
        analysis_id = make_analysis(connection, tenant, upload_id)
        job_id = enqueue(connection, tenant, JobType.ADVANCED_ANALYSIS, Subject(analysis_id=analysis_id))
    return Engines(worker, dispatcher, api, tenant, job_id)
