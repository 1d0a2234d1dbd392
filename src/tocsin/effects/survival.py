"""Kaplan-Meier curves of one group: table, limits, survival at a time, follow-up."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, IntArray, numbers, times, times_and_events, z_value

if TYPE_CHECKING:
    import polars as pl

Interval = Literal["log-log", "plain", "log", "logit", "arcsin"]
FEW_AT_RISK = 10


@dataclass(frozen=True, slots=True, eq=False)
class KaplanMeier:
    """A Kaplan-Meier table: one row per distinct time, event or censoring.

    ``at_risk`` counts those whose time is not before the row's. ``se`` is Greenwood's; it and the limits are NaN
    where the formula has no value (survival 0; survival 1 too, but for the plain and log intervals).
    """

    time: FloatArray
    at_risk: IntArray
    events: IntArray
    censored: IntArray
    survival: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    cumulative_hazard: FloatArray
    n: int
    level: float
    interval: Interval

    def frame(self) -> "pl.DataFrame":
        """Return the table as a frame; a value that does not exist is null."""
        import polars as pl

        names = ("time", "at_risk", "events", "censored", "survival", "se", "low", "high")
        return pl.DataFrame({name: getattr(self, name) for name in names}).with_columns(
            pl.col("se", "low", "high").fill_nan(None)
        )


def kaplan_meier(
    time: npt.ArrayLike, event: npt.ArrayLike, *, level: float = 0.95, interval: Interval = "log-log"
) -> KaplanMeier:
    """Estimate a survival curve.

    Any unit of time; ``event`` is 1 for the event and 0 for censoring. At a tie, events come before censoring.
    No subjects give an empty table. Raises ValueError on NaN, negative or infinite times and on other codes.
    Kaplan & Meier, J Am Stat Assoc 1958;53:457. Checked: R survival, ``survfit``, five intervals.
    """
    z = z_value(level)
    t, e = times_and_events(time, event)
    # sorting values is several times faster than sorting places, which np.unique does for its inverse
    distinct, leaving = np.unique(t, return_counts=True)
    fatal, deaths = np.unique(t[e == 1], return_counts=True)
    died = np.zeros(distinct.size, np.int64)
    died[np.searchsorted(distinct, fatal)] = deaths
    at_risk = t.size - np.concatenate(([0], np.cumsum(leaving)))[: distinct.size]
    survival: FloatArray = np.cumprod(1 - died / at_risk, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        s = np.sqrt(np.cumsum(died / (at_risk * (at_risk - died).astype(np.float64))))
        se = np.where(survival > 0, survival * s, np.nan)
    low, high = band(survival, np.where(survival > 0, s, np.nan), z, interval)
    hazard: FloatArray = np.cumsum(died / at_risk, dtype=np.float64)
    return KaplanMeier(
        distinct, at_risk, died, leaving - died, survival, se, low, high, hazard, t.size, level, interval
    )


def band(survival: FloatArray, s: FloatArray, z: float, interval: Interval) -> tuple[FloatArray, FloatArray]:
    """Return pointwise limits; ``s`` is Greenwood's error of ln S. NaN where the transform has no value."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        match interval:
            case "plain":
                low, high = survival * (1 - z * s), survival * (1 + z * s)
            case "log":
                low, high = survival * np.exp(-z * s), survival * np.exp(z * s)
            case "log-log":
                width = z * s / np.log(survival)
                low, high = survival ** np.exp(-width), survival ** np.exp(width)
            case "logit":
                centre, width = np.log(survival / (1 - survival)), z * s / (1 - survival)
                low, high = 1 / (1 + np.exp(width - centre)), 1 / (1 + np.exp(-centre - width))
            case "arcsin":
                centre, width = np.arcsin(np.sqrt(survival)), z / 2 * s * np.sqrt(survival / (1 - survival))
                low = np.sin(np.clip(centre - width, 0, np.pi / 2)) ** 2
                high = np.sin(np.clip(centre + width, 0, np.pi / 2)) ** 2
            case _:
                raise ValueError(f"interval: unknown, {interval!r}")
    if interval not in ("plain", "log"):  # 1 to the power NaN is 1 in floating point, and would pass for a limit
        low, high = (np.where(survival == 1, np.nan, side) for side in (low, high))
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def survival_at(curve: KaplanMeier, at: npt.ArrayLike) -> list[Estimate]:
    """Return survival just after each time, one row per time.

    A time after the last follow-up is not estimable, unless survival had reached 0: the curve is never carried on.
    ``n`` counts all subjects, ``events`` those up to the time.
    """
    return [_survival_row(curve, float(x)) for x in times(at, "at")]


def _survival_row(curve: KaplanMeier, at: float) -> Estimate:
    measure, method = f"survival at {at:g}", f"Kaplan-Meier, {curve.interval} interval"
    if curve.n == 0:
        return not_estimable(measure, "no subjects", n=0, events=0, method=method, level=curve.level)
    events = int(curve.events[curve.time <= at].sum())
    last, end = float(curve.time[-1]), float(curve.survival[-1])
    if at > last and end > 0:
        why = f"follow-up ends at {last:g}"
        return not_estimable(measure, why, n=curve.n, events=events, method=method, level=curve.level)
    row = int(np.searchsorted(curve.time, at, side="right")) - 1
    survival = float(curve.survival[row]) if row >= 0 else 1.0
    low, high = (_or_none(side[row]) if row >= 0 else None for side in (curve.low, curve.high))
    left = int(number_at_risk(curve, [at])[0])
    return Estimate(
        measure, survival, low, high, curve.level, method, curve.n, events, _survival_note(survival, low, left)
    )


def _survival_note(survival: float, low: float | None, left: int) -> str:
    if survival == 1.0:
        return "no event so far: the interval has no width, which is not certainty"
    if low is None:
        return "survival is 0: Greenwood's interval does not exist"
    return f"{left} at risk: Greenwood's error is poor below {FEW_AT_RISK}" if left < FEW_AT_RISK else ""


def number_at_risk(curve: KaplanMeier, at: npt.ArrayLike) -> IntArray:
    """Count the subjects whose time is not before each given time."""
    wanted = numbers(at, "at")
    counts = np.concatenate((curve.at_risk, [0]))
    return counts[np.searchsorted(curve.time, wanted, side="left")].astype(np.int64)


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
