from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.api.schemas.analyses import Analysis
from mailsift.shared.verdicts import Compression, FileType
from mailsift.standalone.reasons import count_reasons
from mailsift.standalone.reports import from_the_cache, notice, printable


@given(st.text(st.characters(exclude_categories=[])))
def test_what_is_shown_can_neither_move_the_cursor_nor_hide(text: str) -> None:
    assert printable(text).replace(" ", "").isprintable()


def test_a_long_address_is_cut_where_it_says_so() -> None:
    assert printable("a" * 50, 10) == "a" * 9 + "…"
    assert printable("a" * 10, 10) == "a" * 10


def test_an_escape_sequence_and_an_invisible_letter_are_seen() -> None:
    assert printable("\x1b[31mrob\u200bert") == "\\x1b[31mrob\\u200bert"


def test_a_notice_that_is_not_known_is_shown_as_it_is() -> None:
    assert "no nameserver answered" in notice("dns_unreachable")
    assert notice("something_new") == "something_new"


def test_what_came_from_the_cache_is_said_when_anything_did() -> None:
    fresh = Analysis.model_construct(total_emails=1200, cached_emails=0, total_domains=3, cached_domains=0)
    assert list(from_the_cache(fresh)) == []
    known = fresh.model_copy(update={"cached_emails": 1100, "cached_domains": 2})
    assert list(from_the_cache(known)) == ["1,100 of 1,200 answers from the cache (2 of 3 domains)"]


@pytest.mark.parametrize("rows", [2, 10])
def test_reasons_are_counted_in_what_was_written_and_not_in_the_users_own_columns(tmp_path: Path, rows: int) -> None:
    (tmp_path / "a.csv").write_text(
        "email,mailsift_reasons,mailsift2_status,mailsift2_reasons\n"
        "a@b.c,older,valid,\n"
        'd@e.f,older,risky,"disposable|role_account"\n'
        "g@h.i,older,risky,disposable\n"
    )
    (tmp_path / "a.jsonl").write_text(
        '{"columns": {"reasons": ["older"]}, "result": {"reasons": []}}\n'
        '{"columns": {}, "result": {"reasons": ["disposable", "role_account"]}}\n'
        '{"columns": {}, "result": {"reasons": ["disposable"]}}\n'
    )
    expected = Counter(disposable=1 if rows == 2 else 2, role_account=1)
    (tmp_path / "a.tsv").write_text((tmp_path / "a.csv").read_text().replace(",", "\t"))
    objects = (tmp_path / "a.jsonl").read_text().splitlines()
    (tmp_path / "a.json").write_text("[\n" + ",\n".join(objects) + "\n]\n")
    for file_type in (FileType.CSV, FileType.TSV, FileType.JSON, FileType.JSONL):
        path = tmp_path / f"a.{file_type.value}"
        packed = path.with_suffix(".gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        assert count_reasons(path, file_type, Compression.NONE, rows) == expected
        assert count_reasons(packed, file_type, Compression.GZIP, rows) == expected


def test_reasons_of_all_addresses_of_a_row_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "email,work_email,mailsift_email_reasons,mailsift_work_email_reasons\n"
        "a@x.com,b@x.com,disposable,disposable|role_account\n"
        "c@x.com,,,\n"
    )
    (tmp_path / "a.jsonl").write_text(
        '{"emails": [{"result": {"reasons": ["disposable"]}},'
        ' {"result": {"reasons": ["disposable", "role_account"]}}]}\n'
    )
    for file_type in (FileType.CSV, FileType.JSONL):
        counted = count_reasons(tmp_path / f"a.{file_type}", file_type, Compression.NONE, 10)
        assert counted == {"disposable": 2, "role_account": 1}


def test_reasons_are_not_looked_for_where_that_takes_long(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04")
    assert count_reasons(tmp_path / "a.xlsx", FileType.XLSX, Compression.NONE, 10) == {}
