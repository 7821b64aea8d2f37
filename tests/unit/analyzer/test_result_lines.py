from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain_facts import ANY_FACTS, HEALTHY
from mailsift.analyzer.evidence import DomainFacts
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.facts_json import facts_from_json, facts_to_json, judged_from_json
from mailsift.analyzer.result_lines import ResultLines
from mailsift.analyzer.results import Purpose, Tally, result_row
from mailsift.shared.addresses import parse
from mailsift.shared.copy_text import encode_row
from mailsift.shared.suppressions import address_key
from mailsift.shared.verdicts import AnalysisType

_LOCAL_PARTS = st.sampled_from(
    ["anna", "Bruno.Costa", "info", "no-reply", "test", "qwerty", "12345", "a", "sales+x", "j\\d", "émile", "two words"]
)
_DOMAINS = st.sampled_from(["company.com", "outlok.com", "mailinator.com", "gmail.com", "duck.com", "nowhere.example"])
_TEXTS = st.lists(st.builds(lambda local, domain: f"{local}@{domain}", _LOCAL_PARTS, _DOMAINS), max_size=30)


_PURPOSES = st.builds(Purpose, st.just("analysis"), st.booleans())


@given(_PURPOSES, st.lists(ANY_FACTS, max_size=5), _TEXTS)
def test_a_line_says_of_an_address_what_it_would_say_had_there_been_no_other(
    purpose: Purpose, facts: list[DomainFacts], texts: list[str]
) -> None:
    examiner = Examiner({known.domain: known for known in facts})
    lines, tally = ResultLines(purpose), Tally()
    for number, text in enumerate(texts):
        examination = examiner.examine(parse(text))
        alone = encode_row(result_row(purpose, number, text, address_key(text), examination))
        assert lines.line(number, text, address_key(text), examination) == alone
        tally.add(examination)
    assert lines.tally().totals(AnalysisType.ADVANCED) == tally.totals(AnalysisType.ADVANCED)


def test_what_is_counted_is_counted_once() -> None:
    examiner = Examiner({"company.com": HEALTHY})
    lines = ResultLines(Purpose("analysis"))
    for number in range(3):
        lines.line(number, "a@company.com", "a@company.com", examiner.examine(parse("a@company.com")))
    assert lines.tally().totals(AnalysisType.ADVANCED) == lines.tally().totals(AnalysisType.ADVANCED)
    assert lines.tally().totals(AnalysisType.ADVANCED)["processedEmails"] == 3


@given(ANY_FACTS, _LOCAL_PARTS)
def test_no_verdict_stands_on_the_texts_that_are_left_away(facts: DomainFacts, local_part: str) -> None:
    stored = facts_to_json(facts)
    address = parse(f"{local_part}@{facts.domain}")
    whole, judged = facts_from_json(stored, facts.domain), judged_from_json(stored, facts.domain)
    verdicts = [Examiner({facts.domain: known}).examine(address).verdict for known in (whole, judged)]
    assert verdicts[0] == verdicts[1]
    assert judged == replace(
        whole,
        spf=replace(whole.spf, record=None, includes=()),
        dmarc=replace(whole.dmarc, record=None, reports_to=()),
    )
