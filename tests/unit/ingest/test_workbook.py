"""Workbooks in the process that reads them: what they are, what is wrong with them, and how the process ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from mailsift.ingest.rows import RejectedRow, RejectReason, Row
from mailsift.ingest.workbooks.limits import WorkbookLimits
from mailsift.ingest.workbooks.workbook import Sheet, Workbook
from mailsift.shared.errors import JobCancelled, PermanentError, TransientError
from workbooks import HOSTILE, LIST, children, ods, read_to_its_end, text_cell, xls, xlsx, xlsx_of

ROWS = [
    Row(1, ["name", "e-mail", "age"]),
    Row(2, ["Ann", "ann@example.com", "34"]),
    Row(3, ["Bob", "bob@example.org", "41.5"]),
]


def opened(content: bytes, limits: WorkbookLimits | None = None, watch: Callable[[], None] = lambda: None) -> Workbook:
    return Workbook([content], limits or WorkbookLimits(), watch)


@pytest.mark.parametrize("write", [xlsx, xls, ods])
def test_a_workbook_says_its_sheets_a_sample_and_all_rows(write: Callable[..., bytes]) -> None:
    with opened(write(LIST, "People")) as workbook:
        assert workbook.sheets == (Sheet("People", visible=True),)
        assert workbook.sample("People", 2) == ROWS[:2]
        assert list(workbook.rows("People")) == ROWS
        assert workbook.share_read == 1.0
    assert children() == []


def test_a_sheet_with_a_cell_in_its_last_corner_is_read_row_by_row() -> None:
    rows = text_cell("A1", "email") + f'</row><row r="1048576">{text_cell("XFD1048576", "far")}'
    with opened(xlsx_of(f'<row r="1">{rows}</row>')) as workbook:
        first, last = workbook.rows("List")
    assert first == Row(1, ["email"])
    assert isinstance(last, Row)
    assert (last.row_number, len(last.columns), last.columns[-1]) == (1_048_576, 16_384, "far")


@pytest.fixture(scope="module")
def slim() -> Iterator[ProcessPoolExecutor]:
    """A process with little in it: what its children are said to have held begins with what it held itself."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_made_to_do_harm_ends_with_its_code_in_time_and_memory(name: str, slim: ProcessPoolExecutor) -> None:
    reading = slim.submit(read_to_its_end, HOSTILE[name].content()).result()
    assert reading.code == HOSTILE[name].code
    assert reading.peak_bytes < 500 * 1000**2
    assert reading.processor_seconds < 30
    assert reading.left_running == 0


def test_a_row_too_long_and_one_too_wide_are_rejected_and_the_rest_goes_on() -> None:
    long = text_cell("A1", "x" * 600_000) + text_cell("B1", "y" * 600_000)
    wide = "".join('<c t="inlineStr"><is><t>z</t></is></c>' for _ in range(16_385))
    content = xlsx_of(
        f'<row r="1">{long}</row><row r="2">{wide}</row><row r="3">{text_cell("A3", "a@b.example")}</row>'
    )
    with opened(content) as workbook:
        assert list(workbook.rows("List")) == [
            RejectedRow(1, RejectReason.ROW_TOO_LONG, "x" * 1000),
            RejectedRow(2, RejectReason.TOO_MANY_COLUMNS, "z," * 500),
            Row(3, ["a@b.example"]),
        ]


def test_a_workbook_that_takes_too_long_is_refused() -> None:
    content = xlsx_of([f'<row r="{number}">{text_cell(f"XFD{number}", "z")}</row>' for number in range(1, 10_000)])
    with opened(content, WorkbookLimits(cpu_seconds=1)) as workbook, pytest.raises(PermanentError) as raised:
        list(workbook.rows("List"))
    assert raised.value.code == "workbook_too_large"


def test_a_process_that_falls_silent_is_given_up() -> None:
    with opened(xlsx(LIST), WorkbookLimits(silent_seconds=1)) as workbook:
        (process,) = children()
        process.suspend()
        with pytest.raises(PermanentError) as raised:
            list(workbook.rows("List"))
    assert raised.value.code == "workbook_too_large"
    assert children() == []


def test_a_file_larger_than_allowed_is_refused_before_it_is_read() -> None:
    with pytest.raises(PermanentError) as raised:
        opened(xlsx(LIST), WorkbookLimits(file_bytes=1000))
    assert raised.value.code == "workbook_too_large"


def test_a_process_killed_from_outside_is_no_fault_of_the_workbook() -> None:
    with opened(xlsx(LIST)) as workbook:
        (process,) = children()
        process.kill()
        with pytest.raises(TransientError) as raised:
            list(workbook.rows("List"))
    assert raised.value.code == "workbook_reader_killed"


def test_when_the_job_is_cancelled_the_process_ends_while_it_still_reads() -> None:
    def cancelled() -> None:
        if children():
            raise JobCancelled

    with pytest.raises(JobCancelled):
        opened(xlsx([["x"] * 20] * 20_000), watch=cancelled)
    assert children() == []


def test_when_the_worker_is_killed_the_process_ends_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(xlsx(LIST))
    program = dedent(f"""
        import time
        from mailsift.ingest.workbooks.limits import WorkbookLimits
        from mailsift.ingest.workbooks.workbook import Workbook
        workbook = Workbook([open({str(path)!r}, "rb").read()], WorkbookLimits(), lambda: None)
        print(workbook._process._process.pid, flush=True)
        time.sleep(600)
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        reader = psutil.Process(int(worker.stdout.readline()))
        assert reader.is_running()
        worker.send_signal(signal.SIGKILL)
    reader.wait(60)


def test_the_process_knows_none_of_the_workers_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere")
    with opened(xlsx(LIST)):
        (process,) = children()
        assert "DATABASE_URL" not in process.environ()


def test_errors_are_empty_and_formulas_have_the_values_they_were_saved_with() -> None:
    cells = (
        f'<row r="1">{text_cell("A1", "email")}<c r="B1"><f>1+1</f><v>2</v></c><c r="C1" t="e"><v>#N/A</v></c>'
        '<c r="D1" t="str"><f>"a"</f><v>a</v></c><c r="E1"><f>1+1</f></c></row>'
    )
    for limits in (WorkbookLimits(), WorkbookLimits(memory_bytes=120 * 1024**2)):
        with opened(xlsx_of(cells), limits) as workbook:
            assert list(workbook.rows("List")) == [Row(1, ["email", "2", "", "a"])]
