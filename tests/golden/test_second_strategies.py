"""The two founding strategies against brute force over all pairs of readings and over naive grades."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from generators import (
    TIME_ZERO,
    Generated,
    instant,
    long_course,
    renamed,
    row_course,
    row_drug,
    row_patient,
    row_reading,
    row_stay,
    together,
)
from generators import generated as build
from minutes import naive_minutes
from naive.grades import astct_crs
from naive.strategies import conventional, early
from tocsin.grading import follow_strategy, grade
from tocsin.strategies import ZHOU2023_CONVENTIONAL, ZHOU2023_EARLY

SETTINGS = [
    # threshold, duration in hours, longest gap in hours, least readings, within hours
    (39.0, 4, 6, 2, 6),
    (38.5, 4, 4, 2, 6),
    (38.0, 2, 6, 3, 2),
    (39.0, 8, 6, 2, 12),
    (38.5, 4, 8, 4, 24),
]


def fever_course(seed: int) -> Generated:
    """Readings on the knife edges of 4 h and 6 h, and a dose around the moment it may be due."""
    dice = random.Random(seed)
    minute, readings = dice.choice((0, 0, 5, 60)), []
    for _ in range(dice.randrange(1, 9)):
        value = dice.choice((39.0, 39.0, 39.1, 39.4, 38.9, 38.5, 38.0, 37.9))
        readings.append(row_reading("temperature", value, minute))
        minute += dice.choice((0, 59, 60, 119, 120, 180, 239, 240, 241, 300, 359, 360, 361, 480))
    doses = [row_drug("tocilizumab", dice.choice((-5, 0, 120, 240, 241, 360, 480, 599, 600, 601, 840)), mode="dose")]
    return build(
        {
            "patients": [row_patient()],
            "stays": [row_stay(-1000, None)],
            "measurements": readings,
            "drugs": doses if dice.random() < 0.8 else [],
        },
        [row_course()],
        minute,
    )


def minute_of(row: dict[str, Any], name: str) -> int:
    return int((row[name] - TIME_ZERO).total_seconds() // 60)


def doses_of(one: Generated) -> list[int]:
    return [minute_of(row, "start") for row in one.tables["drugs"] if row["drug"] == "tocilizumab"]


def product_answers(strategy: Any, parts: list[Generated]) -> list[tuple[int | None, str]]:
    whole = together([renamed(part, f"p{k:04}", f"c{k:04}") for k, part in enumerate(parts)])
    records, courses = whole.records(), whole.course_frame()
    table = follow_strategy("tried", strategy, records, courses, grade(records, courses)).sort("course_id")
    assert table.height == len(parts)
    return table.select("due_at", "followed").rows()


@pytest.mark.parametrize(("threshold", "hours", "gap", "least", "within"), SETTINGS)
def test_early(threshold: float, hours: float, gap: float, least: int, within: float) -> None:
    when = ZHOU2023_EARLY.when.model_copy(
        update={"at_least": threshold, "sustained": 60 * hours, "longest_gap": 60 * gap, "min_readings": least}
    )
    strategy = ZHOU2023_EARLY.model_copy(update={"when": when, "within": 60 * within})
    parts = [fever_course(seed) for seed in range(400)]
    expected = [
        early(
            [(minute_of(row, "time"), row["value"]) for row in part.tables["measurements"]],
            doses_of(part), threshold, hours, gap, least, within,
        )
        for part in parts
    ]  # fmt: skip
    seen = Counter(followed for _, followed in expected)
    assert len(seen) >= 4, seen
    found = product_answers(strategy, parts)
    assert [(k, f, e) for k, (f, e) in enumerate(zip(found, expected, strict=True)) if f != e] == []


def test_the_founding_settings_are_the_defaults() -> None:
    when = ZHOU2023_EARLY.when
    assert (when.at_least, when.sustained, when.longest_gap, when.min_readings) == (39.0, 240, 360, 2)
    assert (ZHOU2023_EARLY.within, ZHOU2023_CONVENTIONAL.within) == (360, 360)
    assert ZHOU2023_CONVENTIONAL.when.at_least == 3


def severe_course(seed: int) -> Generated:
    """A ward course that ends at minute 2500, with one dose near the first severe grade, or none."""
    dice = random.Random(seed)
    part = long_course(seed)
    rows = {name: list(rows) for name, rows in part.tables.items()}
    rows["drugs"] = [row for row in rows["drugs"] if row["drug"] != "tocilizumab"]
    course = {**part.courses[0], "ends": instant(ENDS)}
    severe = [at for at, grade_then in grades_by_minute(Generated(rows, [course], ENDS)) if grade_then >= 3]
    near = dice.choice((None, None, 0, 0, 30, 359, 360, 361, 900, -30))
    if near is not None:
        minute = min(max(0, (severe[0] if severe else 500) + near), ENDS - 1)
        rows["drugs"].append(row_drug("tocilizumab", minute, mode="dose"))
    return build(rows, [course], ENDS)


def grades_by_minute(whole: Generated) -> list[tuple[int, int]]:
    return [(signs["minute"], astct_crs(signs)[0]) for signs in naive_minutes(whole)]


ENDS = 2500


def test_conventional() -> None:
    parts = [severe_course(seed) for seed in range(40)]
    expected = [
        conventional([(minute, minute + 1, worst) for minute, worst in grades_by_minute(part)], doses_of(part))
        for part in parts
    ]
    seen = Counter(followed for _, followed in expected)
    assert set(seen) == {"yes", "early", "late", "not_given", "never_due"}, seen
    found = product_answers(ZHOU2023_CONVENTIONAL, parts)
    assert [(k, f, e) for k, (f, e) in enumerate(zip(found, expected, strict=True)) if f != e] == []
