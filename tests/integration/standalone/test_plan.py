from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, text

from conftest import Database
from mailsift.standalone.launcher import Keys, _admit


@dataclass(frozen=True, slots=True)
class Embedded:
    """The database of a home."""

    database: Database
    alive: bool = True

    def url(self, role: str) -> str:
        assert role == "mailsift_owner"
        return self.database.owner_url


def plans(owner: Engine) -> list[str]:
    with owner.begin() as connection:
        return list(connection.scalars(text("SELECT plan FROM workspaces")))


def test_ones_own_workspace_has_no_limits_also_in_a_home_from_before_there_were_any(
    database: Database, owner: Engine
) -> None:
    _admit(Embedded(database), Keys.NONE)
    assert plans(owner) == ["unlimited"]
    with owner.begin() as connection:
        connection.execute(text("UPDATE workspaces SET plan = 'free'"))
    _admit(Embedded(database), Keys.NONE)
    assert plans(owner) == ["unlimited"]
