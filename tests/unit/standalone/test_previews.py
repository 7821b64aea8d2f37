from __future__ import annotations

import datetime as dt
import io
import uuid
from typing import Any

import pytest
from rich.console import Console

from mailsift.api.schemas.uploads import UploadDetail
from mailsift.shared.reading import ReadingOptions
from mailsift.shared.verdicts import UploadWarning
from mailsift.standalone.previews import report
from mailsift.standalone.remarks import explain, with_remedy

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FINDINGS = [
    {"what": "format", "value": "csv", "confidence": 0.95, "evidence": "text in 3 columns"},
    {"what": "delimiter", "value": ";", "confidence": 1.0, "evidence": "as asked"},
    {"what": "encoding", "value": "cp1252", "confidence": 0.4, "evidence": "what Western lists have most often"},
    {"what": "header", "value": False, "confidence": 0.7, "evidence": "no row names the columns"},
    {"what": "emailColumns", "value": ["Mail", "Mail 2"], "confidence": 0.6, "evidence": "half of them"},
    {"what": "quote", "value": None, "confidence": 0.9, "evidence": "none"},
]


def share(count: int, of: int) -> dict[str, Any]:
    return {"count": count, "of": of, "share": count / of}


def upload(width: int = 3, **changes: Any) -> UploadDetail:
    shown = {
        "complete": False,
        "bytes_read": 1_048_576,
        "rows_read": 20_531,
        "estimated_rows": 1_312_345,
        "rows": [{"row_number": 2, "columns": [f"cell {n}" for n in range(width)]}],
        "estimate": {
            "bad_syntax": share(641, 20_412),
            "duplicates": share(1, 20_412),
            "disposable": share(0, 20_412),
            "no_address": share(119, 20_531),
        },
        **changes.pop("preview", {}),
    }
    fields: dict[str, Any] = {
        **dict.fromkeys(UploadDetail.model_fields),
        **{name: 0 for name in UploadDetail.model_fields if name.endswith(("_emails", "_rows"))},
        "upload_id": uuid.UUID(int=1),
        "upload_type": "bulk",
        "source": "file",
        "status": "preview",
        "created_at": NOW,
        "updated_at": NOW,
        "file_name": "people.csv",
        "file_size": 68_200_000,
        "warnings": [],
        "reading": {},
        "detection": FINDINGS,
        "column_names": [f"name {n}" for n in range(width)],
        "email_columns": [2],
        "preview": shown,
    }
    return UploadDetail.model_validate({**fields, **changes})


def printed(shown: UploadDetail, options: ReadingOptions | None = None) -> str:
    out = io.StringIO()
    printing = report(shown, "people.csv", options or ReadingOptions())
    Console(file=out, width=120, highlight=False).print(printing, crop=False)
    return out.getvalue()


def words(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_preview_says_what_was_understood_how_sure_that_is_and_why() -> None:
    lines = words(printed(upload()))
    assert lines[0] == "people.csv, 68.2 MB, about 1,300,000 rows, of which the first 20,531 were looked at"
    for line in (
        "format CSV 95% sure text in 3 columns",
        "delimiter semicolon 100% sure as asked",
        "encoding cp1252 40% a guess: look what Western lists have most often",
        "header row none 70% fairly sure no row names the columns",
        "e-mail columns Mail, Mail 2 60% likely half of them",
        "quote none 90% sure none",
        "line name 0 @ name 1 name 2",
        "2 cell 0 cell 1 cell 2",
        "wrong syntax 3.1% 641 of 20,412",
        "repeated < 0.1% 1 of 20,412",
        "disposable 0.0% 0 of 20,412",
        "rows without an address 0.6% 119 of 20,531",
        "If that is right: mailsift verify people.csv",
    ):
        assert line in lines


def test_a_list_that_was_seen_as_a_whole_has_so_many_rows() -> None:
    whole = {"complete": True, "rows_read": 5, "estimated_rows": 5}
    assert words(printed(upload(preview=whole)))[0] == "people.csv, 68.2 MB, 5 rows"
    unknown = {"estimated_rows": None}
    assert words(printed(upload(preview=unknown)))[0].endswith("MB, the first 20,531 were looked at")


def test_of_a_wide_list_the_first_columns_are_shown_and_those_with_addresses() -> None:
    lines = words(printed(upload(width=40, email_columns=[40])))
    assert "line name 0 name 1 name 2 name 3 name 4 @ name 39 and 34 more" in lines


def test_what_was_asked_for_is_said_again_in_the_command_to_go_on_with() -> None:
    assert "mailsift verify people.csv --no-header --delimiter ';'" in printed(
        upload(), ReadingOptions(delimiter=";", has_header=False)
    )


def test_the_command_to_go_on_with_is_one_line_however_long() -> None:
    long = ReadingOptions(email_columns=tuple(f"a column with a long name {n}" for n in range(9)))
    (line,) = [line for line in printed(upload(), long).splitlines() if "mailsift verify" in line]
    assert line.endswith("'a column with a long name 8'")


def test_a_list_that_mostly_repeats_itself_is_asked_about() -> None:
    mostly = upload().model_dump()["preview"]["estimate"] | {"duplicates": share(600, 1000)}
    assert "more than half of these addresses repeat" in printed(upload(preview={"estimate": mostly}))
    assert "more than half" not in printed(upload())


@pytest.mark.parametrize("name", ["\x1b[2J", "\u202eoproc", "[bold]"])
def test_what_strangers_wrote_is_only_shown(name: str) -> None:
    rows = [{"row_number": 2, "columns": [name, name, name]}]
    shown = printed(upload(column_names=[name, name, name], file_name=name, preview={"rows": rows}))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert ("[bold]" in shown) == (name == "[bold]")


def test_a_warning_says_what_it_means_for_this_list() -> None:
    shown = upload(total_emails=1000, duplicate_emails=600)
    assert explain(UploadWarning.MOSTLY_DUPLICATES, shown).startswith(
        "more than half of the addresses repeat (600 of 1,000)"
    )
    assert explain("something_new", shown) == "something_new"


def test_what_went_wrong_is_followed_by_what_to_say() -> None:
    assert (
        with_remedy("no_such_sheet", "There is none.") == "There is none. Name another with --sheet, or leave it out."
    )
    assert with_remedy("something_new", "There is none.") == "There is none."
