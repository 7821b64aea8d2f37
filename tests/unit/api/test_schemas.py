from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from pydantic import ValidationError

from mailsift.api.actions.exporting import file_name
from mailsift.api.paging import number_cursor
from mailsift.api.problems import KINDS, Problem, from_validation
from mailsift.api.repository.analyses import Analysed
from mailsift.api.schemas.analyses import AdvancedRequest, AnalysisRequest, SingleRequest
from mailsift.api.schemas.jobs import watched_status
from mailsift.api.schemas.results import Result, ResultFilter
from mailsift.api.schemas.uploads import AddressList
from mailsift.shared.db.tables import AdvancedEmailResult
from mailsift.shared.jobs.states import JobStatus
from mailsift.shared.verdicts import AnalysisStatus, AnalysisType, FileType

TODAY = dt.date(2026, 11, 22)


def fields_at_fault(model: Any, body: object) -> set[str]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(body)
    return {fault.field for fault in from_validation(refused.value).faults}


def test_a_body_of_two_shapes_is_told_apart_by_its_type() -> None:
    upload_id = str(uuid.uuid4())
    advanced = AnalysisRequest.model_validate({"analysisType": "advanced", "uploadId": upload_id})
    assert isinstance(advanced.root, AdvancedRequest)
    single = AnalysisRequest.model_validate({"analysisType": "single", "emailAddress": "a@example.com"})
    assert isinstance(single.root, SingleRequest)


def test_a_fault_names_the_field_and_not_the_shape() -> None:
    assert fields_at_fault(AnalysisRequest, {"analysisType": "single"}) == {"emailAddress"}
    assert fields_at_fault(AddressList, {"emails": ["a", 1, "b\n"], "more": 1}) == {"emails.1", "emails.2", "more"}


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
    ("upload_name", "analysis_type", "name"),
    [
        ("leads.csv", AnalysisType.ADVANCED, "leads-analysed.jsonl"),
        ("archive.2026.txt", AnalysisType.ADVANCED, "archive.2026-analysed.jsonl"),
        ("x" * 255, AnalysisType.ADVANCED, "x" * 200 + "-analysed.jsonl"),
        (None, AnalysisType.ADVANCED, "advanced_analysis_results_20261122.jsonl"),
        (None, AnalysisType.SINGLE, "single_analysis_results_20261122.jsonl"),
    ],
)
def test_an_export_is_named_after_its_list_or_its_day(
    upload_name: str | None, analysis_type: AnalysisType, name: str
) -> None:
    analysed = Analysed(analysis_type, AnalysisStatus.COMPLETED, upload_name)
    assert file_name(analysed, FileType.JSONL, TODAY) == name


def test_every_kind_of_problem_has_an_error_status_and_a_title() -> None:
    for code, kind in KINDS.items():
        assert Problem(code, "detail").kind is kind
        assert 400 <= kind.status < 600
        assert kind.title
