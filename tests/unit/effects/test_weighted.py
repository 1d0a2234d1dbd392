"""Weighted curves by hand, against copies of patients, and their error against the slope in each weight."""

from fractions import Fraction as F

import numpy as np
import pytest

from tocsin.effects.competing import cumulative_incidence
from tocsin.effects.survival import kaplan_meier
from tocsin.effects.weighted import weighted_at, weighted_incidence, weighted_kaplan_meier

TIME, EVENT, WEIGHT = [1, 2, 3, 4], [1, 0, 1, 0], [1, 2, 3, 4]


def test_by_hand():
    """9/10 after the first event, then 9/10 x 4/7; effective numbers 100/30 and 49/25."""
    curve = weighted_kaplan_meier(TIME, EVENT, WEIGHT)
    assert curve.value == pytest.approx([0.9, 0.9, float(F(9, 10) * F(4, 7)), float(F(9, 10) * F(4, 7))])
    assert curve.weight_at_risk == pytest.approx([10, 9, 7, 4])
    assert curve.effective == pytest.approx([100 / 30, 81 / 29, 49 / 25, 1])
    assert curve.at_risk.tolist() == [4, 3, 2, 1]
    assert curve.events.tolist() == [1, 0, 1, 0]


def test_error_at_the_first_event_by_hand():
    """Slopes of 9/10 in the weights: -9/100 for the first, 1/100 for the others; times weights, squared."""
    curve = weighted_kaplan_meier(TIME, EVENT, WEIGHT)
    assert curve.se[0] == pytest.approx(float(F(9**2 + 2**2 + 3**2 + 4**2)) ** 0.5 / 100)


def study(seed=8, n=40):
    rng = np.random.default_rng(seed)
    return rng.integers(1, 12, n), rng.integers(0, 3, n), rng.integers(1, 5, n), rng.integers(0, 15, n)


def test_whole_weights_are_copies_of_patients():
    t, s, w, _ = study()
    again = [np.repeat(x, w) for x in (t, s)]
    assert weighted_kaplan_meier(t, s == 1, w).value == pytest.approx(kaplan_meier(again[0], again[1] == 1).survival)
    assert weighted_incidence(t, s, w, 2).value == pytest.approx(cumulative_incidence(*again, 2).incidence)


def test_copies_of_one_patient_are_one_patient():
    """The same clusters, written as rows of weight 1: the error must not shrink."""
    t, s, w, _ = study()
    patient = np.repeat(np.arange(t.size), w)
    one, many = (
        weighted_incidence(t, s, w),
        weighted_incidence(t[patient], s[patient], np.ones(w.sum()), cluster=patient),
    )
    assert many.se == pytest.approx(one.se)
    assert many.n == one.n == t.size
    blind = weighted_incidence(t[patient], s[patient], np.ones(w.sum()))
    assert blind.se[-1] < 0.9 * one.se[-1]


@pytest.mark.parametrize("cause", [0, 1, 2])
def test_error_is_the_slope_in_the_weights(cause):
    t, s, w, cluster = study()
    start = np.maximum(t - 4, 0)

    def value(weights):
        if cause == 0:
            return weighted_kaplan_meier(t, s == 1, weights, start=start, cluster=cluster)
        return weighted_incidence(t, s, weights, cause, start=start, cluster=cluster)

    squares = np.zeros(np.unique(t).size)
    for c in np.unique(cluster):
        step = np.where(cluster == c, 1e-5 * w, 0.0)
        squares += ((value(w + step).value - value(w - step).value) / 2e-5) ** 2
    found = value(w.astype(float))
    known = np.isfinite(found.se)
    assert known.sum() > 8
    assert found.se[known] == pytest.approx(np.sqrt(squares)[known], rel=1e-6)


def test_rows_that_continue_are_one_row():
    """A patient cut at time 2 into (0, 2] and (2, 5] counts as one at risk throughout."""
    whole = weighted_incidence([5, 3, 4, 6], [1, 2, 0, 1], [2, 1, 1, 1])
    parts = weighted_incidence(
        [2, 5, 3, 4, 6], [0, 1, 2, 0, 1], [2, 2, 1, 1, 1], start=[0, 2, 0, 0, 0], cluster=list("aabcd")
    )
    assert parts.value[1:] == pytest.approx(whole.value)
    assert parts.se[1:] == pytest.approx(whole.se)
    assert parts.weight_at_risk.tolist() == [5, *whole.weight_at_risk]


def test_late_entry_by_hand():
    """The second enters at 2: at time 2 only the first and third are at risk, at 3 the second and third."""
    curve = weighted_kaplan_meier([2, 3, 4], [1, 1, 0], [1, 1, 1], start=[0, 2, 0])
    assert curve.value == pytest.approx([1 / 2, 1 / 4, 1 / 4])
    assert curve.at_risk.tolist() == [2, 2, 1]


def test_a_weight_of_0_is_nobody():
    with_, without = (
        weighted_kaplan_meier([1, 2, 9], [1, 0, 1], [1, 2, 0]),
        weighted_kaplan_meier([1, 2], [1, 0], [1, 2]),
    )
    assert with_.time.tolist() == [1, 2]
    assert with_.value == pytest.approx(without.value)
    assert with_.se == pytest.approx(without.se)


def test_rows():
    curve = weighted_kaplan_meier(TIME, EVENT, WEIGHT)
    none, some, beyond = weighted_at(curve, [0.5, 1, 9])
    assert (none.estimate, none.low, none.note) == (1.0, None, "no event so far: no interval")
    assert some.low < some.estimate == 0.9 < some.high
    assert some.note == "effective number at risk 3.3: a poor error"
    assert (some.n, some.events) == (4, 1)
    assert some.method == "weighted Kaplan-Meier, robust variance, log-log interval, weights taken as known"
    assert beyond.note == "not estimable: follow-up ends at 4"
    (two,) = weighted_at(weighted_incidence([1, 2, 3], [1, 2, 0], [1, 1, 1], 2), [2])
    assert two.estimate == pytest.approx(1 / 3)
    assert two.low < 1 / 3 < two.high
    assert two.measure == "weighted cumulative incidence at 2"


def test_nobody_everybody_and_no_weight():
    assert weighted_at(weighted_kaplan_meier([], [], []), [1])[0].note == "not estimable: no subjects"
    assert weighted_at(weighted_kaplan_meier([1], [1], [0]), [1])[0].note == "not estimable: all weights are 0"
    (all_,) = weighted_at(weighted_kaplan_meier([2, 2], [1, 1], [0.3, 0.7]), [9])
    assert (all_.estimate, all_.low, all_.note) == (0.0, None, "the interval does not exist at 0 or 1")
    (none,) = weighted_at(weighted_incidence([2, 2], [0, 0], [0.3, 0.7]), [2])
    assert (none.estimate, none.note) == (0.0, "no event so far: no interval")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"time": [1, -2, 3, 4]}, "time"),
        ({"time": [1, np.inf, 3, 4]}, "time"),
        ({"event": [1, 0, 2, 0]}, "event"),
        ({"event": [1, 0, np.nan, 0]}, "event"),
        ({"weight": [1, -1, 1, 1]}, "weight: 1 of 4 values are negative"),
        ({"weight": [1, np.nan, 1, 1]}, "weight"),
        ({"weight": [1, 1]}, "weight: 2 values, but 4 times"),
        ({"start": [0, 2, 0, 0]}, "start: 1 of 4 rows do not end after it"),
        ({"start": [0, 0]}, "start: 2 values"),
        ({"cluster": ["a", None, "b", "c"]}, "cluster"),
        ({"level": 1}, "level"),
        ({"interval": "wald"}, "interval"),
    ],
)
def test_wrong_input(change, name):
    given = {"time": TIME, "event": EVENT, "weight": WEIGHT, **change}
    with pytest.raises(ValueError, match=name):
        weighted_kaplan_meier(**given)


def test_wrong_cause():
    with pytest.raises(ValueError, match="cause"):
        weighted_incidence(TIME, EVENT, WEIGHT, 0)
