"""New readings of one sign as a stream for the time words: what arrived, when it was read, never a carried value."""

from __future__ import annotations

import polars as pl

from tocsin.signs import acts, events
from tocsin.signs.parameters import Parameters
from tocsin.tables import Records

_WINDOWS = {"temperature": "temperature_valid_h", "systolic": "pressure_valid_h", "spo2": "spo2_valid_h"}


def readings(records: Records, courses: pl.DataFrame, sign: str, parameters: Parameters | None = None) -> pl.DataFrame:
    """course_id, minute (known), read (measured), value, source_row, valid (minutes), from minute 0 to the course end.

    The rules are those of the signs: readings of precision `day` and outside every stay are left out; one reading a
    minute (arterial before cuff before manual, then the worse value); a late reading older than one held is left out.
    """
    p = parameters or Parameters()
    of = courses.select("patient_id", "course_id", "time_zero", "ends")
    available = acts.clock_column(p, "time")
    rows = records.measurements.filter(pl.col("variable") == sign, pl.col("precision") == "minute").join(
        of, on="patient_id"
    )
    rows = rows.with_columns(
        at=available, minute=acts.minute_of(available), read=acts.minute_of(pl.col("time")),
        rank=pl.col("method").replace_strict(events.METHOD_RANK, default=3, return_dtype=pl.Int8),
        value=_oral(sign, p),
    ).filter(pl.col("minute") >= 0, pl.col("ends").is_null() | (pl.col("at") < pl.col("ends")))  # fmt: skip
    rows = _covered(rows, records)
    worse = pl.col("value") if sign != "temperature" else -pl.col("value")
    rows = rows.with_columns(worse=worse).sort("course_id", "minute", "read", "rank", "worse", "source_row")
    rows = rows.unique(["course_id", "minute", "read"], keep="first", maintain_order=True)
    newest = pl.col("read") > pl.col("read").cum_max().shift(1).over("course_id")
    rows = rows.filter(newest.fill_null(True)).unique(["course_id", "minute"], keep="last", maintain_order=True)
    window = round(getattr(p, _WINDOWS[sign]) * 60)
    return rows.select("course_id", "minute", "read", "value", "source_row", valid=pl.lit(window, pl.Int32))


def _oral(sign: str, p: Parameters) -> pl.Expr:
    if sign != "temperature" or p.site_policy == "as_charted":
        return pl.col("value")
    shift = pl.col("site").replace_strict(events.ORAL_SHIFT, default=0.0, return_dtype=pl.Float64)
    return (pl.col("value") + shift).round(3)


def _covered(rows: pl.DataFrame, records: Records) -> pl.DataFrame:
    """Readings inside a stay; in the minute it ends everything carried is dropped, so that minute is outside."""
    if "stays" not in records.supplied:
        return rows
    stays = acts.merged_stays(records.stays).sort("start").rename({"start": "stay_start", "stop": "stay_stop"})
    minute = pl.duration(minutes=1)
    by_time = rows.with_columns(
        upto=pl.col("time_zero") + (pl.col("minute").cast(pl.Int64) + 1) * minute - pl.duration(microseconds=1)
    ).sort("upto")
    found = by_time.join_asof(
        stays, left_on="upto", right_on="stay_start", by="patient_id", strategy="backward", check_sortedness=False
    )
    started = (pl.col("stay_start") - pl.col("time_zero")).dt.total_microseconds() // 60_000_000
    stopped = (pl.col("stay_stop") - pl.col("time_zero")).dt.total_microseconds() // 60_000_000
    inside = started.is_not_null() & (pl.col("minute") >= started) & (stopped.is_null() | (pl.col("minute") < stopped))
    return found.filter(inside)
