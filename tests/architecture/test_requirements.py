from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SERVICES = ("api", "dispatcher", "ingest", "analyzer", "exporter")
WORDS = (*SERVICES, "standalone", "dev", "build", "uv")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def pins(root: Path, word: str) -> dict[str, str]:
    text = (root / "requirements" / f"{word}.txt").read_text()
    return {canonicalize_name(name): version for name, version in PIN.findall(text)}


def declared(folder: Path) -> list[Requirement]:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return [Requirement(text) for text in project["dependencies"]]


def test_there_is_one_locked_file_for_each_thing_to_install(root: Path) -> None:
    assert {path.stem for path in (root / "requirements").iterdir()} == set(WORDS)
    assert list(root.rglob("uv.lock")) == []


@pytest.mark.parametrize("word", WORDS)
def test_every_pin_has_a_hash_and_names_no_index_and_no_path(root: Path, word: str) -> None:
    text = (root / "requirements" / f"{word}.txt").read_text()
    blocks = [block for block in re.split(r"\n(?=[A-Za-z0-9])", text) if PIN.match(block)]
    assert blocks
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert re.findall(r"://|--index|--extra-index|--find-links|--trusted-host|-e |file:| @ |/home/|/root/", text) == []


@pytest.mark.parametrize("word", WORDS)
def test_one_version_of_a_library_is_used_everywhere(root: Path, word: str) -> None:
    everything = pins(root, "dev")
    assert {name: version for name, version in pins(root, word).items() if everything[name] != version} == {}


@pytest.mark.parametrize("word", [*SERVICES, "standalone"])
def test_what_a_package_declares_is_what_is_locked(root: Path, packages: dict[str, Path], word: str) -> None:
    locked = pins(root, word)
    wanted = declared(packages[word]) + declared(packages["shared"])
    if word == "standalone":
        wanted += [requirement for service in SERVICES for requirement in declared(packages[service])]
    others = [requirement for requirement in wanted if not requirement.name.startswith("mailsift-")]
    unlocked = [str(r) for r in others if locked.get(canonicalize_name(r.name), "0") not in r.specifier]
    assert unlocked == [], "run `make lock`"


def test_no_service_depends_on_another(packages: dict[str, Path]) -> None:
    for word in ("shared", *SERVICES):
        ours = {
            requirement.name for requirement in declared(packages[word]) if requirement.name.startswith("mailsift-")
        }
        assert ours == (set() if word == "shared" else {"mailsift-shared"})
