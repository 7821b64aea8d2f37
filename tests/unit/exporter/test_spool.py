from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailsift.exporter.writers import spool
from mailsift.exporter.writers.spool import Spool


def read_back(pieces: list[str], path: Path, size: int) -> tuple[list[str], Spool]:
    waiting = Spool(path)
    for piece in pieces:
        waiting.write(piece)
    waiting.seek(0)
    read = []
    while text := waiting.read(size):
        read.append(text)
    waiting.close()
    return read, waiting


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=40), max_size=60), st.integers(1, 50))
@example(["\U0001f600" * 5], 1)
def test_text_comes_back_as_it_was(tmp_path: Path, pieces: list[str], size: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(spool, "_BUFFER", 30)
        read, _ = read_back(pieces, tmp_path / "spool", size)
    assert "".join(read) == "".join(pieces)
    assert all(len(text) <= 30 for text in read)


def test_markup_takes_a_tenth_of_its_room_and_little_memory_when_it_comes_back(tmp_path: Path) -> None:
    row = '<row r="{}"><c r="A1" t="inlineStr"><is><t>somebody{}@example.com</t></is></c></row>'
    pieces = [row.format(number, number) for number in range(20_000)]
    read, waiting = read_back(pieces, tmp_path / "spool", 65_536)
    assert "".join(read) == "".join(pieces)
    assert waiting.size == (tmp_path / "spool").stat().st_size < sum(map(len, pieces)) / 10
    assert max(map(len, read)) <= 64 * 1024


def test_it_is_read_from_its_start_only(tmp_path: Path) -> None:
    waiting = Spool(tmp_path / "spool")
    with pytest.raises(ValueError, match="from its start"):
        waiting.seek(1)
    waiting.close()
