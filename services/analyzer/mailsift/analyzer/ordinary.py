"""Addresses of which no rule has anything to say, told in a fraction of the time that the rules take; pure."""

from __future__ import annotations

import re
from typing import Final

from mailsift.analyzer.reference.keyboard import SHORTEST_RUN, beginnings_of_runs
from mailsift.analyzer.reference.lists import Lists
from mailsift.analyzer.reference.mailboxes import MailboxRules
from mailsift.analyzer.reference.words import words_of
from mailsift.shared.addresses import MAX_PLAIN_LENGTH

_WORD: Final = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
_WORDS_KEPT: Final = 20_000
_DIGITS: Final = "0123456789"


class OrdinaryAddresses:
    """Says of most addresses that they are ordinary: among those of a domain only their own text tells them apart.

    Nothing is wrong with an address that is not: the rules have to be asked, that is all.
    """

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._roles = lists.roles
        self._runs = beginnings_of_runs()
        self._words: set[str] = set()
        """Names of people, for the most part, and so the same ones again and again."""

    def include(self, text: str, normalized: str, mailboxes: MailboxRules | None) -> bool:
        """Whether any two such addresses, as found and as lists compare them, get the same answers in all else.

        That holds of a domain that the parser took in another address; `mailboxes` are what its provider documents.
        """
        local_part = normalized.rpartition("@")[0]
        words = local_part.rstrip(_DIGITS).split(".")
        return (
            (self._words.issuperset(words) or self._learn(words))
            and text.lower() == normalized
            and text.isascii()
            and len(local_part) > 1
            and len(text) <= MAX_PLAIN_LENGTH
            and local_part[:SHORTEST_RUN] not in self._runs
            and local_part not in self._roles
            and (mailboxes is None or mailboxes.take_as_it_is(local_part))
        )

    def _learn(self, words: list[str]) -> bool:
        if not all(map(self._is_ordinary, words)):
            return False
        if len(self._words) >= _WORDS_KEPT:
            self._words.clear()
        self._words.update(words)
        return True

    def _is_ordinary(self, word: str) -> bool:
        if _WORD.fullmatch(word) is None:
            return False
        parts = words_of(word)
        has_run = any(part[:SHORTEST_RUN] in self._runs for part in parts)
        return not has_run and not self._lists.may_mean_something(parts)
