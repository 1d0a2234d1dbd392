"""ICAHT: bands, runs, gaps, bounds. Days are worked by hand."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.scores.icaht import NEUTROPHILS, PLATELETS, fill, icaht, longest, runs
from tocsin.scores.parameters import ScoreParameters

FOLLOW = {"course_id": pl.String, "stop_day": pl.Int32, "dead": pl.Boolean, "late_stop_day": pl.Int32}


def graded(values, lineage=NEUTROPHILS, stop=None, dead=False, late_stop=None, **parameters):
    """{early, late} rows of one course; `values`: day to 10^9/L."""
    lows = pl.DataFrame(
        {"course_id": ["A"] * len(values), "day": list(values), "value": list(values.values())},
        schema={"course_id": pl.String, "day": pl.Int32, "value": pl.Float64},
    )
    follow = pl.DataFrame([("A", stop, dead, late_stop)], schema=FOLLOW, orient="row")
    made = icaht(lows, follow, lineage, ScoreParameters(**parameters))
    return {row["score"].rsplit("_", 1)[1]: row for row in made.iter_rows(named=True)}


def early(low_days, low=0.3, high=3.0, start=5, **more):
    """Grade of one run of `low_days`, everything read every day."""
    values = {day: low if start <= day < start + low_days else high for day in range(31)}
    return graded(values, **more)["early"]


@pytest.mark.parametrize(
    ("days", "low", "grade"),
    [
        (0, 0.5, 0), (1, 0.5, 1), (6, 0.5, 1), (7, 0.5, 2), (13, 0.5, 2), (14, 0.5, 3), (25, 0.5, 3),
        (6, 0.1, 1), (7, 0.1, 3), (13, 0.1, 3), (14, 0.1, 4), (6, 0.0, 1), (14, 0.11, 3), (14, 0.51, 0),
    ],
)  # fmt: skip
def test_early_bands(days, low, grade):
    row = early(days, low)
    assert (row["value"], row["low"], row["high"], row["unknown"]) == (grade, grade, grade, 0)


@pytest.mark.parametrize(("start", "grade"), [(0, 4), (3, 4), (4, 3)])
def test_a_run_from_days_0_to_3_that_never_ends_is_4(start, grade):
    row = early(31, start=start)
    assert row["value"] == grade
    assert row["flags"] == ("never_recovered" if start <= 3 else "")


def test_an_early_death_before_recovery_is_4_but_a_late_start_is_not():
    assert (
        graded(dict.fromkeys(range(3, 13), 0.2) | {0: 2.0, 1: 2.0, 2: 2.0}, stop=12, dead=True)["early"]["value"] == 4
    )
    assert (
        graded(dict.fromkeys(range(4, 13), 0.2) | dict.fromkeys(range(4), 2.0), stop=12, dead=True)["early"]["value"]
        == 2
    )


def test_lost_from_sight_while_low_is_4_by_the_reading_and_1_by_proof():
    """Low on days 2 to 5, then never read again, not known to be dead."""
    values = {0: 2.0, 1: 2.0, **dict.fromkeys(range(2, 6), 0.4)}
    row = graded(values)["early"]
    # days 6 to 30 are 25 in a row: not filled
    assert (row["value"], row["low"], row["high"], row["unknown"]) == (4, 1, 4, 25)
    other = graded(values, icaht_never_ends="window_end")["early"]
    assert (other["value"], other["low"], other["high"]) == (1, 1, 4)


def test_two_days_of_recovery_join_and_three_part():
    low = dict.fromkeys(range(31), 3.0) | dict.fromkeys(range(5, 10), 0.2)
    joined = graded(low | dict.fromkeys(range(12, 15), 0.2))["early"]  # recovered on days 10 and 11
    parted = graded(low | dict.fromkeys(range(13, 16), 0.2))["early"]  # on days 10, 11 and 12
    assert (joined["days_low"], joined["value"]) == (10, 2)
    assert (parted["days_low"], parted["value"]) == (5, 1)


def test_cumulative_days_are_counted_without_the_days_between():
    values = dict.fromkeys(range(31), 3.0) | dict.fromkeys((*range(5, 10), *range(13, 16)), 0.2)
    row = graded(values, icaht_count="cumulative")["early"]
    assert (row["days_low"], row["value"]) == (8, 2)


@pytest.mark.parametrize(("per_ul", "low"), [(504.0, 1), (505.0, 1), (505.1, 0), (506.0, 0), (515.0, 0)])
def test_neutrophils_are_rounded_to_ten_per_ul_halves_to_the_even(per_ul, low):
    values = dict.fromkeys(range(31), 3.0) | {10: per_ul / 1000}
    assert graded(values)["early"]["days_low"] == low
    assert graded(values, icaht_round_per_ul=0)["early"]["days_low"] == 0


def test_a_half_between_two_days_is_a_half_whatever_the_floats():
    """Halfway from 20 to 190 per uL is 105, which rounds to 100; in floats it is 105.00000000000001."""
    values = {day: 3.0 for day in range(31) if day != 11} | {10: 0.02, 12: 0.19}
    assert graded(values)["early"]["days_very_low"] == 2


def test_the_lowest_value_of_a_day_counts():
    lows = pl.DataFrame({"course_id": ["A"] * 32, "day": [*range(31), 10], "value": [3.0] * 31 + [0.2]})
    follow = pl.DataFrame([("A", None, False, None)], schema=FOLLOW, orient="row")
    assert icaht(lows, follow, NEUTROPHILS).row(0, named=True)["days_low"] == 1


# --- what is not read -------------------------------------------------------------------------------------------------


def test_filling_by_hand():
    assert fill([None, 1.0, None, None, 4.0, None], 7) == [1.0, 1.0, 2.0, 3.0, 4.0, 4.0]
    assert fill([0.0, *[None] * 7, 8.0], 7) == [float(n) for n in range(9)]
    assert fill([0.0, *[None] * 8, 9.0], 7) == [0.0, *[None] * 8, 9.0]
    assert fill([*[None] * 8, 1.0, *[None] * 8], 7) == [*[None] * 8, 1.0, *[None] * 8]
    assert fill([*[None] * 7, 1.0, *[None] * 7], 7) == [1.0] * 15
    assert fill([None, None], 7) == [None, None]


def test_runs_by_hand():
    marks = [c == "x" for c in "xx..x...x"]
    assert runs(marks, 2) == [(0, 4), (8, 8)]
    assert runs(marks, 1) == [(0, 1), (4, 4), (8, 8)]
    assert longest(marks, 2) == 5
    assert longest([False] * 5, 2) == 0


def test_no_value_is_no_grade():
    made = graded({})
    assert [(made[w]["value"], made[w]["low"], made[w]["high"], made[w]["why"]) for w in ("early", "late")] == [
        (None, 0, 4, "no value in its days")
    ] * 2


def test_unknown_days_may_hide_the_worst_but_prove_nothing():
    values = dict.fromkeys((0, 1, 2, 20, *range(21, 31)), 3.0)  # days 3 to 19 unread: 17 days
    row = graded(values)["early"]
    assert (row["value"], row["low"], row["high"], row["unknown"]) == (0, 0, 4, 17)
    # 13 unread days can hold 13 days at or below 0.1: grade 3, not 4
    values = dict.fromkeys((*range(3), *range(16, 31)), 3.0)
    assert graded(values)["early"]["high"] == 3


values_read = st.sampled_from([0.05, 0.1, 0.3, 0.5, 0.8, 1.0, 1.5, 3.0])


@st.composite
def stretches(draw, length):
    """Days in stretches of 1 to 14, each read every day or not at all, so that long gaps are common."""
    days = []
    while len(days) < length:
        days += draw(
            st.one_of(st.lists(st.none(), min_size=1, max_size=14), st.lists(values_read, min_size=1, max_size=9))
        )
    return days[:length]


@settings(max_examples=300)
@given(stretches(31), st.data())
def test_early_bounds_hold_whatever_the_unknown_days_were(days, data):
    filled = fill(days, 7)
    known = {day: value for day, value in enumerate(filled) if value is not None}
    found = graded(known)["early"]
    whole = {day: known.get(day, data.draw(st.sampled_from([0.05, 0.3, 2.0]))) for day in range(31)}
    truth = graded(whole)["early"]["value"]
    assert found["low"] <= truth <= found["high"]


@settings(max_examples=300)
@given(stretches(70), st.data())
def test_late_bounds_hold_whatever_the_unknown_days_were(days, data):
    found = graded({31 + day: value for day, value in enumerate(days) if value is not None})["late"]
    filled = fill(days, 7)
    whole = {
        31 + day: data.draw(st.sampled_from([0.05, 0.3, 2.0])) if filled[day] is None else value
        for day, value in enumerate(days)
    }
    truth = graded({day: value for day, value in whole.items() if value is not None})["late"]["value"]
    assert found["low"] <= truth <= found["high"]


@settings(max_examples=200)
@given(st.lists(values_read, min_size=31, max_size=31), st.integers(0, 30))
def test_a_lower_count_never_lowers_the_grade(days, which):
    values = dict(enumerate(days))
    for count in ("longest_run", "cumulative"):
        before = graded(values, icaht_count=count)["early"]["value"]
        assert graded(values | {which: 0.05}, icaht_count=count)["early"]["value"] >= before


# --- late -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "grade"),
    [
        ({40: 1.501, 47: 1.501}, 0), ({40: 1.5, 47: 1.5}, 1), ({40: 1.0, 47: 1.5}, 2), ({40: 0.5, 47: 1.2}, 3),
        ({40: 0.1, 47: 1.5}, 4), ({40: 0.101, 47: 1.5}, 3),
        ({40: 0.1, 47: 1.501}, 0),  # the second-lowest day is not low
        ({40: 0.1}, 4),  # one value stands alone
        ({30: 0.1, 101: 0.1, 50: 2.0}, 0),  # outside days 31 to 100
        ({31: 0.5, 100: 0.5}, 3),
    ],
)  # fmt: skip
def test_late_bands(values, grade):
    assert graded(values)["late"]["value"] == grade


def test_late_stops_at_therapy_and_at_the_last_follow_up():
    values = {40: 2.0, 50: 2.0, 60: 0.1, 61: 0.1}
    assert graded(values)["late"]["value"] == 4
    assert graded(values, late_stop=59)["late"]["value"] == 0
    assert graded(values, stop=59)["late"]["value"] == 0
    assert graded(values, stop=60)["late"]["value"] == 0  # the day itself counts; its second-lowest is 2.0
    assert graded(values, late_stop=61)["late"]["value"] == 4


@pytest.mark.parametrize(
    ("more", "bounds", "why"),
    [
        ({"stop": 20, "dead": True}, (None, None), "its follow-up ended before day 31"),
        ({"stop": 20}, (0, 4), "its follow-up ended before day 31"),
        ({"late_stop": 25}, (None, None), "its follow-up ended before day 31"),
        ({"stop": 40}, (0, 4), "no value in its days"),
    ],
)
def test_late_without_a_value(more, bounds, why):
    row = graded({5: 1.0}, **more)["late"]
    assert (row["value"], (row["low"], row["high"]), row["why"]) == (None, bounds, why)


def test_late_bounds():
    weekly = dict.fromkeys(range(31, 101, 7), 2.0)
    row = graded(weekly)["late"]
    assert (row["value"], row["low"], row["high"], row["unknown"]) == (0, 0, 0, 0)
    row = graded(weekly, late_stop=80, stop=200)["late"]
    assert (row["high"], row["to_day"]) == (0, 80)
    single = graded({40: 0.9})["late"]
    assert (single["value"], single["low"], single["high"], single["flags"]) == (2, 0, 4, "single_value")


# --- platelets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "low", "grade"),
    [(0, 20.0, 0), (1, 49.9, 1), (6, 49.9, 1), (7, 49.9, 2), (25, 20.0, 2), (1, 19.9, 3), (13, 19.9, 3), (14, 19.9, 4),
     (9, 50.0, 0)],
)  # fmt: skip
def test_early_platelets(days, low, grade):
    assert early(days, low, high=200.0, lineage=PLATELETS)["value"] == grade


@pytest.mark.parametrize(
    ("values", "grade"),
    [
        ({40: 100.0, 45: 100.0}, 0), ({40: 99.0, 45: 150.0}, 1), ({40: 49.0, 45: 150.0}, 2),
        ({day: 200.0 if day != 50 else 19.0 for day in range(31, 101)}, 3),
        ({day: 19.0 if 50 <= day < 63 else 200.0 for day in range(31, 101)}, 3),
        ({day: 19.0 if 50 <= day < 64 else 200.0 for day in range(31, 101)}, 4),
    ],
)  # fmt: skip
def test_late_platelets(values, grade):
    assert graded(values, PLATELETS)["late"]["value"] == grade


def test_platelets_from_day_0_to_the_end_have_no_rule_of_their_own():
    assert early(31, 40.0, high=200.0, start=0, lineage=PLATELETS)["value"] == 2
