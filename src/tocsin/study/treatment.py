"""What was given: doses of the drug in mg/kg, steroids as dexamethasone, and the marks on the charts."""

from __future__ import annotations

from typing import Any

import polars as pl

from tocsin import vocabulary
from tocsin.report.numbers import short
from tocsin.signs.acts import clock_column, minute_of
from tocsin.study.cohort import Study
from tocsin.study.ledger import Effects
from tocsin.tables import MARKS, READINGS

TO_MG = {"mg": 1.0, "g": 1000.0, "ug": 0.001}
BEFORE_MINUTES = 1440
MARKED = ("steroid", "antipyretic", "vasopressor", "anticytokine", "car_t")


def treatment_effects(study: Study, effects: Effects) -> None:
    """Doses and mg/kg of the drug, dexamethasone-equivalent mg and days of steroid, up to the exposure day."""
    until = f"to day {study.file.study.exposure_days}"
    first, number = first_doses(study), dose_counts(study)
    missing = {
        arm: f"{len(mine) - len(known)} without mg or weight" if len(mine) > len(known) else ""
        for arm, mine in study.members.items()
        for known in [study.by_arm(first, "mg_per_kg")[arm]]
    }
    values = study.by_arm(first, "mg_per_kg")
    effects.numbers(f"first {study.drug}, mg/kg", values, study.pairs, "mg/kg", missing, time=False)
    values = {arm: [float(number.get(c, 0)) for c in mine] for arm, mine in study.members.items()}
    note = dict.fromkeys(values, f"{until}, split vials merged")
    effects.numbers(f"{study.drug} doses", values, study.pairs, "doses", note, time=False)
    steroids = steroid_use(study)
    users = {arm: (sum(c in steroids for c in mine), len(mine)) for arm, mine in study.members.items()}
    effects.shares("any steroid", users, study.pairs, until)
    for place, outcome, unit in ((0, "steroid, mg dexamethasone", "mg"), (1, "steroid, calendar days", "days of use")):
        values = {
            arm: [float(amount) for c in mine if (amount := steroids.get(c, (0.0, 0))[place]) is not None]
            for arm, mine in study.members.items()
        }
        note = {arm: f"{until}, 0 where none was given; amount unknown in {len(mine) - len(values[arm])}"
                for arm, mine in study.members.items()}  # fmt: skip
        effects.numbers(outcome, values, study.pairs, unit, note, time=False)


def first_doses(study: Study) -> pl.DataFrame:
    """First administration of courses in arms: course_id, arm, minute, mg, mg_per_kg (null where not known)."""
    rows = study.administrations.sort("course_id", "minute").unique("course_id", keep="first", maintain_order=True)
    factor = pl.col("dose_unit").replace_strict(TO_MG, default=None, return_dtype=pl.Float64)
    weights = study.courses.select("course_id", "weight_kg")
    inside = study.arms.filter(pl.col("arm").is_not_null()).select("course_id", "arm")
    made = inside.join(rows, on="course_id", how="left").join(weights, on="course_id", how="left")
    made = made.with_columns(mg=pl.col("dose") * factor)
    return made.with_columns(mg_per_kg=pl.col("mg") / pl.col("weight_kg")).sort("course_id")


def dose_counts(study: Study) -> dict[str, int]:
    """Administrations up to the exposure day, by course."""
    last = study.file.study.exposure_days * 1440
    rows = study.administrations.filter(pl.col("minute") < last)
    return dict(rows.group_by("course_id").agg(pl.len()).iter_rows())


def drug_rows(study: Study, groups: tuple[str, ...]) -> pl.DataFrame:
    """Rows of these groups from a day before time zero to the course's end, with `minute`, `group` and `course_id`.

    Rows charted to the day only decide no minute and are left out; so is a rate of 0.
    """
    names = {name: drug.group for name, drug in vocabulary.drugs().items() if drug.group in groups}
    of = study.courses.select("patient_id", "course_id", "time_zero", "ends", "weight_kg")
    rows = study.records.drugs.filter(pl.col("drug").is_in(list(names)), pl.col("precision") == "minute")
    rows = rows.join(of, on="patient_id").with_columns(
        at=clock_column(study.parameters, "start"),
        group=pl.col("drug").replace_strict(names, default="", return_dtype=pl.String),
    )
    rows = rows.filter(pl.col("ends").is_null() | (pl.col("at") < pl.col("ends")))
    return rows.with_columns(minute=minute_of(pl.col("at"))).filter(pl.col("minute") >= -BEFORE_MINUTES)


def steroid_use(study: Study) -> dict[str, tuple[float | None, int]]:
    """Courses given a steroid from time zero to the exposure day: mg of dexamethasone (None = unknown) and days.

    Days are calendar days of the hospital. An infusion's amount is not summed: such a course's mg are unknown.
    """
    factors = {name: drug.dexamethasone_factor for name, drug in vocabulary.drugs().items()}
    rows = drug_rows(study, ("steroid",))
    rows = rows.filter(pl.col("minute").is_between(0, study.file.study.exposure_days * 1440 - 1))
    rows = rows.filter((pl.col("mode") == "dose") | (pl.col("rate") > 0))
    unit = pl.col("dose_unit").replace_strict(TO_MG, default=None, return_dtype=pl.Float64)
    factor = pl.col("drug").replace_strict(factors, default=None, return_dtype=pl.Float64)
    rows = rows.with_columns(
        mg=pl.when(pl.col("mode") == "dose").then(pl.col("dose") * unit * factor),
        day=pl.col("at").dt.convert_time_zone(study.records.zone).dt.date(),
    )
    found = rows.group_by("course_id").agg(
        mg=pl.when(pl.col("mg").null_count() == 0).then(pl.col("mg").sum()), days=pl.col("day").n_unique()
    )
    return {course: (mg, days) for course, mg, days in found.select("course_id", "mg", "days").iter_rows()}


# --- for the charts -----------------------------------------------------------------------------------------------


def temperature_table(study: Study) -> pl.DataFrame:
    """Temperatures of every course as the trigger sees them."""
    from tocsin.signs import readings

    rows = readings(study.records, study.courses, "temperature", study.parameters)
    rows = rows.select("course_id", "minute", pl.col("value").alias("temperature"), "source_row")
    return READINGS.frame(rows).sort("course_id", "minute")


def mark_table(study: Study) -> pl.DataFrame:
    """Drugs on the charts: single doses, and one bar an infusion order; the studied drug as merged administrations."""
    rows = drug_rows(study, (*MARKED, "vasopressin")).with_columns(
        group=pl.when(pl.col("drug") == "tocilizumab")
        .then(pl.lit("tocilizumab"))
        .otherwise(pl.col("group").replace("vasopressin", "vasopressor"))
    )
    rows = rows.filter(pl.col("drug") != study.drug)
    single = rows.filter(pl.col("mode") == "dose").with_columns(
        text=_amounts(pl.col("dose"), pl.col("dose_unit")), to=pl.lit(None, pl.Int32)
    )
    weights = study.courses.select("course_id", "weight_kg")
    given = study.administrations.join(weights, on="course_id", how="left")
    made = [_dose_mark(study.drug, row) for row in given.to_dicts()]
    frames = [MARKS.frame(single), MARKS.frame(_bars(rows.filter(pl.col("mode") == "infusion"))), MARKS.frame(made)]
    return pl.concat(frames).unique().sort("course_id", "minute", "group", "drug", "text")


def _amounts(amount: pl.Expr, unit: pl.Expr) -> pl.Expr:
    shown = (
        pl.when(amount >= 1e5)
        .then(pl.format("{} million", (amount / 1e6).round(2).cast(pl.String).str.strip_suffix(".0")))
        .otherwise(amount.cast(pl.String))
    )
    return pl.format("{} {}", shown.str.strip_suffix(".0"), unit)


def _bars(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an order: from its first rate to its stop, a rate of 0, or open."""
    order = pl.col("order_id").fill_null(pl.format("row {}", "source_row"))
    zero = pl.col("minute").filter(pl.col("rate") == 0).max()
    stop = minute_of(pl.col("stop"))
    grouped = rows.with_columns(order=order, stopped=stop).sort("course_id", "minute").group_by(
        "course_id", "group", "drug", "order", maintain_order=True
    )  # fmt: skip
    running = pl.col("rate").filter(pl.col("rate") > 0)
    made = grouped.agg(
        minute=pl.col("minute").min(), to=pl.max_horizontal(pl.col("stopped").max(), zero),
        low=running.min(), high=running.max(), unit=pl.col("rate_unit").first(),
    )  # fmt: skip
    low, high = (pl.col(name).cast(pl.String).str.strip_suffix(".0") for name in ("low", "high"))
    shown = (
        pl.when(pl.col("low") == pl.col("high"))
        .then(pl.format("{} {}", low, "unit"))
        .otherwise(pl.format("{} to {} {}", low, high, "unit"))
    )
    return made.with_columns(text=shown)


def _dose_mark(drug: str, row: dict[str, Any]) -> dict[str, Any]:
    group = "tocilizumab" if drug == "tocilizumab" else vocabulary.drugs()[drug].group
    dose, unit, weight = row["dose"], row["dose_unit"], row["weight_kg"]
    factor = TO_MG.get(unit or "")
    text = None if dose is None else f"{short(dose)} {unit or ''}".strip()
    if text and dose is not None and factor and weight:
        text += f" ({dose * factor / weight:.1f} mg/kg)"
    return {
        "course_id": row["course_id"],
        "minute": row["minute"],
        "to": None,
        "group": group,
        "drug": drug,
        "text": text,
    }
