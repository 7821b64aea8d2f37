"""Starts everything in the right order below a data directory, and stops it in the reverse one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

from mailsift.api.admin import bootstrap, issue_key
from mailsift.api.repository.bootstrap import ensure_owner, set_plan
from mailsift.shared.db.migrate import OWNER
from mailsift.shared.db.session import make_engine
from mailsift.shared.plans import Plan
from mailsift.standalone import repository
from mailsift.standalone.asking import Asking
from mailsift.standalone.database import Database, ready_database
from mailsift.standalone.home import Home, ServerRecord
from mailsift.standalone.leftovers import take_over
from mailsift.standalone.logs import log_to_home, naming_the_log
from mailsift.standalone.services import all_services
from mailsift.standalone.settings import all_settings

_WORKSPACE = "Default"
_COMMAND_KEY = "mailsift command"
_PROGRAMS_KEY = "mailsift serve"


class Keys(Enum):
    """Which keys for people's own programs are made at the start."""

    NONE = auto()
    THE_FIRST = auto()
    ONE_MORE = auto()


@dataclass(frozen=True, slots=True)
class Launched:
    """Everything runs: where the API is, on which database, and the key for people's programs if one was made."""

    record: ServerRecord
    database: Database
    key: str | None


@contextmanager
def launched(
    home: Home, asking: Asking, environment: Mapping[str, str], *, port: int = 0, keys: Keys = Keys.NONE
) -> Iterator[Launched]:
    """Run everything for as long as the context lasts; the caller holds the lock of the home.

    Unfinished jobs of an earlier run go on at once.
    """
    log_to_home(home)
    with naming_the_log(home), ready_database(home, environment) as database:
        command_key, key = _admit(database, keys)
        settings = all_settings(home, database, asking)
        # Nameservers with a name of their own stay the same ones whatever their address.
        take_over(settings.dispatcher.database_url, home, (asking.known_as,) if asking.known_as else asking.nameservers)
        with all_services(settings, asking.known_as, port) as bound:
            record = ServerRecord(os.getpid(), bound, command_key, asking.nameservers)
            home.publish(record)
            yield Launched(record, database, key)


def _admit(database: Database, keys: Keys) -> tuple[str, str | None]:
    """Make a key for the commands of this run, in place of the last run's, and one for programs where wanted."""
    engine = make_engine(database.url(OWNER), "mailsift-standalone", pool_size=1)
    try:
        with engine.begin() as connection:
            repository.drop_keys(connection, _COMMAND_KEY)
            owner = ensure_owner(connection, _WORKSPACE, None, Plan.UNLIMITED)
            # A home from before there were plans is on the smallest.
            set_plan(connection, owner.workspace_id, Plan.UNLIMITED)
        key = None
        if keys is Keys.THE_FIRST:
            key = bootstrap(engine, _WORKSPACE).key
        elif keys is Keys.ONE_MORE:
            key = issue_key(engine, owner.workspace_id, owner.user_id, _PROGRAMS_KEY)
        return issue_key(engine, owner.workspace_id, owner.user_id, _COMMAND_KEY), key
    finally:
        engine.dispose()
