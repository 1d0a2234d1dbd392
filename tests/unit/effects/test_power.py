from itertools import product
from math import comb, exp, nan, sqrt

import pytest

from tocsin.effects.power import detectable_hazard_ratio, detectable_proportion, fisher_power, schoenfeld_power
from tocsin.effects.proportions import fisher_p


def test_by_hand():
    """2 v 2 has p = 1/3 at best: never below 0.05, and at alpha 0.34 only for 2/2 v 0/2 and 0/2 v 2/2."""
    assert fisher_power(1, 0, 2, 2) == 0
    assert fisher_power(1, 0, 2, 2, alpha=0.34) == 1
    assert fisher_power(1, 0, 2, 2, alpha=1 / 3) == 1
    assert fisher_power(0.5, 0.5, 2, 2, alpha=0.34) == pytest.approx(2 / 16)


@pytest.mark.parametrize(("p1", "p0", "m", "n"), [(0.85, 0.55, 13, 9), (0.2, 0.9, 5, 7)])
def test_equals_listing_tables(p1, p0, m, n):
    expected = sum(
        comb(m, a) * p1**a * (1 - p1) ** (m - a) * comb(n, b) * p0**b * (1 - p0) ** (n - b)
        for a, b in product(range(m + 1), range(n + 1))
        if fisher_p(a, m, b, n) <= 0.05
    )
    assert fisher_power(p1, p0, m, n) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("p", [0, 0.1, 0.37, 0.5, 0.8, 1])
def test_never_above_alpha_without_a_difference(p):
    assert fisher_power(p, p, 13, 9) <= 0.05


@pytest.mark.parametrize("p0", [0.05, 0.3, 5 / 9, 0.9])
def test_detectable_is_where_the_power_crosses(p0):
    row = detectable_proportion(p0, 13, 9)
    assert row.below is not None or row.above is not None
    for value, inward in ((row.below, 1e-6), (row.above, -1e-6)):
        if value is not None:
            assert fisher_power(value, p0, 13, 9) >= 0.8
            assert fisher_power(value + inward, p0, 13, 9) < 0.8


def test_13_v_9_cannot_find_more_than_5_of_9():
    row = detectable_proportion(5 / 9, 13, 9)
    assert row.above is None
    assert row.below == pytest.approx(0.0154, abs=5e-4)
    assert row.note == "no proportion above reaches a power of 0.8"
    assert fisher_power(1, 5 / 9, 13, 9) < 0.8


def test_ends_of_the_scale():
    assert detectable_proportion(0, 13, 9).below is None
    assert detectable_proportion(1, 13, 9).above is None
    assert detectable_proportion(0.5, 1, 1).note == "no proportion below or above reaches a power of 0.8"


def test_schoenfeld_by_hand():
    """65.4 events at 1:1 find a ratio of 2 with 80 %: 4 (1.96 + 0.8416)^2 / ln(2)^2."""
    low, high = detectable_hazard_ratio(15, share=13 / 22)
    width = (1.959963984540054 + 0.8416212335729143) / sqrt(15 * 13 * 9 / 22**2)
    assert (low, high) == pytest.approx((exp(-width), exp(width)))
    assert detectable_hazard_ratio(65)[1] == pytest.approx(2, abs=0.005)
    assert schoenfeld_power(high, 15, share=13 / 22) == pytest.approx(0.8, abs=1e-6)
    assert schoenfeld_power(1, 15) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fisher_power(1.1, 0.5, 3, 3), "p1"),
        (lambda: fisher_power(0.5, nan, 3, 3), "p0"),
        (lambda: fisher_power(0.5, 0.5, 0, 3), "an arm is empty"),
        (lambda: fisher_power(0.5, 0.5, 3, 3, alpha=0), "alpha"),
        (lambda: detectable_proportion(0.5, 3, 3, power=1), "power"),
        (lambda: detectable_proportion(-0.1, 3, 3), "p0"),
        (lambda: detectable_hazard_ratio(0), "events: none"),
        (lambda: detectable_hazard_ratio(5, share=1), "share"),
        (lambda: detectable_hazard_ratio(-1), "events: needs"),
        (lambda: schoenfeld_power(0, 5), "hazard_ratio"),
    ],
)
def test_wrong_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
