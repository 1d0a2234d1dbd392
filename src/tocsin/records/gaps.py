"""What is not in the records although an answer would need it: nothing is excluded, everything is said."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tocsin import vocabulary
from tocsin.records.ledger import Ledger

HIGH_FLOW_ABOVE = 6.0


def note_gaps(tables: Mapping[str, pl.DataFrame], ledger: Ledger, supplied: frozenset[str]) -> None:
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
        _after_death(readings, tables["outcomes"], ledger)


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


def _after_death(readings: pl.DataFrame, outcomes: pl.DataFrame, ledger: Ledger) -> None:
    dead = outcomes.filter((pl.col("what") == "death") & (pl.col("precision") == "minute"))
    died = dead.group_by("patient_id").agg(pl.col("time").min().alias("__died"))
    late = readings.join(died, on="patient_id").filter(pl.col("time") > pl.col("__died"))
    ledger.note(
        late, "P.after-death", "readings after the charted time of death", "kept; one of the two times is wrong"
    )
