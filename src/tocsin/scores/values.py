"""The readings the scores are made of, from records: with day, source row, and the minute the ward could know them."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from tocsin import vocabulary
from tocsin.scores.parameters import ScoreParameters
from tocsin.tables import Records

VARIABLES = (
    "ldh", "creatinine", "crp", "platelets", "neutrophils", "haemoglobin", "ferritin", "ast", "alt", "fibrinogen",
)  # fmt: skip
LYMPHODEPLETION = ("fludarabine", "cyclophosphamide", "bendamustine")
PLATELET_TRANSFUSION = "platelet_transfusion"
_MINUTE_US = 60_000_000


def lab_values(records: Records, courses: pl.DataFrame, p: ScoreParameters) -> pl.DataFrame:
    """Every reading of `VARIABLES` of a course's patient before the next course, ordered.

    Columns: course_id, variable, value, time, time_zero, minute, known (minute it became available), day (local days
    since minute 0), whole (known by its date alone: it decides no minute), after_transfusion, seen (value and row).
    """
    of = courses.select("course_id", "patient_id", "time_zero", "ends", pl.col("precision").alias("zero_precision"))
    rows = records.measurements.filter(pl.col("variable").is_in(VARIABLES)).join(of, on="patient_id")
    rows = rows.filter(pl.col("ends").is_null() | (pl.col("time") < pl.col("ends")))
    whole = (pl.col("precision") == "day") | (pl.col("zero_precision") == "day")
    unit = pl.col("variable").replace_strict({name: vocabulary.variables()[name].unit for name in VARIABLES})
    made = rows.select(
        "course_id", "variable", "value", "time", "time_zero",
        minute=_minute("time"), known=_minute("available_time"), day=local_day("time", records.zone), whole=whole,
        seen=pl.format("{} {} {} ({}:{})", "variable", "value", unit, "source", "source_row"),
        order=pl.col("source_row"),
    )  # fmt: skip
    made = made.sort("course_id", "variable", "time", "order").drop("order")
    return made.with_columns(after_transfusion=_after_transfusion(made, records, courses, p))


def local_day(column: str, zone: str) -> pl.Expr:
    """Whole local days from the date of minute 0 to the date of `column`."""
    date, zero = (pl.col(name).dt.convert_time_zone(zone).dt.date() for name in (column, "time_zero"))
    return (date - zero).dt.total_days().cast(pl.Int32)


def _minute(column: str) -> pl.Expr:
    return ((pl.col(column) - pl.col("time_zero")).dt.total_microseconds() // _MINUTE_US).cast(pl.Int32)


def _after_transfusion(values: pl.DataFrame, records: Records, courses: pl.DataFrame, p: ScoreParameters) -> pl.Series:
    """True for a platelet count within the hours after a transfusion (or with unknown order within its day)."""
    of = courses.select("course_id", "patient_id")
    given = records.drugs.filter(pl.col("drug") == PLATELET_TRANSFUSION).join(of, on="patient_id")
    bags = given.select("course_id", pl.col("start").alias("given")).sort("given")
    joined = values.with_row_index("row").sort("time").join_asof(
        bags, left_on="time", right_on="given", by="course_id", strategy="backward", check_sortedness=False
    )  # fmt: skip
    soon = (pl.col("time") - pl.col("given")) < pl.duration(minutes=round(p.transfusion_h * 60))
    mark = (soon & (pl.col("variable") == "platelets")).fill_null(False)
    return joined.sort("row").select(mark.alias("after_transfusion")).to_series()


def lymphodepletion(records: Records, courses: pl.DataFrame, p: ScoreParameters) -> pl.DataFrame:
    """course_id, start (first dose of the days before minute 0; null = none in the records), start_whole."""
    of = courses.select("course_id", "patient_id", "time_zero")
    rows = records.drugs.filter(pl.col("drug").is_in(LYMPHODEPLETION)).join(of, on="patient_id")
    ago = pl.col("time_zero") - pl.col("start")
    rows = rows.filter(ago >= pl.duration(), ago <= pl.duration(minutes=round(p.lymphodepletion_days * 1440)))
    first = rows.sort("course_id", "start").group_by("course_id", maintain_order=True).agg(
        pl.col("start").first(), (pl.col("precision") == "day").first().alias("start_whole")
    )  # fmt: skip
    return courses.select("course_id").join(first, on="course_id", how="left", maintain_order="left")


def before(values: pl.DataFrame, moments: pl.DataFrame, zone: str, p: ScoreParameters) -> pl.DataFrame:
    """The last reading of each variable before `start` of `moments` (course_id, start, start_whole).

    Where either is known by its date alone, the reading must be of an earlier date. A platelet count soon after a
    transfusion is left out. One wide row a course, as `wide` makes them.
    """
    joined = values.join(moments, on="course_id").filter(~pl.col("after_transfusion"))
    date, start = (pl.col(name).dt.convert_time_zone(zone).dt.date() for name in ("time", "start"))
    by_date = pl.col("whole") | pl.col("start_whole")
    earlier = pl.when(by_date).then(date < start).otherwise(pl.col("time") < pl.col("start"))
    recent = (pl.col("start") - pl.col("time")) <= pl.duration(minutes=round(p.baseline_days * 1440))
    found = joined.filter(earlier, recent)
    return wide(found, moments.select("course_id"), ("course_id",))


def daily(values: pl.DataFrame, variables: Iterable[str], p: ScoreParameters) -> pl.DataFrame:
    """The last reading of each variable on each local day on which one of them was read, from the baseline days on."""
    inside = pl.col("day").is_between(-round(p.baseline_days), p.daily_to_day)
    found = values.filter(pl.col("variable").is_in(list(variables)), inside)
    days = found.select("course_id", "day").unique().sort("course_id", "day")
    return wide(found.filter(~pl.col("after_transfusion")), days, ("course_id", "day"))


def wide(found: pl.DataFrame, base: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """`base` with a column a variable (its last reading), `<variable>_seen` and `<variable>_known`; null = none."""
    last = found.sort("time").group_by(*keys, "variable", maintain_order=True).agg(
        pl.col("value").last(), pl.col("seen").last(), pl.col("known").last()
    )  # fmt: skip
    made = base
    for name in VARIABLES:
        one = last.filter(pl.col("variable") == name).drop("variable")
        one = one.rename({"value": name, "seen": f"{name}_seen", "known": f"{name}_known"})
        made = made.join(one, on=list(keys), how="left", maintain_order="left")
    return made


def follow_up(records: Records, courses: pl.DataFrame) -> pl.DataFrame:
    """course_id, stop_day, dead, late_stop_day: local days after minute 0, as ICAHT reads them.

    The end is the death, else the last contact; both are cut at the next course. New therapy, transplant, relapse and
    the next course end late ICAHT (transplant and relapse R: the paper says new therapy and progression).
    """
    of = courses.select("course_id", "patient_id", "time_zero", "ends")
    rows = records.outcomes.join(of, on="patient_id").with_columns(day=local_day("time", records.zone))
    rows = rows.filter(pl.col("day") >= 0)
    of_kind = {
        "death": ("death",), "contact": ("last_contact",), "new": ("new_therapy", "transplant", "relapse"),
    }  # fmt: skip
    made = of.with_columns(next=local_day("ends", records.zone))
    for name, kinds in of_kind.items():
        day = pl.col("day").max() if name == "contact" else pl.col("day").min()
        one = rows.filter(pl.col("what").is_in(kinds)).group_by("course_id").agg(day.alias(name))
        made = made.join(one, on="course_id", how="left", maintain_order="left")
    stop = pl.coalesce("death", "contact")
    return made.select(
        "course_id",
        stop_day=pl.min_horizontal(stop, "next"),
        dead=(pl.col("death").is_not_null() & (pl.col("next").is_null() | (pl.col("death") <= pl.col("next")))),
        late_stop_day=pl.min_horizontal("new", "next"),
    )
