from __future__ import annotations

import uuid
from collections.abc import Mapping

import pytest

from domain_facts import HEALTHY
from mailsift.analyzer.evidence import DomainFacts
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.handlers import examiners
from mailsift.analyzer.handlers.examiners import Examiners
from mailsift.analyzer.reference.lists import Lists, packaged_lists
from mailsift.analyzer.result_lines import ListRow, ResultLines
from mailsift.analyzer.results import Purpose, Tally
from mailsift.shared.errors import JobCancelled, LeaseLost

FIRST, SECOND = uuid.UUID(int=1), uuid.UUID(int=2)


def make(facts: Mapping[str, DomainFacts], lists: Lists) -> ResultLines:
    return ResultLines(Purpose("analysis"), Examiner(facts, lists=lists))


def is_valid(lines: ResultLines, address: str) -> bool:
    return "\tvalid\t" in lines.of([ListRow(1, address, address)], Tally())


def test_what_one_slice_learnt_serves_the_next_one_of_that_analysis_alone() -> None:
    known, lists = Examiners(), packaged_lists()
    known.learnt(FIRST, lists, make).facts["company.com"] = HEALTHY
    again = known.learnt(FIRST, lists, make)
    assert again.facts == {"company.com": HEALTHY}
    assert is_valid(again.lines, "anna@company.com")
    assert known.learnt(SECOND, lists, make).facts == {}


def test_with_other_lists_everything_is_learnt_anew() -> None:
    known, lists = Examiners(), packaged_lists()
    known.learnt(FIRST, lists, make).facts["company.com"] = HEALTHY
    assert known.learnt(FIRST, lists.with_first([]), make).facts == {}


def test_the_analysis_that_was_heard_of_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examiners, "MOST_DOMAINS", 3)
    known, lists = Examiners(), packaged_lists()
    for analysis in (FIRST, SECOND):
        known.learnt(analysis, lists, make).facts.update({f"{number}.com": HEALTHY for number in range(2)})
    known.learnt(FIRST, lists, make)
    known.make_room()
    assert len(known.learnt(FIRST, lists, make).facts) == 2
    assert known.learnt(SECOND, lists, make).facts == {}


def test_of_analyses_with_few_domains_no_more_than_some_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examiners, "MOST_ANALYSES", 2)
    known, lists = Examiners(), packaged_lists()
    for analysis in (FIRST, SECOND, uuid.UUID(int=3)):
        known.learnt(analysis, lists, make).facts["company.com"] = HEALTHY
        known.make_room()
    assert known.learnt(SECOND, lists, make).facts == {"company.com": HEALTHY}
    assert known.learnt(FIRST, lists, make).facts == {}


def test_a_list_with_more_domains_than_there_is_room_for_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examiners, "MOST_DOMAINS", 3)
    known, lists = Examiners(), packaged_lists()
    learnt = known.learnt(FIRST, lists, make)
    learnt.facts.update({f"{number}.com": HEALTHY for number in range(4)})
    known.make_room()
    assert is_valid(learnt.lines, "anna@1.com")
    assert known.learnt(FIRST, lists, make).facts == {}


def test_one_thread_scores_at_a_time_and_who_waits_hears_that_there_is_nothing_to_wait_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(examiners, "_SECONDS_BETWEEN_CHECKS", 0.01)
    known = Examiners()

    def refuse() -> None:
        raise LeaseLost

    with known.turn(refuse), pytest.raises(LeaseLost), known.turn(refuse):
        raise AssertionError
    with known.turn(refuse):
        pass


def test_a_slice_that_fails_keeps_no_other_from_being_scored() -> None:
    known = Examiners()
    with pytest.raises(JobCancelled), known.turn(int):
        raise JobCancelled
    with known.turn(int):
        pass
