from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import pytest

from mailsift.standalone.destination import Source, choose_destination, read_source, written_whole
from mailsift.standalone.errors import InputError


@pytest.fixture
def source(tmp_path: Path) -> Source:
    path = tmp_path / "people.csv"
    path.write_text("email\n")
    return read_source(path)


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_source(path)
    return caught.value.code


def test_a_source_is_known_by_its_bytes(source: Source) -> None:
    assert source.sha256 == hashlib.sha256(b"email\n").hexdigest()
    assert source.path.is_absolute()


def test_what_is_no_list_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    assert refusal(tmp_path / "missing") == "missing_file"
    assert refusal(tmp_path) == "is_a_directory"
    assert refusal(tmp_path / "empty") == "empty_file"
    assert refusal(Path("/dev/null")) == "not_a_file"


def test_a_list_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")  # root, who may read everything, cannot read this
    assert refusal(tmp_path / "loop") == "unreadable_file"


@pytest.mark.parametrize("suffix", [".csv", ".json.gz"])
def test_the_answers_go_beside_the_list_unless_said_otherwise(source: Source, suffix: str) -> None:
    assert choose_destination(source, None, suffix) == source.path.with_name(f"people-analysed{suffix}")
    given = source.path.with_name("answers")
    assert choose_destination(source, given, suffix) == given


def test_the_list_itself_is_never_written_over(source: Source, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(source.path)
    (tmp_path / "other name").hardlink_to(source.path)
    for path in (source.path, tmp_path / "link", tmp_path / "other name"):
        with pytest.raises(InputError) as caught:
            choose_destination(source, path, ".csv")
        assert caught.value.code == "output_is_input"


def test_only_a_file_in_a_folder_that_is_there_can_be_written(source: Source, tmp_path: Path) -> None:
    for path in (Path("/dev/null"), tmp_path, tmp_path / "nowhere" / "answers.csv"):
        with pytest.raises(InputError) as caught:
            choose_destination(source, path, ".csv")
        assert caught.value.code == "output_unusable"


def test_a_link_stays_a_link(source: Source, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "answers.csv")
    assert choose_destination(source, tmp_path / "link", ".csv") == tmp_path / "elsewhere" / "answers.csv"


def test_an_older_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("older")
    with suppress(RuntimeError), written_whole(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_text() == "older"
    with written_whole(path) as file:
        file.write(b"whole")
        assert path.read_text() == "older"
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_standard_input_and_output_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="save the list in a file first"):
        read_source(Path("-"))
    (tmp_path / "list.csv").write_text("a@example.com\n")
    source = read_source(tmp_path / "list.csv")
    (tmp_path / "stdout").symlink_to("/dev/null")
    for given in (Path("-"), tmp_path / "stdout"):
        with pytest.raises(InputError) as raised:
            choose_destination(source, given, ".csv")
        assert raised.value.code == "output_unusable"
