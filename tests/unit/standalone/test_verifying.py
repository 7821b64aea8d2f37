from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest

from mailsift.api.schemas.jobs import Job
from mailsift.api.schemas.uploads import UploadDetail
from mailsift.shared.jobs.states import JobStatus
from mailsift.shared.verdicts import FileType
from mailsift.shared.writing import WritingOptions
from mailsift.standalone.client import WantedFile
from mailsift.standalone.errors import InputError, RunFailedError
from mailsift.standalone.verifying import require_columns, require_options, require_success

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def ended(status: JobStatus, code: str | None = None) -> Job:
    fields = dict.fromkeys(Job.model_fields)
    return Job.model_validate(
        {
            **fields,
            "job_id": uuid.UUID(int=1),
            "job_type": "file_processing",
            "status": status,
            "progress": 0,
            "processed_items": 0,
            "progress_detail": {"total": None, "processed": 0, "failed": 0, "percentage": 0, "message": ""},
            **dict.fromkeys(("attempt", "retry_count", "max_retries", "priority"), 1),
            "error_code": code,
            "error_message": code and "what to do",
            "trace_id": "",
            "created_at": NOW,
            "updated_at": NOW,
        }
    )


def test_a_completed_job_is_no_error() -> None:
    require_success(ended(JobStatus.COMPLETED))


def test_a_list_at_fault_is_the_users_and_used_up_retries_are_not() -> None:
    with pytest.raises(InputError) as caught:
        require_success(ended(JobStatus.FAILED, "no_email_column"), InputError)
    assert (caught.value.code, caught.value.exit_code, str(caught.value)) == ("no_email_column", 2, "what to do")
    with pytest.raises(RunFailedError) as used_up:
        require_success(ended(JobStatus.DEAD_LETTER, "worker_lost"), InputError)
    assert used_up.value.exit_code == 1


def test_a_job_that_somebody_cancelled_says_so() -> None:
    with pytest.raises(RunFailedError, match="the job was cancelled"):
        require_success(ended(JobStatus.CANCELLED), InputError)


def test_a_column_that_the_file_will_not_have_is_found_before_the_analysis() -> None:
    upload = UploadDetail.model_construct(column_names=["name", "email"], email_columns=[2])
    # How wide the widest row is, only the exporter knows.
    require_columns(upload, WritingOptions(columns=("mailsift_status", "column_7"), rename={"name": "Who"}))
    with pytest.raises(InputError) as caught:
        require_columns(upload, WritingOptions(columns=("status",)))
    assert (caught.value.code, caught.value.exit_code) == ("unknown_column", 2)


@pytest.mark.parametrize(
    ("file_type", "writing", "message"),
    [
        (FileType.HTML, WritingOptions(columns=("email",)), "a report (html) is of the whole analysis"),
        (FileType.CSV, WritingOptions(columns=("email", "email")), "names a column twice"),
        (FileType.XLSX, WritingOptions(bom=True), "only CSV and TSV begin with a mark"),
    ],
    ids=["report", "twice", "mark"],
)
def test_what_no_file_can_be_asked_for_is_found_before_anything_is_done(
    file_type: FileType, writing: WritingOptions, message: str
) -> None:
    require_options(WantedFile(FileType.CSV, WritingOptions(columns=("email",), rename={"email": "Mail"})))
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        require_options(WantedFile(file_type, writing))
    assert caught.value.exit_code == 2
