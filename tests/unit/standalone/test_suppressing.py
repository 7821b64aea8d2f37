from __future__ import annotations

import io
from pathlib import Path

import pytest

from mailsift.standalone.errors import InputError
from mailsift.standalone.suppressing import read_values


def test_values_come_from_the_line_and_from_a_file_each_once(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("\ufeffann@example.com\n\n  example.org \nbob@example.com\n", encoding="utf-8")
    assert read_values(["bob@example.com"], file) == ["bob@example.com", "ann@example.com", "example.org"]


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("ann@example.com\n"))
    assert read_values([], Path("-")) == ["ann@example.com"]


def test_what_is_neither_an_address_nor_a_domain_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("ann@example.com\nemail\n")
    with pytest.raises(InputError, match=r"'email', line 2: neither") as caught:
        read_values([], file)
    assert (caught.value.code, caught.value.exit_code) == ("invalid_suppression", 2)


def test_a_file_that_cannot_be_read_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_values([], tmp_path / "none.txt")
    assert caught.value.code == "unreadable_file"
    (tmp_path / "latin.txt").write_bytes(b"j\xf6rg@example.com\n")
    with pytest.raises(InputError):
        read_values([], tmp_path / "latin.txt")
