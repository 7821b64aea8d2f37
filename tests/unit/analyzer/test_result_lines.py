from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from domain_facts import ANY_FACTS
from mailsift.analyzer.evidence import DomainFacts
from mailsift.analyzer.examination import Examiner
from mailsift.analyzer.facts_json import facts_from_json, facts_to_json, judged_from_json, judged_paths
from mailsift.analyzer.result_lines import ListRow, ResultLines
from mailsift.analyzer.results import COLUMNS, Purpose, Tally, counters_of, result_row
from mailsift.shared.addresses import parse
from mailsift.shared.copy_text import NULL, encode_row
from mailsift.shared.scoring_policy import ROLE_ACCOUNT, ScoringPolicy, Thresholds
from mailsift.shared.suppressions import address_key
from mailsift.shared.verdicts import AnalysisType

_NAMES = st.sampled_from(
    ["anna", "Bruno.Costa", "c.duarte7", "dana_evans", "e-f.g", "x", "12345", "jo", "abcdefgh", "qw.er"]
)
_LOCAL_PARTS = _NAMES | st.sampled_from(
    [
        *(
            "info",
            "Sales",
            "sales+x",
            "no-reply",
            "noreply.anna",
            "test",
            "test12",
            "qwerty",
            "asdf.anna",
            "12345",
            "a",
        ),
        *("j\\d", "émile", "two words", '"two words"', ".anna", "anna.", "anna..b", "a" * 64, "a" * 65, "post\tmaster"),
    ]
)
_DOMAINS = st.sampled_from(
    [
        *("company.com", "Company.com", "outlok.com", "mailinator.com", "gmail.com", "yahoo.com", "x.fastmail.com"),
        *("qq.com", "mit.edu", "nowhere.example", "[192.0.2.1]", "company.test", "bücher.example", "com", ""),
        "xn--bcher-kva.example",
    ]
)
_ADDRESSES = st.builds(lambda local, domain: f"{local}@{domain}", _LOCAL_PARTS, _DOMAINS)
_TEXTS = st.lists(_ADDRESSES | _ADDRESSES.map(lambda text: f" {text}") | st.text(max_size=12), max_size=25)

_PURPOSES = st.builds(Purpose, st.just("analysis"), st.booleans())
_POLICIES = st.builds(
    lambda weights, leads: ScoringPolicy(tuple(sorted(weights.items())), lead_status=leads),
    st.dictionaries(st.sampled_from([ROLE_ACCOUNT, "no_reply", "dmarc_missing", "free_provider"]), st.integers(-50, 0)),
    st.sampled_from([None, Thresholds(100, 90)]),
)


def _alone(purpose: Purpose, row: ListRow, examiner: Examiner) -> str:
    examination = examiner.examine(parse(row.email_address))
    return encode_row(result_row(purpose, *row[:3], examination))


@given(_PURPOSES, st.lists(ANY_FACTS, max_size=5), _POLICIES, _TEXTS)
def test_a_line_says_of_an_address_what_the_rules_say_had_there_been_no_other(
    purpose: Purpose, facts: list[DomainFacts], policy: ScoringPolicy, texts: list[str]
) -> None:
    known = {each.domain: each for each in facts}
    rows = [ListRow(number, text, address_key(text)) for number, text in enumerate(texts)]
    lines, tally, alone = ResultLines(purpose, Examiner(known, policy)), Tally(), Tally()
    examiner = Examiner(known, policy)
    for part in (rows[::2], rows[1::2], rows):
        assert lines.of(part, tally) == "".join(_alone(purpose, row, examiner) for row in part)
    for row in rows:
        alone.add(counters_of(examiner.examine(parse(row.email_address))), times=2)
    assert tally.totals(AnalysisType.ADVANCED) == alone.totals(AnalysisType.ADVANCED)


def test_the_canonical_address_stands_beside_the_address_where_it_is_another() -> None:
    lines = ResultLines(Purpose("analysis"), Examiner({}))
    texts = ("John.Smith+news@googlemail.com", "johnsmith@gmail.com", "john.smith@gmail.com", "jo.s@a.example", "none")
    rows = [ListRow(number, text, address_key(text)) for number, text in enumerate(texts)]
    for _ in range(2):
        told = [line.split("\t") for line in lines.of(rows, Tally()).splitlines()]
        other = [cells[COLUMNS.index("canonicalAddress")] for cells in told]
        assert other == ["johnsmith@gmail.com", NULL, "johnsmith@gmail.com", NULL, NULL]
        assert [cells[COLUMNS.index("normalizedAddress")] for cells in told] == list(map(address_key, texts))


@given(ANY_FACTS, _LOCAL_PARTS)
def test_no_result_stands_on_what_is_not_read_of_the_facts(facts: DomainFacts, local_part: str) -> None:
    stored, text = facts_to_json(facts), f"{local_part}@{facts.domain}"
    judged = judged_from_json(facts.domain, [_at(stored, path) for path in judged_paths()])
    whole = facts_from_json(stored, facts.domain)
    row = ListRow(1, text, address_key(text), facts.domain)
    lines = [_alone(Purpose("analysis"), row, Examiner({facts.domain: known})) for known in (whole, judged)]
    assert lines[0] == lines[1]


def _at(stored: object, path: Sequence[str]) -> str | None:
    """What PostgreSQL's `#>` finds."""
    for key in path:
        if not isinstance(stored, dict) or key not in stored:
            return None
        stored = stored[key]
    return json.dumps(stored)


def test_a_tally_says_why_results_are_what_they_are() -> None:
    rows = [ListRow(number, address, address, None) for number, address in enumerate(["info", "a@b@c", "a@b@c"])]
    tally = Tally()
    ResultLines(Purpose("analysis"), Examiner({})).of(rows, tally)
    assert sorted(tally.verdicts()) == [("invalid", "syntax_no_at", 1), ("invalid", "syntax_several_at", 2)]
    assert tally.totals(AnalysisType.BULK)["invalidEmails"] == 3
