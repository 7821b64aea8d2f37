"""The commands of docs/api.md ask for all that the OpenAPI document has, with bodies that it takes."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest

from api_document import api_document

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
ASKERS = ("ask", "operate", "curl")


@dataclass(frozen=True, slots=True)
class Command:
    """One request of the page."""

    method: str
    path: str
    parameters: frozenset[str]
    body: Any
    is_form: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def commands() -> Iterator[Command]:
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        for words in _split(block):
            if words[0] in ASKERS:
                yield _command(words[1:])


def _split(block: str) -> Iterator[list[str]]:
    """Split a block into commands; a body in quotation marks may go over several lines."""
    plain = re.sub(r"(?<!\S)#.*", "", block).replace("\\\n", " ")
    lexer = shlex.shlex(plain, posix=True, punctuation_chars="\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    words: list[str] = []
    for word in [*lexer, "\n"]:
        if not word.strip("\n"):
            if words:
                yield words
            words = []
        else:
            words.append(word)


def _command(words: list[str]) -> Command:
    method, body, is_form, url = None, None, False, ""
    rest = iter(words)
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-d":
            body = json.loads(next(rest))
        elif word in {"-F", "-T", "-H", "-C"}:
            is_form |= word == "-F"
            next(rest)
        elif "$API" in word:
            url = word.removeprefix("$API")
    parts = urlsplit(url)
    names = frozenset(name for name, _ in parse_qsl(parts.query))
    return Command(method or ("POST" if body is not None or is_form else "GET"), parts.path, names, body, is_form)


ALL = list(commands())


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return api_document(tmp_path_factory.mktemp("storage"))


def operation_of(document: dict[str, Any], command: Command) -> tuple[str, dict[str, Any]]:
    """Find what a command asks for: an id is written as one letter, and the words of a path go before."""
    found = [
        (template.count("{"), template)
        for template, operations in document["paths"].items()
        if command.method.lower() in operations and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), command.path)
    ]
    assert found, command
    template = min(found)[1]
    return f"{command.method} {template}", document["paths"][template][command.method.lower()]


@pytest.mark.parametrize("command", ALL, ids=str)
def test_a_command_asks_for_what_there_is(command: Command, document: dict[str, Any]) -> None:
    _, operation = operation_of(document, command)
    known = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"}
    assert command.parameters <= known
    content = operation.get("requestBody", {}).get("content", {})
    assert not command.is_form or "multipart/form-data" in content
    if command.body is not None:
        schema = content["application/json"]["schema"]
        jsonschema.validate(command.body, {**schema, "components": document["components"]})


def test_there_is_a_command_for_everything(document: dict[str, Any]) -> None:
    asked = {operation_of(document, command)[0] for command in ALL}
    assert asked == {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
