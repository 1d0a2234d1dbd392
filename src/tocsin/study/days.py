"""Worst proved grade of each day, for the stacked bars; a day on which nothing could be read is not grade 0."""

from __future__ import annotations

from typing import Any

import polars as pl

from tocsin.study.cohort import ICANS, Study
from tocsin.tables import DAYS

FOREVER = 2**31 - 1


def day_table(study: Study) -> pl.DataFrame:
    """Courses by scale, arm, day and grade; null = no grade and nothing known that day (no temperature; for ICANS no
    ICE, CAPD or consciousness). A death from the toxicity stays grade 5."""
    rows = list[dict[str, Any]]()
    days = range(study.file.study.days)
    for scale in dict.fromkeys((study.scale, ICANS)):
        worst, known = _by_day(study, scale)
        for arm, courses in study.members.items():
            for day in days if courses else ():
                grades = [_grade(worst.get((c, day)), (c, day) in known) for c in courses]
                rows += [
                    {"scale": scale, "arm": arm, "day": day, "grade": grade, "courses": grades.count(grade)}
                    for grade in (None, *range(6))
                    if grade in grades
                ]
    return DAYS.frame(rows)


def _grade(worst: int | None, known: bool) -> int | None:
    return worst if worst else (0 if known and worst is not None else None)


def _by_day(study: Study, scale: str) -> tuple[dict[tuple[str, int], int], set[tuple[str, int]]]:
    """Worst proved grade, and the days on which the scale's first sign was known at some minute."""
    runs = study.grading.grades.filter((pl.col("scale") == scale) & pl.col("course_id").is_in(study.in_arms))
    last = study.file.study.days - 1
    worst: dict[tuple[str, int], int] = {}
    for course, start, stop, grade in runs.select("course_id", "from", "to", "grade").iter_rows():
        for day in _days(start, stop, last):
            worst[course, day] = max(worst.get((course, day), 0), grade)
    sign = pl.any_horizontal(pl.col("ice", "capd", "consciousness").is_not_null())
    sign = sign if scale == ICANS else pl.col("fever").is_not_null()
    seen = study.grading.signs.situations.filter(sign & pl.col("covered"))
    known = {
        (course, day)
        for course, start, stop in seen.select("course_id", "from", "to").iter_rows()
        for day in _days(start, stop, last)
    }
    return worst, known


def _days(start: int, stop: int | None, last: int) -> range:
    """Days that share a minute with [start, stop), from day 0."""
    end = FOREVER if stop is None else stop
    return range(max(0, start // 1440), min(last, (end - 1) // 1440) + 1) if end > max(start, 0) else range(0)
