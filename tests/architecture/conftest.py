"""What the tests of the architecture look at: the tree itself."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("api", "dispatcher", "ingest", "analyzer", "exporter")
PACKAGES = {
    "shared": ROOT / "shared",
    **{word: ROOT / "services" / word for word in SERVICES},
    "standalone": ROOT / "standalone",
}


@pytest.fixture
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture
def packages() -> dict[str, Path]:
    """The folder of each distribution, by its word."""
    return PACKAGES


@pytest.fixture
def modules() -> list[Path]:
    """Every module of ours, tests apart."""
    return sorted(path for folder in PACKAGES.values() for path in (folder / "mailsift").rglob("*.py"))
