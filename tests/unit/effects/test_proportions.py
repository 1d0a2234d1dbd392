import math
from itertools import product

import pytest
from scipy.stats import fisher_exact

from tocsin.effects import proportions
from tocsin.effects.proportions import boschloo_p, fisher_p, hypergeometric, mid_p, odds_ratio, proportion, risk_ratio
from tocsin.effects.risk_difference import risk_difference


@pytest.mark.parametrize(
    ("events", "n", "printed"),
    [(11, 13, "84.6 (54.6-98.1)"), (0, 13, "0.0 (0.0-24.7)"), (12, 119, "10.1 (5.3-17.0)"), (7, 119, "5.9 (2.4-11.7)")],
)
def test_printed_intervals(events, n, printed):
    row = proportion(events, n)
    assert f"{100 * row.estimate:.1f} ({100 * row.low:.1f}-{100 * row.high:.1f})" == printed


def test_bounds_at_0_and_n_by_hand():
    none, all_ = proportion(0, 9), proportion(9, 9)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 9))
    assert all_.low == pytest.approx(0.025 ** (1 / 9))
    assert (none.low, all_.high) == (0.0, 1.0)
    assert none.note == all_.note == "one-sided 97.5% bound"
    assert proportion(1, 9).note == ""


def test_nobody():
    assert proportion(0, 0).note == "not estimable: nobody in the group"
    assert risk_difference(0, 0, 1, 2).note == odds_ratio(0, 0, 1, 2).note == "not estimable: an arm is empty"
    assert risk_ratio(0, 0, 1, 2).note == "not estimable: an arm has no event"
    for p in (fisher_p, mid_p, boschloo_p):
        with pytest.raises(ValueError, match="an arm is empty"):
            p(0, 0, 1, 2)


@pytest.mark.parametrize(("events", "n"), [(-1, 5), (6, 5), (1.5, 5), (math.nan, 5), (1, math.inf)])
def test_wrong_counts(events, n):
    with pytest.raises(ValueError, match=r"whole number|more than"):
        proportion(events, n)
    with pytest.raises(ValueError, match=r"whole number|more than"):
        fisher_p(events, n, 1, 2)
    with pytest.raises(ValueError, match=r"whole number|more than"):
        risk_difference(1, 2, events, n)


@pytest.mark.parametrize(
    "call",
    [
        lambda: proportion(1, 2, method="x"),
        lambda: fisher_p(1, 2, 1, 2, alternative="x"),
        lambda: mid_p(1, 2, 1, 2, order="x"),
        lambda: odds_ratio(1, 2, 1, 2, method="x"),
        lambda: risk_difference(1, 2, 1, 2, method="x"),
    ],
)
def test_unknown_options(call):
    with pytest.raises(ValueError, match="unknown"):
        call()


def test_fisher_by_hand():
    """2/2 v 0/2: the two extreme tables have probability 1/6 each."""
    assert fisher_p(2, 2, 0, 2) == pytest.approx(1 / 3)
    assert fisher_p(2, 2, 0, 2, alternative="greater") == pytest.approx(1 / 6)
    assert fisher_p(2, 2, 0, 2, alternative="less") == 1.0
    assert mid_p(2, 2, 0, 2) == pytest.approx(1 / 6)
    assert mid_p(2, 2, 0, 2, order="doubled") == pytest.approx(1 / 6)


def test_fisher_equals_scipy_on_every_small_table():
    for m, n in ((1, 1), (3, 5), (7, 4)):
        for a, b in product(range(m + 1), range(n + 1)):
            assert fisher_p(a, m, b, n) == pytest.approx(fisher_exact([[a, m - a], [b, n - b]]).pvalue, rel=1e-12)


@pytest.mark.parametrize(
    ("m", "n", "events"), [(300, 200, 60), (2_000, 2_000, 900), (5_000, 7_000, 3), (5_000, 7_000, 11_999), (1, 9, 4)]
)
def test_chances_are_scipy_s(m, n, events):
    from scipy.stats import hypergeom

    x, chance = hypergeometric(m, n, events)
    assert x.tolist() == list(range(max(0, events - n), min(m, events) + 1))
    expected = hypergeom.pmf(x, m + n, m, events)
    seen = expected > 1e-250  # below, the last digits are lost in scipy
    assert chance[seen] == pytest.approx(expected[seen], rel=1e-11)


@pytest.mark.parametrize(("m", "n", "events"), [(13, 9, 16), (9, 13, 22), (200, 200, 137), (0, 5, 3), (4, 4, 0)])
def test_whole_numbers_and_floats_agree(m, n, events, monkeypatch):
    from math import comb

    x, counted = hypergeometric(m, n, events)
    assert counted.tolist() == [comb(m, k) * comb(n, events - k) / comb(m + n, events) for k in x.tolist()]
    monkeypatch.setattr(proportions, "MOST_COUNTED", -1)
    assert hypergeometric(m, n, events)[1] == pytest.approx(counted, rel=1e-13)


def test_mirror_tables_are_equally_likely_in_floats_too(monkeypatch):
    monkeypatch.setattr(proportions, "MOST_COUNTED", -1)
    for a, b in product(range(7), range(7)):  # equal but for the last digit: both or neither belong to the tail
        assert fisher_p(a, 6, b, 6) == pytest.approx(fisher_exact([[a, 6 - a], [b, 6 - b]]).pvalue, rel=1e-10)


def test_odds_ratio_is_not_r_s_rounded_root():
    """R prints 4.08584 (0.42155 to 59.9041); the precise values are these."""
    row = odds_ratio(11, 13, 5, 9)
    assert (row.estimate, row.low, row.high) == pytest.approx((4.085904176, 0.42154856, 59.87548155), rel=1e-8)
    assert row.p == fisher_p(11, 13, 5, 9)
    assert odds_ratio(11, 13, 5, 9, method="mid-p").p == mid_p(11, 13, 5, 9)


def test_infinite_odds_are_said():
    row = odds_ratio(13, 13, 7, 9)
    assert (row.estimate, row.high) == (None, None)
    assert row.low > 0
    assert row.note == "infinite: estimate, upper limit"
    zero = odds_ratio(0, 13, 2, 9)
    assert (zero.estimate, zero.low) == (0, 0)
    assert zero.high > 0


@pytest.mark.parametrize("table", [(0, 13, 0, 9), (13, 13, 9, 9)])
def test_no_events_or_only_events(table):
    assert odds_ratio(*table).note == "not estimable: all subjects, or none, had the event"
    assert fisher_p(*table) == boschloo_p(*table) == 1.0
    assert risk_difference(*table).estimate == 0
    assert risk_ratio(*table).estimate is None


def test_boschloo_groups_are_columns_for_scipy():
    """By rows scipy gives 0.1631, which is another question."""
    assert boschloo_p(11, 13, 5, 9) == pytest.approx(0.179812, abs=1e-6)


def test_miettinen_nurminen_is_not_statsmodels_():
    """statsmodels 0.15 gives 0.05255, 0.34404."""
    row = risk_difference(56, 70, 48, 80, method="miettinen-nurminen")
    assert (row.low, row.high) == pytest.approx((0.052830, 0.338173), abs=5e-7)


@pytest.mark.parametrize("method", ["newcombe", "miettinen-nurminen", "mee"])
def test_difference_turns_its_sign_with_the_arms(method):
    for a, b in product(range(5), range(4)):
        one, other = risk_difference(a, 4, b, 3, method=method), risk_difference(b, 3, a, 4, method=method)
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)
        assert -1 <= one.low <= one.estimate <= one.high <= 1


@pytest.mark.parametrize(
    ("table", "printed"), [((4, 15, 13, 26), "0.53 (0.21-1.34) 0.18"), ((4, 9, 13, 21), "0.72 (0.32-1.60) 0.42")]
)
def test_printed_risk_ratios(table, printed):
    row = risk_ratio(*table)
    assert f"{row.estimate:.2f} ({row.low:.2f}-{row.high:.2f}) {row.p:.2f}" == printed


def test_corrected_wilson_solves_its_equation():
    """|k - n p| - 1/2 = z sqrt(n p (1 - p)) at both limits."""
    row = proportion(3, 20, method="wilson-corrected")
    for p in (row.low, row.high):
        assert abs(3 - 20 * p) - 0.5 == pytest.approx(1.959963984540054 * math.sqrt(20 * p * (1 - p)))
    assert proportion(0, 9, method="wilson-corrected").low == 0.0
    assert proportion(9, 9, method="wilson-corrected").high == 1.0


def test_jeffreys_lies_inside_clopper_pearson():
    for k in range(10):
        inner, outer = proportion(k, 9, method="jeffreys"), proportion(k, 9)
        assert outer.low <= inner.low <= inner.estimate <= inner.high <= outer.high
    assert (proportion(0, 9, method="jeffreys").low, proportion(9, 9, method="jeffreys").high) == (0.0, 1.0)
    assert proportion(0, 0, method="jeffreys").note == "not estimable: nobody in the group"
