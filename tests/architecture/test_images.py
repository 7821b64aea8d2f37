from __future__ import annotations

import re

import pytest

from deployment import ROOT, SETTINGS, dockerfile

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


def test_the_base_has_a_version_and_can_be_exchanged() -> None:
    text = dockerfile("ingest").text
    assert re.search(r"^ARG BASE=python:3\.11\S*$", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${BASE}"}


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
