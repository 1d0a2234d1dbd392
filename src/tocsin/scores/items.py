"""ICE, CARTOX-10 and CAPD summed from their items. ICE and CARTOX-10 are never converted into one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import polars as pl

from tocsin.errors import Problem, TocsinError, rows_phrase
from tocsin.scores.addition import Item, add_up

ICE = {"orientation": 4, "naming": 3, "command": 1, "writing": 1, "attention": 1}
"""Points of each item: year, month, city, hospital; three objects; one command; a sentence; 100 down by tens [V]."""
CARTOX_10 = {"orientation": 5, "naming": 3, "writing": 1, "attention": 1}
"""As ICE, with the head of state instead of the command [Mh]."""
HOW_OFTEN = ("never", "rarely", "sometimes", "often", "always")
CAPD_BEST_ALWAYS = ("eye_contact", "purposeful_actions", "aware_of_surroundings", "communicates_needs")
"""Items of which `always` is health: never scores 4, always 0 [V2]."""
CAPD_BEST_NEVER = ("restless", "inconsolable", "underactive", "slow_to_respond")
"""Items of which `never` is health: never scores 0, always 4 [V2]. One direction for all eight is a known error."""
CAPD = CAPD_BEST_ALWAYS + CAPD_BEST_NEVER
NO_CAPD_AT_RASS = -4


def ice(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds value, low, high and missing to the columns of `ICE` (points, null = not tested). For 12 years and older.

    An item not tested because the patient cannot is 0 and must be charted as 0; an empty one is missing, and then the
    score is null with bounds. Raises TocsinError `scores.item-column`, `scores.item-value`.
    """
    return _points(frame, ICE)


def cartox_10(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds value, low, high and missing to the columns of `CARTOX_10`, as `ice` does."""
    return _points(frame, CARTOX_10)


def capd(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds value, low, high, missing and `valid` to the columns of `CAPD` (words of `HOW_OFTEN`, null = not observed).

    Not valid at RASS -4 or below (optional column `rass`): value and bounds are null, `valid` is false; without a RASS
    `valid` is null and the sum stands. Raises TocsinError `scores.item-column`, `scores.item-value`.
    """
    _check(frame, CAPD, _is_how_often, f"one of {', '.join(HOW_OFTEN)}")
    rising = {word: points for points, word in enumerate(HOW_OFTEN)}
    falling = {word: 4 - points for word, points in rising.items()}
    items = [Item(name, _worth(name, falling), 4) for name in CAPD_BEST_ALWAYS]
    items += [Item(name, _worth(name, rising), 4) for name in CAPD_BEST_NEVER]
    rass = pl.col("rass").cast(pl.Int32) if "rass" in frame.columns else pl.lit(None, pl.Int32)
    summed = add_up(frame, items).with_columns(valid=rass > NO_CAPD_AT_RASS)
    return summed.with_columns(
        pl.when(pl.col("valid").fill_null(True)).then(pl.col(name)).alias(name) for name in ("value", "low", "high")
    )


def _is_how_often(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).is_in(HOW_OFTEN)


def _worth(name: str, points: dict[str, int]) -> pl.Expr:
    return pl.col(name).cast(pl.String).replace_strict(points, default=None, return_dtype=pl.Int32)


def _points(frame: pl.DataFrame, most: dict[str, int]) -> pl.DataFrame:
    def allowed(name: str) -> pl.Expr:
        value = pl.col(name).cast(pl.Float64)
        return value.is_between(0, most[name]) & (value == value.floor())

    _check(frame, most, allowed, "a whole number from 0 to the item's most")
    return add_up(frame, [Item(name, pl.col(name), points) for name, points in most.items()])


def _check(frame: pl.DataFrame, names: Iterable[str], allowed: Callable[[str], pl.Expr], expected: str) -> None:
    """Every column that is absent and every value outside its item, at once; an empty cell is no fault."""
    problems: list[Problem] = []
    for name in names:
        if name not in frame.columns:
            problems.append(
                Problem("scores.item-column", f'there is no column "{name}".', "", "Give it, empty where not tested.")
            )
            continue
        bad = frame.select((~allowed(name)).fill_null(False).alias("bad")).get_column("bad").arg_true()
        if len(bad):
            where = rows_phrase(len(bad), frame.height, int(bad[0]) + 1)
            problems.append(
                Problem("scores.item-value", f'column "{name}": {where} outside the item.', "No sum is made.",
                        f"Write {expected}, or nothing.")
            )  # fmt: skip
    if problems:
        raise TocsinError(problems)
