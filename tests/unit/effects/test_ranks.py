from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.effects.ranks import hodges_lehmann, kruskal_wallis, mann_whitney, spread

TIED_X, TIED_Y = [2, 3, 3, 4, 4, 4, 5, 5, 6, 7, 7, 8, 9], [3, 4, 5, 6, 6, 7, 8, 9, 10]


def test_ties_by_hand():
    """Mid-ranks 1, 2.5 | 2.5, 4: the six sums are 3.5 3.5 5 5 6.5 6.5 around 5, so 4 of 6 are as far as 3.5."""
    row = mann_whitney([1, 2], [2, 3])
    assert (row.estimate, row.p) == (0.5, pytest.approx(4 / 6))
    assert row.method == "Mann-Whitney, exact, mid-ranks"


def test_no_ties_by_hand():
    """1 2 | 3 4: the two extreme of six splits."""
    row = mann_whitney([1, 2], [3, 4])
    assert (row.estimate, row.p, row.method) == (0.0, pytest.approx(2 / 6), "Mann-Whitney, exact")


def test_scipy_ignores_ties():
    from scipy.stats import mannwhitneyu

    assert mannwhitneyu(TIED_X, TIED_Y, method="exact").pvalue == pytest.approx(0.234852, abs=1e-6)
    assert mann_whitney(TIED_X, TIED_Y).p == pytest.approx(0.212848, abs=1e-6)


def test_r_rule_turns_to_the_normal_with_ties_or_50():
    assert "normal" in mann_whitney(TIED_X, TIED_Y, rule="R").method
    assert mann_whitney([1, 2], [3, 4], rule="R").method == "Mann-Whitney, exact"
    assert "normal" in mann_whitney(range(50), [50.5], rule="R").method
    assert "normal" not in mann_whitney(range(49), [50.5], rule="R").method
    assert mann_whitney(range(49), [50.5], rule="R").p == pytest.approx(2 / 50)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_exact_equals_listing_all_splits(x, y):
    pool = x + y
    rank = [sum(v < w for v in pool) + (sum(v == w for v in pool) + 1) / 2 for w in pool]
    sums = [sum(c) for c in combinations(rank, len(x))]
    middle = len(x) * (len(pool) + 1) / 2
    expected = sum(abs(s - middle) >= abs(sum(rank[: len(x)]) - middle) for s in sums) / len(sums)
    row = mann_whitney(x, y)
    assert row.p == pytest.approx(expected)
    assert row.estimate == sum((a > b) + (a == b) / 2 for a in x for b in y)


def test_above_the_exact_limit():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=60), rng.normal(0.3, size=50)
    row, shift = mann_whitney(x, y), hodges_lehmann(x, y)
    assert row.method == "Mann-Whitney, normal approximation with continuity correction"
    assert shift.method == "Hodges-Lehmann, normal approximation interval"
    assert shift.low < shift.estimate < shift.high
    exact = hodges_lehmann(x[:50], y)
    assert exact.method == "Hodges-Lehmann, exact interval"
    assert exact.p == pytest.approx(mann_whitney(x[:50], y, rule="R", correct=True).p, abs=0.002)


def test_hodges_lehmann_by_hand():
    """Differences 3 4 4 5; 2 v 2 can never reject at 5 %, so the interval is their range, and says so."""
    row = hodges_lehmann([5, 6.5], [1, 2])
    assert (row.estimate, row.low, row.high) == (4.25, 3, 5.5)
    assert row.note.startswith("too few subjects for 95%")


def test_hodges_lehmann_at_ties_is_the_median_of_differences():
    """exactRankTests prints -1.5 here; the median of the 117 differences is -1."""
    row = hodges_lehmann(TIED_X, TIED_Y)
    assert row.estimate == np.median(np.subtract.outer(TIED_X, TIED_Y)) == -1
    mirror = hodges_lehmann(TIED_Y, TIED_X)
    assert (mirror.low, mirror.high) == (-row.high, -row.low)


@pytest.mark.parametrize("function", [mann_whitney, hodges_lehmann])
def test_edges(function):
    assert function([], [1]).note == function([1], []).note == "not estimable: a group is empty"
    assert function([3, 3, 3], [3, 3]).p == 1.0
    assert function([1], [2]).p == 1.0
    for bad in ([1, np.nan], [1, np.inf], [[1, 2]]):
        with pytest.raises(ValueError, match="x: "):
            function(bad, [1])
        with pytest.raises(ValueError, match="y: "):
            function([1], bad)


def test_all_equal_has_no_normal_p():
    row = mann_whitney([3, 3, 3], [3, 3], rule="R")
    assert (row.p, row.estimate, row.note) == (None, None, "all values are equal")


def test_three_groups_by_hand():
    """Ranks 1 2 | 3 4 | 5: H = 12/30 (9/2 + 49/2 + 25) - 18 = 3.6; chi-square with 2 df has p = exp(-H/2)."""
    row = kruskal_wallis([[1, 2], [10, 30], [99]])
    assert row.estimate == pytest.approx(3.6)
    assert row.p == pytest.approx(np.exp(-1.8))
    assert (row.method, row.n) == ("Kruskal-Wallis, chi-square with 2 df", 5)
    assert row.note == "a group has fewer than 5 values: the chi-square is rough"


def test_two_groups_are_the_normal_mann_whitney():
    row, other = kruskal_wallis([TIED_X, TIED_Y]), mann_whitney(TIED_X, TIED_Y, rule="R", correct=False)
    assert row.p == pytest.approx(other.p, rel=1e-12)
    assert row.note == ""


@pytest.mark.parametrize(
    ("groups", "why"),
    [([], "fewer than two groups"), ([[1, 2]], "fewer than two groups"), ([[1], []], "a group is empty"),
     ([[2, 2], [2], [2]], "all values are equal")],
)  # fmt: skip
def test_no_kruskal(groups, why):
    row = kruskal_wallis(groups)
    assert (row.estimate, row.p, row.note) == (None, None, f"not estimable: {why}")


def test_unknown_rule():
    with pytest.raises(ValueError, match="rule: unknown"):
        mann_whitney([1], [2], rule="spss")


def test_spread():
    row = spread([4, 1, np.nan, 3, 2])
    assert (row.n, row.missing, row.median, row.q1, row.q3, row.least, row.most) == (4, 1, 2.5, 1.75, 3.25, 1, 4)
    assert spread([np.nan]).median is None
    assert spread([]).n == spread([np.nan]).n == 0
    with pytest.raises(ValueError, match="infinite"):
        spread([1, np.inf])


def test_limits_at_ties_are_those_of_the_inverted_test():
    """Shifting x by 5 leaves p(U <= 2.5) = 0.056, by 5.5 0.016; by -2 leaves p(U >= 17.5) = 0.048, by -2.5 0.024."""
    row = hodges_lehmann([1, 3, 4, 6, 7], [1, 2, 2, 6])
    assert (row.low, row.high) == (-2, 5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=6), st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_shift_turns_its_sign_with_the_groups(x, y):
    one, other = hodges_lehmann(x, y), hodges_lehmann(y, x)
    assert (one.estimate, one.low, one.high) == (-other.estimate, -other.high, -other.low)
    assert one.low <= one.estimate <= one.high
