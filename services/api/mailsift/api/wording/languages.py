"""The languages, and a text in each of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """What `Accept-Language` may choose from; the first is the default."""

    ENGLISH = "en"
    GERMAN = "de"


@dataclass(frozen=True, slots=True)
class Words:
    """A text in every language; `{about}` in it stands for what it is about."""

    en: str
    de: str

    def say(self, language: Language, about: str | None = None) -> str:
        """Return the text in one language."""
        text = self.de if language is Language.GERMAN else self.en
        # No format(): what it is about came out of DNS.
        return text.replace("{about}", about or "-")
