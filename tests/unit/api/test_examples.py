"""The OpenAPI document shows by example whatever is sent and answered, and the examples are as it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest

from api_document import api_document
from mailsift.api.documentation import examples
from mailsift.api.problems import KINDS

Content = Mapping[str, Any]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return api_document(tmp_path_factory.mktemp("storage"))


def contents(document: dict[str, Any]) -> Iterator[tuple[str, str, Content]]:
    """Name whatever is sent or answered, but files, whose bytes nobody reads."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            said = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for where, message in said.items():
                for media_type, content in message.get("content", {}).items():
                    if content["schema"].get("format") != "binary":
                        yield f"{method.upper()} {path} {where}", media_type, content


def shown(content: Content) -> list[Any]:
    several = [each["value"] for each in content.get("examples", {}).values()]
    return several or ([content["example"]] if "example" in content else [])


def strict(schema: Any) -> Any:
    """Let no object have a field that its schema does not know."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if schema.get("type") == "object" and "properties" in schema else {}
    return {**closed, **{key: strict(value) for key, value in schema.items()}}


def test_whatever_is_sent_or_answered_is_shown_by_an_example(document: dict[str, Any]) -> None:
    assert [(where, media_type) for where, media_type, content in contents(document) if not shown(content)] == []


def test_examples_are_as_the_document_says(document: dict[str, Any]) -> None:
    components = {"schemas": strict(document["components"]["schemas"])}
    checked = 0
    for where, media_type, content in contents(document):
        if media_type == "application/json":
            checker = jsonschema.Draft202012Validator({**strict(content["schema"]), "components": components})
            for example in shown(content):
                faults = [fault.message for fault in checker.iter_errors(example)]
                assert faults == [], where
                checked += 1
    assert checked > 100


def test_every_example_is_of_something_that_is_served(document: dict[str, Any]) -> None:
    served = {
        f"{method.upper()} {path}": {"request", "form", *operation["responses"]}
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    for operation, known in examples._all().items():
        assert known.keys() <= served[operation], operation


def test_problems_are_shown_code_by_code(document: dict[str, Any]) -> None:
    refused = [
        (response["description"], content)
        for operations in document["paths"].values()
        for operation in operations.values()
        for response in operation["responses"].values()
        for media_type, content in response.get("content", {}).items()
        if media_type == "application/problem+json"
    ]
    codes = set()
    for description, content in refused:
        problems = shown(content)
        assert [problem["code"] for problem in problems] == re.findall(r"`(\w+)`: ", description)
        assert all(problem["status"] == KINDS[problem["code"]].status for problem in problems)
        codes |= {problem["code"] for problem in problems}
    assert len(codes) > 40


def test_every_header_is_shown_by_an_example(document: dict[str, Any]) -> None:
    assert [name for name, header in document["components"]["headers"].items() if "example" not in header] == []


def test_no_example_shows_a_key_that_could_be_one() -> None:
    text = str(examples._all())
    found = re.findall(r"(?:ms|mst|msg|msop|whsec)_[\w=-]{20,}", text)
    assert found
    assert all("0000000000" in each or each.startswith("whsec_RXhhbXBsZ") for each in found), found
