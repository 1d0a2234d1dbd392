"""Hazards of two arms: Cox and Firth, whether the ratio holds over time, and the arm as something that begins."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor

import numpy as np
import polars as pl

from tocsin.effects.cox import cox
from tocsin.effects.cox_checks import proportional_hazards
from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.firth import firth
from tocsin.effects.restricted_mean import METHOD, restricted_mean, rmst_difference
from tocsin.effects.time_dependent import landmarks, mantel_byar, split_at_treatment
from tocsin.study.ledger import Effects, versus

MINUTES_A_DAY = 24 * 60
MOST_LANDMARKS = 15  # days on which the arms are compared; more are thinned evenly, and the rows say so (R)
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
    mine = _begins(pair, rows, given)
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


def _begins(pair: tuple[str, str], rows: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Courses of the two arms with `begin`, the days to the first dose of the first arm; infinity in the second."""
    mine = rows.filter(pl.col("arm").is_in(pair)).join(given, on="course_id", how="left").sort("time", "event", "arm")
    return mine.with_columns(
        begin=pl.when(pl.col("arm") == pair[0])
        .then(pl.max_horizontal(pl.col("given_at") / MINUTES_A_DAY - pl.col("start"), pl.lit(0.0)))
        .otherwise(float("inf"))
    )


def landmark_hazards(
    effects: Effects, outcome: str, pair: tuple[str, str], rows: pl.DataFrame, given: pl.DataFrame
) -> None:
    """Those in the first arm by a day against all others still followed, at every whole day that can tell them apart.

    The days run from the first to the last on which a course of the first arm begins (`rows` and `given` as in
    `begun_hazards`). Every one is shown: choosing one by its P is a test of its own. P is the log-rank test's.
    """
    mine = _begins(pair, rows, given)
    began = mine.filter(pl.col("begin").is_finite()).get_column("begin")
    if began.is_empty():
        return
    days = list(range(ceil(float(began.min())), ceil(float(began.max())) + 1))  # pyright: ignore[reportArgumentType]
    thinned = ""
    if len(days) > MOST_LANDMARKS:
        thinned = f"{MOST_LANDMARKS} of the {len(days)} days from {days[0]} to {days[-1]}"
        days = [days[round(k * (len(days) - 1) / (MOST_LANDMARKS - 1))] for k in range(MOST_LANDMARKS)]
    found = landmarks(mine["time"].to_numpy(), mine["event"].to_numpy(), mine["begin"].to_numpy(), days,
                      level=effects.level)  # fmt: skip
    for day, one in zip(days, found, strict=True):
        said = [f"{one.treated} in {pair[0]} by then, {one.untreated} not",
                f"{one.left_before} gone before, {one.switched_later} begin later", thinned]  # fmt: skip
        row = one.hazard_ratio
        few = "few events" if row.note.endswith("give Firth's estimate too") else row.note
        tested = one.log_rank.p is not None
        note = few if few or tested or row.estimate is not None else one.log_rank.note
        made = replace(row, note=note, p=one.log_rank.p, method=row.method + ("; P: log-rank" if tested else ""))
        effects.add(outcome, versus(pair), made, f"hazard ratio from day {day}, arm as it was then",
                    "; ".join(part for part in said if part))  # fmt: skip


def restricted_means(
    effects: Effects, outcome: str, pair: tuple[str, str], one: tuple[list[float], list[int]],
    two: tuple[list[float], list[int]], unit: str,
) -> None:  # fmt: skip
    """Difference of the mean time without the event up to the last whole month both arms are followed.

    Times in months. The horizon is the whole months of the shorter of the two longest follow-ups (R): later the shorter
    arm has no curve to add up. Nothing where that is less than a month.
    """
    (t1, e1), (t0, e0), contrast = one, two, versus(pair)
    horizon, measure = floor(min(max(t1, default=0.0), max(t0, default=0.0))), "difference of restricted means"
    if horizon < 1:
        why = "an arm is followed for less than a month"
        row = not_estimable(measure, why, n=len(t1) + len(t0), events=sum(e1) + sum(e0), method=METHOD,
                            level=effects.level)  # fmt: skip
        effects.add(outcome, contrast, row)
        return
    means = "; ".join(f"mean of {arm} {restricted_mean(t, e, horizon)[0]:.2f}" for arm, (t, e) in zip(pair, (one, two),
                                                                                              strict=True))  # fmt: skip
    row = rmst_difference(t1 + t0, e1 + e0, [1] * len(t1) + [0] * len(t0), horizon, level=effects.level)
    effects.add(outcome, contrast, row, f"{measure} to {horizon} months", f"{unit}; {means}")


def _begun_ratio(start: np.ndarray, parts: tuple[np.ndarray, ...], level: float) -> Estimate:
    _, stop, event, treated, patient = parts
    fit = cox(stop, event, {"arm": treated}, start=start, patient=patient, level=level)
    row = fit.rows[0]
    note = "few events" if row.note.endswith("give Firth's estimate too") else row.note
    return replace(row, measure="hazard ratio, arm from the first dose on", note=note)
