"""Any policy there can be."""

from __future__ import annotations

from hypothesis import strategies as st

from mailsift.shared.scoring_policy import PERFECT, ScoringPolicy, Thresholds

THRESHOLDS = st.none() | st.tuples(st.integers(0, PERFECT), st.integers(0, PERFECT)).map(
    lambda pair: Thresholds(max(pair), min(pair))
)


def policies(reasons: st.SearchStrategy[str]) -> st.SearchStrategy[ScoringPolicy]:
    """Policies that weigh any of these reasons in any way, the usual one among them."""

    def numbers(least: int, most: int) -> st.SearchStrategy[tuple[tuple[str, int], ...]]:
        return st.dictionaries(reasons, st.integers(least, most), max_size=5).map(lambda d: tuple(sorted(d.items())))

    return st.just(ScoringPolicy()) | st.builds(
        ScoringPolicy, numbers(-PERFECT, 0), numbers(0, PERFECT), THRESHOLDS, THRESHOLDS
    )
