from collections import Counter
from itertools import permutations, product

import numpy as np
import pytest

from tocsin.effects import tables
from tocsin.effects.proportions import fisher_p
from tocsin.effects.tables import chi_square_p, fisher_freeman_halton_p


def test_by_hand():
    """Two of {a, a, b, c} in row 1: aa 1/6, ab 2/6, ac 2/6, bc 1/6. Seen: aa."""
    assert fisher_freeman_halton_p([[2, 0, 0], [0, 1, 1]]) == pytest.approx(1 / 3)


def test_two_by_two_is_fisher():
    for a, b in product(range(6), range(5)):
        p = fisher_freeman_halton_p([[a, 5 - a], [b, 4 - b]])
        assert p == pytest.approx(fisher_p(a, 5, b, 4), rel=1e-10)


@pytest.mark.parametrize("table", [[[2, 1, 0], [0, 1, 1], [1, 0, 2]], [[3, 0, 1], [0, 2, 2]], [[1, 1], [0, 2], [3, 0]]])
def test_equals_listing_all_orders(table):
    """Deal the column labels to the rows in every order; a table's share is its probability."""
    array = np.array(table)
    rows = np.repeat(np.arange(array.shape[0]), array.sum(axis=1))
    columns = np.repeat(np.arange(array.shape[1]), array.sum(axis=0)).tolist()
    seen = Counter()
    for order in permutations(columns):
        filled = np.zeros_like(array)
        np.add.at(filled, (rows, list(order)), 1)
        seen[tuple(filled.ravel().tolist())] += 1
    observed = seen[tuple(array.ravel().tolist())]
    expected = sum(count for count in seen.values() if count <= observed) / sum(seen.values())
    assert fisher_freeman_halton_p(table) == pytest.approx(expected, rel=1e-10)


def test_empty_rows_and_columns_are_passed_over():
    assert fisher_freeman_halton_p([[3, 0, 1], [0, 0, 4]]) == fisher_freeman_halton_p([[3, 1], [0, 4]])
    assert fisher_freeman_halton_p([[3, 1], [0, 0]]) == 1.0
    assert fisher_freeman_halton_p([[0, 0], [0, 0]]) == 1.0


def test_too_large_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="1200 subjects"):
        fisher_freeman_halton_p([[600, 1], [1, 598]])
    monkeypatch.setattr(tables, "MOST_STATES", 3)
    with pytest.raises(ValueError, match="too large"):
        fisher_freeman_halton_p([[3, 5, 2, 4], [3, 1, 6, 0]])


def test_chi_square_by_hand():
    """8 of 10 v 4 of 10: expected 6 and 4, chi-square 2 x 4/6 + 2 x 4/4 = 10/3; Yates 2.25/6 ... = 1.875."""
    from scipy.special import chdtrc

    assert chi_square_p([[8, 2], [4, 6]]) == pytest.approx(chdtrc(1, 10 / 3))
    assert chi_square_p([[8, 2], [4, 6]], yates=True) == pytest.approx(chdtrc(1, 1.875))
    assert chi_square_p([[5, 5], [5, 5]], yates=True) == 1.0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1, 2], "two dimensions"),
        ([[1, -1], [2, 3]], "whole numbers from 0"),
        ([[1, 0.5], [2, 3]], "whole numbers from 0"),
        ([[1, np.nan], [2, 3]], "whole numbers from 0"),
    ],
)
def test_wrong_tables(table, message):
    for p in (chi_square_p, fisher_freeman_halton_p):
        with pytest.raises(ValueError, match=message):
            p(table)


def test_chi_square_does_not_exist_everywhere():
    with pytest.raises(ValueError, match="is empty"):
        chi_square_p([[0, 3], [0, 4]])
    with pytest.raises(ValueError, match="2 x 2"):
        chi_square_p([[1, 2, 3], [3, 2, 1]], yates=True)
