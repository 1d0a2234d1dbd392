"""Published figures beside simulated ones, under usual practice. A fit is not a validation.

The figures are in `targets.csv`. Marks: [S] seen in an abstract or table of the source, [M] from memory, with how sure.
`fitted`: `yes`, numbers of the world were moved towards it; `no`, it was only looked at; `input`, it was put in.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from math import nan
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from tocsin.rules import spec_hash
from tocsin.virtual.practice import SHIPPED, Care
from tocsin.virtual.run import simulate
from tocsin.virtual.world import PROFILES, World

REPORT = {
    "target": pl.String, "published": pl.String, "tolerance": pl.String, "simulated": pl.Float64, "se": pl.Float64,
    "off": pl.Float64, "verdict": pl.String, "fitted": pl.String, "source": pl.String,
}  # fmt: skip
INSIDE, OUTSIDE, NOT_CALIBRATED, NO_TOLERANCE = "inside", "outside", "not calibrated", "looked at"
CALIBRATED = "tisagenlecleucel_all"
SOURCES = {
    "a": "safety table of 703 tisagenlecleucel courses by age (ashpublications table 12872923; by its strata "
    "John 2025, doi:10.1182/bloodadvances.2025015881; attribution inferred)",
    "b": "471 tisagenlecleucel courses in ALL (ashpublications table 12880307; paper not identified)",
    "c": "184 children by HLH-like toxicity (ashpublications table 11742545; paper not identified; sums ours)",
    "d": "ELIANA and ENSIGN pooled, Table 5 (Levine 2021, doi:10.1136/jitc-2020-002287)",
    "e": "John 2025, doi:10.1182/bloodadvances.2025015881, abstract",
    "f": "Pasquini 2020, Blood Adv 4:5414, abstract",
    "g": "Laetsch 2022, doi:10.1200/JCO.22.00642, abstract",
    "h": "Le 2018, doi:10.1634/theoncologist.2018-0028",
    "i": "Kadauke 2020, NCT02906371, abstract: 4 of 15 against 13 of 26, Penn grade 4, historical comparator",
}
#: The page shows patients of this seed, which no step of the fit saw.
FRESH_SEED = 12
RESAMPLES = 60
BATCH = 5000
DAY = 1440
NEEDED = (
    "crs_max", "icans_max", "onset", "episode_end", "doses", "given_at", "steroids", "temperature_24h", "icans1_at",
    "ferritin_max", "age_y", "death_cause", "cr", "efs_month", "efs_event", "os_month", "os_event",
)  # fmt: skip
_FILE = Path(__file__).parent / "targets.csv"


@dataclass(frozen=True)
class Target:
    """One published figure of a product. `tolerance` null: it is looked at only."""

    product: str
    name: str
    words: str
    published: str
    target: float
    tolerance: float | None
    fitted: str
    source: str


@cache
def targets(product: str) -> tuple[Target, ...]:
    """The figures of a product, as they stand in the file."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["product"] == product]
    return tuple(
        Target(row["product"], row["name"], row["words"], row["published"], float(row["target"]),
               float(row["tolerance"]) if row["tolerance"] else None, row["fitted"], row["source"])
        for row in rows
    )  # fmt: skip


def report(world: World, n: int = 20_000) -> pl.DataFrame:
    """One REPORT row a target of the world's product, on its first `n` patients under usual practice.

    `se`: Monte-Carlo error by the bootstrap. Null where nobody has what is measured.
    """
    run = _joined(world, n, Care()).select(*NEEDED)
    rows: list[dict[str, object]] = []
    for target in targets(world.product):
        if target.name == "effect":
            value, se = effect(world, max(1, n // 4))
        else:
            value, se = _with_error(run, MEASURES[target.name])
        rows.append(_row(target, world, value, se))
    return pl.DataFrame(rows, schema=REPORT).with_columns(pl.col(pl.Float64).fill_nan(None))


def _row(target: Target, world: World, value: float, se: float) -> dict[str, object]:
    off, width = value - target.target, target.tolerance
    if not world.calibrated:
        verdict = NOT_CALIBRATED
    elif width is None:
        verdict = NO_TOLERANCE
    else:
        verdict = INSIDE if abs(off) <= width else OUTSIDE
    tolerance = "" if width is None else f"{target.target:,g} ± {width:,g}"
    return {
        "target": target.words, "published": target.published, "tolerance": tolerance, "simulated": value, "se": se,
        "off": off, "verdict": verdict, "fitted": target.fitted, "source": target.source,
    }  # fmt: skip


def _joined(world: World, n: int, care: Care) -> pl.DataFrame:
    """Summary, outcomes and age of every patient."""
    parts: list[pl.DataFrame] = []
    for first in range(0, n, BATCH):
        batch = simulate(world, first, min(BATCH, n - first), care, keep_log=False)
        age = batch.facts.select("patient", "age_y")
        parts.append(batch.summary.join(batch.outcomes, on="patient").join(age, on="patient"))
    return pl.concat(parts).sort("patient")


def _with_error(run: pl.DataFrame, measure: Measure) -> tuple[float, float]:
    """A measure and its standard error, by drawing patients again (bootstrap, fixed seeds)."""
    drawn = [measure(run.sample(fraction=1, with_replacement=True, seed=k)) for k in range(RESAMPLES)]
    known = [one for one in drawn if one == one]
    return measure(run), float(np.std(known, ddof=1)) if len(known) > 1 else nan


# --- what is measured -------------------------------------------------------------------------------------------------

Measure = Callable[[pl.DataFrame], float]
_CRS = pl.col("crs_max") >= 1
_HIGH = pl.col("crs_max") >= 3
_LOW = ~_HIGH
_TREATED = pl.col("doses") >= 1


def _percent(what: pl.Expr, of: pl.Expr, run: pl.DataFrame) -> float:
    """Percent of those that `of` picks; NaN among nobody, unknown is no."""
    found = run.filter(of).select(what.fill_null(False).mean()).item()
    return nan if found is None else 100 * float(found)


def _quantile(what: pl.Expr, share: float, of: pl.Expr, run: pl.DataFrame) -> float:
    """Quantile of the known values of those that `of` picks; NaN where there is none."""
    found = run.filter(of).select(what.drop_nulls().quantile(share, "linear")).item()
    return nan if found is None else float(found)


def _survival(what: str, months: float, run: pl.DataFrame) -> float:
    """Kaplan-Meier at `months`, percent: follow-up of the virtual patients ends too."""
    counted = run.group_by(f"{what}_month").agg(
        died=pl.col(f"{what}_event").sum(), left=pl.len()
    ).sort(f"{what}_month")  # fmt: skip
    at_risk = run.height - (pl.col("left").cum_sum() - pl.col("left"))
    kept = counted.with_columns(at_risk=at_risk).filter(pl.col(f"{what}_month") <= months)
    return 100 * float(cast("float", kept.select((1 - pl.col("died") / pl.col("at_risk")).product()).item()))


def effect(world: World, n: int) -> tuple[float, float]:
    """Ratio of the risks of grade 3 or more, early against late, where the early trigger fires before grade 3.

    The dial `tocilizumab_on` sets it; doses are given at once.
    """
    early, late = (
        _joined(world, n, Care("strategy", SHIPPED[name], "at_once")) for name in ("fever_or_grade3", "wait_grade3")
    )
    due, third = pl.col("due_at"), pl.col("crs3_at")
    fires = due.is_not_null() & (third.is_null() | (due < third))
    both = early.select("patient", fires=fires, early=_HIGH).join(late.select("patient", late=_HIGH), on="patient")
    return _with_error(both.filter("fires"), _ratio)


def _ratio(both: pl.DataFrame) -> float:
    late = int(both.get_column("late").sum())
    return int(both.get_column("early").sum()) / late if late else nan


def _measures() -> dict[str, Measure]:
    all_, days = pl.lit(True), 1 / DAY
    length = (pl.col("episode_end") - pl.col("onset")) * days
    percents: dict[str, tuple[pl.Expr, pl.Expr]] = {
        "crs_any": (_CRS, all_), "crs_3": (_HIGH, all_), "crs_4": (pl.col("crs_max") >= 4, all_),
        "tocilizumab": (_TREATED, all_), "second_dose": (pl.col("doses") >= 2, _TREATED),
        "third_dose": (pl.col("doses") >= 3, _TREATED), "steroid": (pl.col("steroids") >= 1, all_),
        "icans_any": (pl.col("icans_max") >= 1, all_), "icans_3": (pl.col("icans_max") >= 3, all_),
        "crs_death": (pl.col("death_cause") == "crs", all_), "remission": (pl.col("cr"), all_),
        "defervescence": (pl.col("temperature_24h") < 38.0, _TREATED),
    }  # fmt: skip
    quantiles: dict[str, tuple[pl.Expr, float, pl.Expr]] = {
        "onset_median": (pl.col("onset") * days, 0.5, _CRS), "onset_q1": (pl.col("onset") * days, 0.25, _CRS),
        "onset_q3": (pl.col("onset") * days, 0.75, _CRS), "duration": (length, 0.5, _CRS),
        "icans_onset": (pl.col("icans1_at") * days, 0.5, all_),
        "ferritin_low": (pl.col("ferritin_max"), 0.5, _LOW & _CRS),
        "ferritin_low_all": (pl.col("ferritin_max"), 0.5, _LOW),
        "ferritin_high": (pl.col("ferritin_max"), 0.5, _HIGH), "age_highest": (pl.col("age_y"), 1.0, all_),
        "wait": ((pl.col("given_at") - pl.col("onset")) * days, 0.5, _TREATED),
    }  # fmt: skip
    made: dict[str, Measure] = {name: partial(_percent, *args) for name, args in percents.items()}
    made |= {name: partial(_quantile, *args) for name, args in quantiles.items()}
    return made | {f"{what}_{m}": partial(_survival, what, m) for what in ("efs", "os") for m in (6, 12, 24, 36)}


#: What a target's name measures, on the joined summary and outcomes of a run.
MEASURES: dict[str, Measure] = _measures()


# --- the page ---------------------------------------------------------------------------------------------------------


_TOP = """<!-- Written by `python -m tocsin.virtual.calibration > docs/calibration.md`; do not edit. -->

# Calibration of the virtual patients

Research software. Not a medical device; not for diagnosis or treatment decisions. **A fit is not a validation:**
numbers of the world were moved until these figures came near. Other numbers would fit as well, and nothing here is
clinical evidence.

Usual practice, {n:,} patients of seed {seed}, which no step of the fit saw. Numbers of the world: hash `{hash}`.
{inside} of {judged} figures are inside their tolerance. Outside: {outside}.

`se`: Monte-Carlo error within this seed; a seed also draws the habits of its 20 centres, so what doctors decide (drugs,
and what follows from them) differs by more between seeds. `off`: simulated less the middle of the tolerance. `fitted`:
yes; no, looked at only; input, put in. Marks: [S] seen in an abstract or table of the source; [M] from memory, with how
sure.

"""
_OTHERS = """## Other products

Not calibrated: a few numbers of each profile were shifted by hand. The figures were seen as marked; grades are those of
the source.
"""


def page(n: int = 20_000) -> str:
    """docs/calibration.md: the default world beside its targets, then every other product beside its figures."""
    world = World.of({})
    made = report(World.of({"seed": FRESH_SEED}), n)
    judged = made.filter(pl.col("verdict").is_in([INSIDE, OUTSIDE]))
    outside = judged.filter(verdict=OUTSIDE).get_column("target").to_list()
    top = _TOP.format(
        n=n, seed=FRESH_SEED, hash=numbers_hash(world), judged=judged.height, inside=judged.height - len(outside),
        outside="; ".join(outside) or "none",
    )  # fmt: skip
    lines = [top + "\n".join(_markdown(made)), "", "Sources:", ""]
    lines += [f"- ({letter}) {words}" for letter, words in SOURCES.items()] + ["", _OTHERS]
    for product in PROFILES:
        if product != CALIBRATED:
            other = report(World.of({"product": product, "seed": FRESH_SEED}), n)
            lines += [f"### {product}", "", *_markdown(other), ""]
    return "\n".join(lines).rstrip() + "\n"


def numbers_hash(world: World) -> str:
    """The hash of a world without its name and words: what a retune would change."""
    return spec_hash(world.model_dump(mode="json", exclude={"name", "words"}))


def _markdown(made: pl.DataFrame) -> list[str]:
    lines = ["| " + " | ".join(made.columns) + " |", "| " + " | ".join("---" for _ in made.columns) + " |"]
    return lines + ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in made.iter_rows()]


def _cell(cell: Any) -> str:
    if cell is None:
        return ""
    if not isinstance(cell, float):
        return str(cell)
    return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.2f}" if abs(cell) < 10 else f"{cell:.1f}"


if __name__ == "__main__":
    sys.stdout.write(page())
