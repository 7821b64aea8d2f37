from __future__ import annotations

from pathlib import Path

import pytest

from mailsift.standalone.errors import RefusedError, RunFailedError, StandaloneError
from mailsift.standalone.home import Home
from mailsift.standalone.logs import naming_the_log


def notes(home: Path, error: Exception, logged: type[Exception] = Exception) -> list[str]:
    with pytest.raises(type(error)) as caught, naming_the_log(Home(home), logged):
        raise error
    return getattr(caught.value, "__notes__", [])


@pytest.mark.parametrize(
    "error", [RefusedError("internal_error", ""), RunFailedError("internal_error", ""), KeyError()]
)
def test_a_failure_that_nobody_foresaw_names_the_log(tmp_path: Path, error: Exception) -> None:
    assert notes(tmp_path, error) == [f"{tmp_path / 'logs' / 'mailsift.log'} says more"]


def test_a_failure_whose_message_says_what_to_do_names_no_log(tmp_path: Path) -> None:
    assert notes(tmp_path, RefusedError("not_found", "")) == []


def test_what_breaks_beside_a_running_mailsift_is_not_in_its_log(tmp_path: Path) -> None:
    assert notes(tmp_path, KeyError(), StandaloneError) == []
