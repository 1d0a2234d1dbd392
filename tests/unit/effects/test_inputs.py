"""Wrong input is named, with how many and where; nobody guesses."""

import numpy as np
import pytest

from tocsin.effects.competing import cumulative_incidence
from tocsin.effects.curves import exact_log_rank, log_rank, log_rank_scores
from tocsin.effects.inputs import times
from tocsin.effects.quantiles import follow_up, median_survival, spss_median
from tocsin.effects.restricted_mean import rmst, rmst_difference
from tocsin.effects.survival import kaplan_meier

ONE_GROUP = {
    "kaplan_meier": kaplan_meier,
    "median_survival": median_survival,
    "follow_up": follow_up,
    "spss_median": spss_median,
    "log_rank_scores": log_rank_scores,
    "rmst": lambda t, e: rmst(t, e, 1.0),
    "log_rank": lambda t, e: log_rank(t, e, [0] * len(t)),
    "exact_log_rank": lambda t, e: exact_log_rank(t, e, [0] * len(t)),
    "rmst_difference": lambda t, e: rmst_difference(t, e, [0] * len(t), 1.0),
}
WRONG = [
    ([1, np.nan, np.nan], [1, 0, 1], r"time: 2 of 3 values are NaN or infinite \(first: row 1\)"),
    ([1, np.inf, 2], [1, 0, 1], r"time: 1 of 3 values are NaN or infinite \(first: row 1\)"),
    ([1, 2, -0.5], [1, 0, 1], r"time: 1 of 3 values are negative \(first: row 2\)"),
    ([[1, 2]], [1, 0], "time: needs one dimension, has 2"),
    (["a", "b"], [1, 0], "time: not all values are numbers"),
    ([1, 2, 3], [1, 0], "event: 2 values, but 3 times"),
    ([1, 2, 3], [1, 0, 2], r"event: 1 of 3 values are not 0 or 1 \(first: row 2\)"),
    ([1, 2, 3], [1, 0, np.nan], r"event: 1 of 3 values are NaN"),
    ([1, 2, 3], [1, 0.5, 0], r"event: 1 of 3 values are not 0 or 1 \(first: row 1\)"),
]


@pytest.mark.parametrize("function", ONE_GROUP)
@pytest.mark.parametrize(("time", "event", "message"), WRONG)
def test_wrong_times_and_codes(function, time, event, message):
    with pytest.raises(ValueError, match=message):
        ONE_GROUP[function](time, event)


@pytest.mark.parametrize(
    ("status", "cause", "message"),
    [
        ([0, 1, -1], 1, "status: 1 of 3 values are not whole numbers from 0"),
        ([0, 1, 1.5], 1, "status: 1 of 3"),
        ([0, 1, np.nan], 1, "status: 1 of 3 values are NaN"),
        ([0, 1], 1, "status: 2 values, but 3 times"),
        ([0, 1, 2], 0, "cause: needs"),
    ],
)
def test_wrong_status(status, cause, message):
    with pytest.raises(ValueError, match=message):
        cumulative_incidence([1, 2, 3], status, cause)


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, float("nan")])
def test_wrong_level(level):
    with pytest.raises(ValueError, match="level: must lie between 0 and 1"):
        kaplan_meier([1], [1], level=level)


@pytest.mark.parametrize(
    ("group", "message"),
    [
        (["a", None, "b"], "missing labels"),
        ([0, np.nan, 1], "group: 1 of 3 values are NaN"),
        ([0, 1], "needs 3 values"),
    ],
)
def test_wrong_groups(group, message):
    with pytest.raises(ValueError, match=message):
        log_rank([1, 2, 3], [1, 1, 1], group)


@pytest.mark.parametrize("function", [exact_log_rank, lambda t, e, g: rmst_difference(t, e, g, 1.0)])
def test_arms_are_0_and_1(function):
    with pytest.raises(ValueError, match="group: 2 of 3 values are not 0 or 1"):
        function([1, 2, 3], [1, 1, 1], [1, 2, 2])


@pytest.mark.parametrize(
    "call",
    [
        lambda: kaplan_meier([1], [1], interval="log_log"),
        lambda: log_rank([1, 2], [1, 1], [0, 1], weights="wilcoxon"),
        lambda: log_rank_scores([1], [1], scores="x"),
        lambda: cumulative_incidence([1], [1], variance="x"),
        lambda: cumulative_incidence([1], [1], interval="x"),
    ],
)
def test_unknown_options(call):
    with pytest.raises(ValueError, match="unknown"):
        call()


def test_rounding_noise_does_not_break_a_tie():
    assert np.unique(times([0.1 + 0.2, 0.3, 0.3000001])).tolist() == [0.3, 0.3000001]
    assert times([0, 1e-9]).tolist() == [0, 0]
    assert kaplan_meier([0.1 + 0.2, 0.3, 1], [1, 1, 1]).events.tolist() == [2, 1]
