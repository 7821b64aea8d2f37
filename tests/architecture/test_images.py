from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deployment import ROOT, SETTINGS, dockerfile
from processes import IMAGES_ENVIRONMENT

WORDS = tuple(SETTINGS)


def pattern(word: str) -> list[str]:
    """The lines of a Dockerfile that must be the same for all, with the word taken out."""
    own = ("EXPOSE ", "CMD ")
    text = re.sub(rf"\b{word}\b", "WORD", dockerfile(word).text)
    return [line for line in text.splitlines() if not line.startswith(own)]


@pytest.mark.parametrize("word", WORDS)
def test_all_dockerfiles_follow_one_pattern(word: str) -> None:
    assert pattern(word) == pattern("ingest")


def test_all_workers_run_the_same_command() -> None:
    commands = {word: [part.replace(word, "WORD") for part in dockerfile(word).command] for word in WORDS[2:]}
    assert commands["ingest"] == commands["analyzer"] == commands["exporter"]


def test_everything_from_an_index_is_pinned_by_its_hash_and_nothing_is_compiled() -> None:
    text = dockerfile("ingest").text.replace("\\\n", "")
    installs = re.findall(r"pip (?:--python \S+ )?(?:install|wheel)\b[^&\n]*", text)
    assert len(installs) == 4
    for install in installs:
        pinned = "--require-hashes" in install and "--only-binary :all:" in install
        assert pinned or ("--no-deps" in install and "--no-index" in install), install


def test_the_last_stage_installs_nothing_and_runs_as_nobody_in_particular() -> None:
    *_, last = dockerfile("ingest").text.split("\nFROM ")
    assert " install --quiet" not in last
    assert "apt-get" not in last
    assert "\nUSER 10001:10001\n" in last
    assert "\nSTOPSIGNAL SIGTERM\n" in last
    assert "/livez" in last


def test_what_is_measured_runs_with_the_variables_of_the_images() -> None:
    (variables,) = re.findall(r"^ENV (PATH=.*)$", dockerfile("ingest").text, re.MULTILINE)
    assert set(variables.split()) >= {f"{name}={value}" for name, value in IMAGES_ENVIRONMENT.items()}


def test_the_base_has_a_version_and_can_be_exchanged() -> None:
    text = dockerfile("ingest").text
    assert re.search(r"^ARG BASE=python:3\.11\S*$", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${BASE}"}


def test_an_index_of_ones_own_is_known_while_it_is_asked_and_stands_in_no_layer() -> None:
    text = dockerfile("ingest").text.replace("\\\n", "")
    (asks,) = (line for line in text.splitlines() if line.startswith("RUN ") and "--require-hashes" in line)
    assert re.findall(r"--mount=type=secret,id=(\w+)", asks) == ["pip", "ca"]
    assert re.findall(r"^ARG (\w+)", text, re.MULTILINE) == ["BASE", "VERSION", "REVISION"]


def test_the_context_holds_what_the_dockerfiles_copy_and_no_more() -> None:
    copied = {
        source.split("/")[0]
        for word in WORDS
        for line in dockerfile(word).text.splitlines()
        if line.startswith("COPY ") and "--from=" not in line
        for source in line.split()[1:-1]
    }
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied


class Checkout:
    """A repository with scripts/images, and programs that say what they are asked; of those named, `info` works."""

    def __init__(self, folder: Path, *working: str) -> None:
        self._folder = folder
        self._working = working
        for name in ("scripts/images", "shared/pyproject.toml"):
            (folder / name).parent.mkdir()
            shutil.copy(ROOT / name, folder / name)
        for name in ("docker", "podman", "buildah"):
            program = folder / name
            told = "exit 1" if name not in working else f'echo "$@" >>{folder}/asked.{name}'
            program.write_text(f"#!/bin/sh\n{told}\n")
            program.chmod(0o755)
        (folder / ".gitignore").write_text("build/\nasked.*\n")
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "all")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        return subprocess.check_output(["git", "-C", self._folder, *identity, *arguments], text=True).strip()

    def build(self, **variables: str) -> subprocess.CompletedProcess[str]:
        path = f"{self._folder}:{os.environ['PATH']}"
        unset = dict.fromkeys(("ENGINE", "BASE", "VERSION", "BUILD_ARGS"), "")
        command = [str(self._folder / "scripts/images"), "api", "ingest"]
        environment = {**os.environ, **unset, **variables, "PATH": path}
        return subprocess.run(command, cwd=self._folder, env=environment, capture_output=True, check=False, text=True)

    def asked(self, program: str) -> list[str]:
        return [line for line in (self._folder / f"asked.{program}").read_text().splitlines() if "build " in line]


def test_images_are_tagged_with_the_version_that_git_tells(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, "docker")
    commit = checkout.git("rev-parse", "HEAD")
    assert checkout.build().stdout.split()[0] == f"mailsift-api:0.1.0-g{checkout.git('describe', '--always')}"
    checkout.git("tag", "v1.2.3")
    assert checkout.build().stdout.split() == ["mailsift-api:1.2.3", "mailsift-ingest:1.2.3"]
    assert f"--build-arg VERSION=1.2.3 --build-arg REVISION={commit}" in checkout.asked("docker")[-1]
    (tmp_path / ".gitignore").write_text("build/\nasked.*\n#\n")
    assert checkout.build().stdout.split()[0] == "mailsift-api:1.2.3-dirty"
    assert checkout.build(VERSION="7").stdout.split()[0] == "mailsift-api:7"
    assert (tmp_path / "build/images").read_text() == "docker 7\n"


def test_whoever_works_here_builds_the_images(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, "podman", "buildah")
    assert checkout.build(BASE="debian:own", BUILD_ARGS="--layers --no-cache").returncode == 0
    first, _ = checkout.asked("podman")
    assert first.startswith("build --format docker --build-arg BASE=debian:own ")
    assert first.endswith(
        " --layers --no-cache --file services/api/Dockerfile --tag mailsift-api:" + first.rpartition(":")[2]
    )
    assert checkout.build(ENGINE="buildah").returncode == 0
    assert len(checkout.asked("buildah")) == len(checkout.asked("podman"))


@pytest.mark.parametrize("variables", [{}, {"ENGINE": "docker"}, {"ENGINE": "rm"}], ids=["any", "named", "other"])
def test_where_nothing_builds_images_that_is_said(tmp_path: Path, variables: dict[str, str]) -> None:
    done = Checkout(tmp_path).build(**variables)
    assert done.returncode == 1
    assert "docker, podman or buildah" in done.stderr
