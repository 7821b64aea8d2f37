from __future__ import annotations

import ast
import tomllib
from pathlib import Path

ROOMLESS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "models", "service", "tasks"}


def test_mailsift_is_a_namespace_that_no_package_owns(packages: dict[str, Path]) -> None:
    assert [folder for folder in packages.values() if (folder / "mailsift" / "__init__.py").exists()] == []


def test_one_word_names_folder_package_and_distribution(packages: dict[str, Path]) -> None:
    for word, folder in packages.items():
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        assert project["name"] == f"mailsift-{word}"
        rooms = {path.name for path in (folder / "mailsift").iterdir() if path.is_dir() and path.name != "__pycache__"}
        assert rooms == {word}


def test_every_package_of_modules_has_an_init_so_that_import_linter_sees_it(modules: list[Path]) -> None:
    namespaces = {"mailsift", "versions"}  # ours, and the revisions that Alembic loads by path
    bare = {path.parent for path in modules if not (path.parent / "__init__.py").exists()}
    assert {folder for folder in bare if folder.name not in namespaces} == set()


def test_every_module_opens_with_a_sentence_that_says_what_lives_here(modules: list[Path]) -> None:
    silent = [path for path in modules if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_no_module_is_named_for_nothing(modules: list[Path]) -> None:
    assert [path for path in modules if path.stem in ROOMLESS or path.parent.name in ROOMLESS] == []


def test_no_module_has_outgrown_its_room(modules: list[Path]) -> None:
    assert {path.name: lines for path in modules if (lines := len(path.read_text().splitlines())) > 300} == {}
