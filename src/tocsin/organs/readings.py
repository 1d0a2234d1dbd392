"""The readings an organ grade is made of: value, minute, baseline, duration of fever, oxygen that runs."""

from __future__ import annotations

import polars as pl

from tocsin import signs
from tocsin.ctcae import VARIABLES
from tocsin.organs.parameters import LYMPHODEPLETION, OrganParameters
from tocsin.signs import Parameters
from tocsin.signs.acts import clock_column, minute_of
from tocsin.tables import Records

TERM_OF = {variable: term for term, variable in VARIABLES.items()}
LABS = tuple(variable for variable in TERM_OF if variable not in ("temperature", "spo2"))
BASELINES = ("before_lymphodepletion", "before_minute_0", "none")
_NOON = pl.duration(hours=12)  # a row charted to the day stands at 12:00: its day is twelve hours to either side


def all_readings(records: Records, courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """Readings of the graded variables with their course, up to its end, from any time before it on.

    course_id, variable, value, minute, precision, source, source_row, `first_at` and `last_at` (when at the earliest
    and latest it can have been), time_zero, `after` (surely at or after minute 0) and `before` (surely before).
    """
    at = clock_column(parameters, "time")
    of = courses.select("patient_id", "course_id", "time_zero", "ends")
    rows = records.measurements.filter(pl.col("variable").is_in(list(TERM_OF))).join(of, on="patient_id")
    rows = rows.filter(pl.col("ends").is_null() | (at < pl.col("ends")))
    vague = pl.col("precision") == "day"
    rows = rows.with_columns(
        minute=minute_of(at),
        first_at=pl.when(vague).then(at - _NOON).otherwise(at),
        last_at=pl.when(vague).then(at + _NOON).otherwise(at),
    )
    # within the minute of time zero the order of seconds does not count: minute 0 is after
    after = pl.when(vague).then(pl.col("first_at") >= pl.col("time_zero")).otherwise(pl.col("minute") >= 0)
    before = pl.when(vague).then(pl.col("last_at") <= pl.col("time_zero")).otherwise(pl.col("minute") < 0)
    return rows.select(
        "course_id", "variable", "value", "minute", "precision", "source", "source_row", "first_at", "last_at",
        "time_zero", after=after, before=before,
    )  # fmt: skip


def lymphodepletion(records: Records, courses: pl.DataFrame, p: OrganParameters) -> pl.DataFrame:
    """course_id and `depleted_at`: the earliest its first drug can have been given in the days before time zero."""
    of = courses.select("patient_id", "course_id", "time_zero")
    rows = records.drugs.filter(pl.col("drug").is_in(LYMPHODEPLETION)).join(of, on="patient_id")
    ago = pl.col("time_zero") - pl.col("start")
    rows = rows.filter(ago > pl.duration(), ago <= pl.duration(minutes=round(p.lymphodepletion_days * 1440)))
    first = pl.when(pl.col("precision") == "day").then(pl.col("start") - _NOON).otherwise("start")
    return rows.group_by("course_id").agg(depleted_at=first.min())


def baselines(readings: pl.DataFrame, depleted: pl.DataFrame, p: OrganParameters) -> pl.DataFrame:
    """course_id, variable, baseline, baseline_minute, baseline_from: the last reading surely before lymphodepletion.

    Without such a reading, or without lymphodepletion, the last one before minute 0; none where there is neither.
    """
    days = pl.duration(minutes=round(p.baseline_days * 1440))
    rows = readings.filter("before", pl.col("variable").is_in(LABS)).join(depleted, on="course_id", how="left")
    early = (pl.col("last_at") <= pl.col("depleted_at")) & (pl.col("depleted_at") - pl.col("last_at") <= days)
    recent = pl.col("time_zero") - pl.col("last_at") <= days
    rows = rows.with_columns(place=pl.when(early).then(0).when(recent).then(1)).filter(pl.col("place").is_not_null())
    # two of one minute: the higher one, a rule as good as another and always the same
    rows = rows.sort("course_id", "variable", -pl.col("place"), "minute", "value")
    return rows.group_by("course_id", "variable", maintain_order=True).agg(
        baseline=pl.col("value").last(),
        baseline_minute=pl.col("minute").last(),
        baseline_from=pl.col("place").last().replace_strict({0: BASELINES[0], 1: BASELINES[1]}, return_dtype=pl.String),
    )


def fever_hours(readings: pl.DataFrame, p: OrganParameters) -> pl.DataFrame:
    """course_id, minute, hours: how long the temperature has been above 40.0 °C at each reading above it.

    Proved from the first reading of an unbroken run (gaps up to the longest gap). Null where more than 24 h are not
    proved and the last reading not above 40.0 lies more than 24 h back, or nowhere. Of one minute the highest counts.
    """
    rows = (
        readings.filter(pl.col("variable") == "temperature", pl.col("precision") == "minute")
        .group_by("course_id", "minute").agg(pl.col("value").max()).sort("course_id", "minute")
    )  # fmt: skip
    high = pl.col("value") > 40.0
    here = pl.col("minute").over("course_id")
    rows = rows.with_columns(
        gap=pl.col("minute") - pl.col("minute").shift(1).over("course_id"), high=high, below=pl.when(~high).then(here)
    )
    rows = rows.with_columns(
        below=pl.col("below").forward_fill().over("course_id"),
        run=(~pl.col("high") | (pl.col("gap") > p.longest_gap_h * 60).fill_null(True)).cum_sum().over("course_id"),
    ).filter("high")
    # a run opened by a low reading begins at its first high one
    proved = (pl.col("minute") - pl.col("minute").min().over("course_id", "run")) / 60
    excluded = ((pl.col("minute") - pl.col("below")) / 60 <= 24).fill_null(False)
    return rows.select("course_id", "minute", hours=pl.when((proved > 24) | excluded).then(proved))


def oxygen_at(readings: pl.DataFrame, records: Records, courses: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """`readings` with the oxygen class at their minute, proved and not excluded; null where nothing is known then."""
    runs = signs.situations(records, courses, parameters).select("course_id", "from", "to", "oxygen", "oxygen_at_most")
    rows = readings.sort("minute").join_asof(
        runs.sort("from"),
        left_on="minute",
        right_on="from",
        by="course_id",
        strategy="backward",
        check_sortedness=False,
    )
    known = pl.col("from").is_not_null() & (pl.col("to").is_null() | (pl.col("minute") < pl.col("to")))
    known &= pl.col("precision") == "minute"
    return rows.with_columns(pl.when(known).then(c).alias(c) for c in ("oxygen", "oxygen_at_most"))
