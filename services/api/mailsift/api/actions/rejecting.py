"""Hands out the rejected rows of a list as a file, a page in memory at a time."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from mailsift.api.deps import Deps
from mailsift.api.principal import Principal
from mailsift.api.problems import Problem
from mailsift.api.repository import uploads
from mailsift.api.spreadsheets import records
from mailsift.shared.db.session import tenant_transaction

PAGE: Final = 1000
_HEADER: Final = ("sequenceNumber", "rowNumber", "reason", "rawText")


def rejected_name(deps: Deps, principal: Principal, upload_id: uuid.UUID) -> str:
    """Name the file of an upload's rejected rows. Raises Problem when they cannot be had."""
    with tenant_transaction(deps.engine, principal.workspace_id) as connection:
        upload = uploads.standing(connection, upload_id)
    if upload is None:
        raise Problem("not_found", "there is no such upload")
    if not upload.rows_kept:
        raise rows_expired()
    return f"{PurePosixPath(upload.file_name).stem}-rejected.csv"


def rejected_csv(deps: Deps, principal: Principal, upload_id: uuid.UUID) -> Iterator[bytes]:
    """Write the rejected rows as CSV; each page is a transaction of its own, so a slow reader holds nothing."""
    yield records([_HEADER])
    after = 0
    while True:
        with tenant_transaction(deps.engine, principal.workspace_id) as connection:
            page = uploads.rejected_after(connection, upload_id, after, PAGE)
        if not page:
            return
        yield records((row.sequence_number, row.row_number, row.reason, row.raw_text) for row in page)
        after = page[-1].sequence_number


def rows_expired() -> Problem:
    """Say that the rows of a list are gone."""
    return Problem("rows_expired", "the rows of this list are no longer kept; its counts are")
