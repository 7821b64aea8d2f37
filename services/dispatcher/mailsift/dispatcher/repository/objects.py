"""Which objects of the storage no row tells of."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

# Another database may keep its files in the same bucket: those of a workspace that is unknown here are left alone.
_ORPHANS = text("""
    SELECT o.key FROM unnest(CAST(:keys AS text[]), CAST(:times AS timestamptz[]), CAST(:workspaces AS uuid[]),
        CAST(:subjects AS uuid[]), CAST(:unfinished AS boolean[])) AS o(key, changed, workspace, subject, unfinished)
    JOIN workspaces ON workspaces."workspaceId" = o.workspace
    WHERE o.changed < now() - make_interval(hours => :hours)
        AND (o.unfinished OR NOT EXISTS (
            SELECT FROM uploads WHERE "uploadId" = o.subject AND "fileDeletedAt" IS NULL
            UNION ALL SELECT FROM exports WHERE "exportId" = o.subject AND status <> 'expired'))""")

_BEGIN_WALK = text("""UPDATE "storageSweeps" SET walks = walks + 1 RETURNING "deploymentId", walks""")


@dataclass(frozen=True, slots=True)
class Walk:
    """One of a deployment's walks through the storage, by its number."""

    deployment_id: uuid.UUID
    number: int


def begin_walk(connection: Connection) -> Walk:
    """Count one more walk through the storage."""
    return Walk(*connection.execute(_BEGIN_WALK).one())


@dataclass(frozen=True, slots=True)
class OwnedObject:
    """An object, whose it is, and which upload or export it is the file of."""

    key: str
    changed_at: dt.datetime
    workspace_id: uuid.UUID
    subject_id: uuid.UUID
    unfinished: bool


def orphans(connection: Connection, objects: Sequence[OwnedObject], hours: int) -> list[str]:
    """Return the keys of those that have been there for so long without a row."""
    parameters = {
        "keys": [one.key for one in objects],
        "times": [one.changed_at for one in objects],
        "workspaces": [str(one.workspace_id) for one in objects],
        "subjects": [str(one.subject_id) for one in objects],
        "unfinished": [one.unfinished for one in objects],
        "hours": hours,
    }
    return list(connection.scalars(_ORPHANS, parameters))
