"""The images as they were built. `make e2e-images` names this file to pytest, and nothing else collects it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping

import pytest

from containers import ContainedService
from deployment import ROOT, SETTINGS, dockerfile
from processes import Service, wait_for

WORDS = tuple(SETTINGS)
Contained = Callable[[str, Mapping[str, str]], ContainedService]

INSIDE = """
import json, os, pathlib, shutil
from importlib.util import find_spec

def refused(path):
    try:
        pathlib.Path(path).touch()
    except OSError as error:
        return error.strerror

status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
files = [path for top in ("/opt", "/usr") for path in pathlib.Path(top).rglob("*") if path.is_file()]
print(json.dumps({
    "user": [os.getuid(), os.getgid()],
    "rights": [status[name].strip().strip("0") for name in ("CapPrm", "CapEff", "CapInh", "CapAmb", "NoNewPrivs")],
    "refused": [refused(path) for path in ("/probe", "/opt/mailsift/probe", "/usr/local/probe")],
    "scratch": refused("/tmp/probe"),
    "programs": [name for name in ("pip", "pip3", "cc", "gcc", "ld", "make", "git") if shutil.which(name)],
    "modules": [name for name in ("pip", "ensurepip", "setuptools", "wheel", "hatchling", "pytest") if find_spec(name)],
    "wheels": [str(path) for path in files if path.suffix == ".whl"],
    "writable": [str(path) for path in files if path.stat().st_uid or path.stat().st_mode & 0o022],
}))
"""


def output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("word", WORDS)
def test_an_image_says_what_it_is(service: Contained, word: str) -> None:
    image = service(word, {}).image
    revision = output(["git", "-C", str(ROOT), "rev-parse", "HEAD"]).strip()
    label = "org.opencontainers.image"
    assert image.labels[f"{label}.title"] == f"mailsift-{word}"
    assert image.labels[f"{label}.version"] == image.name.partition(":")[2]
    assert image.labels[f"{label}.revision"] == revision
    assert (image.user, image.ports) == ("10001:10001", dockerfile(word).ports)


@pytest.mark.parametrize("word", WORDS)
def test_what_runs_in_an_image_may_change_nothing_and_install_nothing(service: Contained, word: str) -> None:
    found = json.loads(output(service(word, {}).run(["python", "-c", INSIDE])))
    assert found.pop("user") == [10001, 10001]
    assert found.pop("rights") == ["", "", "", "", "1"]
    assert found.pop("refused") == ["Read-only file system"] * 3
    assert found.pop("scratch") is None
    assert found == {"programs": [], "modules": [], "wheels": [], "writable": []}


def test_the_health_check_of_an_image_tells_a_service_that_lives_from_one_that_does_not(
    services: Mapping[str, Service],
) -> None:
    def healthy(one: Service) -> bool:
        assert isinstance(one, ContainedService)
        return subprocess.run(one.run(one.image.health_check), capture_output=True, check=False).returncode == 0

    assert [word for word, one in services.items() if not healthy(one)] == []
    services["dispatcher"].kill()
    wait_for(lambda: not healthy(services["dispatcher"]), "the health check to see that it is dead")


def test_the_image_of_the_api_makes_the_tables_and_the_first_key(service: Contained, empty_database_url: str) -> None:
    api = service("api", {"DATABASE_URL": empty_database_url})
    output(api.run(["python", "-m", "mailsift.shared.db.migrate"]))
    assert "apiKey=" in output(api.run(["python", "-m", "mailsift.api.admin", "bootstrap"]))
