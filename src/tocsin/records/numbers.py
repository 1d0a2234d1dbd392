"""Cells to numbers: "<5" keeps 5 as a limit, "12.3 ↑" and "97%" lose their sign, the rest is said to be no number."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

_WIDE_SIGNS = dict(zip("０１２３４５６７８９．－＋＜＞，　", "0123456789.-+<>, ", strict=True))
_NUMBER = r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,2})?$"
_LIMIT = r"^(?:<=|>=|<|>|≤|≥)\s*"
_FLAG = r"\s*(?:↑+|↓+|\s[HL]{1,2}|\*|[%％])$"


@dataclass(frozen=True)
class Numbers:
    """One entry per row. `limit`: the cell said less or more than; `unreadable`: filled, and no number."""

    value: pl.Series
    blank: pl.Series
    unreadable: pl.Series
    limit: pl.Series


def read_numbers(column: pl.Series, decimal: str = ".") -> Numbers:
    """Float64 of every cell that is a number, null otherwise; thousands separators are not guessed."""
    blank = column.is_null()
    if column.dtype.is_numeric():
        value = column.cast(pl.Float64).fill_nan(None)
        value = value.to_frame("v").select(pl.when(pl.col("v").is_infinite()).then(None).otherwise("v")).to_series()
        blank = blank | column.cast(pl.Float64).is_nan().fill_null(False)
        return Numbers(value, blank, value.is_null() & ~blank, pl.repeat(False, len(column), eager=True))
    cell = pl.col("text").str.strip_chars()
    for sign, ours in _WIDE_SIGNS.items():
        cell = cell.str.replace_all(sign, ours, literal=True)
    limit = cell.str.contains(_LIMIT).fill_null(False)
    bare = cell.str.replace(_LIMIT, "").str.replace(_FLAG, "").str.strip_chars()
    if decimal == ",":  # then a point separates thousands: 1.234 must not become 1.234
        bare = pl.when(~bare.str.contains(".", literal=True)).then(bare.str.replace(",", ".", literal=True))
    number = pl.when(bare.str.contains(_NUMBER)).then(bare).cast(pl.Float64, strict=False)
    kinds = (
        column.cast(pl.String).unique().drop_nulls().to_frame("text").with_columns(number.alias("v"), limit.alias("l"))
    )
    finite = pl.when(pl.col("v").is_finite()).then("v").alias("v")
    rows = (
        column.cast(pl.String)
        .to_frame("text")
        .join(kinds.with_columns(finite), on="text", how="left", maintain_order="left")
    )
    value = rows["v"]
    return Numbers(value, blank, value.is_null() & ~blank, rows["l"].fill_null(False) & value.is_not_null())
