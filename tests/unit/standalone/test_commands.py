from __future__ import annotations

from pathlib import Path

import pytest

from mailsift.standalone.connecting import Deployment
from mailsift.standalone.errors import InputError
from mailsift.standalone.places import choose_place


def refusal(folder: Path, server: str) -> InputError:
    with pytest.raises(InputError) as caught:
        choose_place(folder, server, "ms_key", None)
    return caught.value


def test_a_deployment_is_named_by_its_url(tmp_path: Path) -> None:
    target = Deployment("https://mailsift.example/here", "ms_key")
    assert choose_place(tmp_path, "https://mailsift.example/here/", "ms_key", None).target == target


@pytest.mark.parametrize(
    "server", ["here", "ftp://host", "https://", "https:///here", "http://host:port", "http://h\n"]
)
def test_what_names_no_server_is_refused(tmp_path: Path, server: str) -> None:
    error = refusal(tmp_path, server)
    assert (error.code, error.exit_code) == ("invalid_server", 2)
    assert repr(server) in str(error)


@pytest.mark.parametrize(
    "server", ["https://ann:secret@host", "https://secret@host", "ann:secret@host", "http://@host"]
)
def test_a_password_in_the_name_of_a_server_is_refused_and_not_repeated(tmp_path: Path, server: str) -> None:
    error = refusal(tmp_path, server)
    assert (error.code, error.exit_code) == ("invalid_server", 2)
    assert "without a user or password" in str(error)
    assert "secret" not in str(error)
