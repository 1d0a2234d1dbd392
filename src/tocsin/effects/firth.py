"""Cox regression by Firth's penalised likelihood: finite without events in an arm, less biased where events are few."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tocsin.effects.cox import ratio_row
from tocsin.effects.cox_data import CoxData, prepare
from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, z_value
from tocsin.effects.partial_likelihood import RiskSets, evaluate

MOST_STEPS = 100
DIFFERENCE = 1e-5  # of a log hazard ratio over a covariate's range
MOST_DOUBLINGS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Firth:
    """A penalised fit. ``rows`` holds one hazard ratio per covariate, with profile limits and likelihood-ratio p.

    ``coef``, ``low``, ``high`` and ``se`` (from the information, for reading only) are on the log scale, NaN where not
    estimable. ``test`` compares with all coefficients 0.
    """

    names: tuple[str, ...]
    rows: tuple[Estimate, ...]
    coef: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    penalised_loglik: float | None
    test: Estimate
    n: int
    events: int
    level: float
    method: str


@dataclass(frozen=True, slots=True, eq=False)
class Peak:
    """Where the climb ended: penalised likelihood and information there."""

    beta: FloatArray
    value: float
    information: FloatArray
    converged: bool


def firth(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    covariates: Mapping[str, npt.ArrayLike],
    *,
    start: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    offset: npt.ArrayLike | None = None,
    patient: npt.ArrayLike | None = None,
    ties: Literal["efron", "breslow"] = "efron",
    level: float = 0.95,
) -> Firth:
    """Estimate hazard ratios that maximise l(b) + 0.5 log|I(b)|.

    Input, units and errors as in `tocsin.effects.cox.cox`; ``patient`` only counts subjects. Limits are where twice the
    penalised profile likelihood falls by the chi-square quantile, p is the penalised likelihood-ratio test. A covariate
    that does not vary among those at risk, or no event, is not estimable here either.
    Heinze & Schemper, Biometrics 2001;57:114. Checked: R, direct maximisation with ``coxph``'s likelihood.
    """
    z = z_value(level)
    if ties not in ("efron", "breslow"):
        raise ValueError(f"ties: efron or breslow, not {ties!r}")
    method = f"Cox, Firth's penalty, {ties} ties, profile likelihood interval"
    data = prepare(time, event, covariates, start, strata, None, offset, patient, ties)
    p = len(data.names)
    coef, se, low, high = (np.full(p, np.nan) for _ in range(4))
    sets, kept = data.sets, data.kept
    if sets is None or not kept.size:
        why = "no event" if sets is None else "no covariate varies among those at risk at an event"
        rows = tuple(_missing(data, name, data.left_out.get(name, why), level, method) for name in data.names)
        test = not_estimable("all hazard ratios 1", why, n=data.n, events=data.events, method=method, level=None)
        return Firth(data.names, rows, coef, se, low, high, None, test, data.n, data.events, level, method)
    best = climb(sets, np.zeros(kept.size), np.ones(kept.size, np.bool_))
    rows = {name: _missing(data, name, why, level, method) for name, why in data.left_out.items()}
    error = np.sqrt(np.diag(np.linalg.inv(best.information)))
    for k, j in enumerate(kept):
        name = data.names[j]
        if not best.converged:
            rows[name] = _missing(data, name, f"no convergence in {MOST_STEPS} steps", level, method)
            continue
        coef[j], se[j] = best.beta[k] / sets.scale[k], error[k] / sets.scale[k]
        ends = [_limit(sets, best, k, side * float(error[k]), z) for side in (-1, 1)]
        low[j], high[j] = (np.nan if end is None else end / sets.scale[k] for end in ends)
        rows[name] = _row(data, int(j), float(coef[j]), float(low[j]), float(high[j]), _p(sets, best, k), level, method)
    flat = _penalised(sets, np.zeros(kept.size))[0]
    drop = max(2 * (best.value - flat), 0.0)
    from scipy.special import chdtrc

    label = f"{method.split(', profile')[0]}, penalised likelihood ratio test, chi-square with {kept.size} df"
    global_p = float(chdtrc(kept.size, drop))
    test = Estimate("all hazard ratios 1", drop, None, None, None, label, data.n, data.events, "", global_p)
    inorder = tuple(rows[name] for name in data.names)
    height = best.value + float(np.log(sets.scale).sum())
    return Firth(data.names, inorder, coef, se, low, high, height, test, data.n, data.events, level, method)


def _penalised(sets: RiskSets, beta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Return l + 0.5 log|I|, its first derivative, and I; the derivative of I is the sum of third central moments."""
    pieces = evaluate(sets, beta)
    information = pieces.information(sets)
    sign, log_det = np.linalg.slogdet(information)
    if not math.isfinite(pieces.loglik) or sign <= 0:
        return -math.inf, np.zeros_like(beta), information
    inverse = np.linalg.inv(information)
    mean, mass, x = pieces.mean, sets.mass, sets.x
    total = mass / pieces.hazard
    square = np.einsum("in,ij,jn->n", x, inverse, x)
    turned = inverse @ mean
    first = x @ (pieces.risk * pieces.summed * square)
    second = mean @ (mass * sets.per_piece(pieces.risk * square) / total)
    third = np.zeros_like(beta)
    for r in range(beta.size):
        for a in range(r + 1):
            moment = mass * sets.per_piece(pieces.risk * x[r] * x[a]) / total
            third[r] += float(moment @ turned[a])
            if a != r:
                third[a] += float(moment @ turned[r])
    fourth = mean @ (mass * np.einsum("in,in->n", mean, turned))
    slope = first - second - 2 * third + 2 * fourth
    return pieces.loglik + 0.5 * float(log_det), pieces.score(sets) + 0.5 * slope, information


def climb(sets: RiskSets, beta: FloatArray, free: npt.NDArray[np.bool_]) -> Peak:
    """Maximise over the ``free`` coefficients, the others held; steps of at most 1 over a covariate's range."""
    value, score, information = _penalised(sets, beta)
    if not free.any():
        return Peak(beta, value, information, math.isfinite(value))
    for _ in range(MOST_STEPS):
        step = np.zeros_like(beta)
        try:
            step[free] = np.linalg.solve(_bend(sets, beta, free, information), score[free])
        except np.linalg.LinAlgError:
            return Peak(beta, value, information, False)
        largest = float(np.abs(step).max())
        if largest < 1e-9:
            return Peak(beta, value, information, True)
        step /= max(1.0, largest)
        new = _penalised(sets, beta + step)
        for _ in range(40):
            if new[0] >= value - 1e-12 * abs(value):
                break
            step /= 2
            new = _penalised(sets, beta + step)
        beta, (value, score, information) = beta + step, new
    return Peak(beta, value, information, False)


def _bend(sets: RiskSets, beta: FloatArray, free: npt.NDArray[np.bool_], information: FloatArray) -> FloatArray:
    """Return minus the second derivative over ``free``, by differences of the first; where it is not positive, I.

    I alone leaves out the penalty's own bend: with one event its steps are twice too long and never settle.
    """
    places = np.flatnonzero(free)
    bend = np.empty((places.size, places.size))
    for c, k in enumerate(places):
        off = np.zeros_like(beta)
        off[k] = DIFFERENCE
        bend[c] = (_penalised(sets, beta - off)[1] - _penalised(sets, beta + off)[1])[places] / (2 * DIFFERENCE)
    bend = (bend + bend.T) / 2
    if np.isfinite(bend).all() and float(np.linalg.eigvalsh(bend)[0]) > 0:
        return bend
    return information[np.ix_(free, free)]


def _profile(sets: RiskSets, k: int, at: float, begin: FloatArray) -> Peak:
    """Maximise with coefficient ``k`` held at a value, from a given point."""
    beta = begin.copy()
    beta[k] = at
    return climb(sets, beta, np.arange(beta.size) != k)


def _limit(sets: RiskSets, best: Peak, k: int, step: float, z: float) -> float | None:
    """Return where the profile has fallen by the quantile, going out from the peak; ``None`` where it never does."""
    begin = best.beta

    def excess(at: float) -> float:
        nonlocal begin
        peak = _profile(sets, k, at, begin)
        if not peak.converged:
            raise ArithmeticError
        begin = peak.beta
        return 2 * (best.value - peak.value) - z * z

    near, far = float(best.beta[k]), float(best.beta[k]) + step
    try:
        for _ in range(MOST_DOUBLINGS):
            if excess(far) > 0:
                return _root(excess, near, far)
            near, far = far, far + (far - near) * 1.5
    except ArithmeticError:
        return None
    return None


def _root(excess: Callable[[float], float], near: float, far: float) -> float:
    from scipy.optimize import brentq

    found: Any = brentq(excess, near, far, xtol=1e-11)
    return float(found)


def _p(sets: RiskSets, best: Peak, k: int) -> float | None:
    peak = _profile(sets, k, 0.0, best.beta)
    return math.erfc(math.sqrt(max(best.value - peak.value, 0.0))) if peak.converged else None


def _missing(data: CoxData, name: str, why: str, level: float, method: str) -> Estimate:
    return not_estimable(f"hazard ratio, {name}", why, n=data.n, events=data.events, method=method, level=level)


def _row(
    data: CoxData, j: int, coef: float, low: float, high: float, p: float | None, level: float, method: str
) -> Estimate:
    lost = [side for side, end in (("lower", low), ("upper", high)) if math.isnan(end)]
    note = f"no {' and no '.join(lost)} limit was found: the profile could not be followed" if lost else ""
    if p is None:
        note = "; ".join(filter(None, (note, "p could not be computed")))
    ends = (coef, None if math.isnan(low) else low, None if math.isnan(high) else high)
    return ratio_row(f"hazard ratio, {data.names[j]}", ends, level, method, data.n, data.events, note, p)
