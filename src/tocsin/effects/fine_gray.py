"""Fine and Gray's regression on the cumulative incidence of one cause."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, IntArray, codes, numbers, times, z_value

METHOD = "Fine-Gray, Breslow ties, censoring by Kaplan-Meier"
MOST_STEPS = 50
SCORE_LEFT = 1e-9  # of the score, in units of its own standard error, where the search ends
FARTHEST = 12.0  # log hazard ratio per standard deviation; beyond, the likelihood rises for ever


@dataclass(frozen=True, slots=True, eq=False)
class FineGray:
    """Subdistribution hazard ratios, a row per covariate; the arrays are ``None`` where ``rows`` say why."""

    names: tuple[str, ...]
    rows: tuple[Estimate, ...]
    coefficients: FloatArray | None
    covariance: FloatArray | None
    log_likelihood: float | None


def fine_gray(
    time: npt.ArrayLike,
    status: npt.ArrayLike,
    covariates: Mapping[str, npt.ArrayLike],
    cause: int = 1,
    *,
    level: float = 0.95,
) -> FineGray:
    """Estimate subdistribution hazard ratios of ``cause``, Wald intervals and p from the sandwich variance.

    ``status`` is 0 for censoring and a whole number per cause. A patient with another cause stays at risk with the
    weight G(t-) / G(T-), G the Kaplan-Meier curve of censoring, whose own error is in the variance. No event of the
    cause, a constant covariate, covariates that repeat each other, or a likelihood without a maximum (every event in
    one arm): rows that say "not estimable". ValueError for NaN, wrong codes or lengths.
    The ratio is of subdistribution hazards, which no patient has: show the cumulative incidence beside it.
    Fine & Gray, J Am Stat Assoc 1999;94:496. Checked: R cmprsk, ``crr``.
    """
    z = z_value(level)
    t = times(time)
    s = codes(status, None, "status", t.size)
    if cause < 1 or int(cause) != cause:
        raise ValueError(f"cause: needs a whole number from 1, is {cause}")
    names, x = _matrix(covariates, t.size)
    events = int((s == cause).sum())

    def silent(why: str) -> FineGray:
        rows = (
            not_estimable(_measure(name), why, n=t.size, events=events, method=METHOD, level=level) for name in names
        )
        return FineGray(names, tuple(rows), None, None, None)

    why = _refused(t, events, names, x)
    if why:
        return silent(why)
    order = np.argsort(t, kind="stable")
    sets = _RiskSets(t[order], s[order], cause)
    scale = x.std(axis=0)
    scaled = ((x - x.mean(axis=0)) / scale)[order]
    beta = _maximum(sets, scaled)
    if beta is None:
        return silent("the likelihood has no maximum: a covariate separates the events from the rest")
    score = sets.evaluate(scaled, beta)
    inverse = np.linalg.inv(score.information)
    influence = sets.influence(scaled, beta)
    covariance = inverse @ (influence.T @ influence) @ inverse / np.outer(scale, scale)
    coefficients = beta / scale
    rows = tuple(
        _row(name, float(b), math.sqrt(float(v)), z, level, t.size, events)
        for name, b, v in zip(names, coefficients, np.diag(covariance), strict=True)
    )
    return FineGray(names, rows, coefficients, covariance, score.log_likelihood)


def _measure(name: str) -> str:
    return f"subdistribution hazard ratio of {name}"


def _row(name: str, b: float, se: float, z: float, level: float, n: int, events: int) -> Estimate:
    few = "fewer than 10 events per covariate may mislead: compare Gray's permutation" if events < 10 else ""
    p = 2 * NormalDist().cdf(-abs(b) / se) if se > 0 else None
    method = f"{METHOD}, sandwich interval"
    if p is None:
        return not_estimable(_measure(name), "no variance", n=n, events=events, method=method, level=level)
    return Estimate(
        _measure(name), math.exp(b), math.exp(b - z * se), math.exp(b + z * se), level, method, n, events, few, p
    )


def _matrix(covariates: Mapping[str, npt.ArrayLike], n: int) -> tuple[tuple[str, ...], FloatArray]:
    if not covariates:
        raise ValueError("covariates: needs at least one")
    columns = {name: numbers(values, name) for name, values in covariates.items()}
    for name, column in columns.items():
        if column.size != n:
            raise ValueError(f"{name}: {column.size} values, but {n} times")
    return tuple(columns), np.column_stack(list(columns.values()))


def _refused(t: FloatArray, events: int, names: tuple[str, ...], x: FloatArray) -> str:
    if not t.size:
        return "no subjects"
    if not events:
        return "no event of this cause"
    constant = [name for name, column in zip(names, x.T, strict=True) if column.min() == column.max()]
    if constant:
        return f"constant: {', '.join(constant)}"
    centred = (x - x.mean(axis=0)) / x.std(axis=0)
    return "the covariates repeat each other" if np.linalg.matrix_rank(centred) < x.shape[1] else ""


@dataclass(frozen=True, slots=True, eq=False)
class _Score:
    log_likelihood: float
    gradient: FloatArray
    information: FloatArray


class _RiskSets:
    """Sums over the weighted risk sets of sorted times, by running sums: no loop over pairs of patients and times.

    Every sum over the risk set of a time is that over the patients not yet out, plus G(t-) times that over patients
    with another cause before it, each divided by G just before their own time.
    """

    def __init__(self, t: FloatArray, s: IntArray, cause: int) -> None:
        self.t, self.censored, self.own = t, s == 0, s == cause
        self.other = ~self.censored & ~self.own
        self.at, self.d = np.unique(t[self.own], return_counts=True)
        moments, place = np.unique(t, return_inverse=True)
        gone = np.bincount(place[self.censored], minlength=moments.size)
        still = t.size - np.searchsorted(t, moments, side="left")
        curve = np.concatenate(([1.0], np.cumprod(1 - gone / still)))  # G just before each moment, then at the last
        self.g_own = curve[place]
        self.g_at = curve[np.searchsorted(moments, self.at)]
        self.first = np.searchsorted(t, self.at, side="left")
        # G before a time of failure is above 0: the patient who failed was still uncensored
        self.lifted = np.where(self.other, 1 / np.where(self.other, self.g_own, 1.0), 0.0)
        self.censor_times, self.gone, self.left = moments[gone > 0], gone[gone > 0], still[gone > 0]

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the weighted sum of the rows of ``values`` over the risk set of every event time."""
        head = np.zeros((1, *values.shape[1:]))
        shape = (-1,) + (1,) * (values.ndim - 1)
        ahead = np.concatenate((np.cumsum(values[::-1], axis=0)[::-1], head))
        behind = np.concatenate((head, np.cumsum(values * self.lifted.reshape(shape), axis=0)))
        return ahead[self.first] + self.g_at.reshape(shape) * behind[self.first]

    def evaluate(self, x: FloatArray, beta: FloatArray) -> _Score:
        """Return log partial likelihood (Breslow ties), its gradient and minus its second derivative."""
        linear = x @ beta
        shift = float(linear.max())
        risk = np.exp(linear - shift)
        s0, s1 = self.sums(risk), self.sums(risk[:, None] * x)
        s2 = self.sums(risk[:, None, None] * x[:, :, None] * x[:, None, :])
        mean = s1 / s0[:, None]
        spread = s2 / s0[:, None, None] - mean[:, :, None] * mean[:, None, :]
        value = float(linear[self.own].sum() - (self.d * (np.log(s0) + shift)).sum())
        gradient = x[self.own].sum(axis=0) - (self.d[:, None] * mean).sum(axis=0)
        return _Score(value, gradient, (self.d[:, None, None] * spread).sum(axis=0))

    def influence(self, x: FloatArray, beta: FloatArray) -> FloatArray:
        """Return each patient's part of the score: their own residual, plus what their censoring did to G."""
        risk = np.exp(x @ beta)
        s0 = self.sums(risk)
        mean = self.sums(risk[:, None] * x) / s0[:, None]
        hazard = self.d / s0
        columns = np.column_stack((hazard, hazard[:, None] * mean))
        up_to = np.concatenate((np.zeros((1, columns.shape[1])), np.cumsum(columns, axis=0)))
        lifted = np.concatenate((np.zeros((1, columns.shape[1])), np.cumsum(columns * self.g_at[:, None], axis=0)))
        place = np.searchsorted(self.at, self.t, side="right")
        here, later = up_to[place], lifted[-1] - lifted[place]
        residual = -risk[:, None] * (x * here[:, :1] - here[:, 1:])
        residual -= (risk * self.lifted)[:, None] * (x * later[:, :1] - later[:, 1:])
        residual[self.own] += x[self.own] - mean[np.searchsorted(self.at, self.t[self.own])]
        return residual + self._of_censoring(x, risk, lifted)

    def _of_censoring(self, x: FloatArray, risk: FloatArray, lifted: FloatArray) -> FloatArray:
        """Return the integral of q / pi against each patient's censoring martingale; q moves the weights after u."""
        if not self.censor_times.size:
            return np.zeros_like(x)
        weight = (risk * self.lifted)[:, None]
        carried = np.concatenate((np.zeros((1, x.shape[1] + 1)), np.cumsum(np.hstack((weight, weight * x)), axis=0)))
        # the paper's convention at ties, and cmprsk's: other causes before u, events from u on
        out = carried[np.searchsorted(self.t, self.censor_times, side="left")]
        after = lifted[-1] - lifted[np.searchsorted(self.at, self.censor_times, side="left")]
        q = out[:, 1:] * after[:, :1] - out[:, :1] * after[:, 1:]
        jump = q / self.left[:, None]
        drift = np.concatenate((np.zeros((1, x.shape[1])), np.cumsum(jump * (self.gone / self.left)[:, None], axis=0)))
        part = -drift[np.searchsorted(self.censor_times, self.t, side="right")]
        part[self.censored] += jump[np.searchsorted(self.censor_times, self.t[self.censored])]
        return part


def _maximum(sets: _RiskSets, x: FloatArray) -> FloatArray | None:
    """Return the coefficients by Newton's method with halved steps; ``None`` where there is no maximum."""
    beta = np.zeros(x.shape[1])
    now = sets.evaluate(x, beta)
    for _ in range(MOST_STEPS):
        if np.linalg.matrix_rank(now.information, hermitian=True) < beta.size or np.abs(beta).max() > FARTHEST:
            return None
        step = np.linalg.solve(now.information, now.gradient)
        if math.sqrt(max(float(now.gradient @ step), 0.0)) < SCORE_LEFT:
            return beta
        for halving in range(30):
            then = sets.evaluate(x, beta + step / 2**halving)
            if then.log_likelihood > now.log_likelihood - 1e-12 * abs(now.log_likelihood):
                beta, now = beta + step / 2**halving, then
                break
        else:
            return None
    return None
