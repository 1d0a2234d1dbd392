"""Five patients by hand: times 1, 2, 2+, 3, 4+."""

from fractions import Fraction as F
from math import exp, log, sqrt

import numpy as np
import pytest

from tocsin.effects.quantiles import follow_up, median_survival, spss_median, spss_median_parts, survival_quantile
from tocsin.effects.survival import KaplanMeier, kaplan_meier, number_at_risk, survival_at

TIME, EVENT = [1, 2, 2, 3, 4], [1, 1, 0, 1, 0]
SURVIVAL = [F(4, 5), F(4, 5) * F(3, 4), F(3, 5) * F(1, 2), F(3, 10)]
GREENWOOD = [F(1, 20), F(1, 20) + F(1, 12), F(2, 15) + F(1, 2), F(19, 30)]
Z = 1.959963984540054


def test_table_by_hand():
    curve = kaplan_meier(TIME, EVENT)
    assert curve.time.tolist() == [1, 2, 3, 4]
    assert curve.at_risk.tolist() == [5, 4, 2, 1]
    assert curve.events.tolist() == [1, 1, 1, 0]
    assert curve.censored.tolist() == [0, 1, 0, 1]
    assert curve.survival == pytest.approx([float(s) for s in SURVIVAL], rel=1e-14)
    assert curve.se == pytest.approx([float(s) * sqrt(v) for s, v in zip(SURVIVAL, GREENWOOD, strict=True)], rel=1e-14)
    assert curve.cumulative_hazard == pytest.approx([1 / 5, 1 / 5 + 1 / 4, 19 / 20, 19 / 20], rel=1e-14)


def test_log_log_limits_by_hand():
    width = Z * sqrt(1 / 20) / log(4 / 5)
    curve = kaplan_meier(TIME, EVENT)
    assert (curve.low[0], curve.high[0]) == pytest.approx((0.8 ** exp(-width), 0.8 ** exp(width)), rel=1e-14)
    assert curve.low[0] < 0.8 < curve.high[0]


@pytest.mark.parametrize("interval", ["plain", "log", "log-log", "logit", "arcsin"])
def test_limits_enclose_and_widen_with_the_level(interval):
    narrow, wide = (kaplan_meier(TIME, EVENT, level=level, interval=interval) for level in (0.8, 0.95))
    assert (wide.low <= narrow.low).all()
    assert (narrow.low < narrow.survival).all()
    assert (narrow.survival < narrow.high).all()
    assert (narrow.high <= wide.high).all()


@pytest.mark.parametrize("order", [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3]])
def test_order_of_rows_does_not_matter(order):
    shuffled = kaplan_meier(np.array(TIME)[order], np.array(EVENT)[order])
    assert shuffled.survival.tolist() == kaplan_meier(TIME, EVENT).survival.tolist()


def test_frame_has_nulls_and_no_nan():
    frame = kaplan_meier([1, 2], [0, 1]).frame()
    assert frame["survival"].to_list() == [1.0, 0.0]
    assert frame["low"].to_list() == [None, None]
    assert frame["se"].to_list() == [0.0, None]


def test_survival_at_times():
    before, early, late, beyond = survival_at(kaplan_meier(TIME, EVENT), [0.5, 2.5, 4, 5])
    assert (before.estimate, before.low, before.events) == (1.0, None, 0)
    assert "no event so far" in before.note
    assert (early.estimate, early.n, early.events) == (pytest.approx(0.6), 5, 2)
    assert early.note.startswith("2 at risk")
    assert late.estimate == pytest.approx(0.3)
    assert (beyond.estimate, beyond.note) == (None, "not estimable: follow-up ends at 4")


def test_survival_stays_0_once_all_are_dead():
    (row,) = survival_at(kaplan_meier([1, 2], [1, 1]), [9])
    assert (row.estimate, row.low, row.high) == (0.0, None, None)
    assert "does not exist" in row.note


def test_number_at_risk_counts_those_leaving_at_that_time():
    assert number_at_risk(kaplan_meier(TIME, EVENT), [0, 1, 1.5, 2, 3, 4, 4.1]).tolist() == [5, 5, 4, 4, 2, 1, 0]


def test_nobody():
    curve = kaplan_meier([], [])
    assert curve.n == curve.time.size == 0
    assert median_survival([], []).note == "not estimable: no subjects"
    assert survival_at(curve, [1])[0].note == "not estimable: no subjects"
    assert number_at_risk(curve, [1]).tolist() == [0]
    assert spss_median([], []).note == "no subjects"


def test_no_event_is_not_reached_and_never_the_last_time():
    row = median_survival([1, 5, 9], [0, 0, 0])
    assert (row.estimate, row.low, row.high) == (None, None, None)
    assert row.note == "not reached: estimate, lower limit, upper limit"
    assert spss_median([1, 5, 9], [0, 0, 0]).note == "not reached: estimate"


def test_one_event_of_one():
    row = median_survival([3], [1])
    assert (row.estimate, row.low, row.high) == (3.0, None, None)
    assert spss_median([3], [1]).note == "no standard error"


def test_all_events_at_one_time():
    curve = kaplan_meier([4, 4, 4], [1, 1, 1])
    assert curve.survival.tolist() == [0.0]
    assert np.isnan([curve.se[0], curve.low[0], curve.high[0]]).all()
    assert survival_quantile(curve).estimate == 4


def test_event_at_time_0():
    assert kaplan_meier([0, 1], [1, 0]).survival.tolist() == [0.5, 0.5]


def test_flat_at_one_half():
    """S is 1/2 from 2 to 3: R and SAS say 2.5, SPSS and lifelines 2."""
    curve = kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1])
    assert survival_quantile(curve).estimate == 2.5
    assert survival_quantile(curve, flat="first").estimate == 2
    assert spss_median([1, 2, 3, 4], [1, 1, 1, 1]).estimate == 2


def test_flat_at_the_end_goes_to_the_last_follow_up():
    assert median_survival([1, 2, 3, 10], [1, 1, 0, 0]).estimate == 6


def test_band_that_turns_back_is_read_as_r_reads_it():
    """The limit is 0.40 at 2 and 0.48 at 3: R sorts before it interpolates, so the value next to 0.5 is taken."""
    flat = np.array([0.9, 0.40, 0.48])
    ones = np.ones(3, np.int64)
    curve = KaplanMeier(np.array([1.0, 2, 3]), ones, ones, ones, flat, flat, flat, flat, flat, 3, 0.95, "log")
    assert survival_quantile(curve).high == 3


@pytest.mark.parametrize("share", [0, 1, -1, float("nan")])
def test_wrong_share(share):
    with pytest.raises(ValueError, match="share: must lie between"):
        survival_quantile(kaplan_meier(TIME, EVENT), share)


def test_follow_up_turns_event_and_censoring_round():
    assert (
        follow_up([1, 2, 3, 4, 5], [1, 0, 0, 0, 1]).estimate
        == median_survival([1, 2, 3, 4, 5], [0, 1, 1, 1, 0]).estimate
    )
    assert follow_up([1, 2], [1, 1]).note.startswith("not reached")


def test_spss_parts_by_hand():
    """Ten deaths at 1..10: S = 0.6 at 4 (last >= .55), 0.5 at 5, 0.4 at 6 (first <= .45); density 0.2 / 2."""
    parts = spss_median_parts(range(1, 11), [1] * 10)
    assert (parts.before, parts.median, parts.after) == (4, 5, 6)
    assert parts.density == pytest.approx(0.1)
    assert parts.se_survival == pytest.approx(sqrt(0.25 / 10))
    assert parts.se == pytest.approx(sqrt(0.025) / 0.1)


def test_spss_clips_a_negative_limit_only_when_asked():
    time, event = [8, 17, 30, 30, 61, 70, 99, 130, 282], [1] * 9
    raw, clipped = spss_median(time, event), spss_median(time, event, clip0=True)
    assert raw.low < 0 == clipped.low
    assert raw.note == "the lower limit is negative"
    assert clipped.note == "the lower limit is negative, printed as 0"
    assert raw.high == clipped.high


@pytest.mark.parametrize("bandwidth", [0, 0.5, -1])
def test_wrong_bandwidth(bandwidth):
    with pytest.raises(ValueError, match="bandwidth"):
        spss_median_parts(TIME, EVENT, bandwidth=bandwidth)
