"""Cox regression: hazard ratios, tests, robust errors."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.effects.cox_data import CoxData, prepare
from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, z_value
from tocsin.effects.partial_likelihood import RiskSets, Ties, derivatives, evaluate, score_residuals

MOST_STEPS = 60
LARGEST_LOG = 700.0  # exp of more is no number


@dataclass(frozen=True, slots=True, eq=False)
class Cox:
    """A fitted model. ``rows`` holds one hazard ratio per covariate, in the order given.

    ``coef``, ``se``, ``model_se`` (not robust) and ``covariance`` are on the log scale, NaN where not estimable.
    ``infinite`` names the covariates without a finite maximum. ``concordance`` is Harrell's, on demand.
    """

    names: tuple[str, ...]
    rows: tuple[Estimate, ...]
    coef: FloatArray
    se: FloatArray
    model_se: FloatArray
    covariance: FloatArray
    loglik_null: float | None
    loglik: float | None
    likelihood_ratio: Estimate
    score: Estimate
    wald: Estimate
    infinite: tuple[str, ...]
    steps: int
    n: int
    events: int
    ties: Ties
    level: float
    method: str
    data: CoxData
    beta: FloatArray


def cox(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    covariates: Mapping[str, npt.ArrayLike],
    *,
    start: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    offset: npt.ArrayLike | None = None,
    patient: npt.ArrayLike | None = None,
    robust: bool | None = None,
    ties: Ties = "efron",
    level: float = 0.95,
) -> Cox:
    """Estimate hazard ratios, one per covariate and unit of it.

    Any unit of time; ``event`` is 1 or 0. With ``start`` a row is at risk in (start, time]: late entry, or several
    rows per ``patient`` whose covariates change. ``weights`` are positive. ``robust`` (sandwich errors, clustered by
    ``patient`` where given) is the default with ``patient`` without ``start``, and with weights that are not whole.
    ``ties="exact"`` is the discrete likelihood, for few tied events, without weights or robust errors.
    Not estimable, and said so: no event, a covariate that does not vary among those at risk or repeats others, a
    coefficient that runs to infinity (monotone likelihood: see `tocsin.effects.firth`). Raises ValueError on NaN,
    infinite or negative times, start not before time, other codes. No row is ever dropped.
    Cox, J R Stat Soc B 1972;34:187; Efron, J Am Stat Assoc 1977;72:557; Lin & Wei, J Am Stat Assoc 1989;84:1074.
    Checked: R survival, ``coxph``.
    """
    z = z_value(level)
    if ties not in ("efron", "breslow", "exact"):
        raise ValueError(f"ties: unknown, {ties!r}")
    if ties == "exact" and (weights is not None or robust):
        raise ValueError("ties: the exact likelihood knows no weights and no robust errors; use efron")
    data = prepare(time, event, covariates, start, strata, weights, offset, patient, ties)
    if robust is None:
        whole = weights is None or bool(np.all(np.mod(np.asarray(weights, np.float64), 1) == 0))
        robust = ties != "exact" and (not whole or (patient is not None and start is None))
    method = f"Cox, {ties} ties, Wald interval" + (f", {_sandwich(data)}" if robust else "")
    if data.sets is None or data.null is None or not data.kept.size:
        return _unfitted(data, ties, level, method)
    return _fitted(data, data.sets, data.null, robust, z, ties, level, method)


def _unfitted(data: CoxData, ties: Ties, level: float, method: str) -> Cox:
    """Return the model of which nothing can be estimated, and why."""
    why = "no event" if not data.events else "no covariate varies among those at risk at an event"
    p = len(data.names)
    nothing, empty = np.full(p, np.nan), np.full((p, p), np.nan)
    rows = tuple(
        not_estimable(
            f"hazard ratio, {name}",
            data.left_out.get(name, why),
            n=data.n,
            events=data.events,
            method=method,
            level=level,
        )
        for name in data.names
    )
    lr, score, wald = (_no_test(kind, why, data, method) for kind in ("likelihood ratio", "score", "Wald"))
    return Cox(
        data.names, rows, nothing, nothing, nothing, empty, None, None, lr, score, wald, (), 0, data.n, data.events,
        ties, level, method, data, nothing,
    )  # fmt: skip


def _fitted(
    data: CoxData,
    sets: RiskSets,
    begin: tuple[float, FloatArray, FloatArray],
    robust: bool,
    z: float,
    ties: Ties,
    level: float,
    method: str,
) -> Cox:
    p, df, zero = len(data.names), data.kept.size, np.zeros(data.kept.size)

    def value(beta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        return derivatives(sets, beta, ties)

    begin = value(zero) if ties == "exact" else begin
    null, u0, i0 = begin
    if not math.isfinite(null):
        raise ValueError("ties: too many events at one time for the exact likelihood; use efron")
    best = maximise(value, zero, begin, float(sets.mass.sum()) / data.events)
    finite = ~best.infinite
    inverse = np.full((df, df), np.nan)
    inverse[np.ix_(finite, finite)] = np.linalg.inv(best.information[np.ix_(finite, finite)])
    used = _robust(data, sets, best.beta, inverse, finite) if robust else inverse
    scale = np.outer(sets.scale, sets.scale)
    coef, model_se, covariance = np.full(p, np.nan), np.full(p, np.nan), np.full((p, p), np.nan)
    coef[data.kept] = np.where(finite, best.beta / sets.scale, np.nan)
    covariance[np.ix_(data.kept, data.kept)] = used / scale
    model_se[data.kept] = np.sqrt(np.diag(inverse / scale))
    se = np.sqrt(np.diag(covariance))
    away = {data.names[k]: float(b) for k, b, f in zip(data.kept, best.beta, finite, strict=True) if not f}
    rows = tuple(_row(data, j, coef[j], se[j], z, away, best.converged, level, method) for j in range(p))
    loose = "takes the rows as independent" if robust else ""
    limit = "the likelihood has no finite maximum; its limit is used" if away else ""
    if best.converged:
        both = "; ".join(filter(None, (loose, limit)))
        lr = _test("likelihood ratio", 2 * (best.loglik - null), df, data, method, both)
    else:
        lr = _no_test("likelihood ratio", "the steps towards the maximum did not settle", data, method)
    score = _test("score", float(u0 @ np.linalg.solve(i0, u0)), df, data, method, loose)
    if away or not best.converged or np.linalg.matrix_rank(used) < df:
        wald = _no_test("Wald", "a coefficient has no finite estimate or error", data, method)
    else:
        wald = _test("Wald", float(best.beta @ np.linalg.solve(used, best.beta)), df, data, method, "")
    return Cox(
        data.names, rows, coef, se, model_se, covariance, null, best.loglik, lr, score, wald, tuple(away), best.steps,
        data.n, data.events, ties, level, method, data, best.beta,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """Where Newton's steps ended; ``infinite`` marks coefficients that still run while the likelihood stands."""

    beta: FloatArray
    loglik: float
    information: FloatArray
    infinite: npt.NDArray[np.bool_]
    converged: bool
    steps: int


def maximise(
    value: Callable[[FloatArray], tuple[float, FloatArray, FloatArray]],
    beta: FloatArray,
    begin: tuple[float, FloatArray, FloatArray],
    unit: float = 1.0,
) -> Maximum:
    """Climb by Newton's steps, halved where they lead down; covariates are scaled to a range of 1.

    ``unit`` is the mean weight of an event. Where the likelihood gains less than 1e-9 of it while a log hazard still
    moves by 0.01 or more over a covariate's range, no finite maximum exists (monotone likelihood): each step of such a
    climb is near 1, and the gain falls e-fold.
    """
    loglik, score, information = new = begin
    none = np.zeros(beta.size, np.bool_)
    for steps in range(1, MOST_STEPS + 1):
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            return Maximum(beta, loglik, information, none | True, False, steps)
        gain = 0.5 * float(score @ step)
        if gain < 1e-9 * unit and float(np.abs(step).max()) > 0.01:
            return Maximum(beta, loglik, information, np.abs(step) > 0.01, True, steps)
        for _ in range(30):
            new = value(beta + step)
            if math.isfinite(new[0]) and new[0] >= loglik - 1e-12 * abs(loglik):
                break
            step = step / 2
        else:
            return Maximum(beta, loglik, information, none, False, steps)
        beta = beta + step
        loglik, score, information = new
        if float(np.abs(step).max()) < 1e-7:
            return Maximum(beta, loglik, information, none, True, steps)
    return Maximum(beta, loglik, information, none, False, MOST_STEPS)


def _robust(
    data: CoxData, sets: RiskSets, beta: FloatArray, inverse: FloatArray, finite: npt.NDArray[np.bool_]
) -> FloatArray:
    """Return the sandwich: squared weighted changes of the coefficients, summed by patient first."""
    parts = score_residuals(sets, evaluate(sets, beta))[finite] * sets.weight
    if data.patient is not None:
        who = data.patient[sets.order]
        parts = np.stack([np.bincount(who, weights=part) for part in parts])
    inner = inverse[np.ix_(finite, finite)]
    out = np.full_like(inverse, np.nan)
    out[np.ix_(finite, finite)] = inner @ (parts @ parts.T) @ inner
    return out


def _sandwich(data: CoxData) -> str:
    return "robust error" + ("" if data.patient is None else f" clustered by patient ({data.n} patients)")


def _row(
    data: CoxData,
    j: int,
    coef: float,
    se: float,
    z: float,
    away: dict[str, float],
    converged: bool,
    level: float,
    method: str,
) -> Estimate:
    name, n, events = data.names[j], data.n, data.events
    measure = f"hazard ratio, {name}"
    why = data.left_out.get(name, "")
    if name in away:
        side = "infinity" if away[name] > 0 else "zero"
        why = f"monotone likelihood, the hazard ratio runs to {side}; use Firth's estimate"
    elif not converged:
        why = "the steps towards the maximum did not settle"
    elif not why and not 0 < se < math.inf:
        why = "its error is zero"
    if why:
        return not_estimable(measure, why, n=n, events=events, method=method, level=level)
    note = data.notes[name]
    if away:
        note = "; ".join(filter(None, (note, f"beside {', '.join(away)}, whose ratio has no finite estimate")))
    return ratio_row(measure, (coef, coef - z * se, coef + z * se), level, method, n, events, note, normal_p(coef / se))


def ratio_row(
    measure: str,
    ends: tuple[float, float | None, float | None],
    level: float,
    method: str,
    n: int,
    events: int,
    note: str,
    p: float | None,
) -> Estimate:
    """Return a row of exponentials; one too large or too small for a number is ``None`` with a note."""
    far = [end is not None and abs(end) > LARGEST_LOG for end in ends]
    value, low, high = (None if end is None or out else math.exp(end) for end, out in zip(ends, far, strict=True))
    if any(far):
        note = "; ".join(filter(None, (note, "a ratio beyond e^700 or e^-700 is not printed: choose another unit")))
    return Estimate(measure, value, low, high, level, method, n, events, note, p)


def normal_p(z: float) -> float:
    """Return the two-sided normal p."""
    return math.erfc(abs(z) / math.sqrt(2))


def _test(kind: str, value: float, df: int, data: CoxData, method: str, note: str) -> Estimate:
    from scipy.special import chdtrc

    value = max(value, 0.0)
    label = f"{method.split(', Wald')[0]}, {kind} test, chi-square with {df} df"
    p = float(chdtrc(df, value))
    return Estimate(f"{kind} test", value, None, None, None, label, data.n, data.events, note, p)


def _no_test(kind: str, why: str, data: CoxData, method: str) -> Estimate:
    return not_estimable(f"{kind} test", why, n=data.n, events=data.events, method=method, level=None)
