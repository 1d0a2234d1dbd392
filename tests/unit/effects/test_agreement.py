"""Weighted kappa against hand-worked fractions, the textbook formula, the delta method and a published table."""

import math
from fractions import Fraction
from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.effects.agreement import bootstrap_kappa, cross_table, weighted_kappa

SKIN = [[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]]  # SAS/STAT PROC FREQ, two dermatologists
WORKED = [[2, 1, 0], [0, 3, 1], [0, 0, 3]]
TABLES = st.integers(2, 5).flatmap(lambda k: st.lists(st.integers(0, 12), min_size=k * k, max_size=k * k)).map(
    lambda cells: [cells[i : i + math.isqrt(len(cells))] for i in range(0, len(cells), math.isqrt(len(cells)))]
)  # fmt: skip
Z = NormalDist().inv_cdf(0.975)


def ratings(table):
    pairs = [(i, j) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
    return [i for i, _ in pairs], [j for _, j in pairs]


def textbook(table, power):
    """Kappa and its variance in agreement weights, as Fleiss, Cohen & Everitt print them, in fractions."""
    k, n = len(table), sum(map(sum, table))
    p = [[Fraction(cell, n) for cell in row] for row in table]
    w = [[1 - Fraction(abs(i - j), k - 1) ** power for j in range(k)] for i in range(k)]
    row, column = [sum(line) for line in p], [sum(line[j] for line in p) for j in range(k)]
    cells = list(product(range(k), repeat=2))
    seen = sum(w[i][j] * p[i][j] for i, j in cells)
    chance = sum(w[i][j] * row[i] * column[j] for i, j in cells)
    by_row = [sum(column[j] * w[i][j] for j in range(k)) for i in range(k)]
    by_column = [sum(row[i] * w[i][j] for i in range(k)) for j in range(k)]
    inner = (
        sum(p[i][j] * (w[i][j] * (1 - chance) - (by_row[i] + by_column[j]) * (1 - seen)) ** 2 for i, j in cells)
        - (seen * chance - 2 * chance + seen) ** 2
    )
    return (seen - chance) / (1 - chance), inner / (n * (1 - chance) ** 4)


def usable(table):
    rows, columns = [sum(row) > 0 for row in table], [any(column) for column in zip(*table, strict=True)]
    return sum(rows) > 1 and sum(columns) > 1


def test_worked_by_hand():
    # rows 3, 4, 3; columns 2, 4, 4; linear: 10 x 2 / 84; quadratic: 10 x 2 / 120
    assert weighted_kappa(WORKED, "linear").estimate == pytest.approx(float(Fraction(16, 21)), abs=1e-15)
    assert weighted_kappa(WORKED, "quadratic").estimate == pytest.approx(float(Fraction(5, 6)), abs=1e-15)


def test_two_categories_are_cohens_kappa():
    # 20 and 15 agree of 50: seen 0.70, by chance 0.50, kappa 0.40
    for weights in ("linear", "quadratic"):
        assert weighted_kappa([[20, 5], [10, 15]], weights).estimate == pytest.approx(0.4, abs=1e-15)


def test_published_table_of_sas():
    found = weighted_kappa(SKIN, "linear")
    assert [round(v, 4) for v in (found.estimate, found.low, found.high)] == [0.5082, 0.3798, 0.6366]
    assert found.n == 88


@settings(max_examples=150, deadline=None)
@given(TABLES, st.sampled_from([("linear", 1), ("quadratic", 2)]))
def test_agrees_with_the_textbook_in_fractions(table, weights):
    if not usable(table) or sum(map(sum, table)) < 2:
        return
    kappa, variance = textbook(table, weights[1])
    found = weighted_kappa(table, weights[0])
    assert found.estimate == pytest.approx(float(kappa), abs=1e-12)
    if variance < 1e-13:
        assert (found.low, found.high) == (None, None)
    else:
        half = Z * math.sqrt(variance)
        assert found.low == pytest.approx(max(-1, float(kappa) - half), abs=1e-9)
        assert found.high == pytest.approx(min(1, float(kappa) + half), abs=1e-9)


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_variance_is_that_of_the_numerical_delta_method(weights):
    power = 1 if weights == "linear" else 2
    p = np.array(SKIN) / 88

    def kappa(share):
        share = share / share.sum()
        cost = np.abs(np.subtract.outer(np.arange(4), np.arange(4))) ** power
        return 1 - (cost * share).sum() / (cost * np.outer(share.sum(axis=1), share.sum(axis=0))).sum()

    slopes = np.zeros((4, 4))
    for cell in product(range(4), repeat=2):
        step = np.zeros((4, 4))
        step[cell] = 1e-6
        slopes[cell] = (kappa(p + step) - kappa(p - step)) / 2e-6
    error = math.sqrt(((p * slopes**2).sum() - (p * slopes).sum() ** 2) / 88)
    found = weighted_kappa(SKIN, weights)
    assert (found.high - found.low) / 2 / Z == pytest.approx(error, rel=1e-6)


def test_quadratic_kappa_is_the_concordance_correlation():
    a, b = map(np.array, ratings(SKIN))
    concordance = 2 * np.cov(a, b, bias=True)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    assert weighted_kappa(SKIN, "quadratic").estimate == pytest.approx(concordance, abs=1e-12)


def test_unused_categories_and_changed_places_change_nothing():
    wide = np.zeros((6, 6), int)
    wide[1:4, 1:4] = WORKED
    for weights in ("linear", "quadratic"):
        plain = weighted_kappa(WORKED, weights)
        for other in (wide, np.transpose(WORKED), np.array(WORKED)[::-1, ::-1]):
            again = weighted_kappa(other, weights)
            assert (again.estimate, again.low, again.high) == pytest.approx((plain.estimate, plain.low, plain.high))


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ([[0, 0], [0, 0]], "nobody is rated by both"),
        ([[0, 1], [0, 0]], "one subject only"),
        ([[9, 0], [0, 0]], "each rater uses one category only"),
        ([[0, 9], [0, 0]], "each rater uses one category only"),
        ([[4, 5], [0, 0]], "one rater uses one category only"),
        ([[4, 0], [5, 0]], "one rater uses one category only"),
    ],
)
def test_degenerate_tables_say_why_there_is_no_kappa(table, why):
    a, b = ratings(table)
    for found in (weighted_kappa(table), bootstrap_kappa(a, b, list(range(len(a))))):
        assert (found.estimate, found.low, found.high) == (None, None, None)
        assert found.note == f"not estimable: {why}"
        assert found.n == len(a)


def test_full_agreement_has_a_kappa_and_no_limits():
    a = [0, 1, 2, 2]
    for found in (weighted_kappa(np.diag([1, 1, 2])), bootstrap_kappa(a, a, range(4))):
        assert (found.estimate, found.low, found.high) == (1, None, None)
        assert found.note


def test_a_limit_beyond_one_is_cut_and_said():
    found = weighted_kappa([[3, 0, 0], [0, 3, 0], [0, 1, 3]], "linear")
    assert found.high == 1
    assert "cut" in found.note


def test_bootstrap_limits_are_those_of_all_resamples():
    a, b = [0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 2, 2]
    every = []
    for draw in product(range(6), repeat=6):
        taken = cross_table(np.array([a[i] for i in draw]), np.array([b[i] for i in draw]), 3)
        if (taken.sum(axis=0) > 0).sum() > 1 or (taken.sum(axis=1) > 0).sum() > 1:
            every.append(float(textbook(taken.tolist(), 1)[0]))
    found = bootstrap_kappa(a, b, range(6), "linear", level=0.8, draws=20_000)
    assert found.estimate == pytest.approx(float(textbook(cross_table(np.array(a), np.array(b), 3).tolist(), 1)[0]))
    below, above = np.quantile(every, [0.085, 0.115]), np.quantile(every, [0.885, 0.915])
    assert below[0] <= found.low <= below[1]
    assert above[0] <= found.high <= above[1]
    assert above[1] - below[0] > 0.3


def test_patients_with_the_same_course_twice_are_drawn_whole():
    a, b = ratings(SKIN)
    once = bootstrap_kappa(a, b, range(88), "linear")
    twice = bootstrap_kappa(a + a, b + b, [*range(88), *range(88)], "linear")
    apart = bootstrap_kappa(a + a, b + b, range(176), "linear")
    assert (once.low, once.high) == (twice.low, twice.high)
    assert apart.high - apart.low < 0.8 * (once.high - once.low)
    assert twice.n == 176


def test_bootstrap_is_near_the_large_sample_interval_and_repeats():
    a, b = ratings(SKIN)
    found, large = bootstrap_kappa(a, b, range(88), "linear"), weighted_kappa(SKIN, "linear")
    assert found.estimate == large.estimate
    assert (found.high - found.low) / (large.high - large.low) == pytest.approx(1, abs=0.08)
    order = np.random.default_rng(3).permutation(88)
    shuffled = bootstrap_kappa(np.array(a)[order], np.array(b)[order], order, "linear")
    assert (shuffled.low, shuffled.high) == (found.low, found.high)
    assert bootstrap_kappa(a, b, range(88), "linear", seed=2).low != found.low


def test_draws_without_a_kappa_are_counted_and_too_many_of_them_give_no_limits():
    few = bootstrap_kappa([0] * 3 + [1, 2, 1], [0] * 3 + [1, 2, 2], range(6))
    assert few.low is not None
    assert "draws without a kappa left out" in few.note
    many = bootstrap_kappa([0] * 20 + [1], [0] * 20 + [1], range(21))
    assert (many.estimate, many.low) == (1, None)
    assert "one category only" in many.note


def test_one_patient_gives_no_interval():
    found = bootstrap_kappa([0, 1, 1], [0, 1, 0], ["x", "x", "x"])
    assert found.estimate is not None
    assert (found.low, found.high, found.note) == (None, None, "no limits: one cluster only")


def test_refusals():
    for bad in ([[1, 2, 3], [1, 2, 3]], [[1.5, 0], [0, 1]], [[-1, 0], [0, 1]], [[float("nan"), 0], [0, 1]], [1, 2]):
        with pytest.raises(ValueError):
            weighted_kappa(bad)
    for wrong in (
        lambda: weighted_kappa(WORKED, "cubic"),
        lambda: weighted_kappa(WORKED, level=1),
        lambda: bootstrap_kappa([0, 1], [0], [1, 2]),
        lambda: bootstrap_kappa([0, 1], [0, -1], [1, 2]),
        lambda: bootstrap_kappa([0, 1], [0, 1], [1]),
        lambda: bootstrap_kappa([0, 1], [0, 1], [1, 2], draws=10),
    ):
        with pytest.raises(ValueError):
            wrong()
