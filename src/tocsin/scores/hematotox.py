"""CAR-HEMATOTOX: five values before lymphodepletion, 0 to 7 points, high from 2 on (Rejeski 2021) [V2]."""

from __future__ import annotations

import polars as pl

from tocsin.scores.addition import Item, add_up
from tocsin.scores.parameters import ScoreParameters

ITEMS = ("platelets", "neutrophils", "haemoglobin", "crp", "ferritin")
HIGH_FROM = 2


def car_hematotox(frame: pl.DataFrame, parameters: ScoreParameters | None = None) -> pl.DataFrame:
    """Adds value, low, high, missing and `risk` to the columns of `ITEMS`, in the vocabulary's units (CRP mg/L).

    The table leaves 1.2, 9.0 and 3.0 open; which side they fall on are parameters (R). A missing item gives no score,
    never 0, but bounds; `risk` is `low` or `high` where the bounds agree on it, else null.
    """
    summed = add_up(frame, points(parameters or ScoreParameters()))
    return summed.with_columns(
        risk=pl.when(pl.col("low") >= HIGH_FROM)
        .then(pl.lit("high"))
        .when(pl.col("high") < HIGH_FROM)
        .then(pl.lit("low"))
    )


def points(p: ScoreParameters) -> list[Item]:
    """The five items. Platelets, neutrophils 10^9/L; haemoglobin g/dL; CRP mg/L (30 = 3.0 mg/dL); ferritin ng/mL."""
    platelets, ferritin = _value("platelets"), _value("ferritin")
    return [
        Item("platelets", _steps(platelets, platelets < 75, platelets <= 175), 2),
        Item("neutrophils", _below("neutrophils", 1.2, p.hematotox_anc_at_edge), 1),
        Item("haemoglobin", _below("haemoglobin", 9.0, p.hematotox_haemoglobin_at_edge), 1),
        Item("crp", _above("crp", 30.0, p.hematotox_crp_at_edge), 1),
        Item("ferritin", _steps(ferritin, ferritin > 2000, ferritin >= 650), 2),
    ]


def _value(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64)


def _steps(value: pl.Expr, two: pl.Expr, one: pl.Expr) -> pl.Expr:
    return pl.when(value.is_null()).then(None).when(two).then(2).when(one).then(1).otherwise(0)


def _below(name: str, edge: float, at_edge: int) -> pl.Expr:
    value = _value(name)
    return pl.when(value < edge).then(1).when(value == edge).then(at_edge).when(value > edge).then(0)


def _above(name: str, edge: float, at_edge: int) -> pl.Expr:
    value = _value(name)
    return pl.when(value > edge).then(1).when(value == edge).then(at_edge).when(value < edge).then(0)
