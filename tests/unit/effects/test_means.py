from math import sqrt

import pytest

from tocsin.effects.means import welch


def test_by_hand():
    """Variances 2 and 2 of two each: se sqrt(2), 2 df, where p = 1 - t / sqrt(t^2 + 2) and the quantile is 4.302653."""
    row = welch([0, 2], [3, 5])
    assert (row.estimate, row.n, row.method) == (-3, 4, "Welch, t with 2.00 df")
    assert row.p == pytest.approx(1 - sqrt(4.5 / 6.5))
    assert (row.low, row.high) == (pytest.approx(-3 - 4.30265273 * sqrt(2)), pytest.approx(-3 + 4.30265273 * sqrt(2)))


def test_the_smaller_group_counts_when_it_spreads_more():
    """Variances 8 of two and 2/3 of four: df = (4 + 1/6)^2 / (16 + (1/6)^2 / 3)."""
    row = welch([0, 4], [1, 2, 2, 3])
    assert row.method == f"Welch, t with {(4 + 1 / 6) ** 2 / (16 + 1 / 108):.2f} df"


def test_turned_round():
    one, other = welch([1, 4, 9], [2, 3]), welch([2, 3], [1, 4, 9])
    assert (one.estimate, one.low, one.high) == (-other.estimate, -other.high, -other.low)
    assert one.p == other.p


@pytest.mark.parametrize(
    ("x", "y", "why"),
    [([1], [1, 2], "a group has fewer than two values"), ([], [], "a group has fewer than two values"),
     ([1, 1], [2, 2], "no spread in either group"), ([1e300, 0], [1, 2], "the values are too large to square")],
)  # fmt: skip
def test_not_estimable(x, y, why):
    row = welch(x, y)
    assert (row.estimate, row.p, row.note) == (None, None, f"not estimable: {why}")
    assert welch([1, 1], [2, 3]).estimable  # spread in one group is enough
