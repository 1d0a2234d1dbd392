import math
from itertools import pairwise

import pytest

from tocsin.effects.proportions import fisher_p
from tocsin.effects.risk_difference import risk_difference
from tocsin.effects.tipping import MOST_VALUES, tipping_grid


def test_every_filling_in_is_its_own_table():
    grid = tipping_grid(30, 45, 6, 18, 44, 8)
    assert len(grid.cells) == 7 * 9
    assert len({(cell.filled_a, cell.filled_b) for cell in grid.cells}) == 63
    for cell in grid.cells:
        alone = risk_difference(30 + cell.filled_a, 51, 18 + cell.filled_b, 52)
        assert (cell.row.estimate, cell.row.low, cell.row.high) == (alone.estimate, alone.low, alone.high)
        assert cell.row.p == fisher_p(30 + cell.filled_a, 51, 18 + cell.filled_b, 52)
        assert cell.turned == (alone.low <= 0)  # the known alone exclude 0
        assert (cell.row.n, cell.row.events) == (103, 48 + cell.filled_a + cell.filled_b)
    assert grid.observed == risk_difference(30, 45, 18, 44)
    assert grid.turned == sum(cell.turned for cell in grid.cells) > 0


def test_corners_and_the_middle():
    grid = tipping_grid(30, 45, 6, 18, 44, 8)
    assert grid.lowest.estimate == pytest.approx(30 / 51 - 26 / 52)
    assert grid.highest.estimate == pytest.approx(36 / 51 - 18 / 52)
    assert (grid.expected.filled_a, grid.expected.filled_b) == (4, 3)  # 6 x 30/45 = 4; 8 x 18/44 = 3.27
    assert not grid.expected.turned


def test_frontier_separates():
    grid = tipping_grid(30, 45, 6, 18, 44, 8)
    turned = {(cell.filled_a, cell.filled_b): cell.turned for cell in grid.cells}
    assert [a for a, _ in grid.frontier] == list(range(7))
    for a, b in grid.frontier:
        if b is None:
            assert not any(turned[a, k] for k in range(9))
        else:
            assert turned[a, b]
            assert b == 3 or not turned[a, b - 1]
    assert grid.frontier[6] == (6, None)


def test_a_result_that_was_none_can_become_one():
    grid = tipping_grid(11, 20, 5, 8, 20, 5)
    assert grid.observed.low < 0 < grid.observed.high
    turned = {(cell.filled_a, cell.filled_b) for cell in grid.cells if cell.turned}
    assert turned
    assert all(row.low > 0 or row.high < 0 for cell in grid.cells if cell.turned for row in (cell.row,))


def test_nothing_missing_is_one_cell():
    grid = tipping_grid(11, 13, 0, 2, 9, 0)
    assert len(grid.cells) == 1
    assert grid.cells[0].row.estimate == grid.observed.estimate == grid.lowest.estimate
    assert grid.turned == 0
    assert grid.frontier == ((0, None),)


def test_an_arm_without_a_known_outcome():
    grid = tipping_grid(0, 0, 3, 2, 9, 0)
    assert not grid.observed.estimable
    assert len(grid.cells) == 4
    assert grid.turned == 0
    assert grid.expected is None


def test_an_empty_arm():
    grid = tipping_grid(0, 0, 0, 2, 9, 3)
    assert grid.cells == ()
    assert grid.lowest.note == "not estimable: an arm is empty"


def test_large_numbers_are_spread_with_both_ends():
    grid = tipping_grid(300, 900, 137, 250, 900, 1)
    values = sorted({cell.filled_a for cell in grid.cells})
    assert len(values) == MOST_VALUES
    assert (values[0], values[-1]) == (0, 137)
    assert max(b - a for a, b in pairwise(values)) <= 7
    assert grid.cells[0].row.p == pytest.approx(fisher_p(300, 1037, 250, 901), rel=1e-12)
    assert {cell.row.p for cell in tipping_grid(3, 15_000, 1, 2, 15_000, 0).cells} == {None}


def test_method_is_named():
    grid = tipping_grid(11, 13, 1, 2, 9, 1, method="miettinen-nurminen", level=0.9)
    cell = grid.cells[0].row
    assert cell.method == "miettinen-nurminen, missing outcomes filled in"
    assert cell.level == 0.9
    assert cell.low == risk_difference(11, 14, 2, 10, method="miettinen-nurminen", level=0.9).low


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ((14, 13, 0, 2, 9, 0), "a: 14 is more than 13"),
        ((1, 13, -1, 2, 9, 0), "missing_a"),
        ((1, 13, 0, 2, 9, 0.5), "missing_b"),
        ((1, 13, 0, math.nan, 9, 0), "b: "),
        ((1, math.inf, 0, 2, 9, 0), "m: "),
    ],
)
def test_wrong_counts(table, message):
    with pytest.raises(ValueError, match=message):
        tipping_grid(*table)


def test_wrong_settings():
    with pytest.raises(ValueError, match="method"):
        tipping_grid(1, 2, 0, 1, 2, 0, method="wald")  # pyright: ignore
    with pytest.raises(ValueError, match="level"):
        tipping_grid(1, 2, 0, 1, 2, 0, level=1)
    with pytest.raises(ValueError, match="most_values"):
        tipping_grid(1, 2, 0, 1, 2, 0, most_values=1)
