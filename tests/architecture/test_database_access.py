from __future__ import annotations

import ast
import re
from pathlib import Path

WRITES_JOB_QUEUE = re.compile(
    r"""(INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY|MERGE\s+INTO)\s+(ONLY\s+)?"jobQueue\"""", re.IGNORECASE
)
WRITERS = {"insert", "update", "delete"}
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


def test_only_repositories_and_migrations_speak_sql(root: Path, modules: list[Path]) -> None:
    def speaks(path: Path) -> bool:
        for node in ast.walk(ast.parse(path.read_text())):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            if module and module.startswith("mailsift.shared.db.tables"):
                return True
        return False

    rooms = ("/db/", "repository.py", "/repository/")
    speakers = {path.relative_to(root).as_posix() for path in modules if speaks(path)}
    assert {name for name in speakers if not any(room in name for room in rooms)} == set()
