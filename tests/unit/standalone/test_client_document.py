"""The client asks for what the OpenAPI document has, and takes for an answer what the document says it is."""

from __future__ import annotations

import inspect
import io
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from api_document import api_document
from mailsift.shared.reading import ReadingOptions
from mailsift.shared.scoring_policy import ScoringPolicy
from mailsift.shared.selection import FilterOption, Selection
from mailsift.shared.verdicts import AnalysisType, FileType
from mailsift.standalone.client import Client, Sent, WantedAnalysis, WantedFile
from mailsift.standalone.errors import RefusedError

ID = uuid.UUID(int=1)
POLICY = ScoringPolicy(weights=(("role_account", 0),))
READING = ReadingOptions(has_header=True, delimiter=";", email_columns=("Mail", 2))
FILE = WantedFile(FileType.CSV, selection=Selection(filter_option=FilterOption.DELIVERABLE))
CALLS: dict[str, Callable[[Client], object]] = {
    "upload": lambda client: client.upload(Sent(Path(__file__), "a.csv", READING, preview=True), "k", lambda _: None),
    "find_upload": lambda client: client.find_upload(ID),
    "download_rejected": lambda client: client.download_rejected(ID, io.BytesIO()),
    "analyse_list": lambda client: client.analyse_list(ID, WantedAnalysis(AnalysisType.BULK, POLICY), "k"),
    "analyse_address": lambda client: client.analyse_address("ann@example.com", POLICY),
    "analyse_domain": lambda client: client.analyse_domain("https://example.com/shop"),
    "find_analysis": lambda client: client.find_analysis(ID),
    "results": lambda client: list(client.results(ID)),
    "export": lambda client: client.export(ID, FILE, "k"),
    "find_export": lambda client: client.find_export(ID),
    "download": lambda client: client.download(ID, io.BytesIO(), lambda _: None),
    "scoring": lambda client: client.scoring(),
    "set_scoring": lambda client: client.set_scoring(POLICY),
    "reset_scoring": lambda client: client.reset_scoring(),
    "suppress": lambda client: client.suppress(["ann@example.com"], "asked for it"),
    "release": lambda client: client.release(["example.org"]),
    "suppressions": lambda client: list(client.suppressions()),
    "erase": lambda client: client.erase(["ann@example.com"]),
    "find_erasure": lambda client: client.find_erasure(ID),
    "report_outcomes": lambda client: client.report_outcomes(["ann@example.com"], []),
    "calibration": lambda client: client.calibration(),
    "find_job": lambda client: client.find_job(ID),
}


class Overheard(Client):
    """A client whose requests go nowhere."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1", "ms_key", on_loopback=True)
        self.answer: str | None = None
        self.request: httpx.Request | None = None

    def _ask(self, answer: type[Any], method: str, path: str, **request: Any) -> Any:
        self.answer = answer.__name__
        self._hear(method, path, **request)

    def _fetch(self, path: str, *_: object) -> None:
        self._hear("GET", path)

    def _hear(self, method: str, path: str, **request: Any) -> None:
        self.request = httpx.Request(method, f"http://127.0.0.1:1{path}", **request)
        raise RefusedError("overheard", "that is enough")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return api_document(tmp_path_factory.mktemp("storage"))


def test_every_method_is_listened_to() -> None:
    public = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    assert public == CALLS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_it_asks_for_what_the_document_has(name: str, document: dict[str, Any]) -> None:
    client = Overheard()
    with pytest.raises(RefusedError, match="enough"):
        CALLS[name](client)
    request = client.request
    assert request is not None
    operation = _operation(document, request)
    known = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"}
    assert set(request.url.params) <= known
    if request.headers.get("Content-Type") == "application/json":
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        jsonschema.validate(_json(request), {**schema, "components": document["components"]})
    if client.answer is not None:
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        schemas = [answer["content"]["application/json"]["schema"] for answer in answers]
        assert {"$ref": f"#/components/schemas/{client.answer}"} in schemas


def _operation(document: dict[str, Any], request: httpx.Request) -> dict[str, Any]:
    path = re.sub(re.escape(str(ID)), "[^/]+", request.url.path)
    [found] = [methods for template, methods in document["paths"].items() if _is_of(template, path)]
    operation: dict[str, Any] = found[request.method.lower()]
    return operation


def _is_of(template: str, path: str) -> bool:
    return re.sub(r"\{\w+\}", "[^/]+", template) == path


def _json(request: httpx.Request) -> Any:
    return httpx.Response(200, content=request.read()).json()
