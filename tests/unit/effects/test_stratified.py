"""Strata by hand, by listing all tables, and where no answer exists."""

from fractions import Fraction as F
from itertools import product
from math import comb, exp, log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.effects.proportions import odds_ratio
from tocsin.effects.risk_difference import risk_difference
from tocsin.effects.stratified import (
    cochran_mantel_haenszel,
    common_odds_ratio,
    homogeneity,
    mantel_haenszel,
    mcnemar,
)

STRATA = [(3, 6, 2, 8), (4, 5, 3, 5)]


def test_estimates_by_hand():
    """OR: (3x6/14 + 4x2/10) / (3x2/14 + 1x3/10); RR weighs a n / N and b m / N; RD (a n - b m) / N over m n / N."""
    ratio = (F(3 * 6, 14) + F(4 * 2, 10)) / (F(3 * 2, 14) + F(1 * 3, 10))
    risk = (F(3 * 8, 14) + F(4 * 5, 10)) / (F(2 * 6, 14) + F(3 * 5, 10))
    difference = (F(3 * 8 - 2 * 6, 14) + F(4 * 5 - 3 * 5, 10)) / (F(48, 14) + F(25, 10))
    assert mantel_haenszel(STRATA).estimate == pytest.approx(float(ratio))
    assert mantel_haenszel(STRATA, measure="risk ratio").estimate == pytest.approx(float(risk))
    assert mantel_haenszel(STRATA, measure="risk difference").estimate == pytest.approx(float(difference))


def test_test_by_hand():
    """a - E(a) is 3 - 30/14 and 4 - 35/10; variances 6x8x5x9 / (14^2 x 13) and 5x5x7x3 / (10^2 x 9)."""
    gap, spread = F(3) - F(30, 14) + F(4) - F(35, 10), F(6 * 8 * 5 * 9, 14**2 * 13) + F(5 * 5 * 7 * 3, 900)
    assert cochran_mantel_haenszel(STRATA).estimate == pytest.approx(float(gap**2 / spread))
    corrected = cochran_mantel_haenszel(STRATA, correct=True)
    assert corrected.estimate == pytest.approx(float((gap - F(1, 2)) ** 2 / spread))
    assert corrected.method == "Cochran-Mantel-Haenszel, continuity correction, chi-square with 1 df"
    assert mantel_haenszel(STRATA, correct=True).p == corrected.p


def test_one_stratum_is_woolf_katz_and_wald():
    """With one stratum each variance is the textbook one of a single table."""
    a, m, b, n = 7, 20, 3, 18
    row = mantel_haenszel([(a, m, b, n)])
    woolf = 1.959963984540054 * sqrt(1 / a + 1 / (m - a) + 1 / b + 1 / (n - b))
    assert row.estimate == pytest.approx(a * (n - b) / (b * (m - a)))
    assert (row.low, row.high) == pytest.approx((row.estimate * exp(-woolf), row.estimate * exp(woolf)))
    row = mantel_haenszel([(a, m, b, n)], measure="risk ratio")
    katz = 1.959963984540054 * sqrt(1 / a - 1 / m + 1 / b - 1 / n)
    assert (row.low, row.high) == pytest.approx((row.estimate * exp(-katz), row.estimate * exp(katz)))
    row = mantel_haenszel([(a, m, b, n)], measure="risk difference")
    wald = 1.959963984540054 * sqrt(a * (m - a) / m**3 + b * (n - b) / n**3)
    assert row.estimate == pytest.approx(risk_difference(a, m, b, n).estimate)
    assert (row.low, row.high) == pytest.approx((row.estimate - wald, row.estimate + wald))


def test_sato_by_hand():
    """One stratum 1/2 v 0/2: RD 1/2; P = (4x0 - 4x1 + 0)/16 = -1/4, Q = (1x2 + 0)/8 = 1/4; var (1/4 - 1/8) / 1."""
    row = mantel_haenszel([(1, 2, 0, 2)], measure="risk difference")
    assert row.estimate == 0.5
    assert row.low == pytest.approx(0.5 - 1.959963984540054 * sqrt(1 / 8))
    assert row.high == 1.0  # 1.19, cut


def test_pairs_as_strata_are_mcnemar():
    """A stratum per pair: the ratio is that of the disagreeing pairs, its variance 1/b + 1/c, the exact p McNemar's."""
    strata = [(1, 1, 0, 1)] * 8 + [(0, 1, 1, 1)] * 3 + [(1, 1, 1, 1)] * 5
    row, pairs = mantel_haenszel(strata), mcnemar(8, 3, exact=False)
    assert (row.estimate, row.low, row.high) == pytest.approx((pairs.estimate, pairs.low, pairs.high))
    exact, conditional = mcnemar(8, 3), common_odds_ratio(strata)
    assert exact.p == pytest.approx(2 * sum(comb(11, k) for k in range(4)) / 2**11)
    assert (conditional.estimate, conditional.low, conditional.high) == pytest.approx(
        (exact.estimate, exact.low, exact.high)
    )


STRATUM = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)).map(
    lambda x: (min(x[0], x[1]), x[1], min(x[2], x[3]), x[3])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STRATUM, min_size=1, max_size=3))
def test_exact_p_equals_listing_all_tables(strata):
    used = [s for s in strata if s[1] and s[3]]
    spans = [range(max(0, a + b - n), min(m, a + b) + 1) for a, m, b, n in used]
    chances: dict[int, F] = {}
    for chosen in product(*spans):
        weight = F(1)
        for x, (a, m, b, n) in zip(chosen, used, strict=True):
            weight *= F(comb(m, x) * comb(n, a + b - x), comb(m + n, a + b))
        chances[sum(chosen)] = chances.get(sum(chosen), F(0)) + weight
    row = common_odds_ratio(strata)
    if len(chances) < 2:
        assert row.p is None
        return
    seen = chances[sum(s[0] for s in used)]
    assert row.p == pytest.approx(float(sum(c for c in chances.values() if c <= seen)))
    mid = common_odds_ratio(strata, method="mid-p").p
    assert mid == pytest.approx(float(sum(c if c < seen else c / 2 for c in chances.values() if c <= seen)))


@pytest.mark.parametrize("method", ["exact", "mid-p"])
@pytest.mark.parametrize("table", [(11, 13, 5, 9), (0, 13, 2, 9), (13, 13, 5, 9)])
def test_one_stratum_is_the_odds_ratio(method, table):
    one, other = common_odds_ratio([table], method=method), odds_ratio(*table, method=method)
    assert (one.estimate is None) == (other.estimate is None)
    for name in ("estimate", "low", "high", "p"):
        if getattr(other, name) is not None:
            assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9)
        else:
            assert getattr(one, name) is None


UNEQUAL = [(8, 10, 2, 10), (3, 30, 5, 20)]


def tarone(strata):
    """Breslow-Day less Tarone's term, the expected counts by halving instead of the quadratic."""
    ratio = mantel_haenszel(strata).estimate
    gaps, spreads = [], []
    for a, m, b, n in strata:
        k = a + b
        low, high = max(0, k - n), min(m, k)
        for _ in range(200):
            x = (low + high) / 2
            low, high = (x, high) if x * (n - k + x) < ratio * (m - x) * (k - x) else (low, x)
        gaps.append(a - x)
        spreads.append(1 / (1 / x + 1 / (m - x) + 1 / (k - x) + 1 / (n - k + x)))
    return sum(g * g / v for g, v in zip(gaps, spreads, strict=True)) - sum(gaps) ** 2 / sum(spreads)


def test_homogeneity():
    """Equal ratios give 0; Breslow-Day by hand where the common ratio is 1 and expectations are m k / N."""
    assert homogeneity([(2, 4, 1, 4), (4, 8, 2, 8)]).estimate == pytest.approx(0, abs=1e-12)
    opposite = homogeneity([(3, 4, 1, 4), (1, 4, 3, 4)])  # expected 2, variance 1 / (4 / 2) in each
    assert opposite.estimate == pytest.approx(2 * (1 / (1 / 2)))
    assert opposite.method == "Breslow-Day, Tarone's correction, chi-square with 1 df"
    assert homogeneity(UNEQUAL).estimate == pytest.approx(tarone(UNEQUAL), rel=1e-9)
    assert homogeneity([(3, 4, 1, 4)]).note.startswith("not estimable: fewer than two strata")


def test_an_empty_arm_is_said_and_adds_nothing():
    with_, without = mantel_haenszel([*STRATA, (2, 3, 0, 0)]), mantel_haenszel(STRATA)
    assert (with_.estimate, with_.low, with_.p) == (without.estimate, without.low, without.p)
    assert with_.note.startswith("1 of 3 strata have an empty arm and tell nothing")
    assert common_odds_ratio([*STRATA, (0, 0, 1, 3)]).note == "1 of 3 strata have an empty arm and tell nothing"
    assert with_.n == without.n + 3


@pytest.mark.parametrize("strata", [[], [(1, 2, 0, 0)], [(0, 0, 0, 0)]])
def test_no_two_arms(strata):
    for row in (
        mantel_haenszel(strata),
        cochran_mantel_haenszel(strata),
        common_odds_ratio(strata),
        homogeneity(strata),
    ):
        assert row.note.startswith("not estimable: no stratum has two arms")


def test_no_event_and_everybody():
    for strata in ([(0, 5, 0, 5)] * 2, [(5, 5, 5, 5)] * 2):
        rows = [mantel_haenszel(strata, measure=m) for m in ("odds ratio", "risk ratio", "risk difference")]
        assert [row.estimate for row in rows] == [None] * 3
        assert all(row.note.startswith("not estimable: ") for row in rows)
        assert cochran_mantel_haenszel(strata).p is None
    one = mantel_haenszel([(1, 5, 0, 5)])
    assert one.note == "not estimable: the odds ratio is 0, infinite or 0/0 in every stratum"
    exact = common_odds_ratio([(1, 5, 0, 5)])
    assert (exact.estimate, exact.high, exact.note) == (None, None, "infinite: estimate, upper limit")
    assert exact.p == 1.0
    assert exact.low > 0


def test_mcnemar_edges():
    assert mcnemar(0, 0).note == "not estimable: no pair disagrees"
    assert mcnemar(3, 3).p == mcnemar(3, 3, exact=False).p == 1.0
    row = mcnemar(4, 0)
    assert (row.p, row.estimate, row.high, row.note) == (0.125, None, None, "infinite: estimate, upper limit")
    assert row.low == pytest.approx(0.025**0.25 / (1 - 0.025**0.25))
    assert mcnemar(0, 4).low == 0.0
    assert mcnemar(4, 0, exact=False).estimate is None
    assert log(mcnemar(6, 2, exact=False).high / 3) == pytest.approx(1.959963984540054 * sqrt(1 / 6 + 1 / 2))


@pytest.mark.parametrize("table", [(3, 2, 1, 4), (-1, 2, 1, 4), (1.5, 2, 1, 4), (1, 2, 1, float("nan"))])
def test_wrong_counts(table):
    for test in (mantel_haenszel, cochran_mantel_haenszel, common_odds_ratio, homogeneity):
        with pytest.raises(ValueError, match="stratum 1"):
            test([(1, 2, 1, 2), table])


def test_wrong_choices():
    with pytest.raises(ValueError, match="measure"):
        mantel_haenszel(STRATA, measure="hazard ratio")
    with pytest.raises(ValueError, match="method"):
        common_odds_ratio(STRATA, method="wald")
    with pytest.raises(ValueError):
        mcnemar(-1, 2)
