from __future__ import annotations

import datetime as dt

import pytest

from mailsift.shared.jobs.repository.requesting import export_name
from mailsift.shared.verdicts import AnalysisType


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
    assert export_name(upload_name, analysis_type, ".jsonl", dt.date(2026, 11, 22)) == name
