from __future__ import annotations

import datetime as dt
import os
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from factories import Tenant
from mailsift.dispatcher import orphans
from mailsift.dispatcher.orphans import FilesClaimedTwice, OrphanSweep
from mailsift.dispatcher.repository import files, objects
from mailsift.dispatcher.retention import delete_sources, expire_exports, forget_previews, in_one_transaction
from mailsift.exporter.rendering import object_key
from mailsift.shared.errors import PermanentError
from mailsift.shared.jobs.job import Subject
from mailsift.shared.storage import Storage
from past import Past, all_at_once


@pytest.fixture
def past(owner: Engine, tenant: Tenant) -> Past:
    return Past(owner, tenant)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path.as_uri())


def is_there(storage: Storage, key: str) -> bool:
    try:
        storage.open(key).close()
    except PermanentError:
        return False
    return True


def exported(past: Past, storage: Storage, *, expired_days: float) -> str:
    key = f"exports/{uuid.uuid4()}"
    storage.write(key, [b"x"])
    past.export(8, expired_days=expired_days, key=key)
    return key


def test_files_of_exports_go_batch_by_batch_when_they_expire(past: Past, storage: Storage, dispatcher: Engine) -> None:
    old = [exported(past, storage, expired_days=1) for _ in range(6)]
    young = exported(past, storage, expired_days=-0.01)
    assert [expire_exports(dispatcher, storage, 2) for _ in range(4)] == [2, 2, 2, 0]
    assert not any(is_there(storage, key) for key in old)
    assert is_there(storage, young)
    assert (past.count("exports", "status = 'expired'"), past.count("exports", "status = 'completed'")) == (6, 1)


def test_a_kill_between_file_and_row_is_made_good(past: Past, storage: Storage, dispatcher: Engine) -> None:
    key = exported(past, storage, expired_days=1)
    storage.delete(key)
    assert expire_exports(dispatcher, storage, 10) == 1
    assert past.count("exports", "status = 'expired'") == 1


def test_a_file_that_cannot_be_removed_is_not_said_to_be_gone(
    past: Past, storage: Storage, dispatcher: Engine, tmp_path: Path
) -> None:
    stuck, free = (exported(past, storage, expired_days=days) for days in (2, 1))
    storage.delete(stuck)
    (tmp_path / stuck / "in the way").mkdir(parents=True)
    assert expire_exports(dispatcher, storage, 10) == 1
    assert past.count("exports", f"status = 'completed' AND \"filePath\" = '{stuck}'") == 1
    assert not is_there(storage, free)


@pytest.fixture
def warn(dispatcher: Engine) -> Callable[[int], int]:
    return partial(in_one_transaction, dispatcher, files.warn_of_expiry, 24)


def told(past: Past) -> list[tuple[uuid.UUID, str]]:
    with past.owner.begin() as connection:
        rows = connection.execute(
            text("""SELECT "entityId", "activityDetails" ->> 'expiresAt' FROM "userActivities"
                    WHERE "activityType" = 'export_expiring' AND "entityType" = 'export' """)
        )
        return [(row[0], row[1]) for row in rows]


def test_a_file_is_announced_once_a_day_before_it_goes(past: Past, warn: Callable[[int], int]) -> None:
    soon = past.export(6, expired_days=-0.99, key="")
    for days in (-1.01, 0.01):  # later than in a day, and already gone
        past.export(6, expired_days=days, key="")
    assert [warn(10) for _ in range(2)] == [1, 0]
    ((export_id, moment),) = told(past)
    with past.owner.begin() as connection:
        expires_at = connection.scalar(text('SELECT "expiresAt" FROM exports WHERE "exportId" = :id'), {"id": soon})
    assert (export_id, moment) == (soon, f"{expires_at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}")


def test_several_dispatchers_announce_each_file_once(past: Past, warn: Callable[[int], int]) -> None:
    exports = {past.export(6, expired_days=-0.5, key="") for _ in range(12)}
    assert all_at_once(warn, 2) == 12
    announced = [export_id for export_id, _ in told(past)]
    assert (len(announced), set(announced)) == (12, exports)


def test_a_kill_leaves_neither_the_word_nor_the_mark(
    past: Past, dispatcher: Engine, warn: Callable[[int], int]
) -> None:
    past.export(6, expired_days=-0.5, key="")
    with dispatcher.connect() as connection:
        assert files.warn_of_expiry(connection, 24, 10) == 1
        # What the server does when the client is gone.
    assert told(past) == []
    assert (warn(10), len(told(past))) == (1, 1)


def test_an_export_is_forgotten_after_its_job(past: Past, dispatcher: Engine) -> None:
    exports = [past.export(days, expired_days=days - 7, key="") for days in (31, 31, 29)]
    past.run("UPDATE exports SET status = 'expired'")
    past.job(Subject(export_id=exports[0]), 31)
    assert in_one_transaction(dispatcher, files.forget_exports, 30, 10) == 1
    assert past.count("exports", f"\"exportId\" = '{exports[1]}'") == 0
    past.run('DELETE FROM "jobQueue"')
    assert in_one_transaction(dispatcher, files.forget_exports, 30, 10) == 1
    assert past.count("exports") == 1


def test_an_export_whose_file_can_be_had_is_not_forgotten_however_old(past: Past, dispatcher: Engine) -> None:
    past.export(400, expired_days=-1, key="")
    assert in_one_transaction(dispatcher, files.forget_exports, 30, 10) == 0


def test_uploaded_files_go_batch_by_batch_when_they_are_old(past: Past, storage: Storage, dispatcher: Engine) -> None:
    for number, days in enumerate([31, 31, 31, 29]):
        storage.write(f"uploads/{number}", [b"x"])
        past.upload(days, key=f"uploads/{number}")
    assert [delete_sources(dispatcher, storage, 30, 2) for _ in range(3)] == [2, 1, 0]
    assert [is_there(storage, f"uploads/{number}") for number in range(4)] == [False, False, False, True]
    assert past.count("uploads", '"fileDeletedAt" IS NOT NULL') == 3


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_a_file_that_is_not_read_yet_stays_however_old(
    past: Past, storage: Storage, dispatcher: Engine, status: str
) -> None:
    storage.write("uploads/x", [b"x"])
    past.upload(400, key="uploads/x")
    past.run(
        """UPDATE uploads SET status = :status, "completedAt" = NULL, "createdAt" = now() - interval '400 days' """,
        status=status,
    )
    assert delete_sources(dispatcher, storage, 30, 2) == 0
    assert is_there(storage, "uploads/x")


def previewed(past: Past, storage: Storage, *, hours: float) -> str:
    """An upload that was shown so long ago, with the job that looked at it."""
    key = f"uploads/{uuid.uuid4()}"
    storage.write(key, [b"x"])
    upload_id = past.upload(hours / 24, key=key)
    past.run(
        """UPDATE uploads SET status = 'preview', "createdAt" = now() - interval '9 hours' WHERE "uploadId" = :id""",
        id=upload_id,
    )
    past.job(Subject(upload_id=upload_id), hours / 24)
    return key


def test_previews_that_nobody_started_go_with_file_and_job(past: Past, storage: Storage, dispatcher: Engine) -> None:
    old = [previewed(past, storage, hours=2) for _ in range(3)]
    young = previewed(past, storage, hours=0.5)
    past.upload(400, key="uploads/read")
    assert [forget_previews(dispatcher, storage, 1, 2) for _ in range(3)] == [2, 1, 0]
    assert [is_there(storage, key) for key in [*old, young]] == [False, False, False, True]
    assert (past.count("uploads"), past.count("uploads", "status = 'preview'"), past.count("jobQueue")) == (2, 1, 1)


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_a_preview_that_nobody_has_seen_yet_waits(
    past: Past, storage: Storage, dispatcher: Engine, status: str
) -> None:
    key = previewed(past, storage, hours=2)
    past.run('UPDATE uploads SET "completedAt" = NULL')
    past.run('UPDATE "jobQueue" SET status = :status', status=status)
    assert forget_previews(dispatcher, storage, 1, 2) == 0
    assert is_there(storage, key)


def test_a_preview_that_is_being_started_keeps_its_file(
    past: Past, storage: Storage, dispatcher: Engine, owner: Engine
) -> None:
    key = previewed(past, storage, hours=2)
    with owner.begin() as connection:
        connection.execute(text("UPDATE uploads SET status = 'pending'"))
        assert forget_previews(dispatcher, storage, 1, 2) == 0
    assert forget_previews(dispatcher, storage, 1, 2) == 0
    assert is_there(storage, key)


def test_what_was_never_fetched_has_no_file_to_remove(past: Past, storage: Storage, dispatcher: Engine) -> None:
    previewed(past, storage, hours=2)
    past.upload(31)
    past.run('UPDATE uploads SET "storageKey" = NULL')
    assert forget_previews(dispatcher, storage, 1, 2) == 1
    assert delete_sources(dispatcher, storage, 30, 2) == 0


def lay(folder: Path, key: str, *, hours: float) -> str:
    """Leave an object that was last written so long ago."""
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    changed = time.time() - hours * 3600
    os.utime(path, (changed, changed))
    return key


def left(folder: Path) -> set[str]:
    """What there is beside the number of the last walk."""
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {key for key in files if not key.startswith("sweeps/")}


def test_objects_without_a_row_go_after_a_day(
    past: Past, storage: Storage, dispatcher: Engine, tenant: Tenant, tmp_path: Path
) -> None:
    upload, gone = past.upload(1), past.upload(31)
    past.run("""UPDATE uploads SET "fileDeletedAt" = now() WHERE "uploadId" = :id""", id=gone)
    current, expired = (past.export(1, expired_days=days, key="") for days in (-1, 1))
    past.run("""UPDATE exports SET status = 'expired' WHERE "exportId" = :id""", id=expired)

    def uploaded(upload_id: uuid.UUID) -> str:
        return f"uploads/{tenant.workspace_id}/{upload_id}"

    def written(export_id: uuid.UUID) -> str:
        return object_key(tenant.workspace_id, export_id)

    stay = {
        *(lay(tmp_path, key, hours=1000) for key in (uploaded(upload), written(current))),
        *(lay(tmp_path, key, hours=23) for key in (uploaded(uuid.uuid4()), written(uuid.uuid4()))),
        lay(tmp_path, f"{uploaded(uuid.uuid4())}#1", hours=23),
        # Not of this database, not of ours.
        lay(tmp_path, f"uploads/{uuid.uuid4()}/{uuid.uuid4()}", hours=1000),
        lay(tmp_path, f"backups/{tenant.workspace_id}/{uuid.uuid4()}", hours=1000),
        lay(tmp_path, "uploads/notes.txt", hours=1000),
    }
    for key in (
        *(uploaded(one) for one in (uuid.uuid4(), gone)),
        *(written(one) for one in (uuid.uuid4(), expired)),
        # A killed writer leaves these beside what is there.
        *(f"{uploaded(upload)}#1", f"{written(current)}#12", f"{uploaded(uuid.uuid4())}#1"),
    ):
        lay(tmp_path, key, hours=25)
    assert OrphanSweep(dispatcher, storage, 24).turn() == 7
    assert left(tmp_path) == stay


def test_a_large_storage_is_walked_over_many_turns_and_not_again_at_once(
    storage: Storage, dispatcher: Engine, tenant: Tenant, tmp_path: Path
) -> None:
    count = 2 * orphans.PAGES_PER_TURN + 3
    for _ in range(count):
        lay(tmp_path, f"uploads/{tenant.workspace_id}/{uuid.uuid4()}", hours=25)
    sweep = OrphanSweep(dispatcher, storage, 24, page=1)
    turns = [sweep.turn() for _ in range(4)]
    assert (sum(turns), max(turns), turns[-1]) == (count, orphans.PAGES_PER_TURN, 0)
    lay(tmp_path, f"uploads/{tenant.workspace_id}/{uuid.uuid4()}", hours=25)
    assert sweep.turn() == 0
    assert OrphanSweep(dispatcher, storage, 24).turn() == 1


def test_who_shares_files_with_its_copy_or_was_restored_removes_none_until_told_whose_they_are(
    storage: Storage, dispatcher: Engine, owner: Engine, tenant: Tenant, tmp_path: Path
) -> None:
    def orphan() -> str:
        return lay(tmp_path, f"uploads/{tenant.workspace_id}/{uuid.uuid4()}", hours=25)

    def set_walks(number: int) -> None:
        with owner.begin() as connection:
            connection.execute(text('UPDATE "storageSweeps" SET walks = :number'), {"number": number})

    for _ in range(3):
        OrphanSweep(dispatcher, storage, 24).turn()
    set_walks(2)  # a walk of which only the storage was told, or the database as it was before it
    stays = orphan()
    restored = OrphanSweep(dispatcher, storage, 24)
    for _ in range(2):  # again and again, for an alert to see
        with pytest.raises(FilesClaimedTwice, match="delete sweeps/"):
            restored.turn()
    set_walks(3)  # the one that was copied
    with pytest.raises(FilesClaimedTwice):
        OrphanSweep(dispatcher, storage, 24).turn()
    assert stays in left(tmp_path)
    (mark,) = (tmp_path / "sweeps").iterdir()
    storage.delete(f"sweeps/{mark.name}")
    assert OrphanSweep(dispatcher, storage, 24).turn() == 1


def test_a_walk_that_was_cut_off_before_the_storage_was_told_of_it_is_no_reason_to_stop(
    storage: Storage, dispatcher: Engine, tenant: Tenant, tmp_path: Path
) -> None:
    OrphanSweep(dispatcher, storage, 24).turn()
    with dispatcher.begin() as connection:
        objects.begin_walk(connection)
    lay(tmp_path, f"uploads/{tenant.workspace_id}/{uuid.uuid4()}", hours=25)
    assert OrphanSweep(dispatcher, storage, 24).turn() == 1


def test_two_sweeps_at_once_find_the_same_end(
    storage: Storage, dispatcher: Engine, tenant: Tenant, tmp_path: Path
) -> None:
    for _ in range(10):
        lay(tmp_path, f"uploads/{tenant.workspace_id}/{uuid.uuid4()}", hours=25)
    first, second = (OrphanSweep(dispatcher, storage, 24, page=2) for _ in range(2))
    first._pages, second._pages = iter(list(storage.pages(2))), iter(list(storage.pages(2)))
    assert first.turn() >= 10
    second.turn()
    assert left(tmp_path) == set()
