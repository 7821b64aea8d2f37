"""What an analysis of a domain says to people while it is at work."""

from __future__ import annotations

import pytest

from mailsift.api.schemas.watched_jobs import WatchedStatus
from mailsift.api.wording.languages import Language, Words
from mailsift.api.wording.steps import STATES, STEPS
from mailsift.shared.verdicts import DomainStep

PARTS = [*STEPS.values(), *STATES.values()]


def test_every_step_and_every_state_has_words() -> None:
    assert list(STEPS) == list(DomainStep)
    assert set(STATES) == set(WatchedStatus)


@pytest.mark.parametrize("words", PARTS, ids=[words.en for words in PARTS])
def test_they_are_said_in_each_language_in_its_own_words(words: Words) -> None:
    said = [words.say(language) for language in Language]
    assert all(said)
    assert len(set(said)) == len(Language)


def test_the_bands_of_progress_are_those_of_listing_analysis_jobs() -> None:
    assert [step.progress for step in DomainStep] == [0, 20, 70, 90]
