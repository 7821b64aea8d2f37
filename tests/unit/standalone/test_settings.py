from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from mailsift.standalone.asking import Asking
from mailsift.standalone.home import Home
from mailsift.standalone.settings import AllSettings, all_settings


class SomeDatabase:
    alive = True

    def url(self, role: str) -> str:
        return f"postgresql+psycopg2://{role}@/mailsift?host=%2Frun&port=5432"


def made(folder: Path) -> AllSettings:
    return all_settings(Home(folder), SomeDatabase(), Asking(("192.0.2.53:53",)))


def test_nothing_of_the_users_environment_leaks_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = made(tmp_path)
    names = {name for each in fields(before) for name in type(getattr(before, each.name)).model_fields}
    assert "lease_seconds" in names
    for name in names:
        monkeypatch.setenv(name.upper(), "7")
    assert made(tmp_path) == before


def test_each_service_has_its_own_role_and_all_the_same_folder(tmp_path: Path) -> None:
    settings = made(tmp_path)
    assert "//mailsift_api@" in settings.api.database_url
    assert "//mailsift_dispatcher@" in settings.dispatcher.database_url
    for worker in (settings.ingest, settings.analyzer, settings.exporter):
        assert "//mailsift_worker@" in worker.database_url
    assert {settings.ingest.storage_url, settings.exporter.storage_url, settings.api.storage_url} == {
        (tmp_path / "objects").as_uri()
    }
    assert settings.analyzer.nameservers == ("192.0.2.53:53",)
