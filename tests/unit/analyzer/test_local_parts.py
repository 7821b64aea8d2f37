"""What the words of a local part say: nobody reads it, it is made up, a hand ran over the keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsift.analyzer.reference.files import read_list
from mailsift.analyzer.reference.keyboard import keyboard_run_in
from mailsift.analyzer.reference.lists import ListKind, Lists, NameList, packaged_lists
from mailsift.analyzer.reference.words import words_of

NO_REPLY = (
    "noreply",
    "no-reply",
    "no_reply",
    "no.reply",
    "noreply2",
    "no-reply-billing",
    "billing.noreply",
    "donotreply",
    "do-not-reply",
    "do_not_reply",
    "donot-reply",
    "dont-reply",
    "mailer-daemon",
    "mailerdaemon",
    "nicht-antworten",
    "ne-pas-repondre",
    "noresponder",
)
READ = (
    "casino-reply",
    "replynow",
    "nora.reply",
    "reply",
    "anoreply",
    "noreplay",
    "john.norreply",
    "daemon",
    "nullman",
    "no",
)

TEST = (
    "test",
    "test1",
    "test.user",
    "testuser",
    "test_123",
    "testing",
    "my-test",
    "fake",
    "foobar",
    "john.doe",
    "max.mustermann",
)
REAL = (
    "contest",
    "latest",
    "attestation",
    "testa",
    "jon.tester",
    "t.ester",
    "f.ake",
    "covid-test",
    "greatest",
    "s.ample",
    "protest",
    "test.drive",
    "john",
    "doe",
    "",
    "12",
)

RUNS = (
    "qwerty",
    "asdf",
    "asdf123",
    "asdfasdf",
    "qwertz",
    "azerty",
    "zxcvbnm",
    "1qaz2wsx",
    "asdfg.smith",
    "фыва",
    "asdfqwer",
    "poiuy",
)
NO_RUNS = (
    "liberty",
    "schwert",
    "wertz",
    "azer",
    "property",
    "doherty",
    "xasdf",
    "asdfan",
    "gabriel",
    "wert",
    "qw",
    "uiopa",
    "hjalmar",
    "trewin",
    "",
)


@pytest.mark.parametrize("local_part", NO_REPLY)
def test_nobody_reads_what_goes_there(local_part: str) -> None:
    hit, _ = packaged_lists().meaning_of(words_of(local_part))
    assert hit is not None
    assert hit.list_name == "no_reply"


@pytest.mark.parametrize("local_part", READ)
def test_somebody_may_read_what_goes_there(local_part: str) -> None:
    assert packaged_lists().meaning_of(words_of(local_part))[0] is None


@pytest.mark.parametrize("local_part", TEST)
def test_a_local_part_that_is_made_up(local_part: str) -> None:
    _, hit = packaged_lists().meaning_of(words_of(local_part))
    assert hit is not None
    assert hit.list_name == "test"


@pytest.mark.parametrize("local_part", REAL)
def test_a_word_inside_of_another_is_none(local_part: str) -> None:
    assert packaged_lists().meaning_of(words_of(local_part))[1] is None


@pytest.mark.parametrize("local_part", RUNS)
def test_a_run_over_the_keys(local_part: str) -> None:
    assert keyboard_run_in(local_part, words_of(local_part)) is not None


@pytest.mark.parametrize("local_part", NO_RUNS)
def test_no_run_over_the_keys(local_part: str) -> None:
    assert keyboard_run_in(local_part, words_of(local_part)) is None


def test_no_word_of_another_list_is_a_run_over_the_keys() -> None:
    for name in ("roles", "popular", "test", "no_reply"):
        for entry in read_list(name).entries:
            assert keyboard_run_in(entry, words_of(entry)) is None or entry == "qwe", entry


def test_an_operator_has_words_of_their_own() -> None:
    ours = NameList(ListKind.TEST, "operator:test", "a test", "1", None, frozenset({"probe-kunde"}))
    _, hit = packaged_lists().with_first([ours]).meaning_of(words_of("probe.kunde7"))
    assert hit == ours.hit("probe-kunde")
    assert Lists((ours,)).meaning_of(words_of("test")) == (None, None)


@given(st.text("abcno-replytest._1é\x00\ud800", max_size=40))
def test_any_local_part_can_be_looked_at(local_part: str) -> None:
    words = words_of(local_part)
    no_reply, test = packaged_lists().meaning_of(words)
    for hit, kind in ((no_reply, "no_reply"), (test, "test")):
        assert hit is None or hit.entry in read_list(kind).entries
    run = keyboard_run_in(local_part, words)
    assert run is None or run in local_part
