"""Event-free, overall and relapse-free survival, with every censoring rule named.

A course that cannot be followed (no event, and no date up to which its absence is known) keeps a row: event null.
"""

from __future__ import annotations

from typing import Literal, get_args

import polars as pl

from tocsin.endpoints.days import Clock, from_time_zero, next_course_days, on_clock, outcome_days
from tocsin.endpoints.response import REMISSION
from tocsin.errors import TocsinError
from tocsin.tables import Records

EfsVariant = Literal["ignore_transplant", "censor_at_transplant", "new_therapy_is_event"]
VARIANT_WORDS: dict[str, str] = {
    "ignore_transplant": "transplant and new therapy are ignored",
    "censor_at_transplant": "censored at transplant or new therapy (a next course is one) before the event",
    "new_therapy_is_event": "new therapy without relapse is an event; transplant is ignored",
}
_MARKS = ("course_id", "day", "whole_day", "whole", "value")
_NO_END = "not assessable: neither an event nor a last contact is recorded"


def efs(
    records: Records,
    courses: pl.DataFrame,
    *,
    variant: EfsVariant = "ignore_transplant",
    clock: Clock | None = None,
    remission_by_day: int = 35,
) -> pl.DataFrame:
    """Event-free survival: death, relapse, or no CR or CRi by `remission_by_day` (event on the day of the assessment).

    Censored at the last disease assessment (`assessment_end`), else at the last contact, and `value` says which. The
    day of treatment failure is the last assessment without remission up to `remission_by_day`, or the first after it
    where there is none before (our reading; some trials date failure to day 0 or 1). Events: specification 6.2.
    """
    found, marks = _outcomes_and_marks(records, courses, variant)
    events = [_deaths(found), _relapses(found), _failures(found, remission_by_day)]
    if variant == "new_therapy_is_event":
        events.append(marks)
    ended = _last(found, "assessment_end", "last_contact")
    rows = _settled(courses, events, marks if variant == "censor_at_transplant" else None, ended)
    return on_clock(rows, clock or from_time_zero(courses), "efs")


def rfs(records: Records, courses: pl.DataFrame, *, variant: EfsVariant = "ignore_transplant") -> pl.DataFrame:
    """Relapse-free survival of courses with CR or CRi, from the day of remission: relapse or death.

    Courses without remission keep a row with event null. Censoring and variants as in `efs`.
    """
    found, marks = _outcomes_and_marks(records, courses, variant)
    events = [_deaths(found), _relapses(found)]
    if variant == "new_therapy_is_event":
        events.append(marks)
    ended = _last(found, "assessment_end", "last_contact")
    rows = _settled(courses, events, marks if variant == "censor_at_transplant" else None, ended)
    remission = _first(found.filter("own"), (pl.col("what") == "response") & pl.col("value").is_in(REMISSION))
    starts = courses.select("course_id").join(remission, on="course_id", how="left")
    why = pl.when(pl.col("day").is_null()).then(pl.lit("excluded: no remission"))
    clock = Clock(
        "",
        starts.select(
            "course_id", pl.col("day").alias("start"), pl.col("whole_day").alias("start_day"), why.alias("why")
        ),
        "the remission",
    )
    return on_clock(rows, clock, "rfs")


def os(records: Records, courses: pl.DataFrame, *, clock: Clock | None = None) -> pl.DataFrame:
    """Overall survival: death of any cause, censored when last known alive; never censored at transplant."""
    found = outcome_days(records, courses)
    rows = _settled(courses, [_deaths(found)], None, _last(found, "last_contact", "assessment_end"))
    return on_clock(rows, clock or from_time_zero(courses), "os")


def crs_death(
    records: Records, courses: pl.DataFrame, *, clock: Clock | None = None, adjudicated_only: bool = True
) -> pl.DataFrame:
    """Time to death from CRS: event 1, death of another cause 2 (competes), censored 0 when last known alive.

    `value` names the cause and the role that decided it. A CRS death that nobody adjudicated, and a death without a
    cause, are not assessable (event null, the day kept out), unless `adjudicated_only` is False for the former.
    """
    found = outcome_days(records, courses)
    deaths = _first(found, pl.col("what") == "death")
    last = _last(found, "last_contact", "assessment_end")
    crs, cause = pl.col("value") == "crs", pl.col("value")
    judged = pl.col("adjudicated_by").is_not_null()
    event = (
        pl.when(cause.is_null() | (crs & ~judged & pl.lit(adjudicated_only)))
        .then(pl.lit(None, pl.Int32))
        .when(crs)
        .then(1)
        .otherwise(2)
    )
    by = pl.when(judged).then(pl.format("adjudicated by {}", "adjudicated_by")).otherwise(pl.lit("not adjudicated"))
    words = (
        pl.when(cause.is_null())
        .then(pl.lit("not assessable: death without a recorded cause"))
        .when(crs & ~judged & pl.lit(adjudicated_only))
        .then(pl.lit("not assessable: death from crs that nobody adjudicated"))
        .otherwise(pl.format("death: {}, {}", cause, by))
    )
    died = deaths.select(
        "course_id", "day", "whole_day", "whole", event.cast(pl.Int32).alias("event"), words.alias("value")
    )
    died = died.with_columns(pl.when(pl.col("event").is_not_null()).then("day").alias("day"))
    alive = last.join(died, on="course_id", how="anti").with_columns(pl.lit(0, pl.Int32).alias("event"))
    both = pl.concat([died, alive.select(died.columns)])
    rows = courses.select("course_id").join(both, on="course_id", how="left")
    none = pl.col("event").is_null() & pl.col("value").is_null()
    rows = rows.with_columns(pl.when(none).then(pl.lit(_NO_END)).otherwise("value").alias("value"))
    return on_clock(rows, clock or from_time_zero(courses), "crs_death")


# --- pieces -------------------------------------------------------------------------------------------------------


def _outcomes_and_marks(
    records: Records, courses: pl.DataFrame, variant: EfsVariant
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All outcomes, and the first transplant or new therapy that `variant` looks at."""
    if variant not in get_args(EfsVariant):
        raise TocsinError.of(
            "endpoints.efs-variant",
            f'the variant "{variant}" of event-free survival is not known.',
            "Variants differ in what transplant and new therapy do to the curve.",
            f"Write one of {', '.join(get_args(EfsVariant))}.",
        )
    found = outcome_days(records, courses)
    kinds = ("new_therapy",) if variant == "new_therapy_is_event" else ("transplant", "new_therapy")
    listed = found.filter(pl.col("what").is_in(kinds)).with_columns(
        pl.col("what").str.replace("_", " ").alias("value")  # the kind alone: what the source wrote may be free text
    )
    marks = pl.concat([listed.select(_MARKS), next_course_days(records, courses).select(_MARKS)])
    return found, marks.sort("course_id", "day").unique("course_id", keep="first", maintain_order=True)


def _first(found: pl.DataFrame, condition: pl.Expr) -> pl.DataFrame:
    rows = found.filter(condition).sort("course_id", "day", maintain_order=True)
    return rows.unique("course_id", keep="first", maintain_order=True)


def _deaths(found: pl.DataFrame) -> pl.DataFrame:
    cause = pl.col("value").fill_null("cause not recorded")
    return (
        _first(found, pl.col("what") == "death")
        .with_columns(pl.format("death: {}", cause).alias("value"))
        .select(_MARKS)
    )


def _relapses(found: pl.DataFrame) -> pl.DataFrame:
    return _first(found, pl.col("what") == "relapse").with_columns(pl.lit("relapse").alias("value")).select(_MARKS)


def _failures(found: pl.DataFrame, by_day: int) -> pl.DataFrame:
    """The assessment that shows treatment failure, for courses without remission up to `by_day`."""
    assessed = found.filter(pl.col("own") & (pl.col("what") == "response") & pl.col("value").is_not_null())
    remission = pl.col("value").is_in(REMISSION)
    responders = assessed.filter(remission & (pl.col("whole_day") <= by_day)).select("course_id")
    without = assessed.filter(~remission).join(responders, on="course_id", how="anti")
    late = pl.col("whole_day") > by_day
    order = pl.when(late).then(pl.col("day")).otherwise(-pl.col("day"))
    first = without.with_columns(late.alias("late"), order.alias("order")).sort("course_id", "late", "order")
    failed = first.unique("course_id", keep="first", maintain_order=True)
    return failed.with_columns(pl.format("no remission: {}", "value").alias("value")).select(_MARKS)


def _last(found: pl.DataFrame, *kinds: str) -> pl.DataFrame:
    """The latest row of the first of `kinds` that a course has; `value` says which it is."""
    rank = pl.col("what").replace_strict({kind: i for i, kind in enumerate(kinds)}, default=None, return_dtype=pl.Int32)
    rows = found.with_columns(rank.alias("rank")).filter(pl.col("rank").is_not_null())
    rows = rows.sort("course_id", "rank", "day", descending=[False, False, True])
    words = {
        "assessment_end": "censored at the last disease assessment",
        "last_contact": "censored at the last contact",
    }
    last = rows.unique("course_id", keep="first", maintain_order=True)
    return last.with_columns(pl.col("what").replace_strict(words, return_dtype=pl.String).alias("value")).select(_MARKS)


def _settled(
    courses: pl.DataFrame, events: list[pl.DataFrame], marks: pl.DataFrame | None, ended: pl.DataFrame
) -> pl.DataFrame:
    """One row per course: the earliest event, else the earlier of mark and end, else nothing known.

    On one day the event comes before the mark, and of two events the first list's (death before relapse).
    """
    listed = [
        frame.with_columns(pl.lit(i).alias("rank"), pl.lit(1, pl.Int32).alias("event"))
        for i, frame in enumerate(events)
    ]
    candidates = pl.concat(listed)
    first = candidates.sort("course_id", "day", "rank").unique("course_id", keep="first", maintain_order=True)
    ends = [ended.with_columns(pl.lit(11).alias("rank"), pl.lit(0, pl.Int32).alias("event"))]
    cut = first
    if marks is not None:
        said = pl.format("censored at {}", "value").alias("value")
        ends.append(marks.with_columns(said, pl.lit(10).alias("rank"), pl.lit(0, pl.Int32).alias("event")))
        cut = pl.concat([first, ends[1].select(first.columns)])
        cut = cut.sort("course_id", "day", "rank").unique("course_id", keep="first", maintain_order=True)
        cut = cut.filter(pl.col("event") == 1)
    open_end = pl.concat([frame.select(first.columns) for frame in ends]).sort("course_id", "day", "rank")
    open_end = open_end.unique("course_id", keep="first", maintain_order=True).join(cut, on="course_id", how="anti")
    rows = courses.select("course_id").join(pl.concat([cut, open_end]), on="course_id", how="left")
    return rows.with_columns(pl.col("value").fill_null(_NO_END)).drop("rank")
