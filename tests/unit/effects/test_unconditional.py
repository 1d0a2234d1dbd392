"""Unconditional tests against the sum over all tables, in fractions, at many proportions."""

from fractions import Fraction as F
from math import comb

import pytest

from tocsin.effects.proportions import boschloo_p, fisher_p
from tocsin.effects.unconditional import barnard_p, boschloo_by_fisher_p


def worst(extreme, m, n):
    def chance(p):
        return sum(comb(m, x) * comb(n, y) * p ** (x + y) * (1 - p) ** (m + n - x - y) for x, y in extreme)

    return max(float(chance(F(i, 400))) for i in range(1, 400))


def squared_z(x, m, y, n):
    total = x + y
    if total in (0, m + n):
        return F(0)
    return (F(x, m) - F(y, n)) ** 2 / (F(total, m + n) * (1 - F(total, m + n)) * (F(1, m) + F(1, n)))


TABLES = [(9, 10, 3, 10), (3, 4, 0, 5), (0, 6, 2, 3), (2, 5, 2, 5), (5, 5, 0, 2)]


@pytest.mark.parametrize("table", TABLES)
def test_barnard_equals_the_sum_over_tables(table):
    a, m, b, n = table
    seen = squared_z(a, m, b, n)
    extreme = [(x, y) for x in range(m + 1) for y in range(n + 1) if squared_z(x, m, y, n) >= seen]
    assert barnard_p(*table) == pytest.approx(worst(extreme, m, n), rel=2e-4)


@pytest.mark.parametrize("table", TABLES)
def test_boschloo_equals_the_sum_over_tables(table):
    _, m, _, n = table
    seen = fisher_p(*table) * (1 + 1e-7)
    extreme = [(x, y) for x in range(m + 1) for y in range(n + 1) if fisher_p(x, m, y, n) <= seen]
    assert boschloo_by_fisher_p(*table) == pytest.approx(worst(extreme, m, n), rel=2e-4)
    assert boschloo_by_fisher_p(*table) <= fisher_p(*table) * (1 + 1e-9)


def test_ties_in_z_are_not_lost():
    """scipy's ``barnard_exact`` gives 0.0069 here: it drops tables whose z is equal but for rounding."""
    assert barnard_p(9, 10, 3, 10) == pytest.approx(0.00795555, rel=1e-5)


def test_the_two_definitions_of_boschloo_differ():
    assert boschloo_by_fisher_p(11, 13, 5, 9) == pytest.approx(0.122688, abs=1e-5)
    assert boschloo_p(11, 13, 5, 9) == pytest.approx(0.179812, abs=1e-5)


def test_swapping_arms_or_outcomes_changes_nothing():
    for test in (barnard_p, boschloo_by_fisher_p):
        p = test(7, 9, 2, 8)
        assert test(2, 8, 7, 9) == pytest.approx(p, rel=1e-9)
        assert test(2, 9, 6, 8) == pytest.approx(p, rel=1e-6)


def test_nobody_and_everybody():
    for test in (barnard_p, boschloo_by_fisher_p):
        assert test(0, 5, 0, 4) == test(5, 5, 4, 4) == 1.0


@pytest.mark.parametrize("table", [(0, 0, 1, 3), (1, 3, 0, 0), (4, 3, 1, 3), (1.5, 3, 1, 3), (-1, 3, 1, 3)])
def test_wrong_counts(table):
    for test in (barnard_p, boschloo_by_fisher_p):
        with pytest.raises(ValueError):
            test(*table)


def test_too_many_tables():
    with pytest.raises(ValueError, match="too many"):
        barnard_p(1, 2_000, 1, 2_000)
