from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from factories import Tenant, make_tenant
from mailsift.shared.db.rate_limits import Bucket, key_of, take
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.observability.metrics import REGISTRY

SLOW = 1e-6
"""Tokens a second so few that no test lives to see one."""
THREADS = 8


@dataclass(frozen=True, slots=True)
class Stock:
    tokens: float
    capacity: float
    refill_per_second: float


def stock(connection: Connection, tenant: Tenant, service: str = "dns") -> Stock:
    statement = text('SELECT tokens, capacity, "refillPerSecond" FROM "rateLimits" WHERE key = :key')
    return Stock(*connection.execute(statement, {"key": key_of(service, tenant.workspace_id)}).one())


def let_pass(connection: Connection, seconds: float) -> None:
    statement = text('UPDATE "rateLimits" SET "updatedAt" = "updatedAt" - make_interval(secs => :seconds)')
    connection.execute(statement, {"seconds": seconds})


def clock(connection: Connection) -> float:
    return float(connection.scalar(text("SELECT EXTRACT(EPOCH FROM clock_timestamp())::double precision")) or 0)


def test_a_new_bucket_is_full(worker: Engine, tenant: Tenant) -> None:
    with worker.begin() as connection:
        assert take(connection, "dns", tenant.workspace_id, Bucket(10, SLOW), 10) == 0
        assert stock(connection, tenant) == Stock(0, 10, SLOW)
        assert take(connection, "dns", tenant.workspace_id, Bucket(10, SLOW), 1) > 0


def test_who_has_to_wait_takes_nothing_and_is_told_how_long(worker: Engine, tenant: Tenant) -> None:
    bucket = Bucket(10, 0.5)
    with worker.begin() as connection:
        take(connection, "dns", tenant.workspace_id, bucket, 7)
        wait = take(connection, "dns", tenant.workspace_id, bucket, 8)
        assert wait == pytest.approx(10, abs=1)
        assert stock(connection, tenant).tokens == pytest.approx(3, abs=0.5)
        let_pass(connection, wait)
        assert take(connection, "dns", tenant.workspace_id, bucket, 8) == 0


def test_a_rest_refills_no_more_than_the_capacity(worker: Engine, tenant: Tenant) -> None:
    bucket = Bucket(10, 1)
    with worker.begin() as connection:
        take(connection, "dns", tenant.workspace_id, bucket, 10)
        let_pass(connection, 86_400)
        assert take(connection, "dns", tenant.workspace_id, bucket, 10) == 0
        assert take(connection, "dns", tenant.workspace_id, bucket, 5) == pytest.approx(5, abs=1)


def test_a_wish_beyond_the_capacity_waits_for_a_full_bucket_and_leaves_a_debt(worker: Engine, tenant: Tenant) -> None:
    bucket = Bucket(10, 1)
    with worker.begin() as connection:
        take(connection, "dns", tenant.workspace_id, bucket, 1)
        wait = take(connection, "dns", tenant.workspace_id, bucket, 100)
        assert wait == pytest.approx(1, abs=0.5)
        let_pass(connection, wait)
        assert take(connection, "dns", tenant.workspace_id, bucket, 100) == 0
        assert stock(connection, tenant).tokens == -90
        assert take(connection, "dns", tenant.workspace_id, bucket, 1) == pytest.approx(91, abs=1)


def test_the_first_wish_may_be_beyond_the_capacity(worker: Engine, tenant: Tenant) -> None:
    with worker.begin() as connection:
        assert take(connection, "dns", tenant.workspace_id, Bucket(10, SLOW), 25) == 0
        assert stock(connection, tenant).tokens == -15


def test_changed_settings_hold_from_the_next_take_on(worker: Engine, tenant: Tenant) -> None:
    with worker.begin() as connection:
        take(connection, "dns", tenant.workspace_id, Bucket(100, SLOW), 1)
        assert take(connection, "dns", tenant.workspace_id, Bucket(5, SLOW), 5) == 0
        assert stock(connection, tenant) == Stock(0, 5, SLOW)
        # Time that went by under the old rate is not paid at the new one.
        let_pass(connection, 60)
        assert take(connection, "dns", tenant.workspace_id, Bucket(50, 2), 10) == pytest.approx(5, abs=0.1)
        assert stock(connection, tenant).tokens == pytest.approx(0, abs=0.1)
        let_pass(connection, 10)
        assert take(connection, "dns", tenant.workspace_id, Bucket(50, 2), 20) == 0


def test_a_clock_that_is_set_back_neither_fills_nor_stops_a_bucket(worker: Engine, tenant: Tenant) -> None:
    bucket = Bucket(10, 1)
    with worker.begin() as connection:
        take(connection, "dns", tenant.workspace_id, bucket, 10)
        let_pass(connection, -3600)
        wait = take(connection, "dns", tenant.workspace_id, bucket, 1)
        assert wait == pytest.approx(1, abs=0.01)
        let_pass(connection, wait)
        assert take(connection, "dns", tenant.workspace_id, bucket, 1) == 0


def test_services_and_workspaces_have_buckets_of_their_own(worker: Engine, owner: Engine, tenant: Tenant) -> None:
    bucket = Bucket(1, SLOW)
    with owner.begin() as connection:
        neighbour = make_tenant(connection, "Neighbour")
    with worker.begin() as connection:
        for service, workspace in (("dns", tenant), ("smtp", tenant), ("dns", neighbour)):
            assert take(connection, service, workspace.workspace_id, bucket) == 0
            assert take(connection, service, workspace.workspace_id, bucket) > 0


def test_waits_are_counted_by_service(worker: Engine, tenant: Tenant) -> None:
    service = f"test-{uuid.uuid4().hex}"
    with worker.begin() as connection:
        for _ in range(3):
            take(connection, service, tenant.workspace_id, Bucket(1, SLOW))
    assert REGISTRY.get_sample_value("mailsift_rate_limit_waits_total", {"service": service}) == 2


def test_the_api_takes_below_row_level_security(api: Engine, worker: Engine, tenant: Tenant) -> None:
    bucket = Bucket(2, SLOW)
    with tenant_transaction(api, tenant.workspace_id) as connection:
        assert take(connection, "dns", tenant.workspace_id, bucket) == 0
    with worker.begin() as connection:
        assert take(connection, "dns", tenant.workspace_id, bucket) == 0
    with tenant_transaction(api, tenant.workspace_id) as connection:
        assert take(connection, "dns", tenant.workspace_id, bucket) > 0


@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
def test_no_tenant_takes_from_another(api: Engine, owner: Engine, tenant: Tenant, known: bool) -> None:
    with owner.begin() as connection:
        stranger = make_tenant(connection, "Stranger")
        if known:
            take(connection, "dns", stranger.workspace_id, Bucket(2, SLOW))
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        tenant_transaction(api, tenant.workspace_id) as connection,
    ):
        take(connection, "dns", stranger.workspace_id, Bucket(2, SLOW))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    capacity=st.floats(0.5, 1000),
    refill=st.floats(0.01, 500),
    steps=st.lists(st.tuples(st.floats(0, 20), st.floats(0.1, 1500)), min_size=1, max_size=15),
)
def test_no_more_is_granted_than_was_there_and_came_back(
    worker: Engine, tenant: Tenant, capacity: float, refill: float, steps: list[tuple[float, float]]
) -> None:
    service, bucket = f"test-{uuid.uuid4().hex}", Bucket(capacity, refill)
    granted = passed = debt = 0.0
    with worker.begin() as connection:
        began = clock(connection)
        for seconds, wanted in steps:
            let_pass(connection, seconds)
            passed += seconds
            wait = take(connection, service, tenant.workspace_id, bucket, wanted)
            if wait == 0:
                granted += wanted
                debt = max(debt, wanted - capacity)
            else:
                assert stock(connection, tenant, service).tokens < min(wanted, capacity)
                assert 0 < wait <= (min(wanted, capacity) + debt) / refill + 0.001
            elapsed = passed + clock(connection) - began
            assert granted <= (capacity + refill * elapsed + debt) * 1.000001


def test_eight_threads_together_get_no_more_than_there_is(worker: Engine, tenant: Tenant) -> None:
    granted = [0] * THREADS
    ready = threading.Barrier(THREADS)

    def work(number: int) -> None:
        ready.wait()
        for _ in range(40):
            with worker.begin() as connection:
                granted[number] += take(connection, "dns", tenant.workspace_id, Bucket(100, SLOW)) == 0

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 100


def test_what_comes_back_while_eight_threads_take_is_handed_out_once(worker: Engine, tenant: Tenant) -> None:
    granted = [0] * THREADS
    with worker.begin() as connection:
        began = clock(connection)

    def work(number: int) -> None:
        for _ in range(60):
            with worker.begin() as connection:
                granted[number] += take(connection, "dns", tenant.workspace_id, Bucket(5, 100)) == 0

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with worker.begin() as connection:
        elapsed = clock(connection) - began
    assert 5 < sum(granted) <= 5 + 100 * elapsed
