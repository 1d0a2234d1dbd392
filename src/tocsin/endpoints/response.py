"""Response in acute lymphoblastic leukaemia."""

from __future__ import annotations

import polars as pl

from tocsin.endpoints.days import endpoint_rows, outcome_days
from tocsin.tables import Records

REMISSION = ("cr", "cri", "crh")
"""CRh is a CRi with partial recovery of counts, so it counts wherever CRi does (our reading)."""
MRD_LIMIT = 1e-4


def mrd_negative_cr(
    records: Records,
    courses: pl.DataFrame,
    *,
    from_day: int = 0,
    to_day: int = 35,
    limit: float = MRD_LIMIT,
    need_sensitivity: bool = False,
) -> pl.DataFrame:
    """CR or CRi with MRD negative below `limit`, both reached within the window (days, inclusive): event 1, else 0.

    Not assessable (death or no marrow in the window) is event 0, as the intention-to-treat reading wants, and `value`
    begins with "not assessable". A negative result of an assay that cannot see `limit` is no proof and does not count;
    one without a stated sensitivity counts and is marked, unless `need_sensitivity`. If no table of outcomes was
    supplied nothing is known: event null. Window 28 + 7 days: our reading; the endpoint: Zhou 2023.
    """
    if "outcomes" not in records.supplied:
        return _rows(
            courses.select("course_id"),
            pl.lit(None),
            pl.lit(None),
            pl.lit("not assessable: no table of outcomes was supplied"),
        )
    found = outcome_days(records, courses).filter("own")
    window = found.filter(pl.col("whole_day").is_between(from_day, to_day))
    seen = pl.col("sensitivity").is_null() & (not need_sensitivity) | (pl.col("sensitivity") <= limit).fill_null(False)
    tests = window.filter(pl.col("what") == "mrd")
    joined = courses.select("course_id")
    for name, rows in (
        ("remission", window.filter((pl.col("what") == "response") & pl.col("value").is_in(REMISSION))),
        ("marrow", window.filter((pl.col("what") == "response") & pl.col("value").is_not_null())),
        ("negative", tests.filter((pl.col("value") == "negative") & seen)),
        ("tested", tests.filter(pl.col("value").is_not_null()).sort("course_id", "day", descending=[False, True])),
        ("death", window.filter(pl.col("what") == "death")),
    ):
        joined = joined.join(_first(rows, name), on="course_id", how="left")
    reached = pl.col("remission").is_not_null() & pl.col("negative").is_not_null()
    day = pl.max_horizontal(pl.when(reached).then("remission"), pl.when(reached).then("negative"))
    return _rows(joined, reached.cast(pl.Int32), day, _words(reached, from_day, to_day))


def _first(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """First row of each course: its day under `name`, its word, method and sensitivity beside it."""
    first = rows.unique("course_id", keep="first", maintain_order=True)
    stated = pl.concat_str(
        pl.col("method").fill_null("method not stated"),
        pl.when(pl.col("sensitivity").is_null()).then(pl.lit("sensitivity not stated")).otherwise(
            pl.format("sensitivity {}", "sensitivity")
        ),
        separator=", ",
    )  # fmt: skip
    return first.select(
        "course_id", pl.col("day").alias(name), pl.col("value").alias(f"{name}_word"), stated.alias(f"{name}_test")
    )


def _whole(column: str) -> pl.Expr:
    return pl.col(column).floor().cast(pl.Int32)


def _words(reached: pl.Expr, from_day: int, to_day: int) -> pl.Expr:
    """Why the course counts as it does."""
    window = f"days {from_day} to {to_day}"
    no_mrd = pl.col("tested").is_null()
    return (
        pl.when(reached)
        .then(pl.format("{}, MRD negative ({})", "remission_word", "negative_test"))
        .when(pl.col("remission").is_not_null() & no_mrd)
        .then(pl.format(f"not assessable: {{}}, no MRD result in {window}", "remission_word"))
        .when(pl.col("remission").is_not_null() & (pl.col("tested_word") == "negative"))
        .then(pl.format("{}, MRD negative by an assay that cannot show it ({})", "remission_word", "tested_test"))
        .when(pl.col("remission").is_not_null())
        .then(pl.format("{}, MRD {} ({})", "remission_word", "tested_word", "tested_test"))
        .when(pl.col("marrow").is_not_null())
        .then(pl.format("{} on day {}", "marrow_word", _whole("marrow")))
        .when(pl.col("death").is_not_null())
        .then(pl.format("not assessable: death on day {}", _whole("death")))
        .otherwise(pl.lit(f"not assessable: no marrow in {window}"))
    )


def _rows(frame: pl.DataFrame, event: pl.Expr, day: pl.Expr, value: pl.Expr) -> pl.DataFrame:
    made = frame.select(
        "course_id",
        pl.lit("mrd_negative_cr").alias("endpoint"),
        pl.lit(0.0).alias("start"),
        day.cast(pl.Float64).alias("stop"),
        event.alias("event"),
        value.alias("value"),
    )
    return endpoint_rows(made)
