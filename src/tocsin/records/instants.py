"""Wall-clock text of one column to UTC instants. What is not certain is not read: 03/04/2021 alone is refused.

A date without a time stands at 12:00 local with precision `day`. Where the clock is put back, a time exists twice, and
where it is put forward, not at all: the later reading is taken and marked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import polars as pl

FIRST_YEAR, LAST_YEAR = 1900, 2199
MIDNIGHTS = 5  # a column of at least so many times, all at 00:00, holds dates
Trouble = Literal["order-ambiguous", "order-mixed", "zone-mixed", "zone-missing", "format-unknown"]

_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
_OFFSET = r"\s*(?P<offset>Z|z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
_TIME = rf"(?:(?:T|t| +){_CLOCK}{_OFFSET})?"
_YEAR_FIRST = rf"^(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}$"
_YEAR_LAST = rf"^(?P<one>\d{{1,2}})[-/.](?P<two>\d{{1,2}})[-/.](?P<year>\d{{4}}){_TIME}$"
_COMPACT = (
    r"^(?P<year>(?:19|20|21)\d{2})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?:[T ]?(?P<hour>\d{2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?" + _OFFSET + r")?$"
)
_CHINESE = {
    "年": "-",
    "月": "-",
    "日": " ",
    "号": " ",
    "时": ":",
    "点": ":",
    "分": ":",
    "秒": "",
    "：": ":",
    "\u3000": " ",
}


@dataclass(frozen=True)
class Instants:
    """One entry per row of the column. `local` is the wall clock; `trouble` says why no row at all may be read;
    `offsets` marks the rows with an offset where others have none."""

    utc: pl.Series
    local: pl.Series
    precision: pl.Series
    blank: pl.Series
    unreadable: pl.Series
    shifted: pl.Series
    trouble: Trouble | None = None
    midnight: bool = False
    order_inferred: bool = False
    offsets: pl.Series | None = None


def read_instants(column: pl.Series, zone: str | None, time_format: str | None = None) -> Instants:
    """UTC instants of `column`; `zone` is that of times without an offset, None when nobody has stated it."""
    blank = column.is_null()
    if column.dtype == pl.Date:
        return _finish(column.cast(pl.Datetime("us")), None, pl.repeat(True, len(column), eager=True), blank, zone)
    if isinstance(column.dtype, pl.Datetime):
        if column.dtype.time_zone:
            utc = column.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
            local = utc.dt.replace_time_zone(None)
            return _finish(local, pl.repeat(0, len(column), eager=True), None, blank, zone)
        return _finish(column.cast(pl.Datetime("us")), None, None, blank, zone)
    text = column.cast(pl.String)
    kinds = text.unique().drop_nulls().to_frame("text")
    if time_format is not None:
        read, trouble, inferred = _by_format(kinds, time_format), None, False
        if read is None:
            return _nothing(blank, "format-unknown")
    else:
        read, trouble, inferred = _by_shape(kinds)
        if trouble:
            return _nothing(blank, trouble)
    rows = text.to_frame("text").join(read, on="text", how="left", maintain_order="left")
    date_only = rows["date_only"].fill_null(False)
    return _finish(rows["local"], rows["offset"], date_only, blank, zone, inferred)


def _nothing(blank: pl.Series, trouble: Trouble, offsets: pl.Series | None = None) -> Instants:
    none = pl.Series([None] * len(blank), dtype=pl.Datetime("us"))
    no = pl.repeat(False, len(blank), eager=True)
    words = pl.Series([None] * len(blank), dtype=pl.String)
    return Instants(none.dt.replace_time_zone("UTC"), none, words, blank, no, no, trouble, offsets=offsets)


def _by_format(kinds: pl.DataFrame, time_format: str) -> pl.DataFrame | None:
    """text, local, offset (minutes), date_only by one strptime format; None for a format nobody can use."""
    try:
        read = kinds["text"].str.to_datetime(time_format, strict=False, time_unit="us")
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    offset = pl.lit(0 if isinstance(read.dtype, pl.Datetime) and read.dtype.time_zone else None, pl.Int32)
    local = read.dt.replace_time_zone(None)
    date_only = not re.search(r"%[HIkKlTRrXcs+]", time_format)
    return kinds.with_columns(local.alias("local"), offset.alias("offset"), pl.lit(date_only).alias("date_only"))


def _by_shape(kinds: pl.DataFrame) -> tuple[pl.DataFrame, Trouble | None, bool]:
    """text, local, offset, date_only from the shape of the text; a trouble; whether day-first was read off the rest."""
    clean = pl.col("text").str.strip_chars()
    for sign, ours in _CHINESE.items():
        clean = clean.str.replace_all(sign, ours, literal=True)
    clean = clean.str.replace(r":$", "").str.replace(r"([-/. ])(\d{1,2})$", "$1$2").str.strip_chars().alias("clean")
    frame = kinds.with_columns(clean)
    shapes = {name: pl.col("clean").str.extract_groups(shape) for name, shape in _SHAPES.items()}
    frame = frame.with_columns(group.alias(name) for name, group in shapes.items())
    last = frame["year_last"].struct.unnest()
    one, two = last["one"].cast(pl.Int32, strict=False), last["two"].cast(pl.Int32, strict=False)
    used = last["year"].is_not_null()
    day_first, month_first = bool((one > 12).any()), bool((two > 12).any())
    if used.any() and day_first and month_first:
        return frame, "order-mixed", False
    if used.any() and not day_first and not month_first and not (one == two).filter(used).all():
        return frame, "order-ambiguous", False
    day, month = ("two", "one") if month_first else ("one", "two")
    out = frame.with_columns(
        *(_field(name, name, name) for name in ("year", "hour", "minute", "second", "part", "offset")),
        _field("month", "month", month),
        _field("day", "day", day),
    )
    return _assemble(out), None, bool(used.any())


_SHAPES = {"year_first": _YEAR_FIRST, "compact": _COMPACT, "year_last": _YEAR_LAST}


def _field(name: str, plain: str, in_year_last: str) -> pl.Expr:
    return pl.coalesce(
        pl.col("year_first").struct.field(plain),
        pl.col("compact").struct.field(plain),
        pl.col("year_last").struct.field(in_year_last),
    ).alias(name)


def _assemble(fields: pl.DataFrame) -> pl.DataFrame:
    two = {name: pl.col(name).str.zfill(2) for name in ("month", "day")}
    clock = {name: pl.col(name).fill_null("00").str.zfill(2) for name in ("hour", "minute", "second")}
    day = pl.concat_str(pl.col("year"), two["month"], two["day"], separator="-")
    time = pl.concat_str(clock["hour"], clock["minute"], clock["second"], separator=":")
    text = pl.concat_str(pl.concat_str(day, time, separator=" "), pl.lit("."), pl.col("part").fill_null("0"))
    local = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")
    sign = pl.when(pl.col("offset").str.starts_with("-")).then(-1).otherwise(1)
    digits = pl.col("offset").str.replace_all(r"\D", "")
    hours = digits.str.slice(0, 2).cast(pl.Int32, strict=False)
    minutes = digits.str.slice(2, 2).cast(pl.Int32, strict=False).fill_null(0)
    shift = pl.when(digits == "").then(0).otherwise(sign * (hours * 60 + minutes)).cast(pl.Int32)
    possible = shift.is_null() | (shift.abs() <= 14 * 60)
    return fields.select(
        "text",
        pl.when(possible).then(local).alias("local"),
        shift.alias("offset"),
        pl.col("hour").is_null().alias("date_only"),
    )


def _finish(
    local: pl.Series,
    offset: pl.Series | None,
    date_only: pl.Series | None,
    blank: pl.Series,
    zone: str | None,
    order_inferred: bool = False,
) -> Instants:
    """Instants from wall clocks: a row with an offset is shifted by it, the others stand in `zone`."""
    height = len(blank)
    offset = pl.Series([None] * height, dtype=pl.Int32) if offset is None else offset.cast(pl.Int32)
    date_only = pl.repeat(False, height, eager=True) if date_only is None else date_only
    in_range = local.dt.year().is_between(FIRST_YEAR, LAST_YEAR)
    frame = pl.DataFrame({"local": local, "offset": offset, "date": date_only, "range": in_range, "blank": blank})
    frame = frame.with_columns(pl.when("range").then("local").alias("local"))
    timed = frame.filter(pl.col("local").is_not_null() & ~pl.col("date"))
    at_midnight = (timed["local"] == timed["local"].dt.truncate("1d")) & timed["offset"].is_null()
    midnight = timed.height >= MIDNIGHTS and bool(at_midnight.all())
    if midnight:
        frame = frame.with_columns(pl.lit(True).alias("date"))
    noon = pl.col("local").dt.truncate("1d") + timedelta(hours=12)
    frame = frame.with_columns(pl.when("date").then(noon).otherwise("local").alias("local"))
    unreadable = frame["local"].is_null() & ~blank
    with_offset = (frame["offset"].is_not_null() & frame["local"].is_not_null() & ~frame["date"]).sum()
    naive = (frame["offset"].is_null() & frame["local"].is_not_null() & ~frame["date"]).sum()
    if with_offset and naive:
        return _nothing(blank, "zone-mixed", frame["offset"].is_not_null())
    if zone is None and (frame["offset"].is_null() & frame["local"].is_not_null()).any():
        return _nothing(blank, "zone-missing")
    utc, shifted = in_zone(frame["local"], zone or "UTC")
    by_offset = frame.select(pl.col("local") - pl.duration(minutes="offset")).to_series().dt.replace_time_zone("UTC")
    own = frame["offset"].is_not_null() & ~frame["date"]
    table = pl.DataFrame({"own": own, "by": by_offset, "zone": utc, "shifted": shifted, "date": frame["date"]})
    table = table.select(
        pl.when("own").then("by").otherwise("zone").alias("utc"),
        (pl.col("shifted") & ~pl.col("own")).alias("shifted"),
        pl.when(pl.col("by").is_null() & pl.col("zone").is_null()).then(None)
        .when("date").then(pl.lit("day")).otherwise(pl.lit("minute")).alias("precision"),
    )  # fmt: skip
    return Instants(
        table["utc"], frame["local"], table["precision"], blank, unreadable, table["shifted"],
        midnight=midnight, order_inferred=order_inferred,
    )  # fmt: skip


def in_zone(local: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """(UTC, whether the clock change made it doubtful): the later of two readings, and a skipped time moved forward."""
    later = local.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    earlier = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    out, gap = later, later.is_null() & local.is_not_null()
    for hours in (1, 25):
        if not (out.is_null() & local.is_not_null()).any():
            break
        before = (local - timedelta(hours=hours)).dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
        moved = before.dt.convert_time_zone("UTC") + timedelta(hours=hours)
        out = out.dt.convert_time_zone("UTC").zip_with(out.is_not_null(), moved)
    shifted = gap | (later != earlier).fill_null(False)
    return out.dt.convert_time_zone("UTC"), shifted
