"""Four patients by hand: cause 1 at 1, cause 2 at 2, censored at 3, cause 1 at 4."""

from math import sqrt

import numpy as np
import pytest

from tocsin.effects.competing import cumulative_incidence, incidence_at
from tocsin.effects.survival import kaplan_meier

TIME, STATUS = [1, 2, 3, 4], [1, 2, 0, 1]


def test_incidence_by_hand():
    one, two = (cumulative_incidence(TIME, STATUS, cause) for cause in (1, 2))
    assert one.incidence.tolist() == [1 / 4, 1 / 4, 1 / 4, 3 / 4]
    assert two.incidence.tolist() == [0, 1 / 4, 1 / 4, 1 / 4]
    assert one.event_free.tolist() == [3 / 4, 1 / 2, 1 / 2, 0]
    assert (one.events.tolist(), one.competing.tolist()) == ([1, 0, 0, 1], [0, 1, 0, 0])


def test_variance_at_the_first_time_by_hand():
    """Greenwood-type is p q / n = 3/64; Aalen's draw without replacement d (n-d) / (n^2 (n-1)) = 1/16."""
    assert cumulative_incidence(TIME, STATUS, variance="greenwood").se[0] == pytest.approx(sqrt(3 / 64), rel=1e-14)
    assert cumulative_incidence(TIME, STATUS, variance="aalen").se[0] == pytest.approx(sqrt(1 / 16), rel=1e-14)


def test_aalen_variance_at_the_end_by_hand():
    """(1 - 4/3 x 1/2)^2 / 16 of the first event, (3/2 x 1/2)^2 / 9 of the other cause, (1/2)^2 of the last, n = 1."""
    assert cumulative_incidence(TIME, STATUS).se[-1] == pytest.approx(sqrt(1 / 144 + 1 / 16 + 1 / 4), rel=1e-12)


def test_causes_and_event_free_add_up_to_one():
    rng = np.random.default_rng(4)
    t, s = np.round(rng.exponential(5, 80)), rng.integers(0, 4, 80)
    curves = [cumulative_incidence(t, s, cause) for cause in (1, 2, 3)]
    assert sum(c.incidence for c in curves) + curves[0].event_free == pytest.approx(np.ones(curves[0].time.size))


def test_without_a_competing_cause_it_is_one_minus_kaplan_meier():
    t, e = [1, 2, 2, 3, 4], [1, 1, 0, 1, 0]
    curve, km = cumulative_incidence(t, e, variance="greenwood"), kaplan_meier(t, e)
    assert curve.incidence == pytest.approx(1 - km.survival)
    assert curve.se == pytest.approx(km.se)


def test_rows():
    curve = cumulative_incidence(TIME, STATUS, 2)
    none, some, beyond = incidence_at(curve, [1, 2, 9])
    assert (none.estimate, none.low) == (0.0, None)
    assert none.note == "no event of this cause so far: no interval"
    assert some.low < some.estimate == 0.25 < some.high
    assert beyond.estimate == 0.25  # nobody is left free of an event: the curve is final
    (lost,) = incidence_at(cumulative_incidence([1, 2], [1, 0]), [3])
    assert lost.note == "not estimable: follow-up ends at 2"


def test_nobody_and_everybody():
    assert incidence_at(cumulative_incidence([], []), [1])[0].note == "not estimable: no subjects"
    (row,) = incidence_at(cumulative_incidence([2, 2], [1, 1]), [2])
    assert (row.estimate, row.low, row.note) == (1.0, None, "everybody had the event: no interval")


@pytest.mark.parametrize("interval", ["log-log", "log", "plain"])
def test_limits_lie_around_the_estimate(interval):
    curve = cumulative_incidence([1, 2, 3, 4, 5, 6], [1, 2, 1, 0, 1, 2], interval=interval)
    (row,) = incidence_at(curve, [3])
    assert 0 <= row.low < row.estimate < row.high <= 1
    assert interval in row.method
