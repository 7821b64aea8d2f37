from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsift.standalone.account import Account

STRANGER = Account(user=54321, group=54321, extra_groups=())
OURSELVES = Account()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, which tmp_path is not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_we_may_enter_what_we_have(folder: Path) -> None:
    folder.chmod(0o700)
    assert OURSELVES.can_enter(folder)


def test_another_account_may_not_enter_a_closed_folder_nor_what_is_below(folder: Path) -> None:
    below = folder / "closed" / "below"
    below.mkdir(parents=True)
    assert STRANGER.can_enter(below)
    below.parent.chmod(0o700)
    assert not STRANGER.can_enter(below)


def test_a_program_must_be_readable_too(folder: Path) -> None:
    program = folder / "postgres"
    program.touch(mode=0o755)
    program.chmod(0o755)
    assert STRANGER.can_run(program)
    program.chmod(0o711)
    assert not STRANGER.can_run(program)


def test_an_open_folder_goes_by_its_name_and_a_closed_one_by_a_descriptor(folder: Path) -> None:
    data = folder / "data"
    data.mkdir()
    with STRANGER.name_for(data) as (name, descriptors):
        assert (name, descriptors) == (str(data.resolve()), ())
    folder.chmod(0o700)
    with STRANGER.name_for(data) as (name, descriptors):
        assert name == f"/proc/self/fd/{descriptors[0]}"
        assert os.path.samestat(os.fstat(descriptors[0]), data.stat())
