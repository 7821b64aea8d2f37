"""Read a list file of this package: `# version:` first, then one entry a line."""

from dataclasses import dataclass
from importlib.resources import files

_VERSION_MARK = "# version:"


@dataclass(frozen=True, slots=True)
class ListFile:
    """The entries of a list in order, and which edition it is."""

    version: str
    entries: tuple[str, ...]


def read_list(name: str) -> ListFile:
    """Read `data/<name>.txt`; lines that begin with # explain the entries below them."""
    lines = files(__package__).joinpath("data", f"{name}.txt").read_text("utf-8").splitlines()
    version = next(line.removeprefix(_VERSION_MARK).strip() for line in lines if line.startswith(_VERSION_MARK))
    entries = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    return ListFile(version, entries)
