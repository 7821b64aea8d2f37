"""docs/api.md says what the code does: every route, every error, every setting it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailsift.api.app import create_app
from mailsift.api.auth import of_all_routes
from mailsift.api.config import ApiSettings
from mailsift.api.deps import wire
from mailsift.api.permissions import ROLES, SCOPES
from mailsift.api.problems import KINDS
from mailsift.api.schemas.jobs import WaitsFor
from mailsift.api.schemas.reading import Reading
from mailsift.shared.plans import ALLOWANCES
from mailsift.shared.verdicts import DomainStep, MemberRole

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()

# What they would do, mailsift does not.
NOT_DESCRIBED = {("POST", "/api/generate-emails-job"), ("POST", "/api/scrape-emails-job")}


def tables(heading: str) -> list[list[list[str]]]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [
        [_cells(line) for line in table.splitlines()[2:]]
        for table in re.findall(r"(?:^\| .*\n)(?:^\|.*\n)+", section, re.MULTILINE)
    ]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def rows(heading: str) -> list[list[str]]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture
def settings(tmp_path: Path) -> ApiSettings:
    return ApiSettings(
        database_url="postgresql://nobody@127.0.0.1:1/none", storage_url=f"file://{tmp_path}", storage_shared=True
    )


def test_every_route_is_on_the_page_and_no_other(settings: ApiSettings) -> None:
    served = {
        (method, re.sub(r"<(?:uuid:)?(\w+)>", r"{\1}", rule.rule))
        for rule in create_app(wire(settings)).url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(method, path) for method, path, *_ in rows("Routes")} == served


def test_every_route_says_on_the_page_and_in_the_document_what_its_key_needs(settings: ApiSettings) -> None:
    app = create_app(wire(settings))
    needed = {route: {permission.value for permission in each} for route, each in of_all_routes(app).items()}
    on_the_page = {(method, path): set(re.findall(r"\w+(?=`|$)", said)) for method, path, _, said, _ in rows("Routes")}
    assert {route: said for route, said in on_the_page.items() if said != {"key"}} == needed
    with app.app_context():
        document = app.spec
    assert isinstance(document, dict)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            permissions = needed.pop((method.upper(), path))
            assert set(operation["x-permissions"]) == permissions, path
            assert [scheme["bearer"] for scheme in operation["security"]] == [[word] for word in sorted(permissions)]
            assert "it takes" in (said := operation["responses"]["403"]["description"]) or "operator" in said
    assert needed.keys() == NOT_DESCRIBED


# Interfaces that were there before, and what each has.
ORIGINS = {
    "listing analysis jobs": {
        "POST /api/jobs/analyze",
        "GET /api/jobs/status/{job_id}",
        "POST /api/jobs/cleanup",
    },
    "data pipeline jobs": {
        *("POST /api/jobs", "GET /api/jobs", "GET /api/jobs/{job_id}", "PATCH /api/jobs/{job_id}"),
        *("DELETE /api/jobs/{job_id}", "POST /api/jobs/{job_id}/retry", "GET /api/jobs/{job_id}/logs"),
        *("GET /api/jobs/stats", "GET /api/jobs/dashboard"),
    },
    "persistent jobs": {
        *("POST /api/jobs", "GET /api/jobs/{job_id}/status", "GET /api/jobs/{job_id}/stream"),
        *("POST /api/jobs/{job_id}/cancel", "GET /api/jobs/list", "POST /api/verify-emails-job"),
        *("POST /api/generate-emails-job", "POST /api/scrape-emails-job"),
    },
    "job quick reference": {
        "POST /api/v1/analysis/analyze-file",
        "GET /api/v1/analysis/job/{job_id}",
        "GET /api/v1/analysis/download/{filename}",
    },
}


def test_every_route_has_its_origin_and_every_interface_all_its_routes() -> None:
    found: dict[str, set[str]] = {}
    for method, path, *_, said in rows("Routes"):
        for origin in said.split(", "):
            found.setdefault(origin, set()).add(f"{method} {path}")
    ours = found.pop("ours")
    assert found == ORIGINS
    assert ours.isdisjoint(route for routes in ORIGINS.values() for route in routes)


def test_every_error_is_on_the_page_with_its_status_and_meaning() -> None:
    assert rows("Errors") == [[code, str(kind.status.value), kind.title] for code, kind in KINDS.items()]


def test_the_settings_named_on_the_page_exist() -> None:
    named = {name.lower() for name in re.findall(r"`((?:MAX|WAIT|HEAD|BODY|CORS)_[A-Z_]+)`", PAGE)}
    limits = {"max_streams", "max_upload_bytes", "max_uploads", "max_body_bytes"}
    assert named == limits | {"wait_seconds", "head_seconds", "body_seconds", "cors_origins"}
    assert named <= ApiSettings.model_fields.keys()


def test_the_plans_are_on_the_page_with_their_jobs_per_hour() -> None:
    line = PAGE.split("- **Jobs per hour**")[1].split("\n- **")[0]
    named = {word: number.replace(",", "") for word, number in re.findall(r"`(\w+)` ([\d,]+|any number)", line)}
    assert named == {plan: str(allowed.jobs_per_hour or "any number") for plan, allowed in ALLOWANCES.items()}


def test_the_plans_are_on_the_page_with_their_requests_a_minute() -> None:
    line = " ".join(PAGE.split("- **Requests a minute**")[1].split("\n- **")[0].split())
    named = {
        plan: number.replace(",", "")
        for number, plan in re.findall(r"([\d,]+|any number) on (?:the plan )?`(\w+)`", line)
    }
    assert named == {plan: str(allowed.requests_per_minute or "any number") for plan, allowed in ALLOWANCES.items()}


def test_the_plans_are_on_the_page_with_the_size_of_a_list() -> None:
    line = " ".join(PAGE.split("- **Size of a list**")[1].split("\n- **")[0].split())
    named = re.findall(r"(\d+) (MiB|GiB) and ([\d,]+)(?: rows)? on (?:the plan )?`(\w+)`", line)
    units = {"MiB": 1024**2, "GiB": 1024**3}
    assert {plan: (int(size) * units[unit], int(rows.replace(",", ""))) for size, unit, rows, plan in named} == {
        plan: (allowed.upload_bytes, allowed.upload_rows)
        for plan, allowed in ALLOWANCES.items()
        if allowed.upload_bytes
    }


def test_the_steps_of_a_domains_analysis_are_on_the_page_with_their_share_of_the_progress() -> None:
    ends = [*(step.progress for step in DomainStep), 100][1:]
    shares = [[step.value, f"{step.progress}-{end}"] for step, end in zip(DomainStep, ends, strict=True)]
    assert rows("One domain") == shares


def test_what_a_job_may_wait_for_is_on_the_page() -> None:
    said = PAGE.split("**What it waits for.**")[1].split("\n\n")[0]
    assert set(re.findall(r"[:;] `(\w+)`", said)) == set(WaitsFor)


def test_what_can_be_said_of_a_list_is_on_the_page() -> None:
    assert [name for name, _ in rows("Saying how to read a list")] == [
        field.alias for field in Reading.model_fields.values()
    ]


def test_what_roles_and_scopes_allow_is_on_the_page() -> None:
    roles, scopes = tables("Who may what")
    said = {line[0].split("`")[1]: [cell == "yes" for cell in line[1:]] for line in roles}
    order = ("viewer", "member", "admin", "owner")
    assert said == {
        permission.value: [permission in ROLES[MemberRole(role)] for role in order]
        for permission in ROLES[MemberRole.OWNER]
    }
    assert {scope.strip("`"): set(re.findall(r"`(\w+)`", allowed)) for scope, allowed in scopes} == {
        scope.value: set(allowed) for scope, allowed in SCOPES.items()
    }
