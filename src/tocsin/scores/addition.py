"""Sums of items: the score, the lowest and the highest it can be, and which items are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Item:
    """One item. `points` is null where the item is unknown; it adds from `least` to `most`."""

    name: str
    points: pl.Expr
    most: int
    least: int = 0


def add_up(frame: pl.DataFrame, items: Sequence[Item]) -> pl.DataFrame:
    """Adds `value` (null where an item is missing), `low`, `high` (Int32) and `missing` (names joined by `, `)."""
    points = [item.points.cast(pl.Int32) for item in items]
    return frame.with_columns(
        value=pl.sum_horizontal(points, ignore_nulls=False),
        low=pl.sum_horizontal(p.fill_null(i.least) for p, i in zip(points, items, strict=True)),
        high=pl.sum_horizontal(p.fill_null(i.most) for p, i in zip(points, items, strict=True)),
        missing=names_where([(i.name, i.points.is_null()) for i in items]),
    )


def names_where(marked: Sequence[tuple[str, pl.Expr]]) -> pl.Expr:
    """The names whose mark is true, joined by `, `; an unknown mark is not true."""
    return pl.concat_str(
        [pl.when(mark).then(pl.lit(name)) for name, mark in marked], separator=", ", ignore_nulls=True
    ).fill_null("")
