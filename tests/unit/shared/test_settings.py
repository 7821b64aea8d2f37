from __future__ import annotations

import pytest

from mailsift.dispatcher.config import DispatcherSettings
from mailsift.shared.settings import ResolverSettings, SettingsError, StorageSettings, load, load_or_exit, psycopg2_url

DATABASE = "postgresql://mailsift_dispatcher:secret@db:5432/mailsift"


def test_every_fault_is_named_at_once_and_no_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://root:hunter2@db/x")
    monkeypatch.setenv("REAP_SECONDS", "-1")
    with pytest.raises(SettingsError) as raised:
        load(DispatcherSettings)
    message = str(raised.value)
    assert all(name in message for name in ("DATABASE_URL", "RABBITMQ_URL", "REAP_SECONDS"))
    assert "hunter2" not in message


@pytest.mark.parametrize("url", ["postgresql://api:hunter2:5432/mailsift", "postgresql://api@db:hunter2/mailsift"])
def test_a_password_in_the_wrong_place_is_not_shown_either(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SettingsError, match="not a database URL") as raised:
        load(DispatcherSettings)
    assert "hunter2" not in str(raised.value)


def test_a_process_without_settings_ends_with_their_list(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        load_or_exit(DispatcherSettings)
    assert ended.value.code == 2
    assert "DATABASE_URL: Field required" in capsys.readouterr().err


def test_settings_come_from_the_environment_and_cannot_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    monkeypatch.setenv("RABBITMQ_URL", "amqp://guest:guest@mq:5672/mailsift")
    monkeypatch.setenv("STORAGE_URL", "s3://bucket")
    monkeypatch.setenv("DISPATCH_WINDOW", "7")
    settings = load(DispatcherSettings)
    assert (settings.dispatch_window, settings.republish_seconds) == (7, 120)
    with pytest.raises(ValueError, match="frozen"):
        settings.dispatch_window = 8


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2", "postgresql+psycopg"])
def test_any_postgresql_url_names_our_driver(scheme: str) -> None:
    assert psycopg2_url(f"{scheme}://u:p%40ss@db/x") == "postgresql+psycopg2://u:p%40ss@db/x"


@pytest.mark.parametrize("url", ["", "db:5432", "sqlite:///x.db", "http://db"])
def test_anything_else_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ValueError, match="postgresql://user:password@host"):
        psycopg2_url(url)


def test_a_folder_that_is_not_shared_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_URL", "file:///srv/mailsift")
    with pytest.raises(SettingsError, match=r"STORAGE_SHARED: .*every service mounts the same one"):
        load(StorageSettings)
    monkeypatch.setenv("STORAGE_SHARED", "true")
    assert load(StorageSettings).storage_shared


def test_nameservers_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAMESERVERS", "127.0.0.1:5353, [::1]:53,")
    assert load(ResolverSettings).nameservers == ("127.0.0.1:5353", "[::1]:53")
