"""The jobs of one tenant, for an operator to look at."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from factories import Tenant
from integration.dispatcher.floor import Floor


@pytest.fixture
def floor(owner: Engine, worker: Engine, dispatcher: Engine, api: Engine, tenant: Tenant) -> Floor:
    return Floor(owner, worker, dispatcher, api, tenant)
