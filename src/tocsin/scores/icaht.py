"""ICAHT, early (days 0 to 30) and late (31 to 100), of neutrophils and of platelets (Rejeski 2023) [V2].

Days are local days after the infusion. G-CSF and transfusions are not adjusted for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Any

import polars as pl

from tocsin.scores.parameters import ScoreParameters

EARLY_TO_DAY, LATE_FROM_DAY = 30, 31
PER_UL = 1000
Days = Sequence[float | None]
COLUMNS = {
    "course_id": pl.String, "score": pl.String, "value": pl.Int32, "low": pl.Int32, "high": pl.Int32,
    "days_low": pl.Int32, "days_very_low": pl.Int32, "lowest": pl.Float64, "to_day": pl.Int32,
    "measured": pl.Int32, "filled": pl.Int32, "unknown": pl.Int32, "flags": pl.String, "why": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Lineage:
    """Limits of one lineage in 10^9/L. `early`: (at most, days, grade), worst first; `late`: limits of grades 1, 2 ..

    `strict`: a value must be below the limit, not at it. `second`: a late grade needs a second value as low as grade 1.
    `rounded`: the published rounding, which is one of neutrophils per uL, applies. `late_days`: (below, days, grade).
    """

    score: str
    variable: str
    low: float
    very_low: float
    early: tuple[tuple[str, int, int], ...]
    late: tuple[float, ...]
    strict: bool
    second: bool
    rounded: bool
    never_ends: bool
    late_days: tuple[tuple[str, int, int], ...] = ()


NEUTROPHILS = Lineage(
    "icaht", "neutrophils", 0.5, 0.1,
    (("very_low", 14, 4), ("low", 31, 4), ("very_low", 7, 3), ("low", 14, 3), ("low", 7, 2), ("low", 1, 1)),
    (1.5, 1.0, 0.5, 0.1), strict=False, second=True, rounded=True, never_ends=True,
)  # fmt: skip
PLATELETS = Lineage(
    "icaht_platelets", "platelets", 50, 20,
    (("very_low", 14, 4), ("very_low", 1, 3), ("low", 7, 2), ("low", 1, 1)),
    (100, 50), strict=True, second=False, rounded=False, never_ends=False,
    late_days=(("very_low", 14, 4), ("very_low", 1, 3)),
)  # fmt: skip


def icaht(
    lows: pl.DataFrame, follow: pl.DataFrame, lineage: Lineage, parameters: ScoreParameters | None = None
) -> pl.DataFrame:
    """Two rows a course of `follow`, early and late, in `COLUMNS`: grade, bounds, days, and what they rest on.

    `lows`: course_id, day, value (10^9/L; the lowest of a day is taken). `follow`: course_id, stop_day (last day of
    follow-up, null = not known), dead (nothing follows `stop_day`), late_stop_day (first new therapy or progression,
    null = none). `value` is the grade by the published reading, in which an unknown day (neither measured nor filled)
    is not low; `low` and `high` hold whatever the unknown days were. Without any value the grade is null.
    """
    p = parameters or ScoreParameters()
    by_course: dict[str, dict[int, float]] = {}
    lowest = lows.drop_nulls("value").group_by("course_id", "day").agg(pl.col("value").min())
    for course, day, value in lowest.select("course_id", "day", "value").iter_rows():
        by_course.setdefault(course, {})[day] = value
    rows: list[dict[str, Any]] = []
    for course, stop, dead, late_stop in follow.select("course_id", "stop_day", "dead", "late_stop_day").iter_rows():
        values = by_course.get(course, {})
        rows.append({**_early(values, stop, bool(dead), lineage, p), "course_id": course})
        rows.append({**_late(values, stop, bool(dead), late_stop, lineage, p), "course_id": course})
    return pl.DataFrame(rows, schema=COLUMNS)


# --- early ------------------------------------------------------------------------------------------------------------


def _early(
    values: dict[int, float], stop: int | None, dead: bool, lineage: Lineage, p: ScoreParameters
) -> dict[str, Any]:
    last = EARLY_TO_DAY if stop is None else min(EARLY_TO_DAY, stop)
    measured: Days = [values.get(day) for day in range(last + 1)]
    days = _rounded(fill(measured, p.icaht_fill_days), lineage, p)
    # after a death there is nothing; after a lost contact there are days of which nothing is known
    beyond = [None] * (0 if dead else EARLY_TO_DAY - last)
    made = _base(f"{lineage.score}_early", last, measured, days, beyond)
    high = _early_grade(_with_unknown((*days, *beyond), 0.0), lineage, p)[0]
    if not made["measured"]:
        return made | {"low": 0, "high": high, "why": "no value in its days"}
    # the grade is by the published reading; what is proved may be less, where a run ends in days that are unknown
    low = _early_grade(_with_unknown((*days, *beyond), inf), lineage, p)[0]
    grade, never = _early_grade(days, lineage, p)
    days_low, days_very_low = _counted(days, lineage, p)
    return made | {
        "value": grade, "low": min(low, grade), "high": max(high, grade), "days_low": days_low,
        "days_very_low": days_very_low, "flags": "never_recovered" if never else "",
    }  # fmt: skip


def _with_unknown(days: Days, value: float) -> Days:
    return [value if day is None else day for day in days]


def _early_grade(days: Days, lineage: Lineage, p: ScoreParameters) -> tuple[int, bool]:
    """The worst band that holds, and whether a run that starts at once and never ends lifted it to 4."""
    low, very_low = _counted(days, lineage, p)
    counts: dict[str, int] = {"low": low, "very_low": very_low}
    grade = max((grade for which, least, grade in lineage.early if counts[which] >= least), default=0)
    never = lineage.never_ends and _never_ends(days, lineage, p)
    return (4 if never else grade), never


def _never_ends(days: Days, lineage: Lineage, p: ScoreParameters) -> bool:
    known = [day for day, value in enumerate(days) if value is not None]
    if not known:
        return False
    end = known[-1] if p.icaht_never_ends == "last_value" else len(days) - 1
    found = runs(_below(days, lineage.low, lineage.strict), p.icaht_join_days)
    return any(first <= p.icaht_starts_by_day and last == end for first, last in found)


def _counted(days: Days, lineage: Lineage, p: ScoreParameters) -> tuple[int, int]:
    """Days low and very low by the way of counting asked for."""
    marked = [_below(days, limit, lineage.strict) for limit in (lineage.low, lineage.very_low)]
    if p.icaht_count == "cumulative":
        return sum(marked[0]), sum(marked[1])
    return longest(marked[0], p.icaht_join_days), longest(marked[1], p.icaht_join_days)


# --- late -------------------------------------------------------------------------------------------------------------


def _late(
    values: dict[int, float], stop: int | None, dead: bool, late_stop: int | None, lineage: Lineage, p: ScoreParameters
) -> dict[str, Any]:
    stops = [day for day in (stop, late_stop) if day is not None]
    last = min([p.icaht_late_to_day, *stops])
    closed = (late_stop is not None and late_stop == last) or (dead and stop == last)
    measured: Days = [values.get(day) for day in range(LATE_FROM_DAY, last + 1)]
    beyond = [None] * (0 if closed else p.icaht_late_to_day - max(last, LATE_FROM_DAY - 1))
    days = fill(measured, p.icaht_fill_days)
    made = _base(f"{lineage.score}_late", last, measured, days, beyond)
    if not made["measured"]:
        over = last < LATE_FROM_DAY
        why = f"its follow-up ended before day {LATE_FROM_DAY}" if over else "no value in its days"
        bounds = (None, None) if over and closed else (0, 4)
        return made | {"low": bounds[0], "high": bounds[1], "why": why}
    very_low = longest(_below(days, lineage.very_low, lineage.strict), p.icaht_join_days)
    grade = _late_grade([day for day in measured if day is not None], very_low, lineage)
    unknown, single = any(day is None for day in (*days, *beyond)), made["measured"] == 1
    # a single value is graded as it stands; a second one, high, on an unknown day would undo it
    low = 0 if single and unknown and lineage.second else grade
    return made | {
        "value": grade, "low": low, "high": 4 if unknown else grade, "flags": "single_value" if single else "",
        "days_low": longest(_below(days, lineage.low, lineage.strict), p.icaht_join_days), "days_very_low": very_low,
    }  # fmt: skip


def _late_grade(measured: list[float], very_low: int, lineage: Lineage) -> int:
    """By the lowest day; where the lineage asks for it, only if the second-lowest day is low too, or there is none."""
    lowest = sorted(measured)[:2]
    if lineage.second and len(lowest) == 2 and lowest[1] > lineage.late[0]:
        return 0
    hit = [lowest[0] < limit if lineage.strict else lowest[0] <= limit for limit in lineage.late]
    by_days = max((grade for _, least, grade in lineage.late_days if very_low >= least), default=0)
    return max(sum(hit), by_days)


# --- days and runs ----------------------------------------------------------------------------------------------------


def fill(days: Days, longest_gap: int) -> list[float | None]:
    """Missing days, up to `longest_gap` in a row, on a straight line between their neighbours; at the ends carried."""
    known = [day for day, value in enumerate(days) if value is not None]
    made = list(days)
    if not known:
        return made
    first, last = known[0], known[-1]
    if first <= longest_gap:
        made[:first] = [days[first]] * first
    if len(days) - 1 - last <= longest_gap:
        made[last + 1 :] = [days[last]] * (len(days) - 1 - last)
    for one, other in pairwise(known):
        start, end = days[one], days[other]
        if other - one - 1 <= longest_gap and start is not None and end is not None:
            for day in range(one + 1, other):
                made[day] = start + (end - start) * (day - one) / (other - one)
    return made


def runs(marked: Sequence[bool], join: int) -> list[tuple[int, int]]:
    """First and last day of every run of marked days; up to `join` unmarked days between two runs do not part them."""
    found: list[tuple[int, int]] = []
    for day, mark in enumerate(marked):
        if mark and found and day - found[-1][1] - 1 <= join:
            found[-1] = (found[-1][0], day)
        elif mark:
            found.append((day, day))
    return found


def longest(marked: Sequence[bool], join: int) -> int:
    """Days of the longest run, joined days between included; 0 without any."""
    return max((last - first + 1 for first, last in runs(marked, join)), default=0)


def _below(days: Days, limit: float, strict: bool) -> list[bool]:
    """An unknown day is not low: it ends a run."""
    inside: Callable[[float], bool] = (lambda day: day < limit) if strict else (lambda day: day <= limit)
    return [day is not None and inside(day) for day in days]


def _rounded(days: Days, lineage: Lineage, p: ScoreParameters) -> list[float | None]:
    """Neutrophils to the nearest 10 /uL, halves to the even one, as the published code does."""
    step = p.icaht_round_per_ul
    if not step or not lineage.rounded:
        return list(days)
    # interpolation leaves float noise, which would push a half to the wrong side
    return [None if day is None else round(round(day * PER_UL, 6) / step) * step / PER_UL for day in days]


def _base(score: str, last: int, measured: Days, days: Days, beyond: Days) -> dict[str, Any]:
    """What the grade rests on; the grade itself still missing."""
    known, whole = sum(day is not None for day in measured), sum(day is not None for day in days)
    return {
        **dict.fromkeys(COLUMNS), "score": score, "to_day": last, "measured": known, "filled": whole - known,
        "unknown": len(days) - whole + len(beyond), "flags": "",
        "lowest": min((day for day in measured if day is not None), default=None),
    }  # fmt: skip
