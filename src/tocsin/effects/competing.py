"""Cumulative incidence of one cause where another cause may come first."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, IntArray, codes, times, z_value

Variance = Literal["aalen", "greenwood"]
IncidenceInterval = Literal["log-log", "log", "plain"]


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeIncidence:
    """An Aalen-Johansen curve: one row per distinct time, event or censoring; limits are NaN while incidence is 0."""

    time: FloatArray
    at_risk: IntArray
    events: IntArray
    competing: IntArray
    incidence: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    event_free: FloatArray
    n: int
    cause: int
    level: float
    variance: Variance
    interval: IncidenceInterval


def cumulative_incidence(
    time: npt.ArrayLike,
    status: npt.ArrayLike,
    cause: int = 1,
    *,
    level: float = 0.95,
    variance: Variance = "aalen",
    interval: IncidenceInterval = "log-log",
) -> CumulativeIncidence:
    """Estimate the cumulative incidence of ``cause`` by Aalen-Johansen.

    ``status`` is 0 for censoring and a whole number per cause; every other cause competes. ``variance="aalen"`` is
    what R cmprsk ``cuminc`` prints, ``"greenwood"`` (multinomial) what R survival ``survfit`` prints.
    ``interval="log"`` is R survival's default, ``"log-log"`` that of ln(-ln F). Raises ValueError on wrong input.
    Aalen & Johansen, Scand J Stat 1978;5:141. Checked: R cmprsk and survival.
    """
    z = z_value(level)
    if variance not in ("aalen", "greenwood") or interval not in ("log-log", "log", "plain"):
        raise ValueError(f"variance or interval: unknown, {variance!r}, {interval!r}")
    t = times(time)
    s = codes(status, None, "status", t.size)
    if cause < 1 or int(cause) != cause:
        raise ValueError(f"cause: needs a whole number from 1, is {cause}")
    distinct, place = np.unique(t, return_inverse=True)
    leaving, own, other = (
        np.bincount(place[mask], minlength=distinct.size) for mask in (s >= 0, s == cause, (s > 0) & (s != cause))
    )
    at_risk = t.size - np.concatenate(([0], np.cumsum(leaving)))[: distinct.size]
    free: FloatArray = np.cumprod(1 - (own + other) / at_risk, dtype=np.float64)
    free_before = np.concatenate(([1.0], free))[: distinct.size]
    incidence: FloatArray = np.cumsum(free_before * own / at_risk)
    sizes = (at_risk.astype(np.float64), own.astype(np.float64), other.astype(np.float64))
    se = np.sqrt((_aalen if variance == "aalen" else _greenwood)(*sizes, free, free_before, incidence))
    low, high = _limits(incidence, se, z, interval)
    return CumulativeIncidence(
        distinct, at_risk, own, other, incidence, se, low, high, free, t.size, int(cause), level, variance, interval
    )


def _aalen(
    n: FloatArray, own: FloatArray, other: FloatArray, free: FloatArray, before: FloatArray, incidence: FloatArray
) -> FloatArray:
    """Return the variance at each time; events at a time vary as a draw without replacement, n = 1 as one draw.

    With F(t) - F(u) = a + b F(t) in each term the sums over u <= t become running sums: no loop over pairs of times.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        spread_own, spread_other = (np.where(n > 1, d * (n - d) / (n**2 * (n - 1)), d / n**2) for d in (own, other))
        ratio = np.where(free > 0, before / free, 0.0)
    # the coefficient of an own event is before - (F(t) - F(u)) ratio, of another event (F(t) - F(u)) ratio
    fixed = before + incidence * ratio
    squared = np.cumsum(ratio**2 * (spread_own + spread_other))
    crossed = np.cumsum(ratio * (fixed * spread_own + incidence * ratio * spread_other))
    constant = np.cumsum(fixed**2 * spread_own + (incidence * ratio) ** 2 * spread_other)
    return np.maximum(constant - 2 * incidence * crossed + incidence**2 * squared, 0.0)


def _greenwood(
    n: FloatArray, own: FloatArray, other: FloatArray, free: FloatArray, before: FloatArray, incidence: FloatArray
) -> FloatArray:
    """Return the multinomial (Greenwood-type) variance at each time, by running sums as above."""
    every = own + other
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(n > every, every / (n * (n - every)), 0.0)
    tied = before * own / n**2
    squared = np.cumsum(spread)
    crossed = np.cumsum(incidence * spread + tied)
    constant = np.cumsum(incidence**2 * spread + before**2 * own * (n - own) / n**3 + 2 * incidence * tied)
    return np.maximum(constant - 2 * incidence * crossed + incidence**2 * squared, 0.0)


def _limits(f: FloatArray, se: FloatArray, z: float, interval: IncidenceInterval) -> tuple[FloatArray, FloatArray]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if interval == "plain":
            low, high = f - z * se, f + z * se
        elif interval == "log":
            low, high = f * np.exp(-z * se / f), f * np.exp(z * se / f)
        else:
            width = z * se / (f * np.log(f))
            low, high = f ** np.exp(-width), f ** np.exp(width)
    defined = (f > 0) & (f < 1)
    return np.where(defined, np.clip(low, 0, 1), np.nan), np.where(defined, np.clip(high, 0, 1), np.nan)


def incidence_at(curve: CumulativeIncidence, at: npt.ArrayLike) -> list[Estimate]:
    """Return the cumulative incidence just after each time, one row per time.

    A time after the last follow-up is not estimable, unless nobody was left free of an event.
    """
    return [_incidence_row(curve, float(x)) for x in times(at, "at")]


def _incidence_row(curve: CumulativeIncidence, at: float) -> Estimate:
    measure = f"cumulative incidence at {at:g}"
    method = f"Aalen-Johansen, {curve.variance} variance, {curve.interval} interval"
    if curve.n == 0:
        return not_estimable(measure, "no subjects", n=0, events=0, method=method, level=curve.level)
    events = int(curve.events[curve.time <= at].sum())
    last = float(curve.time[-1])
    if at > last and curve.event_free[-1] > 0:
        why = f"follow-up ends at {last:g}"
        return not_estimable(measure, why, n=curve.n, events=events, method=method, level=curve.level)
    row = int(np.searchsorted(curve.time, at, side="right")) - 1
    value = float(curve.incidence[row]) if row >= 0 else 0.0
    if row < 0 or not np.isfinite(curve.low[row]):
        note = "no event of this cause so far" if value == 0 else "everybody had the event"
        return Estimate(measure, value, None, None, curve.level, method, curve.n, events, f"{note}: no interval")
    low, high = float(curve.low[row]), float(curve.high[row])
    return Estimate(measure, value, low, high, curve.level, method, curve.n, events)
