"""HScore for reactive haemophagocytic syndrome (Fardet 2014) [V2]. Developed outside CAR-T therapy."""

from __future__ import annotations

import polars as pl

from tocsin.scores.addition import Item, add_up
from tocsin.scores.parameters import ScoreParameters

CLASSES = (
    (90, "<1%"), (100, "~1%"), (110, "1-3%"), (120, "3-5%"), (130, "5-9%"), (140, "9-16%"), (150, "16-25%"),
    (160, "25-40%"), (170, "40-54%"), (180, "54-70%"), (190, "70-80%"), (200, "80-88%"), (210, "88-93%"),
    (220, "93-96%"), (230, "96-98%"), (240, "98-99%"),
)  # fmt: skip
"""Highest score of each class of probability [V2]; above the last it is >99%. The formula itself was not read."""
NUMBERS = ("temperature", "ferritin", "triglycerides", "fibrinogen", "ast", "lineages")
ORGANOMEGALY = {"none": 0, "one": 23, "both": 38}


def hscore(frame: pl.DataFrame, parameters: ScoreParameters | None = None) -> pl.DataFrame:
    """Adds value, low, high, missing, `probability` (a class) and `likely` (at least the cut; null = cannot be said).

    Columns: immunosuppression, haemophagocytosis (Boolean); temperature °C; organomegaly (none, one, both: liver,
    spleen); lineages (cytopenic ones, 0 to 3, see `cytopenic_lineages`); ferritin ng/mL; triglycerides mmol/L;
    fibrinogen g/L; ast U/L. Null is unknown: then the score is missing and has bounds.
    """
    cut = (parameters or ScoreParameters()).hscore_cut
    summed = add_up(frame, points())
    return summed.with_columns(
        probability=probability(pl.col("value")),
        likely=pl.when(pl.col("low") >= cut).then(True).when(pl.col("high") < cut).then(False),
    )


def points() -> list[Item]:
    """The nine items."""
    organs = pl.col("organomegaly").cast(pl.String).replace_strict(ORGANOMEGALY, default=None, return_dtype=pl.Int32)
    t, ferritin, triglycerides, fibrinogen, ast, lineages = (pl.col(name).cast(pl.Float64) for name in NUMBERS)
    ill, eaten = (pl.col(name).cast(pl.Boolean) for name in ("immunosuppression", "haemophagocytosis"))
    return [
        Item("immunosuppression", _yes(ill, 18), 18),
        Item("temperature", _bands(t, (t > 39.4, 49), (t >= 38.4, 33)), 49),
        Item("organomegaly", organs, 38),
        Item("lineages", _bands(lineages, (lineages >= 3, 34), (lineages == 2, 24)), 34),
        Item("ferritin", _bands(ferritin, (ferritin > 6000, 50), (ferritin >= 2000, 35)), 50),
        Item("triglycerides", _bands(triglycerides, (triglycerides > 4, 64), (triglycerides >= 1.5, 44)), 64),
        Item("fibrinogen", _yes(fibrinogen <= 2.5, 30), 30),
        Item("ast", _yes(ast >= 30, 19), 19),
        Item("haemophagocytosis", _yes(eaten, 35), 35),
    ]  # fmt: skip


def cytopenic_lineages(haemoglobin: pl.Expr, leukocytes: pl.Expr, platelets: pl.Expr) -> pl.Expr:
    """Lineages at or below Hb 9.2 g/dL, leukocytes 5.0, platelets 110 (10^9/L) [V2]; null where one is unknown."""
    low = [haemoglobin <= 9.2, leukocytes <= 5.0, platelets <= 110]
    return pl.sum_horizontal([one.cast(pl.Int32) for one in low], ignore_nulls=False)


def probability(value: pl.Expr) -> pl.Expr:
    """The class of probability of a whole score; null where the score is."""
    chain = pl.when(value.is_null()).then(pl.lit(None, pl.String))
    for most, words in CLASSES:
        chain = chain.when(value <= most).then(pl.lit(words))
    return chain.otherwise(pl.lit(">99%"))


def _yes(truth: pl.Expr, worth: int) -> pl.Expr:
    return pl.when(truth).then(worth).when(~truth).then(0)


def _bands(value: pl.Expr, high: tuple[pl.Expr, int], middle: tuple[pl.Expr, int]) -> pl.Expr:
    return pl.when(value.is_null()).then(None).when(high[0]).then(high[1]).when(middle[0]).then(middle[1]).otherwise(0)
