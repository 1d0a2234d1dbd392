"""What would have become of the same patients under each way of care: the truth of an assumed world.

Potential outcomes share patients and luck, so a difference is a mean of differences within patients, and its standard
error is paired. It says how well this many virtual patients show the assumed world, and nothing about any real one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import cast

import polars as pl

NOT_EVIDENCE = "Known truth inside an assumed world; not clinical evidence."
WITHOUT = "none"
TRUTH = {
    "population": pl.String, "strategy": pl.String, "against": pl.String, "outcome": pl.String, "measure": pl.String,
    "value": pl.Float64, "se": pl.Float64, "patients": pl.Int64, "words": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """A number a patient: of a run's joined summary and outcomes. `risk`: 0 or 1; else months."""

    name: str
    words: str
    value: pl.Expr
    risk: bool = True


def _survived(what: str, months: float) -> pl.Expr:
    return pl.col(f"{what}_month") >= months


def _restricted(what: str, months: float) -> pl.Expr:
    return pl.min_horizontal(f"{what}_month", pl.lit(months))


def _crs(grade: int) -> pl.Expr:
    """Death from CRS is grade 5."""
    return (pl.col("crs_max") >= grade) | (pl.col("death_cause") == "crs").fill_null(False)


OUTCOMES: tuple[Outcome, ...] = (
    Outcome("crs_any", "CRS of any grade (ASTCT, as charted)", _crs(1)),
    Outcome("crs_2", "CRS grade 2 or more", _crs(2)),
    Outcome("crs_3", "CRS grade 3 or more", _crs(3)),
    Outcome("crs_4", "CRS grade 4 or more", _crs(4)),
    Outcome("icans_any", "ICANS of any grade", pl.col("icans_max") >= 1),
    Outcome("icans_3", "ICANS grade 3 or more", pl.col("icans_max") >= 3),
    Outcome("crs_death", "death from CRS", pl.col("death_cause") == "crs"),
    Outcome("mrd_negative_cr", "complete remission without residual disease", pl.col("cr") & pl.col("mrd_negative")),
    Outcome("efs_12", "event-free at 12 months", _survived("efs", 12)),
    Outcome("os_12", "alive at 12 months", _survived("os", 12)),
    Outcome("tocilizumab", "any tocilizumab", pl.col("doses") >= 1),
    Outcome("steroid", "any steroid", pl.col("steroid_mg") > 0),
    Outcome("icu", "intensive care", pl.col("icu_hours") > 0),
    Outcome("efs_months_12", "event-free months of the first 12", _restricted("efs", 12), risk=False),
    Outcome("efs_months_24", "event-free months of the first 24", _restricted("efs", 24), risk=False),
    Outcome("os_months_24", "months alive of the first 24", _restricted("os", 24), risk=False),
)


def potential(run: pl.DataFrame) -> pl.DataFrame:
    """One row a patient: patient, every OUTCOME, and the columns that name populations. Unknown is no event."""
    values = [(one.value.fill_null(False) if one.risk else one.value).alias(one.name) for one in OUTCOMES]
    return run.select("patient", "onset", "due_at", "crs3_at", *values)


@dataclass(frozen=True)
class Population:
    """Patients a comparison is about; `rows` picks them from the run of the first of the two strategies."""

    name: str
    words: str
    rows: pl.Expr

    def of(self, strategy: str) -> str:
        """Its name in a comparison whose first strategy is this one."""
        return self.name.format(strategy=strategy)


_DUE, _GRADE3 = pl.col("due_at"), pl.col("crs3_at")
POPULATIONS = (
    Population("all", "all infused", pl.lit(True)),
    Population("first fever", "at the first fever of CRS, when nothing differs yet", pl.col("onset").is_not_null()),
    Population(
        "trigger of {strategy}", "the strategy's trigger fires before grade 3",
        _DUE.is_not_null() & (_GRADE3.is_null() | (_DUE < _GRADE3)),
    ),
)  # fmt: skip


def compare(runs: Mapping[str, pl.DataFrame], pairs: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """TRUTH rows: the value under each strategy, and of each pair difference, ratio and restricted mean difference.

    `runs`: `potential` of one cohort under each strategy, rows in one order. Who is at a trigger follows from the first
    strategy of a pair: up to its trigger nothing differs. An empty population gives no rows.
    """
    rows: list[dict[str, object]] = []
    for strategy, against in pairs:
        for population in POPULATIONS:
            which = runs[strategy].with_columns(population.rows.fill_null(False).alias("in")).get_column("in")
            a, b = runs[strategy].filter(which), runs[against].filter(which)
            for outcome in OUTCOMES if a.height else ():
                one, other = (frame.get_column(outcome.name).cast(pl.Float64) for frame in (a, b))
                about: dict[str, object] = {"population": population.of(strategy), "outcome": outcome.name,
                                            "patients": a.height, "words": outcome.words}  # fmt: skip
                level = "risk" if outcome.risk else "mean"
                cells = [(strategy, None, level, _mean(one)), (against, None, level, _mean(other)),
                         (strategy, against, "difference", _mean(one - other))]  # fmt: skip
                if outcome.risk:
                    cells.append((strategy, against, "ratio", _ratio(one, other)))
                rows += [about | {"strategy": who, "against": beside, "measure": measure, "value": value, "se": se}
                         for who, beside, measure, (value, se) in cells]  # fmt: skip
    key = [name for name in TRUTH if name not in ("value", "se", "words")]
    return pl.DataFrame(rows, schema=TRUTH).unique(key, keep="first", maintain_order=True)


Measure = tuple[float, float]


def _mean(values: pl.Series) -> Measure:
    mean, spread = cast("float", values.mean()), cast("float | None", values.std())
    return mean, nan if spread is None else spread / sqrt(len(values))


def _ratio(a: pl.Series, b: pl.Series) -> Measure:
    """Ratio of two risks of the same patients; its standard error by the delta method on paired influences."""
    top, bottom = _mean(a)[0], _mean(b)[0]
    if bottom == 0:
        return nan, nan
    ratio = top / bottom
    return ratio, _mean((a - ratio * b) / bottom)[1]
