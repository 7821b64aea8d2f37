"""Takes a list in: the bytes to the storage, then its row and its job."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from uuid_utils.compat import uuid7

from mailsift.api.actions.once import Asked, fingerprint, once
from mailsift.api.actions.queueing import turn
from mailsift.api.actions.quota import spend
from mailsift.api.actions.reading import ToRead, queue_reading
from mailsift.api.actions.weighing import settle
from mailsift.api.deps import Deps
from mailsift.api.intake.names import safe_name
from mailsift.api.problems import RETRY_SOON, Problem
from mailsift.api.repository import uploads
from mailsift.api.repository.uploads import NewUpload, Origin
from mailsift.api.schemas.uploads import UploadAccepted, UploadWishes
from mailsift.shared.db.activities import Activity, record
from mailsift.shared.db.session import tenant_transaction
from mailsift.shared.jobs.repository.requesting import Turn
from mailsift.shared.storage import StoredObject
from mailsift.shared.verdicts import UploadSource, UploadStatus, UploadType


@dataclass(frozen=True, slots=True)
class Incoming:
    """A list on its way in; its chunks, no more than allowed, can be read once, and its wishes are known then."""

    upload_type: UploadType
    source: UploadSource
    chunks: Iterable[bytes]
    wishes: Callable[[], UploadWishes]
    # What the client calls it when its wishes do not.
    file_name: str | None
    # When nobody waits any more for what comes of it.
    deadline: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    """A stored list and what is to be done with it."""

    upload: NewUpload
    wishes: UploadWishes
    turn: Turn
    today: dt.date


@contextmanager
def upload_place(deps: Deps, workspace_id: uuid.UUID) -> Iterator[None]:
    """Hold one of the places for uploads. Raises Problem when all are taken, or those of the workspace."""
    if not deps.upload_places.take(workspace_id):
        raise Problem("too_many_uploads", "send it again in a few seconds", headers=RETRY_SOON)
    try:
        yield
    finally:
        deps.upload_places.free(workspace_id)


def upload(deps: Deps, asked: Asked, incoming: Incoming, now: dt.datetime) -> tuple[UploadAccepted, bool]:
    """Store a list and queue its reading; an object without a row is removed. Raises Problem."""
    upload_id = uuid7()
    key = _key(asked, upload_id)
    stored = deps.storage.write(key, incoming.chunks)
    try:
        order = _order(incoming, upload_id, stored, now)
    except Problem:
        deps.storage.delete(key)
        raise
    try:
        with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
            answer, replayed = once(
                connection, asked, _fingerprint(order), UploadAccepted, lambda: _add(connection, deps, asked, order)
            )
    except Exception:
        _discard_unless_recorded(deps, asked, order.upload)
        raise
    if replayed:
        deps.storage.delete(key)
    return answer, replayed


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A list that lies elsewhere: ingest fetches it."""

    origin: Origin
    wishes: UploadWishes
    # What it is called when the wishes do not say.
    file_name: str


def refer(deps: Deps, asked: Asked, elsewhere: Elsewhere, now: dt.datetime) -> tuple[UploadAccepted, bool]:
    """Queue the fetching and reading of a list. Raises Problem."""
    upload_id, wishes = uuid7(), elsewhere.wishes
    new = NewUpload(
        upload_id,
        safe_name(wishes.file_name or elsewhere.file_name),
        UploadType.BULK,
        elsewhere.origin,
        _key(asked, upload_id),
        None,
        _status(wishes),
        wishes.options(),
    )
    order = _Order(new, wishes, turn(wishes, now), now.date())
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        return once(
            connection, asked, _fingerprint(order), UploadAccepted, lambda: _add(connection, deps, asked, order)
        )


def _key(asked: Asked, upload_id: uuid.UUID) -> str:
    return f"uploads/{asked.principal.workspace_id}/{upload_id}"


def _status(wishes: UploadWishes) -> UploadStatus:
    return UploadStatus.PREVIEW if wishes.preview else UploadStatus.PENDING


def _order(incoming: Incoming, upload_id: uuid.UUID, stored: StoredObject, now: dt.datetime) -> _Order:
    if not stored.size:
        raise Problem("empty_file", "there is not one byte in it")
    wishes = incoming.wishes()
    name = safe_name(wishes.file_name or incoming.file_name)
    origin = Origin(incoming.source)
    new = NewUpload(
        upload_id, name, incoming.upload_type, origin, stored.key, stored, _status(wishes), wishes.options()
    )
    return _Order(new, wishes, replace(turn(wishes, now), deadline=incoming.deadline), now.date())


def _fingerprint(order: _Order) -> bytes:
    wishes = order.wishes.model_dump_json(by_alias=True, exclude_defaults=True, exclude={"file_name"})
    new = order.upload
    content = new.stored.sha256 if new.stored else f"{new.origin.source} {new.origin.place}"
    named = ("uploads", content, new.file_name)
    return fingerprint(*named) if wishes == "{}" else fingerprint(*named, wishes)


def _add(connection: Connection, deps: Deps, asked: Asked, order: _Order) -> UploadAccepted:
    new = order.upload
    spend(connection, asked.principal.workspace_id, order.wishes.jobs)
    uploads.add(connection, asked.principal, new)
    details: dict[str, object] = {"fileName": new.file_name, "source": new.origin.source.value}
    if new.stored:
        details["fileSize"] = new.stored.size
    record(connection, asked.principal, Activity.FILE_UPLOAD, new.upload_id, details)
    preview = new.status is UploadStatus.PREVIEW
    policy = settle(connection, deps, asked.principal, order.wishes.scoring)
    reading = ToRead(new.upload_id, new.file_name, order.turn, order.today, policy, preview)
    return queue_reading(connection, asked, reading, order.wishes)


def _discard_unless_recorded(deps: Deps, asked: Asked, new: NewUpload) -> None:
    # A connection that breaks during the commit leaves open whether the row is there. When that cannot be asked either,
    # the object stays: one without a row is swept a day later, a row without its object is a lost list.
    try:
        recorded = _is_recorded(deps, asked, new.upload_id)
    except SQLAlchemyError:
        return
    if not recorded:
        deps.storage.delete(new.storage_key)


def _is_recorded(deps: Deps, asked: Asked, upload_id: uuid.UUID) -> bool:
    with tenant_transaction(deps.engine, asked.principal.workspace_id) as connection:
        return uploads.standing(connection, upload_id) is not None
