from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from sqlalchemy import insert, text, update

from exporting import HEADER, PEOPLE, Entry, Exporter, objects, records, verdict
from factories import make_analysis, suppress
from mailsift.exporter import handlers
from mailsift.exporter.rendering import ANSWERS, json_keys
from mailsift.exporter.writers.delimited import COPY_WIDTH
from mailsift.shared.db.tables import AdvancedEmailResult, Analysis
from mailsift.shared.formulas import inert
from mailsift.shared.verdicts import Compression, Formulas
from mailsift.shared.writing import WritingOptions


def test_a_csv_has_the_users_columns_and_then_the_answers(exporter: Exporter) -> None:
    header, *rows = records(exporter.export(exporter.analysed(["name", "email"], PEOPLE)))
    assert header == ["name", "email", "column_3", "column_4", *HEADER]
    assert [row[:4] for row in rows] == [
        ["Ann", "ann@example.com", "", ""],
        ["Bob", "", "", ""],
        ["Ann again", "ANN@example.com", "", ""],
        ["", "", "", ""],
        ["Cid", "cid@example.com", "extra", "more"],
    ]
    answers = [dict(zip(header[4:], row[4:], strict=True)) for row in rows]
    assert answers[0] == {
        "mailsift_status": "risky",
        "mailsift_subStatus": "role_account",
        "mailsift_deliverabilityScore": "1",
        "mailsift_leadStatus": "low-quality",
        "mailsift_riskLevel": "medium",
        "mailsift_reasons": "role_account|dmarc_missing",
        "mailsift_suggestion": "",
        "mailsift_normalizedAddress": "ann@example.com",
        "mailsift_canonicalAddress": "ann@example.com",
        "mailsift_domain": "example.com",
        "mailsift_isCorporate": "true",
        "mailsift_isFree": "false",
        "mailsift_isDisposable": "false",
        "mailsift_isRelay": "false",
        "mailsift_isRoleBased": "true",
        "mailsift_spfPass": "true",
        "mailsift_dkimPass": "",
        "mailsift_dmarcPass": "false",
        "mailsift_dmarcPolicy": "",
        "mailsift_mxHost": "mx.example.com",
        "mailsift_provider": "",
        "mailsift_mailboxChecked": "false",
        "mailsift_duplicateOf": "",
    }
    assert answers[2] == answers[0] | {"mailsift_duplicateOf": "1"}
    assert answers[4]["mailsift_normalizedAddress"] == "cid@example.com"
    assert answers[4]["mailsift_canonicalAddress"] == "c@example.com"
    blank = dict.fromkeys(HEADER, "")
    assert answers[1] == blank | {"mailsift_reasons": "no_address"}
    assert answers[3] == blank | {"mailsift_reasons": "row_too_long"}


@pytest.mark.parametrize("file_type", ["csv", "jsonl"])
def test_rows_with_a_suppressed_address_are_left_out_and_counted(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch, file_type: str
) -> None:
    monkeypatch.setattr(handlers, "SLICE", 2)
    analysis_id = exporter.analysed(["name", "email"], PEOPLE)
    before = exporter.export(analysis_id, file_type).splitlines()
    with exporter.owner.begin() as connection:
        suppress(connection, exporter.tenant, "Ann@example.com", "nobody@example.com", "other.example")
    job = exporter.run(exporter.order(analysis_id, file_type))
    header = before[: len(before) - len(PEOPLE)]
    assert exporter.file(job).splitlines() == [*header, *(before[len(header) + row] for row in (1, 3, 4))]
    assert job["result"] == job["result"] | {"rows": 3, "suppressedRows": 2}
    exported = exporter.export_row(job)
    assert (exported["rowCount"], exported["suppressedRows"]) == (3, 2)


def test_a_row_is_left_out_for_any_of_its_addresses(exporter: Exporter) -> None:
    entries = [
        *(Entry(["Ann", "ann@example.com", "ann@work.example"], "ann@example.com"), Entry([], "ann@work.example")),
        *(
            Entry(["Bob", "bob@example.com", "bob@mail.away.example"], "bob@example.com"),
            Entry([], "bob@mail.away.example"),
        ),
        *(Entry(["Cid", "cid@example.com", ""], "cid@example.com"), Entry([])),
    ]
    analysis_id = exporter.analysed(["name", "email", "work"], entries, email_columns=(1, 2))
    with exporter.owner.begin() as connection:
        suppress(connection, exporter.tenant, "away.example")
    assert [row[0] for row in records(exporter.export(analysis_id))] == ["name", "Ann", "Cid"]


def test_json_lines_keep_types_and_tell_an_empty_cell_from_a_missing_one(exporter: Exporter) -> None:
    lines = objects(exporter.export(exporter.analysed(["name", "email"], PEOPLE), "jsonl"))
    assert [line["row"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line["address"] for line in lines] == [entry.address for entry in PEOPLE]
    assert [line["columns"] for line in lines] == [
        {"name": "Ann", "email": "ann@example.com"},
        {"name": "Bob", "email": ""},
        {"name": "Ann again", "email": "ANN@example.com"},
        {},
        {"name": "Cid", "email": "cid@example.com", "column_3": "extra", "column_4": "more"},
    ]
    first = lines[0]["result"]
    assert first["reasons"] == ["role_account", "dmarc_missing"]
    assert (first["spfPass"], first["dkimPass"], first["dmarcPass"], first["acceptsMail"]) == (True, None, False, None)
    assert first["scoreBreakdown"] == [["role_account", -13], ['a "word" \\ \U0001f600', -5]]
    assert (first["deliverabilityScore"], first["scoreVersion"], first["duplicateOf"]) == (1, 1, None)
    assert lines[2]["result"] == first | {"duplicateOf": 1}
    assert lines[1]["result"] == dict.fromkeys(first) | {"reasons": ["no_address"]}


TWO_ADDRESSES = (
    Entry(["ann@example.com", "Ann", "ann@work.example"], "ann@example.com"),
    Entry([], "ann@work.example"),
    Entry(["", "Bob", "ANN@example.com", "extra"]),
    Entry([], "ANN@example.com", duplicate_of=1),
    Entry(["", "Cid"], format_error="no_address"),
    Entry([]),
)


def test_a_row_with_several_addresses_is_one_line_with_the_answers_to_each(exporter: Exporter) -> None:
    analysis_id = exporter.analysed(["email", "name", "work, email"], TWO_ADDRESSES, email_columns=(0, 2))
    header, *rows = records(exporter.export(analysis_id))
    assert header[:4] == ["email", "name", "work, email", "column_4"]
    assert header[4:] == [f"mailsift_{name}_{answer.name}" for name in ("email", "work, email") for answer in ANSWERS]
    assert [row[:4] for row in rows] == [
        ["ann@example.com", "Ann", "ann@work.example", ""],
        ["", "Bob", "ANN@example.com", "extra"],
        ["", "Cid", "", ""],
    ]
    told = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["mailsift_email_normalizedAddress"] for row in told] == ["ann@example.com", "", ""]
    assert [row["mailsift_work, email_normalizedAddress"] for row in told] == [
        "ann@work.example",
        "ann@example.com",
        "",
    ]
    assert [row["mailsift_work, email_duplicateOf"] for row in told] == ["", "1", ""]
    assert [row["mailsift_email_reasons"] for row in told] == ["role_account|dmarc_missing", "", "no_address"]
    job = exporter.run(exporter.order(analysis_id))
    assert exporter.export_row(job)["rowCount"] == 3


def test_json_lines_tell_the_addresses_of_a_row_one_by_one(exporter: Exporter) -> None:
    analysis_id = exporter.analysed(["email", "name", "email"], TWO_ADDRESSES, email_columns=(0, 2))
    lines = objects(exporter.export(analysis_id, "jsonl"))
    assert [line["row"] for line in lines] == [1, 2, 3]
    assert [[(email["column"], email["address"]) for email in line["emails"]] for line in lines] == [
        [("email", "ann@example.com"), ("email_2", "ann@work.example")],
        [("email", None), ("email_2", "ANN@example.com")],
        [("email", None), ("email_2", None)],
    ]
    assert lines[1]["emails"][1]["result"] == lines[0]["emails"][0]["result"] | {"duplicateOf": 1}
    assert lines[1]["columns"] == {"email": "", "name": "Bob", "email_2": "ANN@example.com", "column_4": "extra"}


def test_a_wide_row_with_several_addresses_is_one_line_too(exporter: Exporter) -> None:
    names = [f"c{number}" for number in range(COPY_WIDTH + 1)]
    cells = ["a@example.com", *["x"] * (COPY_WIDTH - 1), "b@example.com"]
    entries = [Entry(cells, "a@example.com"), Entry([], "b@example.com")]
    header, row = records(exporter.export(exporter.analysed(names, entries, email_columns=(0, COPY_WIDTH))))
    assert (row[: len(names)], len(row)) == (cells, len(header))
    assert row[header.index(f"mailsift_c{COPY_WIDTH}_normalizedAddress")] == "b@example.com"


NASTY = (
    *(
        "",
        " ",
        '"',
        '""',
        ",",
        "\n",
        "\r",
        "\r\n",
        "\t",
        "\\",
        "\\N",
        "\\.",
        "\x01",
        "\x02",
        "a\x1fb",
        "NULL",
        "null",
        "{}",
    ),
    *("\U0001f600", "\\u0041", "\u2028", "\ufeff", "=1+1", "%s", "%(keys)s", "{rows}", ":id", "'; DROP TABLE x; --"),
)
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(NASTY)
risky = st.builds(
    str.__add__,
    st.text(st.sampled_from(" =+-@\t\r\n＝＋－＠"), max_size=2),
    st.text(st.sampled_from("0123456789 ()./-,%eExt+A=\n\"'"), max_size=8),
)
lists = st.tuples(
    st.lists(cells, min_size=1, max_size=4), st.lists(st.lists(cells, max_size=6), min_size=1, max_size=6)
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(lists)
@example((["name", "name"], [["\\N", "\\."], ["", ""], []]))
@example((["c"] * (COPY_WIDTH + 1), [["\r", "\\N"], ['"'] * (COPY_WIDTH + 2), []]))
def test_any_cell_comes_back_as_it_was(exporter: Exporter, table: tuple[list[str], list[list[str]]]) -> None:
    names, rows = table
    analysis_id = exporter.analysed(names, [Entry(row, "a@example.com") for row in rows])
    width = max(len(names), *map(len, rows))

    header, *read = records(exporter.export(analysis_id, "csv", writing=WritingOptions(formulas=Formulas.KEEP)))
    assert header[: len(names)] == names
    assert len(header) == len(set(header[width:])) + width == width + len(ANSWERS)
    assert [row[:width] for row in read] == [row + [""] * (width - len(row)) for row in rows]
    assert {row[width] for row in read} == {"risky"}

    tabbed = exporter.export(analysis_id, "tsv", writing=WritingOptions(formulas=Formulas.KEEP))
    assert records(tabbed, "\t") == [header, *read]

    packed = exporter.export(analysis_id, "json", writing=WritingOptions(Compression.GZIP))
    array = json.loads(gzip.decompress(packed))
    assert [list(line["columns"].values()) for line in array] == rows
    assert array == objects(exporter.export(analysis_id, "jsonl"))


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.lists(risky, min_size=1, max_size=5), min_size=1, max_size=40))
@example([["-5", "+49 30 123", "=1"] * (COPY_WIDTH // 2)])
def test_a_cell_that_would_run_is_text_in_csv_and_tsv_and_all_others_are_as_they_were(
    exporter: Exporter, rows: list[list[str]]
) -> None:
    analysis_id = exporter.analysed(["=1", "email"], [Entry(row, "=a@example.com") for row in rows])
    width = max(2, *map(len, rows))
    wanted = [[inert(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
    header, *read = records(exporter.export(analysis_id))
    assert header[:2] == ["'=1", "email"]
    assert [row[:width] for row in read] == wanted
    assert {row[header.index("mailsift_normalizedAddress")] for row in read} == {"'=a@example.com"}
    assert records(exporter.export(analysis_id, "tsv"), "\t") == [header, *read]
    assert [list(line["columns"].values()) for line in objects(exporter.export(analysis_id, "jsonl"))] == rows


def test_rows_keep_their_order_over_slices(exporter: Exporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "SLICE", 7)
    entries = [Entry([f"a{n}@example.com"], f"a{n}@example.com") for n in range(1, 100)]
    entries.append(Entry(["A1@example.com"], "A1@example.com", duplicate_of=1))
    job = exporter.run(exporter.order(exporter.analysed(["email"], entries)))
    rows = records(exporter.file(job))[1:]
    assert [row[0] for row in rows] == [entry.columns[0] for entry in entries]
    assert [row[3] for row in rows] == [str(n % 101) for n in range(1, 100)] + ["1"]
    assert (job["progress"], exporter.export_row(job)["rowCount"]) == (100, 100)


def test_very_wide_rows_come_back_whole(exporter: Exporter) -> None:
    wide = [f"cell {n}" for n in range(3000)]
    analysis_id = exporter.analysed(["email"], [Entry(["a@example.com"], "a@example.com"), Entry(wide)])
    header, first, second = records(exporter.export(analysis_id))
    assert header[2999:3001] == ["column_3000", "mailsift_status"]
    assert (first[:2], first[3000]) == (["a@example.com", ""], "risky")
    assert second == wide + [""] * len(ANSWERS)
    assert list(objects(exporter.export(analysis_id, "jsonl"))[1]["columns"].values()) == wide


def test_the_analysis_of_one_address_is_a_list_of_one(exporter: Exporter) -> None:
    with exporter.owner.begin() as connection:
        analysis_id = make_analysis(connection, exporter.tenant, None, "single")
        connection.execute(update(Analysis).values(status="completed"))
        row = verdict(analysis_id, 1, "ann@example.com")
        connection.execute(insert(AdvancedEmailResult), [row])
    header, answer = records(exporter.export(analysis_id))
    assert header == ["email", *HEADER]
    assert answer[:2] == ["ann@example.com", "risky"]
    line = objects(exporter.export(analysis_id, "jsonl"))[0]
    assert (line["row"], line["columns"]) == (1, {"email": "ann@example.com"})


def test_a_workbook_has_what_a_csv_has_in_types(exporter: Exporter) -> None:
    analysis_id = exporter.analysed(["name", "=email"], PEOPLE)
    job = exporter.run(exporter.order(analysis_id, "xlsx"))
    content = io.BytesIO(exporter.file(job))
    sheet = openpyxl.load_workbook(content).active
    assert sheet is not None
    header, *rows = ([cell.value for cell in row] for row in sheet.iter_rows())
    assert header == ["name", "=email", "column_3", "column_4", *HEADER]
    kept = WritingOptions(formulas=Formulas.KEEP)
    _, *texts = records(exporter.export(analysis_id, writing=kept))
    told = [["" if value is None else str(value) for value in row] for row in rows]
    assert [[{"True": "true", "False": "false"}.get(cell, cell) for cell in row] for row in told] == texts
    first = dict(zip(header, rows[0], strict=True))
    assert (first["mailsift_deliverabilityScore"], first["mailsift_isFree"], first["mailsift_dkimPass"]) == (
        1,
        False,
        None,
    )
    assert exporter.export_row(job)["rowCount"] == 5


def test_a_workbook_is_no_larger_than_a_file_may_be(exporter: Exporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "SLICE", 2)
    exporter.deps = replace(exporter.deps, max_bytes=1000)
    job = exporter.run(exporter.order(exporter.analysed(["name", "email"], PEOPLE), "xlsx"))
    assert (job["status"], job["errorCode"], exporter.files()) == ("failed", "export_too_large", [])


def test_a_list_wider_than_a_sheet_is_not_cut(exporter: Exporter) -> None:
    analysis_id = exporter.analysed(["email"], [Entry([""] * 16_380, "a@example.com")])
    job = exporter.run(exporter.order(analysis_id, "xlsx"))
    assert (job["status"], job["errorCode"]) == ("failed", "too_many_columns")


def test_parquet_has_what_json_lines_have(exporter: Exporter) -> None:
    analysis_id = exporter.analysed(["name", "email"], PEOPLE)
    rows = parquet.read_table(io.BytesIO(exporter.export(analysis_id, "parquet"))).to_pylist()
    for row, line in zip(rows, objects(exporter.export(analysis_id, "jsonl")), strict=True):
        cells = {name: line["columns"].get(name) for name in ("name", "email", "column_3", "column_4")}
        assert row == cells | {f"mailsift_{answer.name}": line["result"][answer.name] for answer in ANSWERS}


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_chosen_columns_have_in_every_format_what_they_have_in_the_whole_file(
    exporter: Exporter, data: st.DataObject
) -> None:
    analysis_id = exporter.analysed(['a "name", it is', "email", "email"], TWO_ADDRESSES[:4], email_columns=(1, 2))
    whole, *rows = records(exporter.export(analysis_id, writing=WritingOptions(formulas=Formulas.KEEP)))
    known = ['a "name", it is', "email", "email_2", *whole[3:]]
    picked = data.draw(st.lists(st.sampled_from(range(len(known))), min_size=1, max_size=9, unique=True))
    columns = tuple(known[place] for place in picked)
    writing = WritingOptions(formulas=Formulas.KEEP, columns=columns, rename={columns[0]: '=New "one" %s'})
    titles = ['=New "one" %s', *(whole[place] for place in picked[1:])]
    wanted = [[row[place] for place in picked] for row in rows]

    assert records(exporter.export(analysis_id, writing=writing)) == [titles, *wanted]
    sheet = openpyxl.load_workbook(io.BytesIO(exporter.export(analysis_id, "xlsx", writing=writing))).active
    assert sheet is not None
    assert [[as_text(cell) for cell in row] for row in sheet.iter_rows(1, len(rows) + 1, values_only=True)] == [
        titles,
        *wanted,
    ]
    lines = objects(exporter.export(analysis_id, "jsonl", writing=writing))
    assert [[as_text(value) for value in line.values()] for line in lines] == wanted
    assert list(lines[0]) == list(json_keys(titles))
    assert json.loads(exporter.export(analysis_id, "json", writing=writing)) == lines
    table = parquet.read_table(io.BytesIO(exporter.export(analysis_id, "parquet", writing=writing)))
    assert (table.column_names, table.to_pylist()) == (list(lines[0]), lines)


def as_text(value: object) -> str:
    """What stands in a CSV for it."""
    if isinstance(value, list):
        return "|".join(value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_a_wide_list_fits_where_some_of_it_is_chosen(exporter: Exporter) -> None:
    wide = [f"cell {n}" for n in range(17_000)]
    analysis_id = exporter.analysed(["email"], [Entry(["a@example.com"], "a@example.com"), Entry(wide)])
    columns = WritingOptions(columns=("column_16999", "mailsift_status", "email"))
    many = WritingOptions(columns=tuple(f"column_{n}" for n in range(2, COPY_WIDTH + 3)))
    assert records(exporter.export(analysis_id, writing=columns))[1:] == [
        ["", "risky", "a@example.com"],
        ["cell 16998", "", "cell 0"],
    ]
    assert records(exporter.export(analysis_id, writing=many))[2] == wide[1 : COPY_WIDTH + 2]
    assert exporter.export(analysis_id, "xlsx", writing=columns)


def test_a_column_that_is_not_there_ends_an_export_for_good(exporter: Exporter) -> None:
    analysis_id = exporter.analysed(["name", "email"], PEOPLE)
    job = exporter.run(exporter.order(analysis_id, writing=WritingOptions(columns=("email", "colour"))))
    assert (job["status"], job["errorCode"], exporter.files()) == ("failed", "unknown_column", [])


def test_a_report_counts_addresses_and_names_none_and_no_suppressed_domain(exporter: Exporter) -> None:
    entries = [
        *PEOPLE,
        Entry(["Eve", "eve@away.example"], "eve@away.example"),
        Entry(["Fay", "fay@mail.away.example"], "fay@mail.away.example"),
    ]
    analysis_id = exporter.analysed(["name", "email"], entries)
    with exporter.owner.begin() as connection:
        connection.execute(text("""UPDATE "advancedEmailResults" SET domain = split_part("emailAddress", '@', 2)"""))
        suppress(connection, exporter.tenant, "away.example")
    job = exporter.run(exporter.order(analysis_id, "html"))
    report = exporter.file(job).decode()
    assert exporter.export_row(job)["contentType"] == "text/html; charset=utf-8"
    assert '<bdi>risky</bdi></span><span class="count">4</span><span class="share">100%</span>' in report
    assert ("<bdi>example.com</bdi>" in report, "away.example" in report) == (True, False)
    assert "@" not in report.replace("@page", "").replace("@media", "")
    packed = exporter.export(analysis_id, "html", writing=WritingOptions(Compression.GZIP))
    assert gzip.decompress(packed).decode() == report
