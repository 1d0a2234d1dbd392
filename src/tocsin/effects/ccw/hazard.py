"""The hourly chance of a first dose, or of being lost: pooled logistic regression on the patients as they were.

One model on uncloned hours serves every rule. Newton's steps begin at 0, are halved where they lead down, and the
score is checked at the end: a climb that began elsewhere has ended below the maximum without an error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tocsin.effects.ccw import kernels
from tocsin.effects.ccw.hours import COMPETING, LOST, OUTCOME, BoolArray, Hours, Int32Array
from tocsin.effects.inputs import FloatArray, IntArray
from tocsin.errors import Problem, TocsinError

Penalty = Literal["none", "ridge", "firth"]
PRIOR_SD = 2.5  # of a coefficient per standard deviation of its covariate (Gelman et al., Ann Appl Stat 2008;2:1360)
START = "chance of a first dose"
NEVER_HAPPENS, ALWAYS_HAPPENS = "it never happens", "it happens in every hour at risk"
MOST_STEPS = 60
LONG_STEP = 0.01  # a coefficient that still moves by so much has not settled, however flat the likelihood
FLAT = 1e-13  # of the largest pivot: rounding, no information
BANDS = (0, 1, 2, 4, 8, 12, 24, 48, 96)  # hours at which the table of starts is cut


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What a model may use: covariates by name (``None``: all) and columns that depend on the hour only.

    ``by_hour`` has one row per hour of the grid. `hour_spline` makes one.
    """

    covariates: tuple[str, ...] | None = None
    by_hour: FloatArray | None = None
    by_hour_names: tuple[str, ...] = ()


def hour_spline(horizon: int, knots: tuple[float, ...]) -> tuple[FloatArray, tuple[str, ...]]:
    """Return a restricted cubic spline of the hour: linear beyond the outer knots; one column less than knots.

    Raises ValueError for fewer than 3 knots or knots out of order. Harrell, Regression Modeling Strategies, 2.4.5.
    """
    k = np.asarray(knots, np.float64)
    if k.size < 3 or (np.diff(k) <= 0).any():
        raise ValueError("knots: needs at least 3, ascending")
    hour = np.arange(horizon, dtype=np.float64)

    def cube(at: float) -> FloatArray:
        return np.maximum(hour - at, 0.0) ** 3

    last, before = float(k[-1]), float(k[-2])
    columns = [hour / float(last)]
    for knot in k[:-2].tolist():
        bend = cube(knot) - (cube(before) * (last - knot) - cube(last) * (before - knot)) / (last - before)
        columns.append(bend / (last - float(k[0])) ** 2)
    return np.column_stack(columns), tuple(f"hour, spline {j + 1}" for j in range(len(columns)))


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Rows of a model: ``x`` standardised, an intercept first; ``who`` is a row's patient, ``y`` 1 where it happens.

    ``left_out`` says which columns were given and not used, and why: they do not vary, or repeat others.
    """

    names: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    who: Int32Array
    centre: FloatArray
    scale: FloatArray
    left_out: dict[str, str]
    n: int


def start_design(hours: Hours, terms: Terms) -> Design:
    """First dose in the hour, over the hours that begin without the drug."""
    rows = hours.at_risk()
    return _design(hours, rows, hours.started[rows].astype(np.float64), terms, treated=False)


def loss_design(hours: Hours, terms: Terms) -> tuple[Design, IntArray]:
    """Lost in the hour, over the hours without outcome or death, and the places of these rows.

    Whether the drug has been given by the end of the hour is a column of its own.
    """
    rows = np.flatnonzero((hours.outcome != OUTCOME) & (hours.outcome != COMPETING))
    return _design(hours, rows, (hours.outcome[rows] == LOST).astype(np.float64), terms, treated=True), rows


def _design(hours: Hours, rows: IntArray, y: FloatArray, terms: Terms, *, treated: bool) -> Design:
    chosen = hours.names if terms.covariates is None else terms.covariates
    unknown = [name for name in chosen if name not in hours.names]
    if unknown:
        raise TocsinError(
            Problem(
                "emulate.term-unknown",
                f"term {name!r} is no covariate of the hours",
                do=f"Known are {', '.join(hours.names) or 'none'}.",
            )
            for name in unknown
        )
    table = np.empty((0, 0)) if terms.by_hour is None else terms.by_hour
    if table.shape[1] != len(terms.by_hour_names) or (table.size and table.shape[0] < hours.horizon):
        raise TocsinError.of(
            "emulate.term-unknown",
            f"by_hour: {table.shape} for {hours.horizon} hours and {len(terms.by_hour_names)} names",
        )
    names = [*chosen, *(("treated",) if treated else ()), *terms.by_hour_names]
    x = np.empty((rows.size, len(names) + 1))
    x[:, 0] = 1.0
    for j, name in enumerate(chosen):
        x[:, j + 1] = hours.covariates[rows, hours.names.index(name)]
    at = len(chosen) + 1
    if treated:
        x[:, at] = (hours.treated | hours.started)[rows]
        at += 1
    hour = hours.hour[rows]
    for j in range(table.shape[1]):
        x[:, at + j] = table[hour, j]
    return standardised(("intercept", *names), x, y, hours.patient[rows], hours.n)


def standardised(names: tuple[str, ...], x: FloatArray, y: FloatArray, who: Int32Array, n: int) -> Design:
    """Centre and scale the columns of ``x`` in place (an intercept first); leave out those that tell nothing new."""
    centre, scale = np.zeros(len(names)), np.ones(len(names))
    left_out: dict[str, str] = {}
    for j in range(1, len(names)):
        column = x[:, j]
        centre[j], spread = float(column.mean()), float(column.std())
        if spread <= 1e-12 * max(1.0, abs(centre[j])):
            left_out[names[j]] = "it does not vary over these hours"
        else:
            scale[j] = spread
        column -= centre[j]
        column /= scale[j]
    gram = x.T @ x / max(x.shape[0], 1)
    kept = [0]
    for j in range(1, len(names)):
        if names[j] in left_out:
            continue
        across = gram[kept, j]
        if 1.0 - float(across @ np.linalg.solve(gram[np.ix_(kept, kept)], across)) <= 1e-9:
            left_out[names[j]] = "it is a combination of the columns before it"
        else:
            kept.append(j)
    if len(kept) < len(names):
        x = np.ascontiguousarray(x[:, kept])
    return Design(tuple(names[j] for j in kept), x, y, who, centre[kept], scale[kept], left_out, n)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted chance per hour: ``coef`` and ``se`` are log odds per unit of the covariate, ``beta`` per SD of it.

    ``score`` is the largest entry of the score at the end, per event. ``why`` is empty where the fit stands, else it
    says what went wrong; ``away`` then names the columns whose coefficients run to infinity.
    """

    names: tuple[str, ...]
    beta: FloatArray
    coef: FloatArray
    se: FloatArray
    loglik: float
    score: float
    steps: int
    penalty: Penalty
    why: str = ""
    away: tuple[str, ...] = ()


def fit(
    design: Design,
    penalty: Penalty = "none",
    *,
    multiplicity: FloatArray | None = None,
    begin: FloatArray | None = None,
    one_step: bool = False,
    tolerance: float = 1e-10,
) -> Fit:
    """Maximise the (penalised) likelihood; never raises for the data, `Fit.why` says what failed.

    ``multiplicity`` is one weight per patient. ``ridge`` is a normal prior with SD 2.5 on each standardised
    coefficient; ``firth`` adds half the log determinant of the information (Firth, Biometrika 1993;80:27), and the
    intercept is then moved until the mean chance is the one observed (FLIC; Puhr et al., Stat Med 2017;36:2302).
    ``one_step``: a single Newton step from ``begin``.
    Checked: R ``glm``; Firth by direct maximisation.
    """
    m = np.ones(design.n) if multiplicity is None else multiplicity
    p = len(design.names)
    beta = np.zeros(p) if begin is None else begin.copy()
    weight = m[design.who]
    events, rows = float((weight * design.y).sum()), float(weight.sum())  # not @: its threads wait on each other
    if events == 0 or events == rows:
        why = NEVER_HAPPENS if events == 0 else ALWAYS_HAPPENS
        return _made(design, beta, np.zeros((p, p)), 0.0, math.inf, 0, penalty, why)
    climb = _Climb(design, m, penalty)
    if begin is not None and one_step:
        _, score, information = climb.at(beta, wanted=False)
        beta = beta + _solved(information, score)
        return _made(design, beta, information, math.nan, math.nan, 1, penalty, "")
    if begin is not None:
        near = climb.refined(beta, tolerance * events)
        if near is None:  # the climb goes wrong from here: begin again at 0, with steps halved where they lead down
            return fit(design, penalty, multiplicity=multiplicity, tolerance=tolerance)
        beta, information, norm, steps = near
        beta = climb.level(beta) if penalty == "firth" else beta
        return _made(design, beta, information, math.nan, norm / events, steps, penalty, "")
    value, score, information = climb.at(beta)
    away: tuple[str, ...] = ()
    why = "the steps towards the maximum did not settle"
    steps = 0
    while True:
        step, norm = _solved(information, score), float(np.abs(score).max()) / events
        runs = np.abs(step) > LONG_STEP
        if penalty == "none" and runs.any() and 0.5 * float((score * step).sum()) < 1e-9:
            away = tuple(name for name, far in zip(design.names, runs, strict=True) if far and name != "intercept")
            why = f"perfect separation: {', '.join(away) or 'intercept'}"
            break
        if norm <= tolerance and not runs.any():
            why = ""
            break
        if steps == MOST_STEPS:
            break
        steps += 1
        new = climb.at(beta + step)
        for _ in range(30):
            if new[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
            new = climb.at(beta + step)
        beta = beta + step
        value, score, information = new
    if why and norm <= 1e-6 and not runs.any():
        why = ""  # rounding holds the score above the tolerance; the maximum is reached
    if penalty == "firth" and not why:
        beta = climb.level(beta)
    return _made(design, beta, information, value, norm, steps, penalty, why, away)


def _solved(information: FloatArray, score: FloatArray) -> FloatArray:
    """Return Newton's step; none along a direction that no row speaks of (a level absent from a replicate)."""
    try:
        pivots = np.diag(np.linalg.cholesky(information)) ** 2
        if float(pivots.min()) > FLAT * float(pivots.max()):
            return np.asarray(np.linalg.solve(information, score), np.float64)
    except np.linalg.LinAlgError:
        pass
    return np.asarray(np.linalg.pinv(information, rcond=FLAT, hermitian=True) @ score, np.float64)


class _Climb:
    """Value, score and information of the (penalised) likelihood."""

    def __init__(self, design: Design, multiplicity: FloatArray, penalty: Penalty) -> None:
        p = len(design.names)
        self.design, self.multiplicity, self.penalty = design, multiplicity, penalty
        self.prior = np.full(p, 1 / PRIOR_SD**2 if penalty == "ridge" else 0.0)
        self.prior[0] = 0.0

    def _pass(
        self, beta: FloatArray, inverse: FloatArray, *, wanted: bool = True
    ) -> tuple[float, FloatArray, FloatArray]:
        d, p = self.design, beta.size
        score, information = np.empty(p), np.empty((p, p))
        value = kernels.derivatives()(d.x, d.y, d.who, self.multiplicity, beta, inverse, score, information, wanted)
        return float(value), score, information

    def refined(self, beta: FloatArray, enough: float) -> tuple[FloatArray, FloatArray, float, int] | None:
        """Newton's steps from near the maximum, without the likelihood; ``None`` unless the score comes down to 0.

        Each step must halve the score at least and be short: what separation does is neither.
        """
        before = math.inf
        for steps in range(12):
            _, score, information = self.at(beta, wanted=False)
            norm = float(np.abs(score).max())
            if not norm < before / 2 and steps > 1:
                return None
            step = _solved(information, score)
            longest = float(np.abs(step).max())
            if norm <= enough:
                return (beta, information, norm, steps) if longest < LONG_STEP else None
            if not longest < 3:
                return None
            beta, before = beta + step, norm
        return None

    def at(self, beta: FloatArray, *, wanted: bool = True) -> tuple[float, FloatArray, FloatArray]:
        value, score, information = self._pass(beta, np.empty((0, 0)), wanted=wanted)
        if self.penalty == "firth":
            sign, logdet = np.linalg.slogdet(information)
            if sign <= 0:
                return -math.inf, score, information
            score = self._pass(beta, np.asarray(np.linalg.inv(information), np.float64), wanted=wanted)[1]
            value += 0.5 * float(logdet)
        value -= 0.5 * float(self.prior @ beta**2)
        return value, score - self.prior * beta, information + np.diag(self.prior)

    def level(self, beta: FloatArray) -> FloatArray:
        """Move the intercept until the mean chance is the share observed."""
        for _ in range(50):
            _, score, information = self._pass(beta, np.empty((0, 0)))
            step = float(score[0] / information[0, 0])
            beta = beta.copy()
            beta[0] += max(-1.0, min(1.0, step))
            if abs(step) < 1e-12:
                break
        return beta


def _made(
    design: Design,
    beta: FloatArray,
    information: FloatArray,
    value: float,
    norm: float,
    steps: int,
    penalty: Penalty,
    why: str,
    away: tuple[str, ...] = (),
) -> Fit:
    coef = beta / design.scale
    coef[0] -= float(coef[1:] @ design.centre[1:])
    se = np.full(beta.size, np.nan)
    if not why:
        back = np.diag(1 / design.scale)
        back[0, 1:] = -design.centre[1:] / design.scale[1:]
        variance = np.diag(back @ np.linalg.pinv(information) @ back.T)
        se = np.sqrt(np.where(variance > 0, variance, np.nan))  # what rounding leaves below 0 is not known
    return Fit(design.names, beta, coef, se, value, norm, steps, penalty, why, away)


def odds(design: Design, beta: FloatArray) -> FloatArray:
    """Return p / (1 - p) of each row of the design."""
    out = np.empty(design.y.size)
    kernels.odds()(design.x, beta, out)
    return out


def starts_by_hour(hours: Hours) -> list[tuple[str, int, int]]:
    """Return (hours, patients' hours at risk, starts) in bands; the table an error message shows."""
    rows = hours.at_risk()
    return _bands(hours, rows, hours.started[rows])


def _bands(hours: Hours, rows: IntArray, happens: BoolArray) -> list[tuple[str, int, int]]:
    edges = [edge for edge in BANDS if edge < hours.horizon]
    band = np.searchsorted(np.asarray(edges), hours.hour[rows], side="right") - 1
    at_risk = np.bincount(band, minlength=len(edges))
    found = np.bincount(band[happens], minlength=len(edges))
    ends = [*edges[1:], hours.horizon]
    return [
        (f"{a}" if b == a + 1 else f"{a}-{b - 1}", int(k), int(s))
        for a, b, k, s in zip(edges, ends, at_risk, found, strict=True)
    ]


def refused(hours: Hours, made: Fit, what: str, rows: IntArray, happens: BoolArray) -> TocsinError:
    """The error that says why a chance cannot be fitted, with the table of how often it happens by hour."""
    table = "; ".join(f"{band}: {s:,} of {k:,}" for band, k, s in _bands(hours, rows, happens) if k)
    start = what.startswith(START)
    if start and made.why == NEVER_HAPPENS:
        slug, why = "emulate.nobody-started", "Without a start there is no chance of one, and no weight for any rule."
        do = "Widen the time window or the population, or describe the untreated only."
    elif start and made.why == ALWAYS_HAPPENS:
        slug = "emulate.everybody-started"
        why = "Nobody waited: what would have happened then cannot be read from these patients."
        do = "Move time zero to before the decision."
    elif made.why.startswith("perfect separation"):
        slug = "emulate.separation"
        why = "For some patients it is certain, or impossible, given what is known: their weights have no limit."
        do = "Leave the column out, merge its levels, or use the penalty ridge or firth."
    else:
        slug, why = "emulate.no-fit", "A model that has not reached its maximum gives wrong numbers without looking so."
        do = "Use fewer or simpler columns, or the penalty ridge."
    text = f"{what}: {made.why}. It happens, by hour: {table or 'no hour at risk'}"
    return TocsinError.of(slug, text, why, do)
