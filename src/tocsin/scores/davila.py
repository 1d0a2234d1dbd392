"""Davila 2014: severe CRS as yes or no, where a cytokine panel exists; numbers Mh. Every answer has three values."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

FEVER_DAYS = 3
TWO_FOLD, ONE_FOLD = 75.0, 250.0  # of two cytokines, or of one


def davila_2014(
    fever_days: pl.Expr, folds: Sequence[pl.Expr], vasopressor: pl.Expr, hypoxia: pl.Expr, neurologic: pl.Expr
) -> pl.Expr:
    """True: severe CRS; false: not; null: cannot be said.

    `fever_days`: longest run of consecutive days with fever. `folds`: highest change of each cytokine of the panel
    against its value before the infusion, one expression each; null = not measured; without any the
    answer is unknown. `vasopressor`: hypotension that
    needed at least one intravenous vasopressor; `hypoxia`: saturation below 90 %; `neurologic`: altered mental state,
    obtundation or seizure. Criteria: fever of at least 3 consecutive days, and a change of at least 75 in two cytokines
    or of at least 250 in one, and at least one of the three. Source: Davila 2014, Sci Transl Med 6:224ra25 [Mh].
    """
    counts = [_count(folds, edge) for edge in (TWO_FOLD, ONE_FOLD)]
    cytokines = _at_least(counts[0], 2) | _at_least(counts[1], 1) if folds else pl.lit(None, pl.Boolean)
    return (fever_days >= FEVER_DAYS) & cytokines & (vasopressor | hypoxia | neurologic)


def _count(folds: Sequence[pl.Expr], edge: float) -> tuple[pl.Expr, pl.Expr]:
    """How many reach the edge surely, and at most."""
    zero = pl.lit(0, pl.Int32)
    sure = pl.sum_horizontal(zero, *((fold >= edge).fill_null(False).cast(pl.Int32) for fold in folds))
    most = pl.sum_horizontal(zero, *((fold >= edge).fill_null(True).cast(pl.Int32) for fold in folds))
    return sure, most


def _at_least(count: tuple[pl.Expr, pl.Expr], many: int) -> pl.Expr:
    sure, most = count
    return pl.when(sure >= many).then(True).when(most < many).then(False)
