"""SPF records with all that they refer to: limits, loops, errors, and what they come to."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mailsift.analyzer.evidence import Lookup, SpfPosture
from mailsift.analyzer.records.replies import Reply
from mailsift.analyzer.records.spf_walk import walk_spf
from walking import NODATA, NXDOMAIN, TIMEOUT, addresses, hosts, texts, walk

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it was written before Python minded its backslashes
    import spf

HOST = addresses("192.0.2.1")
Answers = Mapping[str, Reply]


def _zone(own: str, **others: str) -> dict[str, Reply]:
    """The SPF records of company.com and of names below net; every host there is has an address."""
    return {"company.com TXT": texts(own), **{f"{name}.net TXT": texts(text) for name, text in others.items()}}


NESTED = {f"s{number}": "v=spf1 a:h.net -all" for number in range(5)}
CHAIN = {f"s{number}": f"v=spf1 include:s{number + 1}.net -all" for number in range(12)}

JUDGED: tuple[tuple[Answers, tuple[bool | None, str, str | None, int, int]], ...] = (
    (_zone("v=spf1 -all"), (True, "valid", "fail", 0, 0)),
    (_zone("v=spf1 ip4:192.0.2.0/24 ~all"), (True, "valid", "softfail", 0, 0)),
    (_zone("v=spf1"), (True, "valid", None, 0, 0)),
    ({"company.com TXT": texts("verification=x", "v=spf10 mx", " v=spf1 -all")}, (False, "none", None, 0, 0)),
    ({"company.com TXT": NXDOMAIN}, (False, "none", None, 0, 0)),
    ({"company.com TXT": texts("v=spf1 -all", "V=SPF1 mx")}, (False, "several", None, 0, 0)),
    (_zone("v=spf1 mx; -all"), (False, "syntax", None, 0, 0)),
    ({"company.com TXT": TIMEOUT}, (None, "timeout", None, 0, 0)),
    ({"company.com TXT": Reply(Lookup.NOT_ASKED)}, (None, "not_asked", None, 0, 0)),
    # what is included
    (_zone("v=spf1 include:s.net -all", s="v=spf1 ip4:192.0.2.1 ~all"), (True, "valid", "fail", 1, 0)),
    (_zone("v=spf1 include:s.net ~all", s="v=spf1 +all"), (True, "valid", "pass", 1, 0)),
    (_zone("v=spf1 -include:s.net ~all", s="v=spf1 +all"), (True, "valid", "fail", 1, 0)),
    (_zone("v=spf1 include:s.net -all"), (False, "include_missing", "fail", 1, 1)),
    (_zone("v=spf1 include:s.net -all", s="no spf"), (False, "include_missing", "fail", 1, 0)),
    (_zone("v=spf1 include:s.net -all", s="v=spf1 nonsense"), (False, "syntax", "fail", 1, 0)),
    (_zone("v=spf1 include:s.net -all") | {"s.net TXT": texts("v=spf1", "v=spf1")}, (False, "several", "fail", 1, 0)),
    (_zone("v=spf1 include:s.net -all") | {"s.net TXT": TIMEOUT}, (None, "timeout", "fail", 1, 0)),
    (_zone("v=spf1 include:company.com -all"), (False, "loop", "fail", 1, 0)),
    (_zone("v=spf1 include:s.net -all", s="v=spf1 redirect=company.com"), (False, "loop", "fail", 2, 0)),
    (_zone("v=spf1 include:%{i}.company.com ~all"), (True, "valid", "softfail", 1, 0)),
    # the same one twice is no loop, only twice the lookups
    (_zone("v=spf1 include:s.net include:s.net -all", s="v=spf1 -all"), (True, "valid", "fail", 2, 0)),
    (_zone("v=spf1 exists:h.net -all") | {"h.net A": HOST}, (True, "valid", "pass", 1, 0)),
    # where it redirects to
    (_zone("v=spf1 redirect=s.net", s="v=spf1 ~all"), (True, "valid", "softfail", 1, 0)),
    (_zone("v=spf1 redirect=s.net", s="v=spf1 redirect=t.net", t="v=spf1 ?all"), (True, "valid", "neutral", 2, 0)),
    (_zone("v=spf1 redirect=s.net"), (False, "redirect_missing", None, 1, 1)),
    (_zone("v=spf1 redirect=s.net", s="v=spf1 redirect=s.net"), (False, "loop", None, 2, 0)),
    (_zone("v=spf1 redirect=%{d2}.net"), (True, "valid", None, 1, 0)),
    # ten lookups, wherever they stand
    (_zone("v=spf1 " + "a:h.net " * 10 + "-all") | {"h.net A": HOST}, (True, "valid", "fail", 10, 0)),
    (_zone("v=spf1 " + "a:h.net " * 11 + "-all") | {"h.net A": HOST}, (False, "too_many_lookups", "fail", 11, 0)),
    (_zone("v=spf1 " + "ptr " * 10 + "redirect=s.net"), (False, "too_many_lookups", None, 11, 0)),
    (_zone("v=spf1 -all " + "a " * 20), (True, "valid", "fail", 0, 0)),
    (_zone("v=spf1 " + " ".join(f"include:{s}.net" for s in NESTED) + " -all", **NESTED) | {"h.net A": HOST},
     (True, "valid", "fail", 10, 0)),
    (_zone("v=spf1 a:h.net " + " ".join(f"include:{s}.net" for s in NESTED) + " -all", **NESTED) | {"h.net A": HOST},
     (False, "too_many_lookups", "fail", 11, 0)),
    (_zone("v=spf1 include:s0.net -all", **CHAIN), (False, "too_many_lookups", "fail", 11, 0)),
    # two of them may find nothing
    (_zone("v=spf1 a:x.net mx:y.net -all"), (True, "valid", "fail", 2, 2)),
    (_zone("v=spf1 a:x.net mx:y.net exists:z.net -all"), (False, "too_many_voids", "fail", 3, 3)),
    (_zone("v=spf1 a mx -all") | {"company.com MX": hosts("m.net"), "company.com A": HOST, "m.net A": HOST},
     (True, "valid", "fail", 2, 0)),
    (_zone("v=spf1 mx -all") | {"company.com MX": hosts("m.net", "n.net", "o.net")},
     (False, "too_many_voids", "fail", 1, 3)),
    (_zone("v=spf1 mx -all") | {"company.com MX": hosts(*(f"m{number}.net" for number in range(11)))},
     (False, "too_many_mx", "fail", 1, 0)),
    (_zone("v=spf1 a:x.net -all") | {"x.net A": TIMEOUT}, (None, "timeout", "fail", 1, 0)),
)  # fmt: skip


@pytest.mark.parametrize(("answers", "expected"), JUDGED)
def test_the_posture_follows_from_all_records(
    answers: Answers, expected: tuple[bool | None, str, str | None, int, int]
) -> None:
    found = walk(walk_spf("company.com"), answers)
    assert (found.valid, found.detail, found.all_policy, found.lookups, found.voids) == expected


def test_the_evidence_says_where_and_why() -> None:
    found = walk(
        walk_spf("company.com"), _zone("v=spf1 include:a.net include:b.net -all", a="v=spf1 ?all", b="v=spf1 ?")
    )
    assert found == SpfPosture(
        valid=False,
        detail="syntax",
        all_policy="fail",
        at="b.net",
        lookups=2,
        includes=("a.net", "b.net"),
        record="v=spf1 include:a.net include:b.net -all",
    )


@pytest.mark.parametrize("term", ["include:%{i}.x.net", "exists:%{i}.x.net", "a:%{d}", "mx:%{h}.net", "ptr"])
def test_what_depends_on_the_message_is_counted_and_not_followed(term: str) -> None:
    asked: list[str] = []
    found = walk(walk_spf("company.com"), _zone(f"v=spf1 {term} -all"), asked=asked)
    assert (found.valid, found.lookups, found.is_partial) == (True, 1, True)
    assert asked == ["company.com TXT"]


def test_records_that_include_each_other_without_end_cost_eleven_questions() -> None:
    asked: list[str] = []
    tree = {f"{'x' * depth}.net TXT": texts(f"v=spf1 include:{'x' * (depth + 1)}.net -all") for depth in range(1, 99)}
    walk(walk_spf("company.com"), {"company.com TXT": texts("v=spf1 include:x.net -all"), **tree}, asked=asked)
    assert len(asked) == 11


def test_sixty_kilobytes_of_includes_take_no_time() -> None:
    before = time.process_time()
    found = walk(walk_spf("company.com"), _zone("v=spf1 " + "include:a.net " * 4600))
    assert (found.valid, found.detail) == (False, "syntax")
    assert time.process_time() - before < 0.5


NAMES = [f"n{number}.net" for number in range(4)]
TERMS = st.builds(
    "{}{}".format,
    st.sampled_from(["", "-", "~", "?"]),
    st.sampled_from(["a", "mx", "a:h.net", "a:void.net", "mx:h.net", "mx:void.net", "exists:h.net", "ip4:192.0.2.1"])
    | st.sampled_from(NAMES).map("include:{}".format),
)
ENDS = st.sampled_from(["", "-all", "~all", "?all", "+all"]) | st.sampled_from(NAMES).map("redirect={}".format)
RECORDS = st.builds(lambda terms, end: " ".join(["v=spf1", *terms, end]).strip(), st.lists(TERMS, max_size=6), ENDS)


@given(st.tuples(*[st.lists(RECORDS, max_size=1) for _ in NAMES]), RECORDS)
def test_a_receiver_comes_to_the_same_end(others: tuple[list[str], ...], own: str) -> None:
    """pyspf, the reference implementation, for a sender whom nothing names."""
    # It refuses a record that includes itself also behind a mechanism that matches everybody, which RFC 7208 does not.
    assume(not any(f"include:{name}" in record for name, found in zip(NAMES, others, strict=True) for record in found))
    zone: dict[str, Reply] = {
        "company.com TXT": texts(own),
        "h.net A": HOST,
        "h.net MX": hosts("h.net"),
        **{f"{name} TXT": texts(*records) for name, records in zip(NAMES, others, strict=True) if records},
    }
    found = walk(walk_spf("company.com"), zone)
    result = _by_pyspf(zone)
    if result == "permerror":
        assert found.valid is False
    else:
        assert found.valid
        assert (found.all_policy or "neutral") == result


def _by_pyspf(zone: Answers) -> str:
    def look_up(name: str, record_type: str, *_: object) -> list[tuple[tuple[str, str], object]]:
        reply = zone.get(f"{name} {record_type}", NODATA)
        found = [*((text.encode(),) for text in reply.texts), *reply.addresses, *((10, h.host) for h in reply.hosts)]
        return [((name, record_type), value) for value in found]

    query = spf.query("203.0.113.9", "someone@company.com", "mail.elsewhere.org", strict=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spf, "DNSLookup", look_up)
        return str(query.check()[0])
