"""Four patients by hand: arm 1 has an event at 1 and is censored at 3; arm 0 has events at 2 and 4."""

from fractions import Fraction as F
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.effects import permutation
from tocsin.effects.curves import exact_log_rank, log_rank, log_rank_scores
from tocsin.effects.permutation import score_test

TIME, EVENT, ARM = [1, 3, 2, 4], [1, 0, 1, 1], [1, 1, 0, 0]


def test_log_rank_by_hand():
    """At 1: 1 of 4, expected 1/2, variance 1/4. At 2: 1 of 3, 1/3, 2/9. At 4 arm 1 has nobody left."""
    test = log_rank(TIME, EVENT, ARM)
    assert test.groups == (0, 1)
    assert test.n == (2, 2)
    assert test.observed.tolist() == [2, 1]
    assert test.expected[1] == pytest.approx(float(F(1, 2) + F(1, 3)))
    assert test.variance[1, 1] == pytest.approx(float(F(1, 4) + F(2, 9)))
    assert test.chi_square == pytest.approx(float(F(1, 6) ** 2 / F(17, 36)))


def test_peto_by_hand():
    """Weights 1, 3/4 and 1/2, squared in the variance."""
    test = log_rank(TIME, EVENT, ARM, weights="peto")
    assert test.observed[1] - test.expected[1] == pytest.approx(float(F(1, 2) - F(3, 4) * F(1, 3)))
    assert test.variance[1, 1] == pytest.approx(float(F(1, 4) + F(9, 16) * F(2, 9)))


def test_prentice_by_hand():
    """Weights 4/5, then 4/5 x 3/4 = 3/5; arm 1 has nobody left at 4."""
    test = log_rank(TIME, EVENT, ARM, weights="prentice")
    assert test.observed[1] - test.expected[1] == pytest.approx(float(F(4, 5) * F(1, 2) - F(3, 5) * F(1, 3)))
    assert test.variance[1, 1] == pytest.approx(float(F(16, 25) * F(1, 4) + F(9, 25) * F(2, 9)))
    assert test.row.method == "Peto-Prentice, chi-square with 1 df"
    with pytest.raises(ValueError, match="weights"):
        log_rank(TIME, EVENT, ARM, weights="gehan")


def test_strata_add_up():
    one = log_rank(TIME, EVENT, ARM)
    both = log_rank(TIME * 2, EVENT * 2, ARM * 2, strata=["a"] * 4 + ["b"] * 4)
    assert both.observed == pytest.approx(2 * one.observed)
    assert both.variance == pytest.approx(2 * one.variance)
    assert both.chi_square == pytest.approx(2 * one.chi_square)
    assert both.row.method == "log-rank, stratified, chi-square with 1 df"


def test_scores_by_hand():
    """H is 1/4, 7/12, 7/12, 19/12 at 1, 2, 3, 4; the sum over arm 1 is observed minus expected, 1/6."""
    scores = log_rank_scores(TIME, EVENT)
    assert scores == pytest.approx([3 / 4, -7 / 12, 5 / 12, -7 / 12])
    assert scores[:2].sum() == pytest.approx(1 / 6)


def test_exact_by_hand():
    """The six splits sum to 2, 14, 2, -2, -14, -2 twelfths."""
    test = score_test(log_rank_scores(TIME, EVENT), [True, True, False, False])
    assert test.splits == 6
    assert test.p == 1.0
    assert test.p_mid == pytest.approx(2 / 3)
    assert test.p_greater == pytest.approx(3 / 6)
    assert test.p_less == pytest.approx(5 / 6)
    assert exact_log_rank(TIME, EVENT, ARM).p == 1.0
    assert exact_log_rank(TIME, EVENT, ARM).estimate == pytest.approx(1 / 6)


SCORES = st.lists(st.integers(-3, 3), min_size=2, max_size=9)


@settings(max_examples=80, deadline=None)
@given(SCORES, st.data())
def test_exact_equals_listing_all_splits(scores, data):
    size = data.draw(st.integers(1, len(scores) - 1))
    arm = [i < size for i in range(len(scores))]
    centred = [F(s) - F(sum(scores), len(scores)) for s in scores]
    sums = [sum(c) for c in combinations(centred, size)]
    observed = sum(centred[:size])
    test = score_test(scores, arm)
    assert test.splits == len(sums) == comb(len(scores), size)
    assert test.p == pytest.approx(sum(abs(s) >= abs(observed) for s in sums) / len(sums))
    assert test.p_less == pytest.approx(sum(s <= observed for s in sums) / len(sums))
    assert test.p_greater == pytest.approx(sum(s >= observed for s in sums) / len(sums))
    ties = sum(abs(s) == abs(observed) for s in sums)
    assert test.p_mid == pytest.approx((sum(abs(s) > abs(observed) for s in sums) + ties / 2) / len(sums))


def test_names_of_the_arms_do_not_matter():
    rng = np.random.default_rng(2)
    t, e, g = rng.exponential(5, 22), rng.integers(0, 2, 22), np.repeat([1, 0], (13, 9))
    one, other = exact_log_rank(t, e, g), exact_log_rank(t, e, 1 - g)
    assert one.p == pytest.approx(other.p, rel=1e-12)
    assert one.estimate == pytest.approx(-other.estimate)


def test_large_samples_draw_permutations_and_say_so():
    rng = np.random.default_rng(3)
    t, g = rng.exponential(5, 60), np.repeat([1, 0], 30)
    first, again, other = (exact_log_rank(t, [1] * 60, g, seed=seed, draws=999) for seed in (5, 5, 6))
    assert first.method.endswith("999 permutations, seed 5")
    assert first.p == again.p != other.p
    assert first.p * 1000 == pytest.approx(round(first.p * 1000))
    assert first.p == pytest.approx(log_rank(t, [1] * 60, g).p, abs=0.08)


def test_drawn_p_is_near_the_exact_one():
    scores, arm = log_rank_scores(range(1, 13), [1, 1, 0] * 4), [True, True, True, False] * 3
    exact, drawn = score_test(scores, arm), score_test(scores, arm, most_states=1, draws=20_000, seed=1)
    assert exact.exact
    assert not drawn.exact
    assert drawn.p_mid is None
    assert drawn.p == pytest.approx(exact.p, abs=4 * (0.25 / 20_000) ** 0.5)
    assert drawn.p_less == pytest.approx(exact.p_less, abs=4 * (0.25 / 20_000) ** 0.5)


def test_a_drawn_p_is_never_0():
    t, g = np.arange(1, 61), np.repeat([1, 0], 30)
    assert exact_log_rank(t, [1] * 60, g, draws=99).p == 1 / 100


def test_half_sums_stay_within_the_limit():
    halves = permutation._halves(np.arange(40.0))
    assert [len(half) for half in halves] == [20, 20]
    assert permutation._halves(np.array([1.0, 1, 1, 2]))[0] == [(1.0, 3)]


@pytest.mark.parametrize(
    ("time", "event", "group", "why"),
    [
        ([], [], [], "no event"),
        ([1, 2], [0, 0], [0, 1], "no event"),
        ([1, 2], [1, 1], [0, 0], "no event time has two groups at risk"),
        ([1, 2, 3], [1, 0, 1], [0, 0, 1], None),
        ([2, 2, 2], [1, 1, 1], [0, 0, 1], "no event time has two groups at risk"),
        ([1, 5], [0, 1], [0, 1], "no event time has two groups at risk"),
    ],
)
def test_log_rank_edges(time, event, group, why):
    test = log_rank(time, event, group)
    if why is None:
        assert test.p is not None
        assert 0 < test.p <= 1
    else:
        assert (test.p, test.chi_square, test.row.note) == (None, None, f"not estimable: {why}")


def test_all_events_at_one_time_have_no_variance():
    """Everybody dies at once: observed is expected, and the variance is 0."""
    test = log_rank([2, 2, 2], [1, 1, 1], [0, 0, 1])
    assert test.observed == pytest.approx(test.expected)
    assert test.variance == pytest.approx(np.zeros((2, 2)))
    assert exact_log_rank([2, 2, 2], [1, 1, 1], [0, 0, 1]).p == 1.0


def test_exact_edges():
    assert exact_log_rank([1, 2], [1, 1], [1, 1]).note == "not estimable: an arm is empty"
    assert exact_log_rank([], [], []).note == "not estimable: an arm is empty"
    assert exact_log_rank([1, 2], [0, 0], [0, 1]).note == "not estimable: no event"
    assert exact_log_rank([1, 2], [1, 0], [0, 1]).p == 1.0


@pytest.mark.parametrize(
    ("scores", "arm", "draws", "message"),
    [
        ([1, 2], [True], 9, "in_arm: needs 2"),
        ([1, 2], [True, True], 9, "is empty"),
        ([1, 2], [True, False], 0, "draws"),
    ],
)
def test_score_test_refuses(scores, arm, draws, message):
    with pytest.raises(ValueError, match=message):
        score_test(scores, arm, draws=draws)
