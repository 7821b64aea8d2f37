"""The API does what its OpenAPI document says: schemathesis asks it everything, well and badly, alone and in turn."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from conftest import Database
from factories import Tenant, make_analysis, make_upload
from mailsift.shared.db.tables import ApiKey
from processes import Service, unmeasured
from servers import LOOPBACK, free_port

TESTS = Path(__file__).parents[2]
SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
PHASES = "examples,coverage,fuzzing,stateful"
CASES = 3
"""For each operation, beside the examples and what covers the bounds of its values."""
SEED = 20261127


@pytest.fixture
def api(database: Database, tenant: Tenant, owner: Engine, tmp_path: Path) -> Iterator[str]:
    with owner.begin() as connection:
        make_analysis(connection, tenant, make_upload(connection, tenant))
    port = free_port()
    environment = {
        "DATABASE_URL": database.api_url,
        "STORAGE_URL": f"file://{tmp_path}/storage",
        "STORAGE_SHARED": "true",
        "HOST": LOOPBACK,
        "PORT": str(port),
        # Nobody works on what is asked for.
        "WAIT_SECONDS": "0.05",
    }
    service = Service("api", environment, tmp_path)
    service.start()
    try:
        yield f"http://{LOOPBACK}:{port}/openapi.json"
    finally:
        service.kill()


@pytest.mark.timeout(900)
def test_every_route_does_what_the_document_says(api: str, tenant: Tenant, owner: Engine, tmp_path: Path) -> None:
    with owner.begin() as connection:
        key_id = connection.scalar(select(ApiKey.api_key_id).where(ApiKey.workspace_id == tenant.workspace_id))
    numbers = ["--max-examples", str(CASES), "--seed", str(SEED), "--generation-database", "none"]
    command = [
        *(str(SCHEMATHESIS), "--config-file", str(TESTS / "schemathesis.toml"), "run", api),
        *("--phases", PHASES, *numbers, "--no-color", "--header", f"Authorization: Bearer {tenant.key}"),
    ]
    environment = {
        **unmeasured(),
        "PYTHONPATH": str(TESTS),
        "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
        "OWN_KEY_ID": str(key_id),
    }
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
