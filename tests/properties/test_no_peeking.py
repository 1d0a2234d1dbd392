"""No peeking: what is said of a minute rests on what was known at that minute, whatever comes to be known later."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generators import (
    Generated,
    courses,
    generated,
    row_course,
    row_drug,
    row_patient,
    row_reading,
    row_stay,
    wide_courses,
)
from minutes import Minutes
from properties.history import EVERY_COLUMN, graded_minutes, graded_on_every_scale, peeks

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(SLOW, max_examples=120)
@given(courses(), st.data())
def test_first_part_of_the_answer(whole: Generated, data: st.DataObject) -> None:
    assert peeks(graded_minutes, whole, data.draw(cuts(whole))) == []


@settings(SLOW, max_examples=100)
@given(wide_courses(), st.data())
def test_first_part_of_the_answer_on_every_scale(whole: Generated, data: st.DataObject) -> None:
    assert peeks(graded_on_every_scale, whole, data.draw(cuts(whole)), EVERY_COLUMN) == []


def cuts(whole: Generated) -> st.SearchStrategy[list[int]]:
    """Minutes to cut at, most of them beside something that happens."""
    edges = sorted({cut for row in moments(whole) for cut in (row - 1, row) if 0 <= cut < whole.last_minute})
    near = st.sampled_from(edges) if edges else st.just(0)
    return st.lists(st.one_of(near, st.integers(0, whole.last_minute)), min_size=1, max_size=3)


def moments(whole: Generated) -> list[int]:
    """Minutes at which something is true, becomes known or ends."""
    zero = whole.courses[0]["time_zero"]
    return [
        int((row[name] - zero).total_seconds() // 60)
        for rows in whole.tables.values()
        for row in rows
        for name in ("time", "start", "available_time", "stop")
        if row.get(name) is not None
    ]


# ------------------------------------------------------------------------------------------------------- sabotage


def patient(**rows: list) -> Generated:
    return generated({"patients": [row_patient()], "stays": [row_stay(-5000, None)], **rows}, [row_course()], 600)


FEVER_LATER = patient(measurements=[row_reading("temperature", 39.0, 200)])
STOP_LATER = patient(drugs=[row_drug("norepinephrine", 10, rate=0.1, stop=400)])
LATE_READING = patient(
    measurements=[row_reading("temperature", 37.0, 0), row_reading("temperature", 39.0, 100, delay=200)]
)


def backward_filled(whole: Generated) -> Minutes:
    """Wrong: an unknown fever takes the next known value."""
    following, filled = None, []
    for signs in reversed(graded_minutes(whole)):
        following = signs["fever"] if signs["fever"] is not None else following
        filled.append({**signs, "fever": following})
    return filled[::-1]


def runs_only_if_it_stops(whole: Generated) -> Minutes:
    """Wrong: an order runs only where the source prints, later, when it stopped."""
    stopped = [row for row in whole.tables["drugs"] if row["stop"] is not None]
    return graded_minutes(Generated({**whole.tables, "drugs": stopped}, whole.courses, whole.last_minute))


def known_when_read(whole: Generated) -> Minutes:
    """Wrong: a reading counts from when it was true, not from when the ward could know it."""
    rows = [{**row, "available_time": row["time"]} for row in whole.tables["measurements"]]
    return graded_minutes(Generated({**whole.tables, "measurements": rows}, whole.courses, whole.last_minute))


def test_backward_fill_is_seen() -> None:
    assert peeks(graded_minutes, FEVER_LATER, [100, 199, 200]) == []
    assert peeks(backward_filled, FEVER_LATER, [100]) == ["cut at 100: fever at minute 0: None against True"]


def test_stop_used_before_it_is_known_is_seen() -> None:
    assert peeks(graded_minutes, STOP_LATER, [100, 399, 400]) == []
    found = peeks(runs_only_if_it_stops, STOP_LATER, [100])
    assert "cut at 100: vasopressors at minute 10: 0 against 1" in found


def test_reading_used_before_it_arrives_is_seen() -> None:
    assert peeks(graded_minutes, LATE_READING, [150, 299, 300]) == []
    found = peeks(known_when_read, LATE_READING, [150])
    assert "cut at 150: fever at minute 100: False against True" in found
