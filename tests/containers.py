"""The images as docker, podman or buildah has built them, and services that are started from them."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from processes import Service

CONTAIN = Path(__file__).with_name("contain.sh")


@dataclass(frozen=True, slots=True)
class Image:
    """What an image says of itself."""

    name: str
    user: str
    environment: Mapping[str, str]
    command: tuple[str, ...]
    health_check: tuple[str, ...]
    labels: Mapping[str, str]
    ports: frozenset[int]


class Engine(Protocol):
    """Whoever has the images: it tells about them, and what to start so that a command runs in one."""

    def image(self, name: str) -> Image:
        """Look an image up."""

    def command(self, image: Image, environment: Mapping[str, str], folder: Path, run: Sequence[str]) -> list[str]:
        """Say what runs `run` in it: hardened as deployed, on this machine's network, with that folder mounted."""

    def kill(self, pid: int) -> None:
        """End what `command` has started, where its process is not the one to be killed."""


class Runtime:
    """docker or podman. The processes are another's children: they are killed by the name of their container."""

    def __init__(self, program: str) -> None:
        self._program = program

    def image(self, name: str) -> Image:
        (told,) = json.loads(_output(self._program, "image", "inspect", name))
        # podman keeps the health check beside the configuration.
        return _image(name, {"Healthcheck": told.get("Healthcheck"), **told["Config"]})

    def command(self, image: Image, environment: Mapping[str, str], folder: Path, run: Sequence[str]) -> list[str]:
        hardened = ["--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
        given = [f"--env={name}={value}" for name, value in environment.items()]
        name = f"--name=mailsift-{uuid.uuid4().hex}"
        start = [self._program, "run", "--rm", "--init", name, "--network=host"]
        return [*start, *hardened, *given, f"--volume={folder}:{folder}", image.name, *run]

    def kill(self, pid: int) -> None:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        (name,) = (one.removeprefix("--name=") for one in arguments if one.startswith("--name="))
        subprocess.run([self._program, "kill", "--signal=KILL", name], capture_output=True, check=False)


class Buildah:
    """buildah, which runs nothing for long: the command becomes a process of this machine in the root of the image."""

    def __init__(self) -> None:
        self._roots: dict[str, str] = {}
        self._containers: list[str] = []

    def image(self, name: str) -> Image:
        return _image(name, json.loads(_output("buildah", "inspect", "--type", "image", name))["Docker"]["config"])

    def command(self, image: Image, environment: Mapping[str, str], folder: Path, run: Sequence[str]) -> list[str]:
        given = [f"{name}={value}" for name, value in {**image.environment, **environment}.items()]
        contain = ["unshare", "--mount", "/bin/sh", str(CONTAIN), self._root(image), image.user, str(folder)]
        return [*contain, *given, *run]

    def kill(self, pid: int) -> None:
        """The process is the command itself."""

    def _root(self, image: Image) -> str:
        if image.name not in self._roots:
            container = _output("buildah", "from", "--pull-never", image.name)
            self._containers.append(container)
            self._roots[image.name] = _output("buildah", "mount", container)
        return self._roots[image.name]

    def clear_up(self) -> None:
        """Remove what the images were unpacked to."""
        if self._containers:
            _output("buildah", "rm", *self._containers)


@contextmanager
def engine(program: str) -> Iterator[Engine]:
    """Use docker, podman or buildah."""
    if program != "buildah":
        yield Runtime(program)
        return
    buildah = Buildah()
    try:
        yield buildah
    finally:
        buildah.clear_up()


class ContainedService(Service):
    """A service that is started from its image, where the image has its command."""

    def __init__(
        self, name: str, environment: Mapping[str, str], folder: Path, *, engine: Engine, version: str
    ) -> None:
        super().__init__(name, environment, folder)
        self.image = engine.image(f"mailsift-{name}:{version}")
        self._engine = engine
        url = urlsplit(environment.get("STORAGE_URL", ""))
        self._files = Path(url.path) if url.scheme == "file" else folder / "nothing"
        # Of whichever user the engine makes the one of the image.
        self._files.mkdir(exist_ok=True)
        self._files.chmod(0o777)

    def command(self) -> Sequence[str]:
        return self.run(self.image.command)

    def run(self, command: Sequence[str]) -> list[str]:
        """Say what runs a command as the service is run."""
        return self._engine.command(self.image, self.environment, self._files, command)

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._engine.kill(self._process.pid)
        super().kill()


def _image(name: str, told: Mapping[str, Any]) -> Image:
    kind, *health_check = (told.get("Healthcheck") or {}).get("Test", ["NONE"])
    assert kind in {"CMD", "NONE"}, kind
    return Image(
        name,
        told["User"],
        dict(one.split("=", 1) for one in told["Env"]),
        tuple(told["Cmd"]),
        tuple(health_check),
        told["Labels"],
        frozenset(int(port.partition("/")[0]) for port in told["ExposedPorts"]),
    )


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()
