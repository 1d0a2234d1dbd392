"""Three deaths at 1, 2, 3: the area to 3 is 1 + 2/3 + 1/3 = 2, its variance 1/6 + (1/3)^2 / 2 = 2/9."""

from math import sqrt

import pytest

from tocsin.effects.restricted_mean import restricted_mean, rmst, rmst_difference, rmst_ratio


def test_area_by_hand():
    assert restricted_mean([1, 2, 3], [1, 1, 1], 3) == pytest.approx((2, sqrt(2 / 9)))
    assert restricted_mean([1, 2, 3], [1, 1, 1], 1.5)[0] == pytest.approx(1 + 2 / 3 / 2)
    assert restricted_mean([1, 2, 3], [1, 1, 1], 30)[0] == pytest.approx(2)  # survival is 0 from 3 on


def test_contrast_by_hand():
    """Arm 1 as above; arm 0 dies at 1 and 3: area 1 + 2 x 1/2 = 2, variance 1^2 / 2."""
    time, event, arm = [1, 2, 3, 1, 3], [1] * 5, [1, 1, 1, 0, 0]
    row, ratio = rmst_difference(time, event, arm, 3), rmst_ratio(time, event, arm, 3)
    assert (row.estimate, ratio.estimate) == pytest.approx((0, 1))
    assert row.high == pytest.approx(1.959963984540054 * sqrt(2 / 9 + 1 / 2))
    assert (row.p, row.n, row.events) == (pytest.approx(1), 5, 5)


@pytest.mark.parametrize(
    ("time", "event", "horizon", "note"),
    [
        ([], [], 5, "no subjects"),
        ([1, 4], [1, 0], 5, "follow-up ends at 4, before 5"),
        ([4, 4], [1, 0], 5, "follow-up ends at 4, before 5"),
    ],
)
def test_horizon_beyond_follow_up(time, event, horizon, note):
    assert rmst(time, event, horizon).note == f"not estimable: {note}"
    with pytest.raises(ValueError, match=note):
        restricted_mean(time, event, horizon)
    arm = [1] * len(time) + [0]
    assert rmst_difference([*time, 9], [*event, 1], arm, horizon).note == f"not estimable: arm 1: {note}"


def test_no_error_is_not_a_narrow_interval():
    assert rmst([4, 5], [0, 0], 3).note == "no error: no event, or all events at once"
    assert rmst([4, 5], [0, 0], 3).low is None
    assert rmst_difference([4, 5], [0, 0], [0, 1], 3).note == "no error in either arm"
    assert rmst_ratio([0, 0, 5], [1, 1, 1], [0, 0, 1], 3).note == "not estimable: a restricted mean is 0"


@pytest.mark.parametrize("horizon", [0, -1, float("nan"), float("inf")])
def test_wrong_horizon(horizon):
    with pytest.raises(ValueError, match="horizon: needs a positive number"):
        rmst([1], [1], horizon)
