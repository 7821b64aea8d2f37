"""The words of a local part, and lists of what they may be: `no-reply` is written in many ways."""

from collections.abc import Iterable, Sequence
from typing import Final

_SEPARATORS: Final = "._-+=~/'0123456789"
_TO_BLANKS: Final = str.maketrans(_SEPARATORS, " " * len(_SEPARATORS))


def words_of(local_part: str) -> Sequence[str]:
    """What stands between separators and digits: `no-reply.2` has the words `no` and `reply`."""
    return (local_part,) if local_part.isalpha() else local_part.translate(_TO_BLANKS).split()


class Phrases:
    """Entries of one or several words, to be found with or without separators between those."""

    def __init__(self, entries: Iterable[str]) -> None:
        """Of `no-reply`, keep `no reply` and `noreply`."""
        self._entries: dict[str, str] = {}
        for entry in entries:
            words = words_of(entry)
            self._entries.setdefault(" ".join(words), entry)
            self._entries.setdefault("".join(words), entry)
        self.beginnings = frozenset(phrase.partition(" ")[0] for phrase in self._entries)
        """The first word of each, so that most words are looked at no further."""

    def find_all(self, words: Sequence[str]) -> str | None:
        """The entry that these words are, all of them together."""
        return self._entries.get(words[0] if len(words) == 1 else " ".join(words))

    def find_some(self, words: Sequence[str]) -> str | None:
        """The first entry that stands among these words."""
        for first, word in enumerate(words):
            if word in self.beginnings:
                for behind in range(len(words), first, -1):
                    entry = self._entries.get(" ".join(words[first:behind]))
                    if entry is not None:
                        return entry
        return None
