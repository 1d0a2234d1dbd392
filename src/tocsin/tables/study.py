"""What a study adds, and `StudyResults`, all a report is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from tocsin.tables.contract import MINUTE, B, F, I, S, Table, may, need

_COURSE = need("course_id", S, "course")
ARMS = Table(
    "arms",
    "the arm of every course in the study, and why",
    (
        _COURSE,
        may("arm", S, "strategy followed `yes`; null = in no arm"),
        may("due_at", MINUTE, "when that strategy's drug was due", "min"),
        may("given_at", MINUTE, "first dose", "min"),
        need("why", S, "in plain words"),
    ),
    ("course_id",),
)
TABLE1 = Table(
    "table1",
    "who is compared: one row per variable, level and arm",
    (
        need("variable", S, "variable, in words, with unit"),
        need("level", S, "level of a categorical variable, or `median [Q1, Q3]`, `range`, `missing`"),
        need("arm", S, "arm"),
        need("text", S, "cell as printed"),
        need("n", I, "courses with a value", low=0),
        need("missing", I, "courses without", low=0),
        may("smd", F, "standardised mean difference of the variable"),
        may("smd_by_chance", F, "standard deviation an SMD has by chance at these sizes"),
    ),
)
CURVES = Table(
    "curves",
    "step curves with intervals, one row per time and arm; the first row is time 0",
    (
        need("outcome", S, "efs, os, crs_death, ..."),
        need("kind", S, "survival or cumulative incidence", choices=("survival", "incidence")),
        need("arm", S, "arm"),
        need("time", F, "time", "d"),
        need("at_risk", I, "at risk just before", low=0),
        need("events", I, "events at this time", low=0),
        need("censored", I, "censored at this time", low=0),
        need("estimate", F, "probability", low=0, high=1),
        may("low", F, "lower limit"),
        may("high", F, "upper limit"),
    ),
)
AT_RISK = Table(
    "at_risk",
    "number at risk under the curve",
    (
        need("outcome", S, "outcome"),
        need("arm", S, "arm"),
        need("time", F, "time", "d"),
        need("at_risk", I, "courses still at risk", low=0),
    ),
)
READINGS = Table(
    "readings",
    "temperatures of the courses in the study, for the charts",
    (
        _COURSE,
        need("minute", MINUTE, "moment", "min"),
        need("temperature", F, "reading", "°C"),
        may("source_row", pl.Int64, "row"),
    ),
)
MARKS = Table(
    "marks",
    "drugs on the charts",
    (
        _COURSE,
        need("minute", MINUTE, "start", "min"),
        may("to", MINUTE, "end of an infusion", "min"),
        need("group", S, "tocilizumab, steroid, antipyretic, vasopressor, anticytokine, car_t"),
        need("drug", S, "drug"),
        may("text", S, "dose as printed, e.g. 480 mg (8.0 mg/kg)"),
    ),
)
DAYS = Table(
    "days",
    "worst proved grade of each day, for the stacked bars",
    (
        need("scale", S, "scale"),
        need("arm", S, "arm"),
        need("day", I, "day from time zero"),
        may("grade", pl.Int8, "worst proved grade of the day; null = not gradable that day"),
        need("courses", I, "courses", low=0),
    ),
)
SENSITIVITY = Table(
    "sensitivity",
    "how the arms move when one open choice moves",
    (
        need("parameter", S, "what is varied"),
        need("value", S, "value"),
        need("is_default", B, "the value of the main analysis"),
        need("arm", S, "arm, or `none`"),
        need("courses", I, "courses in the arm", low=0),
        need("moved", S, "courses that changed arm against the main analysis, joined by spaces"),
    ),
)
WARNINGS = Table(
    "warnings",
    "what makes a comparison misleading, in words a clinician reads first",
    (
        need("slug", S, "stable name, e.g. design.arm-defined-by-outcome"),
        may("arm", S, "arm concerned"),
        need("text", S, "plain words"),
        need("text_zh", S, "the same in Chinese"),
        need("serious", B, "shown in red above every two-arm estimate"),
    ),
)
COUNTS = Table(
    "counts",
    "hours and courses that rest on an assumption, and what stood beside the fever",
    (
        need("what", S, "e.g. hours on an estimated FiO2"),
        need("arm", S, "arm, or `all`"),
        need("value", F, "number"),
        need("unit", S, "h, courses, doses, mg/kg, ..."),
        need("note", S, "how counted"),
    ),
)
TURNING = Table(
    "turning",
    "what would turn a two-arm result: other outcomes, missing outcomes, confounders, and the covariates recorded",
    (
        need("outcome", S, "outcome"),
        need("contrast", S, "the two arms"),
        need("kind", S, "what is changed", choices=("fragility", "missing", "confounder", "covariate")),
        may("arm", S, "fragility: the arm whose outcomes change"),
        may("move", S, "fragility: events added or taken away", choices=("more", "fewer")),
        may("covariate", S, "covariate: its name, and where it was cut in two"),
        may("x", F, "fragility: courses changed; missing: events filled in, first arm; else risk ratio with the arm"),
        may("y", F, "missing: events filled in, second arm; confounder, covariate: risk ratio with the outcome"),
        may("first_events", I, "events of the first arm then", low=0),
        may("second_events", I, "events of the second arm then", low=0),
        may("estimate", F, "missing: risk difference; confounder: risk ratio left; covariate: its E-value"),
        may("low", F, "lower limit of the estimate"),
        may("high", F, "upper limit of the estimate"),
        may("p", F, "fragility: Fisher's two-sided P then", low=0, high=1),
        may("turns", S, "whether the conclusion turns; `interval`: only a limit", choices=("no", "interval", "yes")),
        need("expected", B, "missing: those without an outcome have the risk of their arm"),
        need("note", S, "why a number is not there, courses without a value"),
    ),
)
CITATIONS = Table(
    "citations",
    "the papers behind exactly the scales, rules and estimators used",
    (
        need("key", S, "key"),
        need("text", S, "citation"),
        need("doi", S, "doi without resolver"),
        need("used_for", S, "what"),
    ),
    ("key",),
)
STUDY_TABLES = (
    ARMS, TABLE1, CURVES, AT_RISK, READINGS, MARKS, DAYS, SENSITIVITY, WARNINGS, COUNTS, TURNING, CITATIONS,
)  # fmt: skip


@dataclass(frozen=True)
class StudyResults:
    """All a report is made of. `meta` holds title, question, synthetic, version, spec_hash, scale, arms, strategies
    (name, sentence, sentence_zh, source, hash), inputs (file to sha256) and time_zero in words; `tables` a frame per
    contract by its name: the study tables plus courses, attrition, parameters, effects, endpoints, grades, episodes,
    follow, findings and account."""

    meta: dict[str, Any]
    tables: dict[str, pl.DataFrame]
