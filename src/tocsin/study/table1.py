"""Table 1: who is compared, with the standardised difference and the one that chance alone gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from tocsin.effects.balance import Balance, smd_binary, smd_continuous, smd_levels
from tocsin.effects.ranks import spread
from tocsin.report.numbers import count_of, short
from tocsin.signs.acts import clock_column
from tocsin.study.cohort import Study
from tocsin.tables import TABLE1

MIDDLE, RANGE, MISSING = "median [Q1, Q3]", "range", "missing"
LABS = {
    "crp": "CRP, mg/L", "ferritin": "ferritin, ng/mL", "ldh": "LDH, U/L", "platelets": "platelets, 10^9/L",
    "neutrophils": "neutrophils, 10^9/L", "fibrinogen": "fibrinogen, g/L",
}  # fmt: skip
NUMBERS = {
    "age_y": "age, years", "weight_kg": "weight, kg", "blasts_percent": "marrow blasts, %",
    "prior_lines": "prior lines", "cells": "CAR-T dose, 10^6 cells/kg",
}  # fmt: skip
LEVELS = {
    "sex": "sex", "disease": "disease", "product": "product", "lymphodepletion": "lymphodepletion", "centre": "centre",
}  # fmt: skip
TRUTHS = {
    "extramedullary": "extramedullary disease", "cns_disease": "CNS disease", "prior_transplant": "prior transplant",
    "bridging": "bridging therapy",
}  # fmt: skip
ORDER = (
    "age_y", "sex", "weight_kg", "disease", "blasts_percent", "extramedullary", "cns_disease", "prior_lines",
    "prior_transplant", "bridging", "lymphodepletion", "product", "cells", "centre", "year", *LABS,
)  # fmt: skip
Cells = dict[str, list[Any]]


def table1(study: Study) -> pl.DataFrame:
    """One row per variable, level and arm. A variable nobody has a value of keeps its row of missing ones."""
    if not study.in_arms:
        return TABLE1.empty()
    frame = baseline(study)
    rows = list[dict[str, Any]]()
    for column in ORDER:
        values = {a: frame.filter(pl.col("arm") == a).get_column(column).to_list() for a in study.arm_names}
        if column == "centre" and len({v for known in values.values() for v in known}) < 2:
            continue
        rows += _rows(column, values, study.pairs[:1])
    return TABLE1.frame(rows)


def baseline(study: Study) -> pl.DataFrame:
    """One row a course in an arm with every variable of the table, null where unknown."""
    frame = study.facts.with_columns(
        cells=pl.col("dose") / 1e6,
        year=pl.col("time_zero").dt.convert_time_zone(study.records.zone),
        **{name: pl.col(name).cast(pl.String) for name in LEVELS},
    )
    for name, values in baseline_labs(study).items():
        frame = frame.join(values.rename({"value": name}), on="course_id", how="left")
    return frame.sort("course_id")


def covariates(study: Study) -> dict[str, dict[str, float]]:
    """Every variable of the table as yes or no: its name and cut, course to 1 or 0; unknown courses are not in it.

    Numbers are cut above the median of all courses in arms (below it, where none is above; R), levels at the commonest.
    The calendar is left out, and so is what all courses share.
    """
    if not study.in_arms:
        return {}
    frame, made = baseline(study), dict[str, dict[str, float]]()
    for column in ORDER:
        known = frame.filter(pl.col(column).is_not_null())
        values = known.get_column(column)
        if column == "year" or values.n_unique() < 2:
            continue
        if column in TRUTHS:
            name, cut = TRUTHS[column], values
        elif column in LEVELS:
            commonest = values.value_counts(sort=False).sort("count", column, descending=[True, False]).item(0, column)
            name, cut = f"{LEVELS[column]}: {commonest}", values == commonest
        else:
            middle = float(values.median())  # pyright: ignore[reportArgumentType]
            side, cut = ("above", values > middle) if (values > middle).any() else ("below", values < middle)
            name = f"{ {**NUMBERS, **LABS}[column] }: {side} {short(middle)}"
        made[name] = dict(zip(known.get_column("course_id"), cut.cast(pl.Float64), strict=True))
    return made


def baseline_labs(study: Study) -> dict[str, pl.DataFrame]:
    """Last result known at minute 0 and at most `baseline_days` old: variable to course_id, value."""
    return {
        name: last_before(study, name, pl.col("time_zero"), timedelta(days=study.file.study.baseline_days))
        for name in LABS
    }


def last_before(study: Study, variable: str, instant: pl.Expr, oldest: timedelta) -> pl.DataFrame:
    """Last value of a variable the ward knew at `instant` and not older than `oldest`: course_id, value.

    `instant` is an expression over `study.facts`.
    """
    moments = study.facts.select("course_id", "patient_id", moment=instant).filter(pl.col("moment").is_not_null())
    rows = study.records.measurements.filter(pl.col("variable") == variable)
    rows = rows.join(moments, on="patient_id").with_columns(at=clock_column(study.parameters, "time"))
    known = (pl.col("at") <= pl.col("moment")) & (pl.col("time") >= pl.col("moment") - oldest)
    rows = rows.filter(known).sort("course_id", "time", "source_row")
    return rows.unique("course_id", keep="last", maintain_order=True).select("course_id", "value").sort("course_id")


def _rows(column: str, values: Cells, pair: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    if column in TRUTHS:
        name, balance = TRUTHS[column], _binary
        texts = {"yes": {a: _count(v, True) for a, v in values.items()}}
    elif column in LEVELS:
        name, balance = LEVELS[column], smd_levels
        seen = sorted({v for known in values.values() for v in known if v is not None})
        texts = {level: {a: _count(v, level) for a, v in values.items()} for level in seen}
    else:
        name = {**NUMBERS, **LABS, "year": "calendar time"}[column]
        balance = _continuous
        said = _month_cells if column == "year" else _number_cells
        texts = {MIDDLE: {a: said(v)[0] for a, v in values.items()}, RANGE: {a: said(v)[1] for a, v in values.items()}}
    missing = {a: sum(x is None for x in v) for a, v in values.items()}
    if any(missing.values()):
        texts[MISSING] = {a: str(n) for a, n in missing.items()}
    return _printed(name, texts, values, missing, _balance(balance, values, pair))


def _printed(
    name: str, texts: dict[str, dict[str, str]], values: Cells, missing: dict[str, int], found: Balance | None
) -> list[dict[str, Any]]:
    smd = {"smd": found.smd, "smd_by_chance": found.null_sd} if found else {}
    return [
        {"variable": name, "level": level, "arm": arm, "text": text, "n": len(values[arm]) - missing[arm],
         "missing": missing[arm], **smd}
        for level, cells in texts.items()
        for arm, text in cells.items()
    ]  # fmt: skip


def _balance(how: Callable[[Any, Any], Balance], values: Cells, pair: Sequence[tuple[str, str]]) -> Balance | None:
    """Of the first two arms of the file."""
    return how(values[pair[0][0]], values[pair[0][1]]) if pair else None


def _floats(values: list[Any]) -> list[float]:
    return [float("nan") if v is None else v.timestamp() if isinstance(v, datetime) else float(v) for v in values]


def _order(value: float) -> tuple[bool, float]:
    """Sums of floats depend on their order: sorted, renamed patients give the same last digit."""
    return value != value, value


def _continuous(one: list[Any], other: list[Any]) -> Balance:
    return smd_continuous(sorted(_floats(one), key=_order), sorted(_floats(other), key=_order))


def _binary(one: list[Any], other: list[Any]) -> Balance:
    return smd_binary(_floats(one), _floats(other))


def _count(values: list[Any], level: Any) -> str:
    known = [v for v in values if v is not None]
    return count_of(sum(v == level for v in known), len(known)) if known else "–"


def _number_cells(values: list[Any]) -> tuple[str, str]:
    s = spread(_floats(values))
    if not s.n:
        return "–", "–"
    return f"{short(s.median)} [{short(s.q1)}, {short(s.q3)}]", f"{short(s.least)} to {short(s.most)}"


def _month_cells(values: list[Any]) -> tuple[str, str]:
    """Dates as year and month; the quartiles are those of the instants."""
    s, zone = spread(_floats(values)), next((v.tzinfo for v in values if v is not None), None)
    if not s.n:
        return "–", "–"
    middle, q1, q3, least, most = (
        f"{datetime.fromtimestamp(v or 0.0, zone):%Y-%m}" for v in (s.median, s.q1, s.q3, s.least, s.most)
    )
    return f"{middle} [{q1}, {q3}]", f"{least} to {most}"
