"""Hazards of two arms: Cox and Firth, whether the ratio holds over time, and the arm as something that begins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from tocsin.effects.cox import cox
from tocsin.effects.cox_checks import proportional_hazards
from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.firth import firth
from tocsin.effects.time_dependent import mantel_byar, split_at_treatment
from tocsin.study.ledger import Effects, versus

MINUTES_A_DAY = 24 * 60
FEW = "few events: read Firth's estimate beside it"


def hazard_ratios(
    effects: Effects, outcome: str, pair: tuple[str, str], times: list[float], events: list[int], first: list[int]
) -> None:
    """Hazard of the first arm over the second by Cox (Efron) and by Firth, and whether it holds over time.

    `first` is 1 for the first arm. An event only in one arm: Cox has no finite ratio and says so, Firth has one.
    """
    contrast, arm = versus(pair), {"arm": first}
    fit = cox(times, events, arm, level=effects.level)
    row = fit.rows[0]
    row = replace(row, note=FEW) if row.note.endswith("give Firth's estimate too") else row
    effects.add(outcome, contrast, row, "hazard ratio")
    effects.add(outcome, contrast, firth(times, events, arm, level=effects.level).rows[0], "hazard ratio (Firth)")
    effects.add(outcome, contrast, proportional_hazards(fit)[0], "proportional hazards")


def begun_hazards(
    effects: Effects, outcome: str, pair: tuple[str, str], rows: pl.DataFrame, given: pl.DataFrame
) -> None:
    """The first arm as something that begins with its first dose: until then a course counts with the second arm.

    `rows`: course_id, arm, start, time (days from its start), event; `given`: course_id, given_at (minutes). That the
    first arm cannot die before its dose (immortal time) no longer counts for it; who is treated, and why, still does.
    """
    contrast, note = versus(pair), f"time before the first dose of {pair[0]} counts with {pair[1]}"
    mine = rows.filter(pl.col("arm").is_in(pair)).join(given, on="course_id", how="left").sort("time", "event", "arm")
    mine = mine.with_columns(
        begin=pl.when(pl.col("arm") == pair[0])
        .then(pl.max_horizontal(pl.col("given_at") / MINUTES_A_DAY - pl.col("start"), pl.lit(0.0)))
        .otherwise(float("inf"))
    )
    there = mine.filter(pl.col("time") > 0)
    gone = mine.height - there.height
    note = f"{note}; {gone} followed for no time left out" if gone else note
    if there.is_empty():
        for measure in ("Mantel-Byar", "hazard ratio, arm from the first dose on"):
            row = not_estimable(measure, "nobody is followed", n=0, events=0, method=measure, level=None)
            effects.add(outcome, contrast, row, note=note)
        return
    split = split_at_treatment(there["time"].to_numpy(), there["event"].to_numpy(), there["begin"].to_numpy())
    parts = (split.start, split.stop, split.event, split.treated, split.patient)
    effects.add(outcome, contrast, mantel_byar(*parts), "Mantel-Byar", note)
    effects.add(outcome, contrast, _begun_ratio(split.start, parts, effects.level), note=note)


def _begun_ratio(start: np.ndarray, parts: tuple[np.ndarray, ...], level: float) -> Estimate:
    _, stop, event, treated, patient = parts
    fit = cox(stop, event, {"arm": treated}, start=start, patient=patient, level=level)
    row = fit.rows[0]
    note = "few events" if row.note.endswith("give Firth's estimate too") else row.note
    return replace(row, measure="hazard ratio, arm from the first dose on", note=note)
