from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import InternalError, ProgrammingError

from factories import Tenant, enqueue, make_analysis, make_export, make_tenant, make_upload
from mailsift.shared.db.base import Base
from mailsift.shared.db.session import tenant_reading, tenant_transaction
from mailsift.shared.jobs.catalog import JobType
from mailsift.shared.jobs.job import Subject

# Public facts of DNS, keys of operators and walks through the storage belong to no tenant, and the API's role cannot
# read them at all.
SHARED = {"domains", "operatorKeys", "storageSweeps"}

# Which queues are held back concerns everybody.
WITHOUT_TENANT = {*SHARED, "pausedQueues"}

SUPPRESS = """INSERT INTO suppressions ("suppressionId", "workspaceId", kind, value)
    VALUES (:id, :workspace_id, 'address', 'a@example.com')"""

KNOW = """INSERT INTO "verifiedEmails" ("workspaceId", "emailAddress", resolver, facts, "verifiedAt", "expiresAt")
    VALUES (:workspace_id, 'a@example.com', '', '{}', now(), now())"""

AUDIT = """INSERT INTO "domainAnalysis" ("analysisId", domain) VALUES (:id, 'example.com')"""

GUEST = "SELECT make_guest(:id, :workspace_id, :user_id, 'guest', 'msg_', 'x', 1, now() + interval '1 day')"

OUTCOME = """INSERT INTO outcomes ("workspaceId", "normalizedAddress", outcome)
    VALUES (:workspace_id, 'a@example.com', 'bounced')"""


HOOK = """INSERT INTO webhooks ("webhookId", "workspaceId", "userId", url, events)
    VALUES (:id, :workspace_id, :user_id, 'https://hooks.example.com/', '{job.failed}')"""

SECRET = """INSERT INTO "webhookSecrets" ("webhookSecretId", "webhookId", secret) VALUES (:id, :id, 'whsec_')"""

MESSAGE = """INSERT INTO "webhookDeliveries" ("deliveryId", "webhookId", "workspaceId", event, payload)
    VALUES (:id, :id, :workspace_id, 'job.failed', '{}')"""


@pytest.fixture
def rows_of_a_stranger(owner: Engine) -> Tenant:
    with owner.begin() as connection:
        stranger = make_tenant(connection, "Stranger")
        upload_id = make_upload(connection, stranger)
        analysis_id = make_analysis(connection, stranger, upload_id)
        make_export(connection, stranger, analysis_id)
        enqueue(connection, stranger, JobType.FILE_PROCESSING, Subject(upload_id=upload_id))
        connection.execute(
            text("""INSERT INTO "uploadEmails" ("uploadId", "sequenceNumber", "rowNumber", "isValidFormat", columns)
                    VALUES (:id, 1, 1, true, '{}')"""),
            {"id": upload_id},
        )
        connection.execute(text(SUPPRESS), {"id": uuid.uuid4(), "workspace_id": stranger.workspace_id})
        connection.execute(text(KNOW), {"workspace_id": stranger.workspace_id})
        make_analysis(connection, stranger, upload_id, "bulk")
        connection.execute(text(AUDIT), {"id": make_analysis(connection, stranger, None, "domain")})
        connection.execute(text(OUTCOME), {"workspace_id": stranger.workspace_id})
        open_workspace = text("SELECT set_config('app.workspace_id', :id, true)")
        connection.execute(open_workspace, {"id": str(stranger.workspace_id)})
        connection.execute(text(GUEST), {name: uuid.uuid4() for name in ("id", "workspace_id", "user_id")})
        hook = {"id": uuid.uuid4(), "workspace_id": stranger.workspace_id, "user_id": stranger.user_id}
        for statement in (HOOK, SECRET, MESSAGE):
            connection.execute(text(statement), hook)
    return stranger


def test_every_table_of_tenants_has_row_level_security_and_the_api_cannot_pass_it(owner: Engine) -> None:
    with owner.begin() as connection:
        secured = connection.scalars(text("SELECT relname FROM pg_class WHERE relrowsecurity AND relkind = 'r'"))
        assert set(secured) == Base.metadata.tables.keys() - WITHOUT_TENANT
        passes = text("""SELECT rolsuper OR rolbypassrls OR pg_has_role('mailsift_api', 'mailsift_owner', 'MEMBER')
                         FROM pg_roles WHERE rolname IN ('mailsift_api', 'mailsift_operator')""")
        assert connection.scalars(passes).all() == [False, False]


WAYS = pytest.mark.parametrize("opened", [tenant_transaction, tenant_reading])


@WAYS
@pytest.mark.usefixtures("rows_of_a_stranger")
def test_a_forgotten_where_shows_nothing_of_another_tenant(api: Engine, tenant: Tenant, opened: Any) -> None:
    own = {"workspaces", "workspaceMembers", "userProfiles", "apiKeys"}
    for table in Base.metadata.tables.keys() - SHARED:
        with opened(api, tenant.workspace_id) as connection:
            count = connection.scalar(text(f'SELECT count(*) FROM "{table}"'))
        assert count == (1 if table in own else 0), table


@WAYS
@pytest.mark.usefixtures("rows_of_a_stranger")
def test_without_a_tenant_the_api_sees_nothing_not_even_after_a_tenants_transaction(
    api: Engine, tenant: Tenant, opened: Any
) -> None:
    with opened(api, tenant.workspace_id) as connection:
        assert connection.scalar(text("SELECT count(*) FROM workspaces")) == 1
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
    with api.begin() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) == backend, "it is the same connection"
    for table in Base.metadata.tables.keys() - SHARED:
        with api.begin() as connection:
            assert connection.scalar(text(f'SELECT count(*) FROM "{table}"')) == 0, table


def test_a_tenant_cannot_write_into_another_workspace(api: Engine, tenant: Tenant, rows_of_a_stranger: Tenant) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        tenant_transaction(api, tenant.workspace_id) as connection,
    ):
        make_upload(connection, rows_of_a_stranger)


def test_who_opened_a_connection_for_reading_cannot_write(api: Engine, tenant: Tenant) -> None:
    with (
        pytest.raises(InternalError, match="read-only transaction"),
        tenant_reading(api, tenant.workspace_id) as connection,
    ):
        connection.execute(text(SUPPRESS), {"id": uuid.uuid4(), "workspace_id": tenant.workspace_id})
    with tenant_transaction(api, tenant.workspace_id) as connection:
        connection.execute(text(SUPPRESS), {"id": uuid.uuid4(), "workspace_id": tenant.workspace_id})


def test_a_tenant_suppresses_for_itself_only(api: Engine, tenant: Tenant, rows_of_a_stranger: Tenant) -> None:
    with tenant_transaction(api, tenant.workspace_id) as connection:
        connection.execute(text(SUPPRESS), {"id": uuid.uuid4(), "workspace_id": tenant.workspace_id})
    with tenant_transaction(api, tenant.workspace_id) as connection:
        assert connection.execute(text("DELETE FROM suppressions")).rowcount == 1
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        tenant_transaction(api, tenant.workspace_id) as connection,
    ):
        connection.execute(text(SUPPRESS), {"id": uuid.uuid4(), "workspace_id": rows_of_a_stranger.workspace_id})


def test_history_cannot_be_rewritten(api: Engine, worker: Engine, tenant: Tenant) -> None:
    for engine in (api, worker):
        for statement in ("DELETE FROM", "UPDATE"):
            tail = " SET \"entityType\" = 'x'" if statement == "UPDATE" else ""
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                tenant_transaction(engine, tenant.workspace_id) as connection,
            ):
                connection.execute(text(f'{statement} "userActivities"{tail}'))


@pytest.mark.parametrize("statement", ['DELETE FROM "apiKeys"', 'UPDATE "apiKeys" SET "expiresAt" = NULL'])
def test_nobody_makes_or_revives_a_key_through_the_api(api: Engine, tenant: Tenant, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        tenant_transaction(api, tenant.workspace_id) as connection,
    ):
        connection.execute(text(statement))


def test_no_temporary_table_stands_in_for_the_table_of_keys(api: Engine, tenant: Tenant) -> None:
    # The look-up runs with its owner's rights, and PostgreSQL looks for temporary tables first unless told otherwise.
    with api.begin() as connection:
        connection.execute(text('CREATE TEMP TABLE "apiKeys" (LIKE public."apiKeys")'))
        connection.execute(text('GRANT ALL ON "apiKeys" TO mailsift_owner'))
        owner_of = text("SELECT count(*) FROM api_key_owner(sha256(convert_to(:key, 'UTF8')))")
        assert connection.scalar(owner_of, {"key": tenant.key}) == 1
