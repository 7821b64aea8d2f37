from __future__ import annotations

import ast
import re
from pathlib import Path

WRITES_JOB_QUEUE = re.compile(
    r"""(INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY|MERGE\s+INTO)\s+(ONLY\s+)?"jobQueue\"""", re.IGNORECASE
)
WRITERS = {"insert", "update", "delete"}
VERBS = {"text", "select", "insert", "update", "delete", "sql"}
ROOMS = {"db", "repository"}
REPOSITORY = "shared/mailsift/shared/jobs/repository"


def constructs_a_write(tree: ast.Module, table: str) -> bool:
    """Tell whether SQLAlchemy's insert, update or delete is called on a table by that name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in WRITERS and table in ast.unparse(node.args[0]).split("."):
                return True
    return False


def test_only_the_job_repository_writes_the_job_queue(root: Path, modules: list[Path]) -> None:
    def writes(path: Path) -> bool:
        text = path.read_text()
        return bool(WRITES_JOB_QUEUE.search(text)) or constructs_a_write(ast.parse(text), "Job")

    writers = {path.relative_to(root).as_posix() for path in modules if writes(path)}
    assert {name for name in writers if not name.startswith(REPOSITORY) and "/migrations/" not in name} == set()


def test_only_repositories_and_the_database_room_compose_sql(root: Path, modules: list[Path]) -> None:
    def composes(path: Path) -> bool:
        imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        return any(
            alias.name in VERBS for node in imports if node.module in {"sqlalchemy", "psycopg2"} for alias in node.names
        )

    composers = {path.relative_to(root) for path in modules if composes(path)}
    strangers = {path for path in composers if path.stem != "repository" and not ROOMS & set(path.parts)}
    assert strangers == set()
