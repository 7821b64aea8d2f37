from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from pydantic import ValidationError

from mailsift.api.actions.queueing import turn
from mailsift.api.paging import number_cursor
from mailsift.api.problems import KINDS, Problem, from_validation
from mailsift.api.schemas.analyses import AnalysisRequest, ListRequest, SingleRequest
from mailsift.api.schemas.audits import AnalyzeRequest
from mailsift.api.schemas.exports import ExportRequest
from mailsift.api.schemas.jobs import JobChange
from mailsift.api.schemas.results import Result, ResultFilter
from mailsift.api.schemas.uploads import AddressList, UploadOptions, UploadWishes
from mailsift.api.schemas.watched_jobs import WatchedFilter, watched_status
from mailsift.shared.db.tables import AdvancedEmailResult
from mailsift.shared.jobs.repository.requesting import Turn
from mailsift.shared.jobs.states import JobStatus

SOME_ID = str(uuid.UUID(int=1))


def fields_at_fault(model: Any, body: object) -> set[str]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(body)
    return {fault.field for fault in from_validation(refused.value).faults}


def test_a_body_of_two_shapes_is_told_apart_by_its_type() -> None:
    upload_id = str(uuid.uuid4())
    for analysis_type in ("bulk", "advanced"):
        of_a_list = AnalysisRequest.model_validate({"analysisType": analysis_type, "uploadId": upload_id})
        assert isinstance(of_a_list.root, ListRequest)
    single = AnalysisRequest.model_validate({"analysisType": "single", "emailAddress": "a@example.com"})
    assert isinstance(single.root, SingleRequest)


def test_a_fault_names_the_field_and_not_the_shape() -> None:
    assert fields_at_fault(AnalysisRequest, {"analysisType": "single"}) == {"emailAddress"}
    assert fields_at_fault(AnalysisRequest, {"analysisType": "domain", "domain": "a b"}) == {"domain"}
    assert fields_at_fault(AnalyzeRequest, {"domain": "a b"}) == {"domain"}
    assert fields_at_fault(AddressList, {"emails": ["a", 1, "b\n"], "more": 1}) == {"emails.1", "emails.2", "more"}


@pytest.mark.parametrize(
    ("model", "body", "field", "message"),
    [
        (AnalysisRequest, {}, "analysisType", "Field required"),
        (AnalysisRequest, {"analysisType": "x"}, "analysisType", "one of 'bulk', 'advanced', 'single', 'domain'"),
        (JobChange, {"status": "done"}, "status", "Input should be 'cancelled'"),
        (WatchedFilter, {"type": "x"}, "type", "'export'; or: Input should be 'import_csv', 'export_data'"),
        (ResultFilter, {"colour": "red"}, "colour", "there is no such field here"),
    ],
)
def test_a_fault_is_said_in_the_words_of_the_api(model: Any, body: object, field: str, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(body)
    (fault,) = from_validation(refused.value).faults
    assert fault.field == field
    assert message in fault.message


def test_a_fault_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(ValidationError) as refused:
        AddressList.model_validate({"emails": ["secret@example.com\n"]})
    assert "secret" not in from_validation(refused.value).detail


def test_many_faults_are_counted_and_the_first_are_named() -> None:
    with pytest.raises(ValidationError) as refused:
        AddressList.model_validate({"emails": ["\n"] * 30})
    problem = from_validation(refused.value)
    assert [fault.field for fault in problem.faults] == [f"emails.{n}" for n in range(20)]
    assert problem.detail.endswith("; and 10 more")


def test_thousands_of_fields_are_one_fault() -> None:
    assert fields_at_fault(AddressList, {str(n): 0 for n in range(5_000)}) == {""}


def test_names_are_camel_case_only() -> None:
    assert fields_at_fault(ResultFilter, {"min_score": "1"}) == {"min_score"}


@pytest.mark.parametrize("text", ["a\x00", "a\r", "\ud800", "a\x7f"])
def test_text_has_no_control_characters_and_no_lone_surrogates(text: str) -> None:
    assert fields_at_fault(ResultFilter, {"text": text}) == {"text"}


def test_parameters_are_read_from_text() -> None:
    wanted = ResultFilter.model_validate({"minScore": "80", "limit": "1000", "cursor": number_cursor(7)})
    assert (wanted.min_score, wanted.limit, wanted.cursor) == (80, 1000, 7)


def test_a_result_has_every_column_of_its_table() -> None:
    assert list(Result.model_fields) == AdvancedEmailResult.__table__.columns.keys()


@pytest.mark.parametrize("status", list(JobStatus))
def test_every_state_has_a_word_for_those_who_watch(status: JobStatus) -> None:
    words = {JobStatus.PROCESSING: "running", JobStatus.DEAD_LETTER: "failed"}
    assert watched_status(status).value == words.get(status, status.value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-30T08:00:00Z", dt.datetime(2026, 11, 30, 8, tzinfo=dt.UTC)),
        ("2026-11-30T08:00+01:00", dt.datetime(2026, 11, 30, 7, tzinfo=dt.UTC)),
        ("2026-11-30T08:00:00.25-03:30", dt.datetime(2026, 11, 30, 11, 30, 0, 250_000, tzinfo=dt.UTC)),
    ],
)
def test_a_time_is_read_with_its_offset(text: str, moment: dt.datetime) -> None:
    assert ExportRequest.model_validate({"analysisId": SOME_ID, "scheduledFor": text}).scheduled_for == moment


@pytest.mark.parametrize(
    "value",
    [
        *("2026-11-30T08:00:00", "2026-11-30", "2026-11-30 08:00:00Z", "2026-11-30T08:00:00 01:00"),
        *("20261130T080000Z", "2026-13-30T08:00:00Z", "2026-11-30T24:00:00Z", "2026-11-30T08:00:00+24:00"),
        *("tomorrow", "", "1764489600", 1764489600, 1764489600.0, True, [], "٢٠٢٦-11-30T08:00:00Z"),
    ],
)
def test_what_is_no_time_with_an_offset_is_refused(value: object) -> None:
    body = {"analysisId": SOME_ID, "scheduledFor": value}
    assert fields_at_fault(ExportRequest, body) == {"scheduledFor"}


@pytest.mark.parametrize("value", [-1, 11, 2.5, True, "high", "", "1.5"])
def test_a_priority_is_a_whole_number_from_0_to_10(value: object) -> None:
    assert fields_at_fault(ExportRequest, {"analysisId": SOME_ID, "priority": value}) == {"priority"}
    assert ExportRequest.model_validate({"analysisId": SOME_ID, "priority": 10}).priority == 10
    assert UploadOptions.model_validate({"priority": "0"}).priority == 0


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"exportType": "csv"}, {"exportType"}),
        ({"exportType": "csv", "analysisType": "single"}, {"analysisType"}),
        ({"exportType": "pdf", "analysisType": "advanced"}, {"exportType"}),
        ({"analysisType": ""}, {"analysisType"}),
        ({"analysis_type": "advanced"}, {"analysis_type"}),
    ],
)
def test_what_is_to_follow_an_upload_is_checked(given: dict[str, str], fields: set[str]) -> None:
    assert fields_at_fault(UploadWishes, given) == fields


@pytest.mark.parametrize(
    ("given", "jobs"),
    [({}, 1), ({"analysisType": "bulk"}, 2), ({"analysisType": "advanced", "exportType": "jsonl"}, 3)],
)
def test_each_thing_that_is_to_follow_is_a_job(given: dict[str, str], jobs: int) -> None:
    assert UploadWishes.model_validate(given).jobs == jobs


NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def timed(scheduled_for: dt.datetime) -> UploadOptions:
    return UploadOptions.model_validate({"scheduledFor": scheduled_for.isoformat(), "priority": 3})


def test_a_job_waits_for_its_time_and_a_time_that_has_passed_is_now() -> None:
    later = NOW + dt.timedelta(hours=1)
    assert turn(timed(later), NOW) == Turn(scheduled_for=later, priority=3)
    assert turn(timed(NOW), NOW) == Turn(priority=3)
    first = dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=14)))
    assert turn(timed(first), NOW) == Turn(priority=3)


def test_a_job_waits_for_a_year_at_most() -> None:
    assert turn(timed(NOW + dt.timedelta(days=366)), NOW).scheduled_for is not None
    last = dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.timezone(-dt.timedelta(hours=14)))
    for too_late in (NOW + dt.timedelta(days=366, seconds=1), last):
        with pytest.raises(Problem) as refused:
            turn(timed(too_late), NOW)
        assert [fault.field for fault in refused.value.faults] == ["scheduledFor"]


def test_every_kind_of_problem_has_an_error_status_and_a_title() -> None:
    for code, kind in KINDS.items():
        assert Problem(code, "detail").kind is kind
        assert 400 <= kind.status < 600
        assert kind.title
