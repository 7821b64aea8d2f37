"""docs/api.md tells every code with which ingest ends a job, every reason to reject a row, every warning."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from mailsift.ingest.formats.mailboxes import MAX_MAILBOX_LENGTH
from mailsift.ingest.rows import MAX_COLUMNS, MAX_ROW_LENGTH, RejectReason
from mailsift.ingest.workbooks.faults import Fault, refusal
from mailsift.shared.verdicts import UploadWarning

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "api.md").read_text()
ERRORS = {"PermanentError", "TransientError"}
# These are said by more than ingest.
ELSEWHERE = {"object_missing", "copy_failed"}


def codes(path: Path) -> set[str]:
    return {
        str(node.args[0].value)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS
        if node.args and isinstance(node.args[0], ast.Constant)
    }


def told(heading: str) -> list[str]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_every_way_in_which_a_list_can_fail_is_on_the_page() -> None:
    # What it fetches with is shared.
    folders = (ROOT / "services" / "ingest", ROOT / "shared" / "mailsift" / "shared" / "outbound")
    raised = {code for folder in folders for path in folder.rglob("*.py") for code in codes(path)}
    raised |= {refusal(fault).code for fault in Fault}
    assert set(told("What can be wrong with a list")) == raised - ELSEWHERE


def test_every_reason_to_reject_a_row_is_on_the_page() -> None:
    assert told("Rows that cannot be used") == [reason.value for reason in RejectReason]


def test_how_long_and_wide_a_row_may_be_is_on_the_page() -> None:
    lines = {line.split("`")[1]: line for line in PAGE.splitlines() if line.startswith("| `")}
    assert f"{MAX_ROW_LENGTH:,}" in lines["row_too_long"]
    assert f"{MAX_MAILBOX_LENGTH:,}" in lines["row_too_long"]
    assert f"{MAX_COLUMNS:,}" in lines["too_many_columns"]


def test_every_warning_is_on_the_page() -> None:
    assert all(f"`{warning}`" in PAGE for warning in UploadWarning)
