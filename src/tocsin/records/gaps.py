"""What is not in the records although an answer would need it: nothing is excluded, everything is said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import polars as pl

from tocsin import vocabulary
from tocsin.records.ledger import Ledger

HIGH_FLOW_ABOVE = 6.0
_GRACE = timedelta(hours=24)


def note_gaps(tables: Mapping[str, pl.DataFrame], ledger: Ledger, supplied: frozenset[str], zone: str) -> None:
    """Findings about patients and stays with nothing to judge, and about how oxygen is charted."""
    patients, stays, readings, supports = (tables[n] for n in ("patients", "stays", "measurements", "supports"))
    ledger.note(
        patients.filter(pl.col("birth_date").is_null() & pl.col("age_y").is_null()), "M.age-missing",
        "patients without birth date and age", "the limit of hypotension is unknown",
    )  # fmt: skip
    ledger.note(
        patients.filter(pl.col("birth_date").is_null() & pl.col("age_y").is_not_null()), "M.birth-date-missing",
        "patients without a birth date", "the age at the first stay is used",
    )  # fmt: skip
    if {"stays", "measurements"} <= supplied:
        _stays_without_vitals(stays, readings, ledger)
    if "supports" in supplied:
        _oxygen(supports, ledger)
    if "outcomes" in supplied:
        _deaths(tables, ledger, zone)


def _stays_without_vitals(stays: pl.DataFrame, readings: pl.DataFrame, ledger: Ledger) -> None:
    hospital = stays.filter(pl.col("kind") == "hospital").sort("patient_id", "start", "source_row")
    first = hospital.unique("patient_id", keep="first", maintain_order=True)
    vitals = readings.filter(
        pl.col("variable").is_in([v.name for v in vocabulary.variables().values() if v.kind == "vital"])
    )
    within = first.join(vitals.select("patient_id", "time"), on="patient_id").filter(
        (pl.col("time") >= pl.col("start")) & ((pl.col("time") <= pl.col("stop")) | pl.col("stop").is_null())
    )
    ledger.note(
        first.join(within, on="patient_id", how="anti"), "M.first-stay-without-vitals",
        "first hospital stays without any vital sign", "grades of that stay are unknown",
    )  # fmt: skip


def _oxygen(supports: pl.DataFrame, ledger: Ledger) -> None:
    if supports.height and not (supports.get_column("device") == "room_air").any():
        ledger.note(
            supports, "M.room-air-never-charted", "room air is never charted",
            "no row does not mean room air; the parameter oxygen_uncharted decides",
        )  # fmt: skip
    cannula = (pl.col("device") == "nasal_cannula") & (pl.col("flow_l_min") > HIGH_FLOW_ABOVE)
    ledger.note(
        supports.filter(cannula),
        "P.cannula-above-6",
        "nasal cannula above 6 L/min",
        "kept: high flow by the 6 L/min rule",
    )


def _deaths(tables: Mapping[str, pl.DataFrame], ledger: Ledger, zone: str) -> None:
    """Deaths before the first infusion or stay, or followed by other records: one of the two times is wrong.

    Records within a day of the death are noted, later ones need a decision. A date is compared by days of the zone.
    """
    dead = tables["outcomes"].filter(pl.col("what") == "death")
    cells = tables["drugs"].filter(pl.col("drug").is_in(vocabulary.drugs_in("car_t")))
    begun = [_span(cells, "start", "min", "__infused"), _span(tables["stays"], "start", "min", "__admitted")]
    seen = [("measurements", "time"), ("drugs", "start"), ("supports", "start")]
    last = [_span(tables[name], time, "max", f"__{name}") for name, time in seen]
    for span in (*begun, *last):
        dead = dead.join(span, on="patient_id", how="left", maintain_order="left")
    early = pl.any_horizontal(*(_after(name, zone, timedelta(0)) for name in ("__infused", "__admitted")))
    late, far = (
        pl.any_horizontal(*(_after(f"__{name}", zone, grace) for name, _ in seen)) for grace in (timedelta(0), _GRACE)
    )
    ledger.note(
        dead.filter(early), "P.after-death", "deaths before the first infusion or stay",
        "kept; one of the two times is wrong", decide=True,
    )  # fmt: skip
    ledger.note(
        dead.filter(far & ~early), "P.after-death", "deaths followed by other records more than a day later",
        "kept; one of the two times is wrong", decide=True,
    )  # fmt: skip
    ledger.note(
        dead.filter(late & ~far & ~early), "P.after-death", "deaths followed by other records within a day",
        "kept; one of the two times is wrong",
    )  # fmt: skip


def _after(name: str, zone: str, grace: timedelta) -> pl.Expr:
    """The instant `name` lies more than `grace` after the death; where one of the two is a date, by days."""
    dated = (pl.col("precision") == "day") | (pl.col(f"{name}_precision") == "day")
    days = _day(pl.col(name), zone) > _day(pl.col("time"), zone) + grace
    return pl.when(dated).then(days).otherwise(pl.col(name) > pl.col("time") + grace).fill_null(False)


def _day(at: pl.Expr, zone: str) -> pl.Expr:
    return at.dt.convert_time_zone(zone).dt.date()


def _span(frame: pl.DataFrame, time: str, which: Literal["min", "max"], name: str) -> pl.DataFrame:
    """Each patient's first (min) or last (max) instant as `name`, and its precision where the table has one."""
    precision = pl.col("precision") if "precision" in frame.columns else pl.lit("minute")
    rows = frame.select("patient_id", pl.col(time).alias(name), precision.alias(f"{name}_precision")).sort(name)
    return rows.unique("patient_id", keep="first" if which == "min" else "last", maintain_order=True)
