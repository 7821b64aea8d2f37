"""A worker of exports."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from exporting import Exporter
from factories import Tenant


@pytest.fixture
def exporter(owner: Engine, worker: Engine, tenant: Tenant, tmp_path: Path) -> Exporter:
    return Exporter(owner, worker, tenant, tmp_path)
