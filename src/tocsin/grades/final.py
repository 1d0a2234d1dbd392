"""The final reading of signs that a scale's own text makes depend on what comes later (docs/signs.md, last part).

A dose that came to be held counts from its beginning, hours that came to be long from the first of them. This looks
ahead: results only, never a trigger.
"""

from __future__ import annotations

import polars as pl

_SPANS = {"course_id": pl.String, "start": pl.Int32, "end": pl.Int32}


def final_situations(
    runs: pl.DataFrame, codes: pl.DataFrame, high_dose: int, pause: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Runs and codes as `signs.run(wide=True)` gives them, with the three signs as the whole course shows them.

    `high_dose`: minutes a high dose had to hold; `pause`: minutes without a vasopressor that end a count. Runs are cut
    where a sign begins earlier than it could be known; everything else is as it was.
    """
    signs = ("high_dose_lee", "high_dose_penn", "pressors_long")
    wanted = codes.select("situation", "vasopressors_all", "covered", *signs)
    known = runs.join(wanted, on="situation", how="left", maintain_order="left")
    ever = known.group_by("course_id").agg(
        pl.any_horizontal(pl.col(s).fill_null(False).any() for s in signs).alias("e")
    )
    touched = known.join(ever.filter("e").select("course_id"), on="course_id", how="semi", maintain_order="left")
    if touched.is_empty():
        return runs, codes
    spans = {sign: _held_before(touched, sign, high_dose) for sign in signs[:2]}
    spans["pressors_long"] = _counted_before(touched, pause)
    cut = _cut(touched.select("course_id", "from", "to", "situation"), pl.concat(spans.values()))
    for sign, span in spans.items():
        cut = _inside(cut, span, f"_{sign}")
    added = [f"_{sign}" for sign in signs]
    kinds = cut.select("situation", *added).unique(maintain_order=True).with_row_index("new")
    kinds = kinds.with_columns(pl.col("new").cast(codes.schema["situation"]) + codes.get_column("situation").max() + 1)
    cut = cut.join(kinds, on=["situation", *added], how="left", maintain_order="left")
    made = kinds.join(codes, on="situation", how="left").with_columns(
        pl.when(f"_{sign}").then(True).otherwise(pl.col(sign)).alias(sign) for sign in signs
    )
    made = made.with_columns(situation="new").select(codes.columns)
    rest = runs.join(ever.filter("e").select("course_id"), on="course_id", how="anti", maintain_order="left")
    cut = cut.select("course_id", "from", "to", situation=pl.col("new"))
    return pl.concat([rest, cut]).sort("course_id", "from"), pl.concat([codes, made])


def _rises(touched: pl.DataFrame, sign: str) -> pl.DataFrame:
    """Where a sign becomes proved: course_id and the minute."""
    now = pl.col(sign).fill_null(False)
    before = now.shift(1).over("course_id").fill_null(False)
    return touched.filter(now & ~before & (pl.col("from") > 0)).select("course_id", "from")


def _held_before(touched: pl.DataFrame, sign: str, minutes: int) -> pl.DataFrame:
    rises = _rises(touched, sign)
    start = (pl.col("from") - minutes).clip(0)
    return rises.select("course_id", start=start.cast(pl.Int32), end=pl.col("from")).cast(_SPANS)  # pyright: ignore[reportArgumentType]


def _counted_before(touched: pl.DataFrame, pause: int) -> pl.DataFrame:
    """From the first minute of the count that reached its hours to the minute at which it did."""
    running = (pl.col("vasopressors_all") >= 1).fill_null(False)
    left = (~pl.col("covered")).cum_sum().over("course_id")  # a stay's end ends the count
    on = touched.with_columns(stay=left).filter(running).select("course_id", "stay", "from", "to")
    gap = pl.col("from") - pl.col("to").shift(1).over("course_id", "stay")
    on = on.with_columns(count=((gap >= pause).fill_null(True)).cum_sum().over("course_id", "stay"))
    begun = on.with_columns(start=pl.col("from").min().over("course_id", "stay", "count")).sort("from")
    rises = _rises(touched, "pressors_long").sort("from")
    found = rises.join_asof(
        begun.select("course_id", "from", "start"), on="from", by="course_id", check_sortedness=False
    )
    return found.drop_nulls("start").select("course_id", "start", end=pl.col("from")).cast(_SPANS)  # pyright: ignore[reportArgumentType]


def _cut(runs: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Runs cut at the beginnings of the spans (their ends are edges already)."""
    edges = pl.concat([runs.select("course_id", "from"), spans.select("course_id", pl.col("start").alias("from"))])
    edges = edges.unique().sort("from")
    last = runs.group_by("course_id").agg(pl.col("from").max().alias("last"), pl.col("to").last())
    placed = edges.join_asof(
        runs.select("course_id", "from", "situation").sort("from"), on="from", by="course_id", check_sortedness=False
    ).sort("course_id", "from")
    following = pl.col("from").shift(-1).over("course_id")
    placed = placed.join(last, on="course_id", how="left", maintain_order="left")
    ends = pl.when(following.is_null()).then("to").otherwise(following)
    return placed.drop_nulls("situation").select("course_id", "from", ends.alias("to"), "situation")


def _inside(cut: pl.DataFrame, spans: pl.DataFrame, name: str) -> pl.DataFrame:
    ordered = spans.sort("start").with_columns(pl.col("end").cum_max().over("course_id"))
    found = cut.sort("from").join_asof(
        ordered, left_on="from", right_on="start", by="course_id", check_sortedness=False
    )
    inside = (pl.col("from") < pl.col("end")).fill_null(False)
    return found.with_columns(inside.alias(name)).drop("start", "end").sort("course_id", "from")
