from __future__ import annotations

from fuzz.cases import Case, case
from fuzz.codes import known_codes
from fuzz.misbehaving import misbehave
from fuzz.taking_in import take_in
from fuzz.watch import Limits, Verdict, Watch
from mailsift.shared.reading import ReadingOptions

SEED = 20261127
FILES = 60


def test_spoilt_lists_end_in_rows_or_in_a_known_code() -> None:
    codes = known_codes()
    outcomes = {take_in(case(SEED, number), codes) for number in range(FILES)}
    assert "read" in outcomes
    assert len(outcomes) > 5


def test_a_file_can_be_made_again_from_the_seed_and_its_number() -> None:
    first = [case(1, number) for number in range(100)]
    assert first == [case(1, number) for number in range(100)]
    assert any("xlsx" in file.name for file in first)
    assert case(1, 0).content != case(2, 0).content


def test_whatever_a_file_does_to_its_process_is_seen_and_the_next_one_is_read() -> None:
    found = {}
    with Watch(misbehave, Limits(seconds=1.5, memory_mb=250)) as watch:
        assert watch.judge(Case("", b"fine", ReadingOptions())) == Verdict(ended_well=True, what="read")
        for name in ("hang", "crash", "raise", "hog", "toil", "fine"):
            found[name] = watch.judge(Case(name, name.encode(), ReadingOptions()))
    assert [name for name, verdict in found.items() if verdict.ended_well] == ["fine"]
    assert found["hang"].what == "not done after 6 s"
    assert found["crash"].what == "the process ended with -11"
    assert found["raise"].what.endswith("ValueError: an error without a code\n")
    assert found["toil"].what == "2 s of the processor, after which it was read"
    assert found["hog"].what.endswith("MB of memory, after it was read")
