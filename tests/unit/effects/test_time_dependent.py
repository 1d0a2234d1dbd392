"""A treatment that begins during follow-up, by hand."""

from math import log, sqrt

import numpy as np
import pytest

from tocsin.effects.cox import cox
from tocsin.effects.curves import log_rank
from tocsin.effects.survival import kaplan_meier, number_at_risk
from tocsin.effects.time_dependent import (
    landmarks,
    mantel_byar,
    simon_makuch,
    simon_makuch_at,
    split_at_treatment,
)

NEVER = np.inf
# dies untreated at 2; treated at 1, dies at 4; treated at 3, dies at 5; never, leaves at 6; at once, dies at 3
TIME, EVENT, TREATED = [2, 4, 5, 6, 3], [1, 1, 1, 0, 1], [NEVER, 1, 3, NEVER, 0]


def columns(rows):
    return rows.start, rows.stop, rows.event, rows.treated, rows.patient


def test_split_by_hand():
    rows = split_at_treatment(TIME, EVENT, TREATED)
    assert list(zip(*(column.tolist() for column in (rows.patient, *columns(rows)[:4])), strict=True)) == [
        (0, 0, 2, 1, 0),
        (1, 0, 1, 0, 0),
        (1, 1, 4, 1, 1),
        (2, 0, 3, 0, 0),
        (2, 3, 5, 1, 1),
        (3, 0, 6, 0, 0),
        (4, 0, 3, 1, 1),
    ]


def test_treatment_at_or_after_the_end_is_none():
    rows = split_at_treatment([2, 3], [1, 0], [2, 9])
    assert (rows.treated.tolist(), rows.event.tolist(), rows.stop.tolist()) == ([0, 0], [1, 0], [2, 3])


def test_a_treatment_time_that_differs_by_rounding_only_is_the_end():
    assert split_at_treatment([0.3], [1], [0.1 + 0.2 - 1e-16]).treated.tolist() == [0]
    assert split_at_treatment([0.1 + 0.2], [1], [0.3]).treated.tolist() == [0]


def test_mantel_byar_by_hand():
    """At 2: 5 at risk, 2 treated; at 3: 4, 2 (the third is treated just after); at 4: 3, 2; at 5: 2, 1."""
    rows = split_at_treatment(TIME, EVENT, TREATED)
    test = mantel_byar(*columns(rows))
    shares = [2 / 5, 2 / 4, 2 / 3, 1 / 2]
    expected, variance = sum(shares), sum(p * (1 - p) for p in shares)
    assert test.estimate == pytest.approx((3 - expected) ** 2 / variance, rel=1e-12)
    assert test.note == f"while treated 3 events, {expected:.2f} expected"
    assert (test.n, test.events) == (5, 4)


def test_mantel_byar_is_the_score_test_and_without_a_switch_the_log_rank():
    rng = np.random.default_rng(3)
    t, e = rng.integers(1, 15, 70).astype(float), rng.integers(0, 2, 70)
    begin = np.where(rng.random(70) < 0.6, rng.integers(0, 12, 70), NEVER)
    rows = split_at_treatment(t, e, begin)
    score = cox(rows.stop, rows.event, {"x": rows.treated}, start=rows.start, ties="exact").score
    assert mantel_byar(*columns(rows)).estimate == pytest.approx(score.estimate, rel=1e-10)
    arm = np.arange(70) % 2
    fixed = split_at_treatment(t, e, np.where(arm == 1, 0, NEVER))
    assert mantel_byar(*columns(fixed)).p == pytest.approx(log_rank(t, e, arm).p, rel=1e-10)


def test_immortal_time_makes_an_effect_out_of_nothing_and_the_split_does_not():
    rng = np.random.default_rng(12)
    t, begin = rng.exponential(10, 4_000), rng.exponential(10, 4_000)
    ever = (begin < t).astype(int)
    rows = split_at_treatment(t, np.ones(4_000), begin)
    naive = cox(t, np.ones(4_000), {"ever": ever}).rows[0]
    right = cox(rows.stop, rows.event, {"treated": rows.treated}, start=rows.start, patient=rows.patient).rows[0]
    assert naive.high < 0.6
    assert right.low < 1 < right.high
    assert right.n == 4_000
    assert mantel_byar(*columns(rows)).p > 0.05


def test_simon_makuch_by_hand():
    rows = split_at_treatment(TIME, EVENT, TREATED)
    untreated, treated = simon_makuch(*columns(rows))
    assert untreated.time.tolist() == [1, 2, 3, 6]
    assert untreated.at_risk.tolist() == [4, 3, 2, 1]
    assert untreated.survival.tolist() == pytest.approx([1, 2 / 3, 2 / 3, 2 / 3])
    assert treated.time.tolist() == [1, 3, 4, 5]
    assert treated.at_risk.tolist() == [1, 2, 2, 1]
    assert treated.survival.tolist() == pytest.approx([1, 1 / 2, 1 / 4, 0])
    assert treated.se[1] == pytest.approx(1 / 2 * sqrt(1 / (2 * 1)))
    assert treated.se[2] == pytest.approx(1 / 4 * sqrt(1 / 2 + 1 / 2))
    assert number_at_risk(treated, [0.5, 2, 3.5]).tolist() == [1, 2, 2]
    assert (untreated.n, treated.n) == (4, 3)
    rows = simon_makuch_at((untreated, treated), [4, 5])
    assert [row.measure for row in rows] == [
        f"survival at {t}, {arm}" for arm in ("untreated", "treated") for t in (4, 5)
    ]
    assert rows[0].method == "Simon-Makuch, log-log interval"
    assert rows[2].estimate == pytest.approx(1 / 4)
    assert "cannot rise again" in rows[3].note


def test_without_a_switch_the_curves_are_kaplan_meier():
    rng = np.random.default_rng(5)
    t, e, arm = rng.integers(1, 9, 50).astype(float), rng.integers(0, 2, 50), np.arange(50) % 2
    both = simon_makuch(*columns(split_at_treatment(t, e, np.where(arm == 1, 0, NEVER))))
    for k, curve in enumerate(both):
        plain = kaplan_meier(t[arm == k], e[arm == k])
        for name in ("time", "at_risk", "events", "censored", "survival", "se", "low", "high", "cumulative_hazard"):
            assert getattr(curve, name) == pytest.approx(getattr(plain, name), nan_ok=True), name


def test_simon_makuch_from_a_landmark_starts_with_those_still_there():
    rows = split_at_treatment(TIME, EVENT, TREATED)
    untreated, treated = simon_makuch(*columns(rows), landmark=2)
    assert (untreated.n, treated.n) == (2, 3)
    assert untreated.events.sum() == 0
    assert treated.time.tolist() == [3, 4, 5]
    assert treated.at_risk.tolist() == [2, 2, 1]


def test_a_state_nobody_enters():
    rows = split_at_treatment([1, 2], [1, 0], [NEVER, NEVER])
    curves = simon_makuch(*columns(rows))
    assert simon_makuch_at(curves, [1])[1].note == "not estimable: no subjects"
    assert mantel_byar(*columns(rows)).note == (
        "not estimable: no event while treated and untreated patients are at risk"
    )


def test_no_event_and_nobody():
    rows = split_at_treatment([1, 2], [0, 0], [0, NEVER])
    assert mantel_byar(*columns(rows)).note == "not estimable: no event"
    none = split_at_treatment([], [], [])
    assert mantel_byar(*columns(none)).note == "not estimable: no event"
    assert [row.note for row in simon_makuch_at(simon_makuch(*columns(none)), [1])] == [
        "not estimable: no subjects"
    ] * 2


def test_all_events_at_one_time():
    rows = split_at_treatment([3, 3, 3], [1, 1, 1], [0, 1, NEVER])
    assert not mantel_byar(*columns(rows)).estimable


def test_landmarks_by_hand():
    """At 2.5 four remain: treated the second and the fifth; the third begins later. At 3 the fifth has just died."""
    first, second, late = landmarks(TIME, EVENT, TREATED, [2.5, 3, 50])
    assert (first.untreated, first.treated, first.left_before, first.switched_later) == (2, 2, 1, 1)
    assert (second.untreated, second.treated, second.left_before, second.switched_later) == (1, 2, 2, 0)
    assert (late.untreated, late.treated, late.left_before) == (0, 0, 5)
    assert first.log_rank.measure == "difference of curves, from landmark 2.5"
    assert first.log_rank.n == 4
    # at 3: 4 at risk, 2 treated; at 4: 3, 1; at 5: 2, 0
    expected, variance = 2 / 4 + 1 / 3, 1 / 4 + 2 / 9
    assert first.log_rank.estimate == pytest.approx((2 - expected) ** 2 / variance, rel=1e-12)
    assert first.hazard_ratio.note.startswith("not estimable: monotone likelihood")
    assert not late.log_rank.estimable
    assert late.hazard_ratio.note == "not estimable: no event"


def test_a_landmark_compares_what_was_known_then():
    """Two treated by 1 die at 2 and 4, two untreated at 3 and 5; a switch at 2 changes nothing."""
    time, event = [2, 4, 3, 5], [1, 1, 1, 1]
    (a,) = landmarks(time, event, [1, 1, NEVER, NEVER], [1])
    (b,) = landmarks(time, event, [1, 1, 2, 2], [1])
    assert (a.hazard_ratio, a.log_rank) == (b.hazard_ratio, b.log_rank)
    assert (a.switched_later, b.switched_later) == (0, 2)
    plain = cox([1, 3, 2, 4], event, {"treated": [1, 1, 0, 0]}).rows[0]
    assert log(a.hazard_ratio.estimate) == pytest.approx(log(plain.estimate), rel=1e-12)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"time": [1, -1]}, "time: 1 of 2 values are negative"),
        ({"time": [1, np.inf]}, "time: 1 of 2 values are NaN or infinite"),
        ({"time": [1, 0]}, "time: 1 of 2 follow-ups are 0"),
        ({"event": [1, 2]}, "event: 1 of 2 values are not 0 or 1"),
        ({"treated_at": [1, np.nan]}, r"treated_at: 1 of 2 values are NaN or negative \(first: row 1\)"),
        ({"treated_at": [-1, 1]}, "treated_at: 1 of 2 values are NaN or negative"),
        ({"treated_at": [1]}, "treated_at: 1 values, but 2 times"),
        ({"treated_at": ["never", "x"]}, "treated_at: not all values are numbers"),
    ],
)
def test_wrong_patients_are_named(changed, words):
    with pytest.raises(ValueError, match=words):
        split_at_treatment(**({"time": [1, 2], "event": [1, 1], "treated_at": [1, 1]} | changed))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"start": [0, 0.5]}, r"start: 1 rows begin before the patient's earlier row ends \(first: row 1\)"),
        ({"event": [1, 1]}, "start: 1 rows follow the patient's event"),
        ({"treated": [0, 2]}, "treated: 1 of 2 values are not 0 or 1"),
        ({"stop": [1, np.nan]}, "time: 1 of 2 values are NaN or infinite"),
        ({"start": [0, 2]}, "start: 1 of 2 are not before the time"),
        ({"patient": [1]}, "patient: needs 2 values"),
    ],
)
@pytest.mark.parametrize("estimator", [mantel_byar, simon_makuch])
def test_wrong_rows_are_named(estimator, changed, words):
    rows = {"start": [0, 1], "stop": [1, 2], "event": [0, 1], "treated": [0, 1], "patient": [7, 7]}
    with pytest.raises(ValueError, match=words):
        estimator(**(rows | changed))
