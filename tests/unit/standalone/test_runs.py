from __future__ import annotations

import stat
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from mailsift.shared.scoring_policy import parse_policy
from mailsift.shared.selection import FilterOption, Selection
from mailsift.shared.verdicts import AnalysisType, Compression, FileType
from mailsift.shared.writing import WritingOptions
from mailsift.standalone.runs import RunKey, RunRecords

KEY = RunKey("ab" * 32, FileType.CSV, (), None)


@pytest.fixture
def records(tmp_path: Path) -> RunRecords:
    return RunRecords(tmp_path / "runs")


def test_a_run_is_found_again_with_what_was_accepted(records: RunRecords) -> None:
    run, found = records.begin(KEY, "list.csv")
    assert not found
    records.save(KEY, replace(run, upload_id=uuid.UUID(int=1)))
    again, found = records.begin(KEY, "renamed.csv")
    assert found
    assert again == replace(run, upload_id=uuid.UUID(int=1))


def test_a_run_that_ended_is_not_found_and_its_requests_are_others(records: RunRecords) -> None:
    run, _ = records.begin(KEY, "list.csv")
    records.forget(KEY)
    another, found = records.begin(KEY, "list.csv")
    assert not found
    assert another.request_key("upload") != run.request_key("upload")
    records.forget(KEY)
    records.forget(KEY)


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, sha256="cd" * 32),
        replace(KEY, file_type=FileType.JSONL),
        replace(KEY, writing=WritingOptions(Compression.GZIP)),
        replace(KEY, selection=Selection(filter_option=FilterOption.REJECTED)),
        replace(KEY, analysis_type=AnalysisType.BULK),
        replace(KEY, nameservers=("192.0.2.53:53",)),
        replace(KEY, server="https://mailsift.example"),
        replace(KEY, scoring=parse_policy({"weights": {"role_account": 0}})),
    ],
)
def test_other_options_are_another_run(records: RunRecords, other: RunKey) -> None:
    run, _ = records.begin(KEY, "list.csv")
    another, found = records.begin(other, "list.csv")
    assert not found
    assert another.token != run.token


def test_the_requests_of_a_run_are_told_apart_by_their_step(records: RunRecords) -> None:
    run, _ = records.begin(KEY, "list.csv")
    assert len({run.request_key(step) for step in ("upload", "analysis", "export")}) == 3


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"token": "x"}', '{"token": "x", "file_name": "y", "upload_id": 5}']
)
def test_a_record_that_cannot_be_read_counts_for_nothing(records: RunRecords, tmp_path: Path, damage: str) -> None:
    records.begin(KEY, "list.csv")
    [path] = (tmp_path / "runs").iterdir()
    path.write_text(damage)
    _, found = records.begin(KEY, "list.csv")
    assert not found
    assert records.begin(KEY, "list.csv")[1]


def test_records_are_their_owners_alone(records: RunRecords, tmp_path: Path) -> None:
    records.begin(KEY, "list.csv")
    [path] = (tmp_path / "runs").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "runs").stat().st_mode) == 0o700
