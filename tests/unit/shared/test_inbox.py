from __future__ import annotations

import uuid

import pytest

from mailsift.shared.inbox import inbox_key

WORKSPACE = uuid.UUID(int=1)


@pytest.mark.parametrize("name", ["people.csv", "2026/11/people.csv", "größe 1.csv", "...", "a..b", ".hidden", "a#b"])
def test_a_name_is_one_below_the_workspaces_own_inbox(name: str) -> None:
    assert inbox_key(WORKSPACE, name) == f"inbox/{WORKSPACE}/{name}"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/./b",
        "a//b",
        "a/",
        "..",
        ".",
        "a\\..\\b",
        "a\0b",
        "a\nb",
        "a.csv#1",
        "a\ud800b",
        "x" * 901,
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        inbox_key(WORKSPACE, name)
