"""What is done with the owner's role: `python -m mailsift.api.admin bootstrap`, `plan`, and the keys of operators."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
import uuid
from dataclasses import dataclass

from sqlalchemy import Engine

from mailsift.api import credentials
from mailsift.api.credentials import make_secret
from mailsift.api.repository import operators
from mailsift.api.repository.bootstrap import Owner, add_key, ensure_owner, has_key, set_plan
from mailsift.shared.db.session import make_engine
from mailsift.shared.plans import Plan
from mailsift.shared.settings import psycopg2_url

_PLANS = [plan.value for plan in Plan]


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
        secret = None if has_key(connection, owner) else make_secret()
        if secret is not None:
            add_key(connection, owner, "bootstrap", secret)
    return Bootstrapped(owner.workspace_id, owner.user_id, secret.key if secret else None)


def issue_key(engine: Engine, workspace_id: uuid.UUID, user_id: uuid.UUID, name: str) -> str:
    """Make one more key for a member of a workspace."""
    secret = make_secret()
    with engine.begin() as connection:
        add_key(connection, Owner(workspace_id, user_id), name, secret)
    return secret.key


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
        return int(chosen.run(engine, chosen))
    finally:
        engine.dispose()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mailsift.api.admin", description=__doc__)
    commands = parser.add_subparsers(required=True)
    first = commands.add_parser("bootstrap", help="make the first workspace, its owner and a key, printed once")
    first.set_defaults(run=_bootstrap)
    first.add_argument("--workspace", default="Default", help="its name (%(default)s)")
    first.add_argument("--email", help="the owner's address")
    first.add_argument("--plan", choices=_PLANS, default=Plan.UNLIMITED.value, help="its plan (%(default)s)")
    first.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    move = commands.add_parser("plan", help="put a workspace on another plan")
    move.set_defaults(run=_move)
    move.add_argument("workspace", type=uuid.UUID, help="its id")
    move.add_argument("plan", choices=_PLANS, help="the plan from now on")
    operator = commands.add_parser("operator-key", help="make a key for what concerns all workspaces, printed once")
    operator.set_defaults(run=_add_operator)
    operator.add_argument("name", help="whose it is, or what for")
    operator.add_argument(
        "--days", type=int, choices=range(1, 3661), metavar="N", help="it opens for so many (for ever)"
    )
    commands.add_parser("operator-keys", help="list those that open").set_defaults(run=_list_operators)
    revoked = commands.add_parser("revoke-operator-key", help="let one open nothing any more")
    revoked.set_defaults(run=_revoke_operator)
    revoked.add_argument("key", type=uuid.UUID, help="its id")
    return parser


def _bootstrap(engine: Engine, chosen: argparse.Namespace) -> int:
    made = bootstrap(engine, chosen.workspace, chosen.email, Plan(chosen.plan))
    _print(made, as_json=chosen.json)
    return 0


def _move(engine: Engine, chosen: argparse.Namespace) -> int:
    with engine.begin() as connection:
        moved = set_plan(connection, chosen.workspace, Plan(chosen.plan))
    if not moved:
        sys.stderr.write(f"there is no workspace {chosen.workspace}\n")
    return 0 if moved else 1


def issue_operator_key(engine: Engine, name: str, lifetime: dt.timedelta | None = None) -> tuple[uuid.UUID, str]:
    """Make a key that opens what concerns all workspaces; its id, and the key itself."""
    secret = make_secret(credentials.OPERATOR)
    with engine.begin() as connection:
        return operators.add(connection, name, secret, lifetime), secret.key


def _add_operator(engine: Engine, chosen: argparse.Namespace) -> int:
    key_id, key = issue_operator_key(engine, chosen.name, chosen.days and dt.timedelta(days=chosen.days))
    sys.stdout.write(f"operatorKeyId={key_id}\noperatorKey={key}\n")
    sys.stderr.write("Keep the key: it is not shown again.\n")
    return 0


def _list_operators(engine: Engine, _: argparse.Namespace) -> int:
    with engine.begin() as connection:
        for key in operators.listed(connection):
            until = "for ever" if key.expires_at is None else f"until {key.expires_at:%Y-%m-%d}"
            used = "never used" if key.last_used_at is None else f"last used {key.last_used_at:%Y-%m-%d}"
            sys.stdout.write(f"{key.key_id}  {key.prefix}...  {key.name}, {until}, {used}\n")
    return 0


def _revoke_operator(engine: Engine, chosen: argparse.Namespace) -> int:
    with engine.begin() as connection:
        revoked = operators.revoke(connection, chosen.key)
    if not revoked:
        sys.stderr.write(f"there is no such key: {chosen.key}\n")
    return 0 if revoked else 1


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
