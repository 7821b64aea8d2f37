"""The OpenAPI document that the API serves; it is made without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from mailsift.api.app import create_app
from mailsift.api.config import ApiSettings
from mailsift.api.deps import wire


def api_document(folder: Path) -> dict[str, Any]:
    """Make the document of an API that keeps its files in a folder."""
    deps = wire(
        ApiSettings(
            database_url="postgresql://nobody@127.0.0.1:1/none", storage_url=f"file://{folder}", storage_shared=True
        )
    )
    try:
        app = create_app(deps)
        with app.app_context():
            return cast("dict[str, Any]", app.spec)
    finally:
        deps.close()
