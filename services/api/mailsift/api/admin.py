"""What an operator does with the owner's role: `python -m mailsift.api.admin bootstrap`, and `plan`."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import uuid
from dataclasses import dataclass

from sqlalchemy import Engine

from mailsift.api.auth import hash_of
from mailsift.api.repository.bootstrap import Owner, add_key, ensure_owner, has_key, set_plan
from mailsift.shared.db.session import make_engine
from mailsift.shared.plans import Plan
from mailsift.shared.settings import psycopg2_url

_PLANS = [plan.value for plan in Plan]
_PREFIX = 11  # "ms_" and enough to recognise a key by


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """The first workspace and its owner; the key only when it was made now: it is stored as a hash."""

    workspace_id: uuid.UUID
    user_id: uuid.UUID
    key: str | None


def bootstrap(
    engine: Engine, workspace_name: str = "Default", email: str | None = None, plan: Plan = Plan.UNLIMITED
) -> Bootstrapped:
    """Make the first workspace, its owner and a key, each unless it is there. Safe to run twice or at once."""
    with engine.begin() as connection:
        owner = ensure_owner(connection, workspace_name, email, plan)
        key = None if has_key(connection, owner) else new_key()
        if key is not None:
            add_key(connection, owner, "bootstrap", key[:_PREFIX], hash_of(key))
    return Bootstrapped(owner.workspace_id, owner.user_id, key)


def issue_key(engine: Engine, workspace_id: uuid.UUID, user_id: uuid.UUID, name: str) -> str:
    """Make one more key for a member of a workspace."""
    key = new_key()
    with engine.begin() as connection:
        add_key(connection, Owner(workspace_id, user_id), name, key[:_PREFIX], hash_of(key))
    return key


def new_key() -> str:
    """Make a key of 256 random bits."""
    return f"ms_{secrets.token_urlsafe(32)}"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the database is that of DATABASE_URL, as its owner."""
    chosen = _parser().parse_args(arguments)
    url = os.environ.get("DATABASE_URL")
    if not url:
        sys.stderr.write("DATABASE_URL is not set: give the URL of the role that owns the schema\n")
        return 2
    try:
        engine = make_engine(psycopg2_url(url), "mailsift-admin", pool_size=1)
    except ValueError as error:
        sys.stderr.write(f"DATABASE_URL: {error}\n")
        return 2
    try:
        if chosen.command == "plan":
            return _move(engine, chosen.workspace, Plan(chosen.plan))
        made = bootstrap(engine, chosen.workspace, chosen.email, Plan(chosen.plan))
    finally:
        engine.dispose()
    _print(made, as_json=chosen.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mailsift.api.admin", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("bootstrap", help="make the first workspace, its owner and a key, printed once")
    first.add_argument("--workspace", default="Default", help="its name (%(default)s)")
    first.add_argument("--email", help="the owner's address")
    first.add_argument("--plan", choices=_PLANS, default=Plan.UNLIMITED.value, help="its plan (%(default)s)")
    first.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    move = commands.add_parser("plan", help="put a workspace on another plan")
    move.add_argument("workspace", type=uuid.UUID, help="its id")
    move.add_argument("plan", choices=_PLANS, help="the plan from now on")
    return parser


def _move(engine: Engine, workspace_id: uuid.UUID, plan: Plan) -> int:
    with engine.begin() as connection:
        moved = set_plan(connection, workspace_id, plan)
    if not moved:
        sys.stderr.write(f"there is no workspace {workspace_id}\n")
    return 0 if moved else 1


def _print(made: Bootstrapped, *, as_json: bool) -> None:
    words = {"workspaceId": str(made.workspace_id), "userId": str(made.user_id), "apiKey": made.key}
    if as_json:
        sys.stdout.write(f"{json.dumps(words)}\n")
    else:
        sys.stdout.writelines(f"{name}={value}\n" for name, value in words.items() if value is not None)
    new, old = "Keep the key: it is not shown again.\n", "There is a key already; it cannot be shown again.\n"
    sys.stderr.write(new if made.key else old)


if __name__ == "__main__":
    sys.exit(main())
