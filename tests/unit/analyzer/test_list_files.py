"""The operator's own lists: read, read again when they change, and what becomes of those that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailsift.analyzer import list_files
from mailsift.analyzer.evidence import DomainKind, ListHit
from mailsift.analyzer.list_files import ListStore
from mailsift.analyzer.reference.lists import ListKind, packaged_lists


def _kind(store: ListStore, domain: str) -> DomainKind:
    return store.current().listing_of(domain).kind


def test_without_a_folder_there_are_the_packaged_lists() -> None:
    assert ListStore().current() == packaged_lists()


def test_a_file_adds_to_the_packaged_lists_and_goes_before_them(tmp_path: Path) -> None:
    (tmp_path / "disposable.txt").write_text("# version: 7\n@throwaway.company.com\nmailinator.com\n")
    (tmp_path / "role.txt").write_text("Frontdesk\n")
    (tmp_path / "notes.txt").write_text("company.com\n")
    lists = ListStore(tmp_path).current()
    assert lists.listing_of("x.throwaway.company.com").kind is DomainKind.DISPOSABLE
    assert lists.listing_of("mailinator.com").hit == ListHit("operator:disposable", "7", "mailinator.com")
    assert lists.listing_of("yopmail.com").kind is DomainKind.DISPOSABLE
    assert lists.listing_of("company.com").kind is DomainKind.CORPORATE
    hit = lists.role_of("frontdesk")
    assert hit is not None
    assert hit.list_name == "operator:role"


def test_what_changes_is_read_again_and_nothing_else_is(tmp_path: Path) -> None:
    store = ListStore(tmp_path)
    assert _kind(store, "a.com") is DomainKind.CORPORATE
    free = tmp_path / "free.txt"
    free.write_text("a.com\n")
    assert _kind(store, "a.com") is DomainKind.FREE
    assert store.current() is store.current()
    replacement = tmp_path / "new"
    replacement.write_text("b.com\n")
    stamp = free.stat()
    os.utime(replacement, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    replacement.rename(free)
    assert (_kind(store, "a.com"), _kind(store, "b.com")) == (DomainKind.CORPORATE, DomainKind.FREE)
    free.unlink()
    assert _kind(store, "b.com") is DomainKind.CORPORATE


@pytest.mark.parametrize("bad", [b"\xff\xfe not text", b"x" * 100])
def test_a_file_that_cannot_be_read_leaves_what_it_said_before(
    tmp_path: Path, bad: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_files, "MAX_BYTES", 50)
    free = tmp_path / "free.txt"
    free.write_text("a.com\n")
    store = ListStore(tmp_path)
    assert _kind(store, "a.com") is DomainKind.FREE
    free.write_bytes(bad)
    assert _kind(store, "a.com") is DomainKind.FREE
    free.write_text("b.com\n")
    assert _kind(store, "b.com") is DomainKind.FREE


def test_a_file_without_a_version_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "free.txt").write_text("a.com\nno domain\n")
    os.utime(tmp_path / "free.txt", (1_790_000_000, 1_790_000_000))
    [listed] = [known for known in ListStore(tmp_path).current().all if known.name == "operator:free"]
    assert (listed.kind, listed.source, listed.date) == (ListKind.FREE, str(tmp_path / "free.txt"), "2026-09-21")
    assert (len(listed.version), len(listed.entries), listed.refused) == (12, 1, 1)
