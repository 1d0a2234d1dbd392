"""Event-free and overall survival from three starts, response, and the curves behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import polars as pl

from tocsin.effects.competing import cumulative_incidence
from tocsin.effects.curves import exact_log_rank, log_rank
from tocsin.effects.estimate import Estimate
from tocsin.effects.power import detectable_hazard_ratio
from tocsin.effects.quantiles import follow_up, spss_median, survival_quantile
from tocsin.effects.survival import kaplan_meier, number_at_risk, survival_at
from tocsin.report.numbers import short
from tocsin.study.cohort import Study
from tocsin.study.hazards import begun_hazards, hazard_ratios, landmark_hazards, restricted_means
from tocsin.study.ledger import POWER, Effects, versus
from tocsin.study.toxicity import events_of, judged
from tocsin.study.turning import tipping, turning
from tocsin.tables import AT_RISK, CURVES

NAMES = {"efs": "EFS", "os": "OS"}


@dataclass(frozen=True)
class Clocked:
    """One survival outcome on one clock: courses still followed after its start, times in days from that start."""

    outcome: str
    endpoint: str
    rows: pl.DataFrame
    lost: dict[str, int]

    def of(self, arm: str) -> tuple[list[float], list[int]]:
        """Days and events of an arm."""
        mine = self.rows.filter(pl.col("arm") == arm).sort("time", "event")
        return mine.get_column("time").to_list(), mine.get_column("event").to_list()


def clocked(study: Study) -> list[Clocked]:
    """EFS and OS from time zero, from the first dose and from the landmark, as far as they are judged."""
    start = {"infusion": "infusion"}.get(study.file.cohort.time_zero, study.file.cohort.time_zero.replace("-", " "))
    day = study.file.endpoints.landmark_day
    clocks = {"": start, f"_from_{study.drug}": f"first {study.drug}", f"_landmark_{day:g}": f"day {day:g}"}
    made: list[Clocked] = []
    for name in NAMES:
        for suffix, words in clocks.items():
            rows = study.outcome(name + suffix)
            known = rows.filter(pl.col("event").is_not_null() & pl.col("stop").is_not_null())
            known = known.with_columns(time=pl.max_horizontal(pl.col("stop") - pl.col("start"), pl.lit(0.0)))
            gone = rows.join(known, on="course_id", how="anti")
            lost = {arm: gone.filter(pl.col("arm") == arm).height for arm in study.arm_names}
            made.append(Clocked(f"{NAMES[name]} from {words}", name + suffix, known, lost))
    return made


def response(study: Study, effects: Effects) -> None:
    """MRD-negative complete remission; not assessable counts as no response."""
    rows = study.outcome("mrd_negative_cr")
    counts, _ = judged(study, rows)
    silent = rows.filter(pl.col("value").str.starts_with("not assessable"))
    note = {
        arm: f"{n} not assessable counted as no response" if (n := silent.filter(pl.col("arm") == arm).height) else ""
        for arm in study.arm_names
    }
    effects.shares("MRD-negative CR", counts, study.pairs, note, wilson=True, ratio=True, detectable=True)
    turning(effects, "MRD-negative CR", counts, study.pairs, events_of(rows))
    known, _ = judged(study, rows.join(silent, on="course_id", how="anti"))
    lost = {arm: rows.filter(pl.col("arm") == arm).height - n for arm, (_, n) in known.items()}
    tipping(effects, "MRD-negative CR", known, lost, study.pairs)


def survival_effects(study: Study, effects: Effects) -> None:
    """Medians (log-log and SPSS-style), survival at given months, follow-up, log-rank, exact log-rank, hazard ratios.

    On the clock from time zero the first arm also as something that begins with its first dose, and at landmarks.
    """
    for one in clocked(study):
        for arm in study.arm_names:
            _of_arm(study, effects, one, arm)
        for pair in study.pairs:
            _of_pair(study, effects, one, pair)
            if one.endpoint in NAMES:
                given = study.arms.select("course_id", "given_at")
                begun_hazards(effects, one.outcome, pair, one.rows, given)
                landmark_hazards(effects, one.outcome, pair, one.rows, given)


def _of_arm(study: Study, effects: Effects, one: Clocked, arm: str) -> None:
    month, level = study.file.endpoints.months, effects.level
    days, events = one.of(arm)
    times = [day / month for day in days]
    curve = kaplan_meier(times, events, level=level)
    unit = f"in months of {month:g} days"
    left_out = f"{unit}; {one.lost[arm]} left out, ended before or without this start" if one.lost[arm] else unit
    effects.add(one.outcome, arm, survival_quantile(curve), "median (log-log)", left_out)
    effects.add(one.outcome, arm, spss_median(times, events, level=level, clip0=True), "median (SPSS)", unit)
    effects.add(one.outcome, arm, follow_up(times, events, level=level), note=unit)
    for row in survival_at(curve, list(study.file.study.survival_months)):
        effects.add(one.outcome, arm, row, f"{row.measure} months")


def _of_pair(study: Study, effects: Effects, one: Clocked, pair: tuple[str, str]) -> None:
    (t1, e1), (t0, e0) = one.of(pair[0]), one.of(pair[1])
    times, events, group = t1 + t0, e1 + e0, [1] * len(t1) + [0] * len(t0)
    contrast, note = versus(pair), "assumes that censoring does not depend on the arm"
    effects.add(one.outcome, contrast, log_rank(times, events, group).row, "log-rank", note)
    row = exact_log_rank(times, events, group, seed=study.file.study.seed)
    effects.add(one.outcome, contrast, replace(row, method=f"exact {row.method}"))
    if sum(events) and t1 and t0:
        low, high = detectable_hazard_ratio(sum(events), share=len(t1) / len(times), power=POWER)
        said = f"hazard ratios from {short(low)} to {short(high)} would be missed more often than {1 - POWER:.0%}"
        made = Estimate("hazard ratio detectable", low, None, None, None, "Schoenfeld's approximation", len(times),
                        sum(events), said)  # fmt: skip
        effects.add(one.outcome, contrast, made)
    hazard_ratios(effects, one.outcome, pair, times, events, group)
    month = study.file.endpoints.months
    arms = [([day / month for day in t], e) for t, e in ((t1, e1), (t0, e0))]
    restricted_means(effects, one.outcome, pair, arms[0], arms[1], f"in months of {month:g} days")


# --- curves -------------------------------------------------------------------------------------------------------


def curve_tables(study: Study) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`curves` and `at_risk`: every survival outcome but OS on the later clocks, and CRS death as incidence."""
    rows, risk = list[dict[str, Any]](), list[dict[str, Any]]()
    shown = [one for one in clocked(study) if one.endpoint == "os" or one.endpoint.startswith("efs")]
    for one in shown:
        times = [day for arm in study.arm_names for day in one.of(arm)[0]]
        marks = _marks(max(times), study.file.endpoints.months) if times else []
        for arm in study.arm_names:
            days, events = one.of(arm)
            if days:
                rows += _survival_rows(study, one.outcome, arm, days, events)
                risk += _risk_rows(one.outcome, arm, days, marks)
    incidence = _incidence(study)
    rows, risk = rows + incidence[0], risk + incidence[1]
    return CURVES.frame(rows), AT_RISK.frame(risk)


def _marks(last: float, month: float) -> list[float]:
    """Times under the curve, at most about eight, in whole months."""
    step = next((s for s in (1, 2, 3, 6, 12, 24, 60) if last / month / s <= 8), 120)
    return [k * step * month for k in range(int(last / month / step) + 1)]


def _survival_rows(study: Study, outcome: str, arm: str, days: list[float], events: list[int]) -> list[dict[str, Any]]:
    table = kaplan_meier(days, events, level=study.file.study.level).frame().rename({"survival": "estimate"}).drop("se")
    base = {"outcome": outcome, "kind": "survival", "arm": arm}
    start = {**base, "time": 0.0, "at_risk": len(days), "events": 0, "censored": 0, "estimate": 1.0}
    first = [] if table.item(0, "time") == 0 else [start]
    return [*first, *({**base, **row} for row in table.to_dicts())]


def _risk_rows(outcome: str, arm: str, days: list[float], marks: list[float]) -> list[dict[str, Any]]:
    left = number_at_risk(kaplan_meier(days, [0] * len(days)), marks) if marks else []
    pairs = zip(marks, left, strict=True)
    return [{"outcome": outcome, "arm": arm, "time": t, "at_risk": int(n)} for t, n in pairs]


def _incidence(study: Study) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """CRS death up to twice the day it is printed at; later only other causes compete."""
    rows, risk = list[dict[str, Any]](), list[dict[str, Any]]()
    last = 2.0 * study.file.study.crs_death_day
    marks = [last * k / 6 for k in range(7)]
    for arm in study.arm_names:
        known = study.outcome("crs_death").filter((pl.col("arm") == arm) & pl.col("event").is_not_null())
        days, status = known.get_column("stop").to_list(), known.get_column("event").to_list()
        if not days:
            continue
        curve = cumulative_incidence(days, status, level=study.file.study.level)
        base = {"outcome": "CRS death", "kind": "incidence", "arm": arm}
        blank = {"events": 0, "censored": 0}
        made: list[dict[str, Any]] = [{**base, **blank, "time": 0.0, "at_risk": len(days), "estimate": 0.0}]
        for k, time in enumerate(curve.time):
            gone = int(curve.at_risk[k] - (curve.at_risk[k + 1] if k + 1 < curve.time.size else 0))
            mine = int(curve.events[k])
            made.append({**base, "time": float(time), "at_risk": int(curve.at_risk[k]), "events": mine,
                         "censored": gone - mine - int(curve.competing[k]), "estimate": float(curve.incidence[k]),
                         "low": _or_none(curve.low[k]), "high": _or_none(curve.high[k])})  # fmt: skip
        shown = [row for row in made if row["time"] <= last and (row["time"] > 0 or row is made[0])]
        later = [row for row in made if row["time"] > last]
        end = {**shown[-1], **blank, "time": last, "at_risk": later[0]["at_risk"] if later else 0}
        rows += [*shown, end] if later and shown[-1]["time"] < last else shown
        risk += _risk_rows("CRS death", arm, days, marks)
    return rows, risk


def _or_none(value: float) -> float | None:
    return float(value) if isfinite(value) else None
