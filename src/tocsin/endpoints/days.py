"""Days from time zero, and the clocks survival is counted on.

An event known by its date alone counts whole local days (the founding register prints dates); one known to the minute
counts exact days. A day never decides a minute: a date-only event on the day of the start is not before the start.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tocsin.tables import ENDPOINTS, Records

MINUTES_PER_DAY = 1440
_DAY_US = 86_400_000_000


def _local_date(column: str, zone: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone(zone).dt.date()


def _days_since_zero(time: str, whole: pl.Expr, zone: str) -> tuple[pl.Expr, pl.Expr]:
    """(`day`, `whole_day`) of `time`: exact days or, where `whole`, the difference of local dates."""
    dates = (_local_date(time, zone) - _local_date("time_zero", zone)).dt.total_days()
    exact = (pl.col(time) - pl.col("time_zero")).dt.total_microseconds() / _DAY_US
    return pl.when(whole).then(dates.cast(pl.Float64)).otherwise(exact), dates.cast(pl.Int32)


def outcome_days(records: Records, courses: pl.DataFrame) -> pl.DataFrame:
    """Outcomes at or after each course's time zero, with `day`, `whole_day` and `whole` (known by date alone).

    A patient's later outcomes belong to every earlier course; `own` says that the row stands before the next course.
    """
    zone = records.zone
    zero = courses.select("course_id", "patient_id", "time_zero", "ends", pl.col("precision").alias("zero_precision"))
    joined = records.outcomes.join(zero, on="patient_id", how="inner")
    whole = (pl.col("precision") == "day") | (pl.col("zero_precision") == "day")
    day, whole_day = _days_since_zero("time", whole, zone)
    own = pl.col("ends").is_null() | (_local_date("time", zone) < _local_date("ends", zone))
    own = own | (~whole & (pl.col("time") < pl.col("ends")))
    made = joined.with_columns(
        day.alias("day"), whole_day.alias("whole_day"), whole.alias("whole"), own.alias("own")
    ).filter(pl.col("day") >= 0)
    columns = ("course_id", "what", "value", "method", "sensitivity", "adjudicated_by")
    return made.select(*columns, "day", "whole_day", "whole", "own").sort("course_id", "day", "what", "value")


def next_course_days(records: Records, courses: pl.DataFrame) -> pl.DataFrame:
    """When the patient's next course began, as rows of `what` new_therapy, value `next course`."""
    day, whole_day = _days_since_zero("ends", pl.col("precision") == "day", records.zone)
    whole = (pl.col("precision") == "day").alias("whole")
    rows = courses.filter(pl.col("ends").is_not_null())
    return rows.select(
        "course_id", day.alias("day"), whole_day.alias("whole_day"), whole, pl.lit("next course").alias("value")
    )


@dataclass(frozen=True)
class Clock:
    """Where counting starts. `starts`: course_id, start (days, null = none), start_day (whole local days), why.

    `suffix` names the endpoint (`efs_landmark_28`). With `same_day` an event on the day of the start is after it, at
    time 0; a landmark excludes it, because at the landmark the patient must be known to be free of the event.
    """

    suffix: str
    starts: pl.DataFrame
    words: str
    same_day: bool = True


def _starts(frame: pl.DataFrame, start: pl.Expr, start_day: pl.Expr, why: pl.Expr) -> pl.DataFrame:
    return frame.select(
        "course_id",
        start.cast(pl.Float64).alias("start"),
        start_day.cast(pl.Int32).alias("start_day"),
        why.alias("why"),
    )


def from_time_zero(courses: pl.DataFrame) -> Clock:
    """The clock of the main analysis: starts at time zero."""
    zero, none = pl.lit(0), pl.lit(None, pl.String)
    return Clock("", _starts(courses, zero, zero, none), "time zero")


def from_landmark(courses: pl.DataFrame, day: float) -> Clock:
    """Starts on a fixed day; courses with the event or the end of follow-up up to that day are excluded, and listed."""
    none = pl.lit(None, pl.String)
    starts = _starts(courses, pl.lit(day), pl.lit(day).floor(), none)
    return Clock(f"_landmark_{day:g}", starts, f"the landmark on day {day:g}", same_day=False)


def from_first_dose(records: Records, courses: pl.DataFrame, drug: str = "tocilizumab") -> Clock:
    """Starts at the course's first dose of `drug`; without a dose there is no start, and the value says why."""
    zero = courses.select("course_id", "patient_id", "time_zero", "ends", pl.col("precision").alias("zero_precision"))
    given = records.drugs.filter((pl.col("drug") == drug) & (pl.col("rate").is_null() | (pl.col("rate") > 0)))
    whole = (pl.col("precision") == "day") | (pl.col("zero_precision") == "day")
    day, whole_day = _days_since_zero("start", whole, records.zone)
    doses = (
        given.join(zero, on="patient_id", how="inner")
        .filter(pl.col("ends").is_null() | (pl.col("start") < pl.col("ends")))
        .select("course_id", day.alias("day"), whole_day.alias("whole_day"))
        .filter(pl.col("day") >= 0)
    )
    first = doses.sort("course_id", "day").unique("course_id", keep="first", maintain_order=True)
    absent = f"no {drug}" if "drugs" in records.supplied else "the table of drugs was not supplied"
    why = pl.when(pl.col("day").is_null()).then(pl.lit(f"not assessable: {absent}"))
    joined = courses.select("course_id").join(first, on="course_id", how="left")
    return Clock(f"_from_{drug}", _starts(joined, pl.col("day"), pl.col("whole_day"), why), f"the first {drug}")


def on_clock(found: pl.DataFrame, clock: Clock, endpoint: str) -> pl.DataFrame:
    """Endpoint rows of `found` (course_id, day, whole_day, whole, event, value; day null = not assessable) on a clock.

    A course whose event or end of follow-up is not after the start keeps a row: event null, value says so.
    """
    joined = found.join(clock.starts, on="course_id", how="left")
    on_day, exact = pl.col("whole_day") - pl.col("start_day"), pl.col("day") - pl.col("start")
    apart = pl.when(pl.col("whole")).then(on_day.cast(pl.Float64)).otherwise(exact)
    gone = (apart < 0) if clock.same_day else (apart <= 0)
    reason = pl.format(
        "excluded: {} on day {}, not after {}", "value", pl.col("day").floor().cast(pl.Int32), pl.lit(clock.words)
    )
    lost = pl.col("start").is_null() | (gone & pl.col("event").is_not_null()).fill_null(False)
    value = pl.when(pl.col("start").is_null()).then("why").when(lost).then(reason).otherwise("value")
    stop = pl.max_horizontal("day", "start")
    return endpoint_rows(
        joined.select(
            "course_id",
            pl.lit(endpoint + clock.suffix).alias("endpoint"),
            pl.col("start").fill_null(0.0).alias("start"),
            pl.when(~lost & pl.col("day").is_not_null()).then(stop).alias("stop"),
            pl.when(~lost).then("event").alias("event"),
            value.alias("value"),
        )
    )


def endpoint_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` in the shape and order of the endpoints contract."""
    return ENDPOINTS.frame(frame).sort("course_id", "endpoint")
