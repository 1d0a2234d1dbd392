"""The simulator's rows as the estimator reads them, and the two rules of the comparison."""

from __future__ import annotations

import numpy as np

from tocsin.effects.ccw.g_formula import Covariate
from tocsin.effects.ccw.hazard import Terms
from tocsin.effects.ccw.hours import NEVER, Hours, Rule
from truth.simulator import GRACE


def hours_of(d) -> Hours:
    columns = np.column_stack([d["L"], d["g3"], d["age"]])
    return Hours(d["patient"], d["hour"], columns, ("L", "g3", "age"), d["treated"], d["started"], d["outcome"], d["n"])


def terms(horizon: int) -> Terms:
    """The model that made the starts, and a trend it did not have."""
    h = np.arange(horizon, dtype=float)
    table = np.column_stack([(h < 12).astype(float), h / 100, (h / 100) ** 2])
    return Terms(("L", "g3", "age"), table, ("first 12 h", "hour", "hour squared"))


def first_grade_3(hours: Hours) -> np.ndarray:
    due = np.full(hours.n, NEVER)
    rows = np.flatnonzero(hours.covariates[:, 1] > 0)[::-1]
    due[hours.patient[rows]] = hours.hour[rows]
    return due


def rules(hours: Hours, initiation="uniform") -> tuple[Rule, Rule]:
    return (
        Rule("early", np.zeros(hours.n, int), GRACE, initiation),
        Rule("delay", first_grade_3(hours), None),
    )


def specs() -> list[Covariate]:
    """How the covariates go on: severity follows itself and treatment, grade 3 is latched severity."""
    return [
        Covariate("age", "fixed"),
        Covariate("L", "gaussian"),
        Covariate("g3", "derived", lambda new, old: np.maximum(old["g3"], new["L"] > 1.8)),
    ]
