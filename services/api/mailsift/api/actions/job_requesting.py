"""Makes jobs that are asked for in other words: they become uploads, analyses and exports like all others."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from mailsift.api.actions.exporting import export
from mailsift.api.actions.once import Asked
from mailsift.api.actions.uploading import Elsewhere, Incoming, refer, upload, upload_place
from mailsift.api.actions.verifying import verify
from mailsift.api.deps import Deps
from mailsift.api.faults import Fault
from mailsift.api.intake.addresses import one_a_line
from mailsift.api.intake.body import UploadLimit, limited
from mailsift.api.problems import Problem, not_supported, parsed
from mailsift.api.repository.uploads import Origin
from mailsift.api.schemas.exports import ExportRequest
from mailsift.api.schemas.job_requests import ExportPayload, ImportPayload, VerifyEmails
from mailsift.api.schemas.uploads import UploadWishes
from mailsift.api.schemas.verify import MOST_ADDRESSES, VerifyRequest
from mailsift.shared.urls import parse_url
from mailsift.shared.verdicts import AnalysisType, FileType, UploadSource, UploadType

Made = tuple[uuid.UUID, bool]
"""A job, and whether the same request had made it before."""

_ENTITIES = {None, "emails", "contacts"}
_FORMATS = {"csv": FileType.CSV, "json": FileType.JSON, "excel": FileType.XLSX}


def import_list(deps: Deps, asked: Asked, wanted: ImportPayload, turn: dict[str, object], now: dt.datetime) -> Made:
    """Fetch and read a list. Raises Problem."""
    if faults := list(_import_faults(wanted)):
        raise not_supported(*faults)
    try:
        url = parse_url(wanted.file_url)
    except ValueError as error:
        raise Problem("validation_failed", str(error), faults=[Fault("payload.file_url", str(error))]) from error
    wishes = parsed(UploadWishes, {**turn, "mapping": wanted.mapping}, "payload.")
    elsewhere = Elsewhere(Origin(UploadSource.URL, str(url)), wishes, url.file_name)
    answer, replayed = refer(deps, asked, elsewhere, now)
    return answer.job_id, replayed


def _import_faults(wanted: ImportPayload) -> Iterator[Fault]:
    options = wanted.options
    if wanted.entity_type not in _ENTITIES:
        yield Fault("payload.entity_type", "lists hold emails; leave it out")
    if options.update_existing:
        yield Fault("payload.options.update_existing", "each upload is a list of its own; nothing is updated")
    if not options.skip_duplicates:
        yield Fault("payload.options.skip_duplicates", "each address is judged once, and answered wherever it stands")
    if options.batch_size is not None:
        yield Fault("payload.options.batch_size", "batches are sized by themselves; leave it out")


def export_data(deps: Deps, asked: Asked, wanted: ExportPayload, turn: dict[str, object], now: dt.datetime) -> Made:
    """Write answers into a file. Raises Problem."""
    if faults := list(_export_faults(wanted)):
        raise not_supported(*faults)
    filters = wanted.filters.model_dump(mode="json", exclude_unset=True)
    said = {
        **turn,
        "analysisId": wanted.analysis_id,
        "fileType": _FORMATS[wanted.format],
        "columns": wanted.fields,
        "filters": {to_camel(name): value for name, value in filters.items()},
    }
    request = parsed(ExportRequest, said, "payload.")
    answer, replayed = export(deps, asked, request, now)
    return answer.job_id, replayed


def _export_faults(wanted: ExportPayload) -> Iterator[Fault]:
    if wanted.entity_type not in _ENTITIES:
        yield Fault("payload.entity_type", "exports hold emails; leave it out")
    if wanted.deliver_to != "download_link":
        yield Fault("payload.deliver_to", "files are fetched by their link: say download_link")


def verify_emails(deps: Deps, asked: Asked, wanted: VerifyEmails, at: str, now: dt.datetime) -> Made:
    """Verify addresses: few by themselves, many as a list. `at` is where faults are in the request. Raises Problem."""
    if wanted.service != "mailsift":
        raise not_supported(Fault(f"{at}service", "addresses are verified by mailsift itself; leave it out"))
    if len(wanted.emails) <= MOST_ADDRESSES:
        verification, replayed = verify(deps, asked, VerifyRequest(emails=wanted.emails))
        return verification.job_id, replayed
    with upload_place(deps, asked.principal.workspace_id):
        answer, replayed = upload(deps, asked, _as_list(deps, wanted), now)
    if answer.analysis is None:
        raise Problem("idempotency_key_reused", "this key was used for an upload without an analysis; take a new one")
    return answer.analysis.job_id, replayed


def _as_list(deps: Deps, wanted: VerifyEmails) -> Incoming:
    wishes = UploadWishes.model_validate({"analysisType": AnalysisType.ADVANCED, "fileName": "addresses.txt"})
    lines = limited(one_a_line(wanted.emails), UploadLimit(deps.settings.max_upload_bytes))
    return Incoming(UploadType.SINGLE, UploadSource.ADDRESSES, lines, lambda: wishes, wishes.file_name)
