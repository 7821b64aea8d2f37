"""What became of mail, read from the files of sending services."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mailsift.shared.reading import ReadingOptions
from mailsift.shared.verdicts import Outcome
from mailsift.standalone.errors import InputError
from mailsift.standalone.outcomes import Reported, Vocabulary, read_outcomes

D, B = Outcome.DELIVERED, Outcome.BOUNCED
USUAL = Vocabulary()


def read(folder: Path, content: str | bytes, words: Vocabulary = USUAL) -> Reported:
    file = folder / "events"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_outcomes(file, ReadingOptions(), words)


EVENTS = """timestamp;E-Mail;event;subject
1;ann@example.com;delivered;Hello
2;BOB@example.com;Hard_Bounce;Hello
3;cy@example.com;deferred;Hello
4;di@example.com;soft bounce;Hello
5;;delivered;Hello
6;bob@example.com;delivered;Hello
7;eve@example.com;opened;Hello
8;ann@example.com;bounce;Hello again
"""


def test_addresses_and_outcomes_are_found_in_a_file(tmp_path: Path) -> None:
    reported = read(tmp_path, EVENTS)
    assert reported.outcomes == {"ann@example.com": B, "bob@example.com": B, "eve@example.com": D}
    assert reported.passed_over == {"deferred": 1, "soft bounce": 1}
    assert reported.no_address == 1


@pytest.mark.parametrize(
    "content",
    [
        "ann@example.com,250\nbob@example.com,550\n",
        "ann@example.com\t2.0.0\nbob@example.com\t5.1.1\n",
        "who,what\nann@example.com,250 2.0.0 OK\nbob@example.com,550 5.1.1 no such user\n",
        '[{"mail": "ann@example.com", "event": "delivered"}, {"mail": "bob@example.com", "event": "bounce"}]',
        gzip.compress(b"mail,event\nann@example.com,Delivered\nbob@example.com,FAILED\n"),
    ],
    ids=["commas", "tabs", "header", "JSON", "gzip"],
)
def test_any_format_will_do(tmp_path: Path, content: str | bytes) -> None:
    assert read(tmp_path, content).outcomes == {"ann@example.com": D, "bob@example.com": B}


@pytest.mark.parametrize("word", ["421", "4.2.2", "450 try later", "deferred", "", "2", "55", "5500", "soft_bounce"])
def test_nothing_follows_from_what_is_neither(word: str) -> None:
    assert USUAL.outcome(word) is None


def test_a_column_and_its_words_can_be_named(tmp_path: Path) -> None:
    content = "mail,status,angekommen\nann@example.com,bounced,ja\nbob@example.com,delivered,nein\n"
    for column in ("angekommen", "3"):
        words = Vocabulary(column, delivered=["JA"], bounced=["nein"])
        assert read(tmp_path, content, words).outcomes == {"ann@example.com": D, "bob@example.com": B}


@pytest.mark.parametrize(
    ("content", "words", "code"),
    [
        ("mail,town\nann@example.com,Bonn\nbob@example.com,Rom\n", USUAL, "no_outcome_column"),
        ("ann@example.com\nbob@example.com\n", USUAL, "no_outcome_column"),
        (EVENTS, Vocabulary("result"), "no_such_column"),
        (EVENTS, Vocabulary("5"), "no_such_column"),
        (EVENTS, Vocabulary("0"), "no_such_column"),
        ("town,event\nBonn,delivered\n", USUAL, "no_email_column"),
    ],
)
def test_a_file_that_does_not_tell_is_refused(tmp_path: Path, content: str, words: Vocabulary, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content, words)
    assert caught.value.code == code
