"""Endpoints of the syndrome itself: severe CRS, onset, duration, highest grade, time to the drug."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from tocsin.endpoints.days import MINUTES_PER_DAY, endpoint_rows, outcome_days
from tocsin.tables import MINUTE, Records

AFTER_END_MINUTES = 24 * 60
NO_EPISODE = "no episode"
NOT_GRADED = "not assessable: nothing was graded"


def severe_crs(
    records: Records,
    courses: pl.DataFrame,
    grades: pl.DataFrame,
    episodes: pl.DataFrame,
    *,
    scale: str = "astct_crs",
    at_least: int = 3,
    graded: Collection[str] | None = None,
) -> pl.DataFrame:
    """Time to the first proved grade >= `at_least`: event 1; death without it competes: 2; else censored: 0.

    Censored 24 h after the last episode's end (specification 6.2); with an episode still open, or without any, at the
    end of grades and measurements. Where the grade is not proved but cannot be excluded, `value` says so. A course
    without any graded minute, or outside `graded`, is not assessable (event null). An adjudicated death from CRS is
    grade 5, so an event. What ended before time zero is nothing; what was severe at time zero is so on day 0.
    """
    mine = _from_zero(grades.filter(pl.col("scale") == scale), graded)
    episodes = episodes.filter(pl.col("end").is_null() | (pl.col("end") >= 0))
    joined = courses.select("course_id", "time_zero")
    for frame in (
        mine.group_by("course_id").agg(
            pl.col("from").filter(pl.col("grade") >= at_least).min().alias("severe_at"),
            pl.max_horizontal("from", "to").max().alias("graded_to"),
        ),
        _last_ends(episodes, scale),
        _last_readings(records, courses),
        _first_deaths(records, courses),
    ):
        joined = joined.join(frame, on="course_id", how="left")
    censor = pl.coalesce(pl.col("ended") + AFTER_END_MINUTES, pl.max_horizontal("graded_to", "read_to"))
    joined = joined.with_columns(censor.clip(lower_bound=0).alias("censor"))
    within = mine.join(joined.select("course_id", "censor"), on="course_id").filter(pl.col("from") < pl.col("censor"))
    doubt = within.filter(pl.col("grade_at_most") >= at_least).select("course_id").unique()
    joined = joined.join(doubt.with_columns(pl.lit(True).alias("open")), on="course_id", how="left")
    return _severe_rows(joined, "severe_crs" if scale == "astct_crs" else f"severe_{scale}", at_least, records.zone)


def _from_zero(grades: pl.DataFrame, graded: Collection[str] | None) -> pl.DataFrame:
    """Runs of the courses in `graded` (None: all) from time zero on; a run that began before it begins at it."""
    kept = grades.filter(pl.col("to").is_null() | (pl.col("to") > 0)).with_columns(pl.col("from").clip(lower_bound=0))
    return kept if graded is None else kept.filter(pl.col("course_id").is_in(list(graded)))


def _last_ends(episodes: pl.DataFrame, scale: str) -> pl.DataFrame:
    """Per course: minute of the last end (null while an episode is open) and the number of episodes."""
    ended = pl.when(pl.col("end").is_not_null().all()).then(pl.col("end").max()).alias("ended")
    return episodes.filter(pl.col("scale") == scale).group_by("course_id").agg(ended, pl.len().alias("n"))


def _last_readings(records: Records, courses: pl.DataFrame) -> pl.DataFrame:
    """Per course: minute of the last measurement before the next course; an open run of grades has no end itself."""
    of = courses.select("course_id", "patient_id", "time_zero", "ends")
    rows = records.measurements.select("patient_id", "time").join(of, on="patient_id", how="inner")
    rows = rows.filter((pl.col("time") >= pl.col("time_zero")) & (pl.col("time") < pl.col("ends")).fill_null(True))
    minute = (pl.col("time") - pl.col("time_zero")).dt.total_minutes().cast(MINUTE)
    return rows.group_by("course_id").agg(minute.max().alias("read_to"))


def _first_deaths(records: Records, courses: pl.DataFrame) -> pl.DataFrame:
    deaths = outcome_days(records, courses).filter(pl.col("what") == "death")
    first = deaths.unique("course_id", keep="first", maintain_order=True)
    return first.select("course_id", "day", "whole_day", pl.col("value").alias("cause"))


def _severe_rows(joined: pl.DataFrame, endpoint: str, at_least: int, zone: str) -> pl.DataFrame:
    zero, censor = pl.col("time_zero"), pl.col("censor")
    censor_date = (zero + pl.duration(minutes=censor)).dt.convert_time_zone(zone).dt.date()
    censor_day = (censor_date - zero.dt.convert_time_zone(zone).dt.date()).dt.total_days()
    severe, known = pl.col("severe_at").is_not_null(), pl.col("graded_to").is_not_null()
    dies = pl.col("day").is_not_null() & (pl.col("whole_day") <= censor_day)  # by local dates: a day decides no minute
    doubt = pl.when(pl.col("open")).then(pl.lit(f"; grade {at_least} not excluded")).otherwise(pl.lit(""))
    how = (
        pl.when(pl.col("n").is_null())
        .then(pl.lit(f"{NO_EPISODE}, censored at the end of the records"))
        .when(pl.col("ended").is_null())
        .then(pl.lit("episode still open, censored at the end of the records"))
        .otherwise(pl.lit("censored 24 h after the episode"))
    )
    value = (
        pl.when(~known)
        .then(pl.lit(NOT_GRADED))
        .when(severe)
        .then(pl.lit(f"grade {at_least} or more"))
        .when(dies)
        .then(pl.format("death: {}", pl.col("cause").fill_null("cause not recorded")) + doubt)
        .otherwise(how + doubt)
    )
    event = pl.when(severe).then(1).when(dies).then(2).otherwise(0)
    stop = pl.when(severe).then(_days("severe_at")).when(dies).then("day").otherwise(_days("censor"))
    return _rows(joined, endpoint, pl.lit(0.0), pl.when(known).then(stop), pl.when(known).then(event), value)


def crs_onset(
    courses: pl.DataFrame, episodes: pl.DataFrame, *, scale: str = "astct_crs", graded: Collection[str] | None = None
) -> pl.DataFrame:
    """Days to the onset of the first episode: event 1, `value` in hours; event 0 without any.

    A course without an episode and not in `graded` (None: all are) is not assessable: event null.
    """
    joined = courses.select("course_id").join(_first_episodes(episodes, scale), on="course_id", how="left")
    there = pl.col("onset").is_not_null()
    value = pl.when(there).then(pl.format("{} h", (pl.col("onset") / 60).round(1))).otherwise(_no_episode(graded))
    event = pl.when(there | _known(graded)).then(there.cast(pl.Int32))
    return _rows(joined, "crs_onset", pl.lit(0.0), _days("onset"), event, value)


def crs_duration(
    courses: pl.DataFrame, episodes: pl.DataFrame, *, scale: str = "astct_crs", graded: Collection[str] | None = None
) -> pl.DataFrame:
    """From the first onset to the last end: event 1; death during CRS 2; still open or records end 0.

    `value` is the hours within episodes, summed, and their number; the time between two episodes is not in it.
    """
    joined = courses.select("course_id").join(_first_episodes(episodes, scale), on="course_id", how="left")
    there = pl.col("onset").is_not_null()
    shut = pl.col("closed_by")
    event = pl.when(shut == "death").then(2).when(shut == "resolved").then(1).when(there).then(0)
    words = (
        pl.when(pl.col("hours").is_null()).then(pl.format("{}: end not known", "closed_by"))
        .otherwise(pl.format("{} h in {} episode(s), {}", pl.col("hours").round(1), "n", "closed_by"))
    )  # fmt: skip
    value = pl.when(there).then(words).otherwise(_no_episode(graded))
    return _rows(joined, "crs_duration", _days("onset").fill_null(0.0), _days("end"), event, value)


def crs_max_grade(
    courses: pl.DataFrame, episodes: pl.DataFrame, *, scale: str = "astct_crs", graded: Collection[str] | None = None
) -> pl.DataFrame:
    """Highest proved grade over all episodes in `value` ("0" without any), at its first minute; event 1 if above 0.

    A course without an episode and not in `graded` (None: all are) has no grade: event null, `value` says so.
    """
    mine = episodes.filter(pl.col("scale") == scale).sort(
        "course_id", "max_grade", "max_grade_at", descending=[False, True, False]
    )
    top = mine.unique("course_id", keep="first", maintain_order=True).select("course_id", "max_grade", "max_grade_at")
    joined = courses.select("course_id").join(top, on="course_id", how="left")
    grade = pl.when(_known(graded)).then(pl.col("max_grade").fill_null(0)).otherwise("max_grade")
    stop, value = pl.when(grade > 0).then(_days("max_grade_at")), grade.cast(pl.String).fill_null(NOT_GRADED)
    return _rows(joined, "crs_max_grade", pl.lit(0.0), stop, (grade > 0).cast(pl.Int32), value)


def time_to_tocilizumab(courses: pl.DataFrame, follow: pl.DataFrame) -> pl.DataFrame:
    """Days from time zero to the first dose as `follow` has it (the same in every strategy): event 1; none: event 0."""
    given = follow.group_by("course_id").agg(pl.col("given_at").min())
    joined = courses.select("course_id").join(given, on="course_id", how="left")
    there = pl.col("given_at").is_not_null()
    value = (
        pl.when(there).then(pl.format("{} h", (pl.col("given_at") / 60).round(1))).otherwise(pl.lit("no tocilizumab"))
    )
    return _rows(joined, "time_to_tocilizumab", pl.lit(0.0), _days("given_at"), there.cast(pl.Int32), value)


def _known(graded: Collection[str] | None) -> pl.Expr:
    return pl.lit(True) if graded is None else pl.col("course_id").is_in(list(graded))


def _no_episode(graded: Collection[str] | None) -> pl.Expr:
    return pl.when(_known(graded)).then(pl.lit(NO_EPISODE)).otherwise(pl.lit(NOT_GRADED))


def _days(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64) / MINUTES_PER_DAY


def _first_episodes(episodes: pl.DataFrame, scale: str) -> pl.DataFrame:
    """Per course: first onset, last end (null while one is open), how the last one closed, hours inside, number."""
    mine = episodes.filter(pl.col("scale") == scale).sort("course_id", "episode")
    ended = pl.col("end").is_not_null().all()
    return mine.group_by("course_id", maintain_order=True).agg(
        pl.col("onset").min().cast(MINUTE),
        pl.when(ended).then(pl.col("end").max()).alias("end"),
        pl.col("closed_by").last(),
        pl.when(ended).then(((pl.col("end") - pl.col("onset")) / 60).sum()).alias("hours"),
        pl.len().alias("n"),
    )


def _rows(
    frame: pl.DataFrame, endpoint: str, start: pl.Expr, stop: pl.Expr, event: pl.Expr, value: pl.Expr
) -> pl.DataFrame:
    made = frame.select(
        "course_id",
        pl.lit(endpoint).alias("endpoint"),
        start.alias("start"),
        stop.alias("stop"),
        event.alias("event"),
        value.alias("value"),
    )
    return endpoint_rows(made)
