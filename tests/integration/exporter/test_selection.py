from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from exporting import Entry, Exporter, records
from factories import suppress
from mailsift.exporter import handlers
from mailsift.shared.selection import FilterOption, RowOrder, Selection
from mailsift.shared.verdicts import LeadStatus, RiskLevel, Status

Told = dict[str, Any]


def answer(number: int) -> Told:
    """Every status with many scores, and flags, names and nulls that go through all their combinations."""
    return {
        "status": ["valid", "risky", "invalid", "unknown"][number % 4],
        "sub_status": ["domain_accepts_mail", "role_account", "no_such_domain"][number % 3],
        "deliverability_score": number * 37 % 101,
        "lead_status": ["high-quality", "medium-quality", "low-quality", "invalid", "unknown"][number % 5],
        "risk_level": ["low", "medium", "high", "unknown"][number // 2 % 4],
        "provider": [None, "Google", "Microsoft 365"][number % 3],
        "domain": f"d{number % 5}.example",
        "is_disposable": number % 2 == 0,
        "is_role_based": number % 3 == 0,
        "is_free": number % 5 == 0,
    }


def name(number: int) -> str:
    return f"{'ab'[number % 2]}{number}@d{number % 5}.example"


# Forty addresses, each fourth again further below, and a row without any.
ANSWERS = {name(number): {**answer(number), "normalized_address": name(number)} for number in range(1, 41)}
ROWS = [
    *(Entry([str(n), name(n)], name(n), answer=answer(n)) for n in range(1, 41)),
    *(Entry([str(40 + n), name(n)], name(n), duplicate_of=n) for n in range(4, 41, 4)),
    Entry(["none", ""], format_error="no_address"),
]

SELECTIONS: Sequence[tuple[Selection, Callable[[Told], bool]]] = [
    (Selection(filter_option=FilterOption.DELIVERABLE), lambda told: told["status"] == "valid"),
    (
        Selection(filter_option=FilterOption.RECOMMENDED),
        lambda told: told["status"] == "valid" and told["deliverability_score"] >= 70,
    ),
    (Selection(status=(Status.RISKY, Status.INVALID)), lambda told: told["status"] in {"risky", "invalid"}),
    (Selection(sub_status=("role_account",)), lambda told: told["sub_status"] == "role_account"),
    (Selection(lead_status=(LeadStatus.HIGH_QUALITY,)), lambda told: told["lead_status"] == "high-quality"),
    (Selection(risk_level=(RiskLevel.LOW, RiskLevel.UNKNOWN)), lambda told: told["risk_level"] in {"low", "unknown"}),
    (Selection(provider=("Google",)), lambda told: told["provider"] == "Google"),
    (Selection(domain=("d1.example", "d2.example")), lambda told: told["domain"] in {"d1.example", "d2.example"}),
    (Selection(min_score=0, max_score=49), lambda told: told["deliverability_score"] <= 49),
    (Selection(min_score=50), lambda told: told["deliverability_score"] >= 50),
    (Selection(disposable=False), lambda told: not told["is_disposable"]),
    (Selection(role=True, free=False), lambda told: told["is_role_based"] and not told["is_free"]),
    (Selection(text="a3"), lambda told: told["normalized_address"].startswith("a3")),
    (
        Selection(filter_option=FilterOption.DELIVERABLE, max_score=70, free=True),
        lambda told: told["status"] == "valid" and told["deliverability_score"] <= 70 and told["is_free"],
    ),
]


@pytest.fixture
def analysis_id(exporter: Exporter) -> uuid.UUID:
    return exporter.analysed(["number", "email"], ROWS)


def numbers(content: bytes) -> list[str]:
    return [record[0] for record in records(content)[1:]]


@pytest.mark.parametrize(("selection", "wanted"), SELECTIONS)
def test_rows_are_those_that_were_asked_for_in_the_order_of_the_list(
    exporter: Exporter, analysis_id: uuid.UUID, selection: Selection, wanted: Callable[[Told], bool]
) -> None:
    expected = [entry.columns[0] for entry in ROWS if entry.address and wanted(ANSWERS[entry.address])]
    assert 0 < len(expected) < len(ROWS)
    assert numbers(exporter.export(analysis_id, selection=selection)) == expected


def test_what_is_not_recommended_is_rejected(exporter: Exporter, analysis_id: uuid.UUID) -> None:
    recommended = exporter.export(analysis_id, selection=Selection(filter_option=FilterOption.RECOMMENDED))
    rejected = exporter.export(analysis_id, selection=Selection(filter_option=FilterOption.REJECTED))
    assert sorted([*numbers(recommended), *numbers(rejected)]) == sorted(entry.columns[0] for entry in ROWS)
    assert "none" in numbers(rejected)


def test_duplicates_are_rows_that_repeat_another(exporter: Exporter, analysis_id: uuid.UUID) -> None:
    repeated = numbers(exporter.export(analysis_id, selection=Selection(duplicate=True)))
    assert repeated == [str(40 + number) for number in range(4, 41, 4)]
    first = numbers(exporter.export(analysis_id, selection=Selection(duplicate=False)))
    assert first == [str(number) for number in range(1, 41)]


@pytest.mark.parametrize(("order", "sign"), [(RowOrder.SCORE, 1), (RowOrder.SCORE_DESCENDING, -1)])
def test_rows_by_score_stay_in_their_order_where_it_is_the_same(
    exporter: Exporter, analysis_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch, order: RowOrder, sign: int
) -> None:
    monkeypatch.setattr(handlers, "SLICE", 7)
    answered = [entry for entry in ROWS if entry.address]
    answered.sort(key=lambda entry: sign * ANSWERS[entry.address or ""]["deliverability_score"])
    expected = [*(entry.columns[0] for entry in answered), "none"]
    assert numbers(exporter.export(analysis_id, selection=Selection(order=order))) == expected


def test_of_a_row_with_several_addresses_one_is_enough_unless_it_is_to_be_rejected(exporter: Exporter) -> None:
    good, poor = ({"status": "valid", "deliverability_score": score} for score in (90, 10))
    rows = {"both": (good, good), "first": (good, poor), "second": (poor, good), "none": (poor, poor)}
    entries = [
        Entry([row, "x", "y"] if place == 0 else [], f"{row}{place}@example.com", answer=told)
        for row, answers in rows.items()
        for place, told in enumerate(answers)
    ]
    analysis_id = exporter.analysed(["row", "work", "home"], entries, email_columns=(1, 2))

    def exported(selection: Selection) -> list[str]:
        return numbers(exporter.export(analysis_id, selection=selection))

    assert exported(Selection(filter_option=FilterOption.RECOMMENDED)) == ["both", "first", "second"]
    assert exported(Selection(filter_option=FilterOption.REJECTED)) == ["none"]
    assert exported(Selection(max_score=50)) == ["first", "second", "none"]
    assert exported(Selection(order=RowOrder.SCORE)) == ["first", "second", "none", "both"]


def test_suppressed_rows_are_counted_among_those_that_were_asked_for(
    exporter: Exporter, analysis_id: uuid.UUID
) -> None:
    with exporter.owner.begin() as connection:
        for number in (8, 16, 1):
            suppress(connection, exporter.tenant, name(number))
    selection = Selection(status=(Status.VALID,), order=RowOrder.SCORE)
    row = exporter.export_row(exporter.run(exporter.order(analysis_id, selection=selection)))
    valid = [entry for entry in ROWS if entry.address and ANSWERS[entry.address]["status"] == "valid"]
    assert (row["rowCount"], row["suppressedRows"]) == (len(valid) - 4, 4)


def test_an_analysis_under_way_is_exported_as_far_as_it_is_and_said_to_be_partial(exporter: Exporter) -> None:
    analysis_id = exporter.analysed(["number", "email"], ROWS, status="processing")
    with exporter.owner.begin() as connection:
        connection.execute(text('DELETE FROM "advancedEmailResults" WHERE "sequenceNumber" > 20'))
    job = exporter.run(exporter.order(analysis_id, selection=Selection(partial=True)))
    exported = {record[0]: record[2] for record in records(exporter.file(job))[1:]}
    assert (exporter.export_row(job)["partial"], len(exported)) == (True, len(ROWS))
    assert (exported["20"], exported["21"]) == (ANSWERS[name(20)]["status"], "")


def test_the_whole_is_not_partial_though_it_might_have_been(exporter: Exporter, analysis_id: uuid.UUID) -> None:
    job = exporter.run(exporter.order(analysis_id, selection=Selection(partial=True)))
    assert exporter.export_row(job)["partial"] is False


def test_what_was_asked_for_is_read_back_as_it_was() -> None:
    for selection, _ in SELECTIONS:
        assert Selection.from_json(selection.to_json()) == selection
    assert Selection().to_json() == {}
