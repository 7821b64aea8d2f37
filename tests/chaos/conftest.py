"""The world of a scenario, built from the session's servers or from those that its file puts in their place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos import lists
from chaos.pace import PACES
from chaos.record import SCENARIOS, Record
from chaos.rig import Rig, ensure_template
from conftest import TEMPLATE
from servers import PostgreSQL, RabbitMQ, run_nsd


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = set(filter(None, config.getoption("--chaos-scenarios").split(",")))
    if not wanted:
        return
    left_out = [item for item in items if (mark := item.get_closest_marker("scenario")) and mark.args[0] not in wanted]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "run" in metafunc.fixturenames:
        metafunc.parametrize("run", range(1, metafunc.config.getoption("--chaos-runs") + 1))


@pytest.fixture(scope="session")
def nameserver() -> Iterator[str]:
    with run_nsd(lists.ZONES) as address:
        yield address


@pytest.fixture
def record(request: pytest.FixtureRequest, run: int) -> Record:
    marker = request.node.get_closest_marker("scenario")
    scenario = marker.args[0] if marker else ""
    assert scenario in {"", *SCENARIOS}
    option = request.config.getoption
    folder = Path(option("--chaos-results")) if scenario and option("--chaos-results") else None
    variant = [str(value) for name, value in request.node.callspec.params.items() if name != "run"]
    test = "-".join([request.node.originalname, *variant])
    return Record(scenario, test, option("--chaos-pace"), run, option("--chaos-full"), folder)


@pytest.fixture
def rig(postgresql: PostgreSQL, rabbitmq: RabbitMQ, nameserver: str, record: Record, tmp_path: Path) -> Iterator[Rig]:
    ensure_template(postgresql, TEMPLATE)
    with Rig(postgresql, rabbitmq, nameserver, PACES[record.pace], tmp_path, record).open() as rig:
        yield rig
