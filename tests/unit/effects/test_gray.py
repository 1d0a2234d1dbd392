"""Gray's test against its limits: no competing cause, one group, and the score summed by hand."""

from fractions import Fraction as F
from itertools import combinations

import numpy as np
import pytest

from tocsin.effects.curves import log_rank
from tocsin.effects.gray import gray_permutation, gray_test

# arm 1: the cause at 1 and 3; arm 0: the other cause at 2, the cause at 4
ALONE = "a group is never at risk beside the others, or all fail at one time"
TIME, STATUS, ARM = [1, 3, 2, 4], [1, 1, 2, 1], [1, 1, 0, 0]


def test_score_by_hand():
    """Arm 1 at risk with R = Y (1 - F) / S: 2, 1 (1/2) / (1/2) at 3, 0 at 4; arm 0: 2, then 1 (1) / (1/2), twice.

    At 1: 1 - 2/4. At 3: 1 - 1/3. At 4: 0 - 0. Arm 1: 7/6 in all; arm 0, the first label, minus that.
    """
    test = gray_test(TIME, STATUS, ARM)
    assert test.groups == (0, 1)
    assert test.score == pytest.approx([-float(F(1, 2) + F(2, 3))])
    assert gray_permutation(TIME, STATUS, ARM).estimate == pytest.approx(float(F(7, 6)))


def test_without_censoring_and_competing_causes_the_score_is_that_of_the_log_rank():
    rng = np.random.default_rng(7)
    t, g = rng.permutation(60) + 1.0, rng.integers(0, 2, 60)
    one, other = gray_test(t, np.ones(60), g), log_rank(t, np.ones(60), g)
    assert one.score[0] == pytest.approx((other.observed - other.expected)[0])


def test_the_order_of_the_groups_does_not_matter():
    rng = np.random.default_rng(3)
    t, s, g = rng.integers(1, 9, 90), rng.integers(0, 3, 90), rng.integers(0, 3, 90)
    first = gray_test(t, s, g)
    for renamed in ([2, 0, 1], [1, 2, 0], [0, 2, 1]):
        again = gray_test(t, s, np.array(renamed)[g])
        assert again.chi_square == pytest.approx(first.chi_square, rel=1e-9)
        assert again.df == 2


def test_a_stratum_twice_doubles_score_and_variance():
    rng = np.random.default_rng(5)
    t, s, g = rng.integers(1, 9, 40), rng.integers(0, 3, 40), rng.integers(0, 2, 40)
    one = gray_test(t, s, g)
    both = gray_test(*(np.tile(x, 2) for x in (t, s, g)), strata=np.repeat(["a", "b"], 40))
    assert both.score == pytest.approx(2 * one.score)
    assert both.variance == pytest.approx(2 * one.variance)
    assert both.row.method == "Gray, stratified, chi-square with 1 df"


def test_the_variance_is_about_that_of_shuffled_arms():
    """Without censoring arms are exchangeable, so the formula estimates the spread over shuffles."""
    rng = np.random.default_rng(11)
    t, s = rng.exponential(1, 120), rng.integers(1, 3, 120)
    shuffles = [gray_test(t, s, rng.permutation(np.repeat([0, 1], 60))) for _ in range(400)]
    spread = np.var([x.score[0] for x in shuffles])
    assert np.mean([x.variance[0, 0] for x in shuffles]) == pytest.approx(spread, rel=0.2)


def test_all_splits_are_listed():
    """Every one of the 6 splits, each scored by the test itself."""
    scores = []
    for chosen in combinations(range(4), 2):
        arm = [int(i in chosen) for i in range(4)]
        scores.append(-gray_test(TIME, STATUS, arm).score[0])
    row = gray_permutation(TIME, STATUS, ARM)
    assert row.p == sum(abs(x) >= 7 / 6 - 1e-9 for x in scores) / 6
    assert row.method.endswith("all 6 splits")


def test_drawn_permutations_come_near_and_repeat():
    rng = np.random.default_rng(2)
    t, s, g = rng.integers(1, 9, 14), rng.integers(0, 3, 14), np.repeat([0, 1], 7)
    exact = gray_permutation(t, s, g)
    assert exact.method.endswith("all 3,432 splits")
    drawn = [gray_permutation(t, s, g, draws=3_000, seed=4) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert drawn[0].p == pytest.approx(exact.p, abs=0.03)
    hits = drawn[0].p * 3_001 - 1  # the observed split counts as one more draw
    assert hits == pytest.approx(round(hits), abs=1e-6)
    assert "3,000 permutations, seed 4" in drawn[0].method


@pytest.mark.parametrize(
    ("time", "status", "group", "why"),
    [
        ([], [], [], "fewer than two groups"),
        ([1, 2], [1, 1], [0, 0], "fewer than two groups"),
        ([1, 2], [0, 2], [0, 1], "no event of this cause"),
        ([1, 2, 3], [0, 0, 1], ["a", "a", "b"], ALONE),
    ],
)
def test_not_estimable(time, status, group, why):
    row = gray_test(time, status, group).row
    assert (row.p, row.note, row.n) == (None, f"not estimable: {why}", len(time))


def test_one_event_and_all_at_one_time_give_numbers_or_say_why():
    assert 0 < gray_test([1, 2, 3, 4], [1, 0, 2, 0], [0, 1, 0, 1]).p <= 1
    together = gray_test([5] * 6, [1, 1, 2, 1, 2, 2], [0, 0, 0, 1, 1, 1])
    assert 0 < together.p <= 1
    assert together.score == pytest.approx([2 - 3 / 2])
    everybody = gray_test([5] * 4, [1] * 4, [0, 0, 1, 1]).row
    assert everybody.note == f"not estimable: {ALONE}"


@pytest.mark.parametrize("bad", [[1, -1, 2, 3], [1, np.nan, 2, 3], [1, np.inf, 2, 3]])
def test_wrong_times(bad):
    for test in (gray_test, gray_permutation):
        with pytest.raises(ValueError):
            test(bad, STATUS, ARM)


def test_wrong_codes():
    with pytest.raises(ValueError, match="status"):
        gray_test(TIME, [1, 1, 0.5, 1], ARM)
    with pytest.raises(ValueError, match="cause"):
        gray_test(TIME, STATUS, ARM, 0)
    with pytest.raises(ValueError, match="group"):
        gray_permutation(TIME, STATUS, [1, 1, 2, 0])
    with pytest.raises(ValueError, match="draws"):
        gray_permutation(TIME, STATUS, ARM, draws=0)
    assert gray_permutation(TIME, STATUS, [1, 1, 1, 1]).note == "not estimable: an arm is empty"
    assert gray_permutation(TIME, [0, 2, 2, 0], ARM).note == "not estimable: no event of this cause"
