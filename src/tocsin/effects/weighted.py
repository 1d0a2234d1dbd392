"""Weighted survival and incidence curves, with an error that knows that weights are not patients."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, IntArray, codes, labels, numbers, times, z_value
from tocsin.effects.survival import Interval, band

FEW_EFFECTIVE = 10


@dataclass(frozen=True, slots=True, eq=False)
class WeightedCurve:
    """A weighted curve, one row per time at which somebody leaves; ``cause`` is 0 for survival.

    ``at_risk`` counts rows with a weight above 0, ``effective`` is (sum w)^2 / sum w^2 of them. ``se`` and the limits
    are NaN where they have no value. ``n`` counts clusters (patients), ``events`` rows that end in the event.
    """

    time: FloatArray
    at_risk: IntArray
    effective: FloatArray
    weight_at_risk: FloatArray
    weight_events: FloatArray
    events: IntArray
    value: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    n: int
    cause: int
    level: float
    interval: str


def weighted_kaplan_meier(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    start: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: Interval = "log-log",
) -> WeightedCurve:
    """Estimate a weighted survival curve with the robust (infinitesimal jackknife) error.

    A row is at risk after ``start`` (0 if not given) up to ``time``; ``cluster`` names the patient a row belongs to
    (each row its own if not given), so that weights may change over time and clones share a patient. Weights are taken
    as known: the error of a model behind them is not in it. Raises ValueError for a negative weight, NaN, wrong codes,
    or a row that does not end after it starts. Without weights the error of one row per patient is Greenwood's.
    Checked: R ``survfit`` with equal and unequal weights and clusters; finite differences of the curve in each weight.
    """
    z = z_value(level)
    rows = _Rows(time, codes(event, (0, 1), "event", np.size(time)), weight, start, cluster, 1)
    survival, se = rows.curves()[0]
    se = np.where(survival > 0, se, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = band(survival, np.where(survival > 0, se / survival, np.nan), z, interval)
    return rows.result(survival, se, low, high, 0, level, interval)


def weighted_incidence(
    time: npt.ArrayLike,
    status: npt.ArrayLike,
    weight: npt.ArrayLike,
    cause: int = 1,
    *,
    start: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> WeightedCurve:
    """Estimate the weighted cumulative incidence of ``cause`` by Aalen-Johansen, with the robust error.

    ``status`` is 0 for censoring and a whole number per cause. Rows, weights and clusters as in
    `weighted_kaplan_meier`; the interval is that of ln(-ln F). Checked: R ``survfit``, equal and unequal weights.
    """
    z = z_value(level)
    if cause < 1 or int(cause) != cause:
        raise ValueError(f"cause: needs a whole number from 1, is {cause}")
    rows = _Rows(time, codes(status, None, "status", np.size(time)), weight, start, cluster, int(cause))
    incidence, se = rows.curves()[1]
    inside = (incidence > 0) & (incidence < 1 - 1e-12)
    f = np.where(inside, incidence, 0.5)
    width = z * se / (f * np.log(f))
    low, high = (np.where(inside, f ** np.exp(side), np.nan) for side in (-width, width))
    return rows.result(incidence, se, low, high, int(cause), level, "log-log")


class _Rows:
    """Checked rows (start, time] of patients, and the sums over those at risk at every time of an event."""

    def __init__(
        self,
        time: npt.ArrayLike,
        status: IntArray,
        weight: npt.ArrayLike,
        start: npt.ArrayLike | None,
        cluster: npt.ArrayLike | None,
        cause: int,
    ) -> None:
        n = status.size
        given = numbers(np.zeros(n) if start is None else start, "start")
        if given.size != n:
            raise ValueError(f"start: {given.size} values, but {n} times")
        both = times(np.concatenate((numbers(time, "time"), given)))  # together: a row may start where another ends
        self.t, self.start = both[:n], both[n:]
        empty = np.flatnonzero(self.t <= self.start) if start is not None else np.empty(0, np.int64)
        if empty.size:
            raise ValueError(f"start: {empty.size} of {n} rows do not end after it (first: row {empty[0]})")
        self.w = numbers(weight, "weight")
        if self.w.size != n:
            raise ValueError(f"weight: {self.w.size} values, but {n} times")
        bad = np.flatnonzero(self.w < 0)
        if bad.size:
            raise ValueError(f"weight: {bad.size} of {n} values are negative (first: row {bad[0]})")
        self.late = start is not None
        self.own, self.other = status == cause, (status > 0) & (status != cause)
        self.patient = np.arange(n) if cluster is None else labels(cluster, "cluster", n)[1]
        self.n = int(self.patient.max()) + 1 if n else 0
        used = self.w > 0
        self.at = np.unique(self.t[used])
        self.risk = self._at_risk(np.ones(n)).round().astype(np.int64)
        self.weight_at_risk, squares = self._at_risk(self.w), self._at_risk(self.w**2)
        self.effective = self.weight_at_risk**2 / np.where(squares > 0, squares, 1.0)
        self.d1, self.d2 = (self._at_time(self.w * mask) for mask in (self.own, self.other))
        self.events = self._at_time(self.own & used).astype(np.int64)

    def _at_time(self, values: FloatArray | npt.NDArray[np.bool_]) -> FloatArray:
        used = self.w > 0
        place = np.searchsorted(self.at, self.t[used])
        return np.bincount(place, values[used].astype(np.float64), self.at.size).astype(np.float64)

    def _at_risk(self, values: FloatArray) -> FloatArray:
        """Sum over the rows at risk at each time; summed from the latest time, so that a few left stay exact."""
        used = self.w > 0
        change = self._at_time(values)
        if self.late:  # a row that starts at or after a time is not yet at risk there
            place = np.searchsorted(self.at, self.start[used], side="right")
            change = change - np.bincount(place, weights=values[used], minlength=self.at.size + 1)[1:]
        return np.cumsum(change[::-1])[::-1]

    def curves(self) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
        """Return survival and its error, incidence and its error.

        Each patient's influence on both (the derivative in the patient's weights, times these) is carried from time to
        time; the error is the root of the sum of its squares.
        """
        survival, incidence, se, se_incidence = (np.zeros(self.at.size) for _ in range(4))
        on_survival, on_incidence, present, part = (np.zeros(self.n) for _ in range(4))
        s, f, error, error_incidence = 1.0, 0.0, 0.0, 0.0
        ends, starts = (np.argsort(column, kind="stable") for column in (self.t, self.start))
        ends, starts = ends[self.w[ends] > 0], starts[self.w[starts] > 0]
        first = np.searchsorted(self.t[ends], np.append(self.at, np.inf), side="left")
        entered = np.searchsorted(self.start[starts], self.at, side="left" if self.late else "right")
        for j in range(self.at.size):
            enter, now = starts[entered[j - 1] if j else 0 : entered[j]], ends[first[j] : first[j + 1]]
            np.add.at(present, self.patient[enter], self.w[enter])  # each patient's weight at risk
            y, one, failed = float(self.weight_at_risk[j]), now[self.own[now]], now[self.own[now] | self.other[now]]
            if failed.size:
                h1, h = float(self.d1[j]) / y, float(self.d1[j] + self.d2[j]) / y
                on_incidence += np.multiply(on_survival, h1, out=part)
                on_incidence -= np.multiply(present, s * h1 / y, out=part)
                np.add.at(on_incidence, self.patient[one], self.w[one] * (s / y))
                on_survival *= 1 - h
                on_survival += np.multiply(present, s * h / y, out=part)
                np.add.at(on_survival, self.patient[failed], -self.w[failed] * (s / y))
                f += s * h1
                s = s * (1 - h) if failed.size < self.risk[j] else 0.0
                # not u @ u: threads of the linear algebra library wait for each other longer than the sum takes
                error, error_incidence = (
                    float(np.sqrt(np.square(u, out=part).sum())) for u in (on_survival, on_incidence)
                )
            np.subtract.at(present, self.patient[now], self.w[now])
            survival[j], incidence[j], se[j], se_incidence[j] = s, f, error, error_incidence
        return (survival, se), (incidence, se_incidence)

    def result(
        self, value: FloatArray, se: FloatArray, low: FloatArray, high: FloatArray, cause: int, level: float, how: str
    ) -> WeightedCurve:
        return WeightedCurve(
            self.at,
            self.risk,
            self.effective,
            self.weight_at_risk,
            self.d1,
            self.events,
            value,
            se,
            low,
            high,
            self.n,
            cause,
            level,
            how,
        )


def weighted_at(curve: WeightedCurve, at: npt.ArrayLike) -> list[Estimate]:
    """Return the curve just after each time, one row per time; after the last follow-up it is not estimable.

    The one exception is a survival that has reached 0. The note gives the effective number at risk where it is small.
    """
    return [_row(curve, float(x)) for x in times(at, "at")]


def _row(curve: WeightedCurve, at: float) -> Estimate:
    what = "survival" if curve.cause == 0 else "cumulative incidence"
    measure, estimator = f"weighted {what} at {at:g}", "Kaplan-Meier" if curve.cause == 0 else "Aalen-Johansen"
    method = f"weighted {estimator}, robust variance, {curve.interval} interval, weights taken as known"
    if not curve.time.size:
        why = "no subjects" if curve.n == 0 else "all weights are 0"
        return not_estimable(measure, why, n=curve.n, events=0, method=method, level=curve.level)
    events = int(curve.events[curve.time <= at].sum())
    last, ended = float(curve.time[-1]), curve.cause == 0 and curve.value[-1] == 0
    if at > last and not ended:
        why = f"follow-up ends at {last:g}"
        return not_estimable(measure, why, n=curve.n, events=events, method=method, level=curve.level)
    row = int(np.searchsorted(curve.time, at, side="right")) - 1
    start = 1.0 if curve.cause == 0 else 0.0
    value = float(curve.value[row]) if row >= 0 else start
    if row < 0 or value == start or not np.isfinite(curve.low[row]):
        note = "no event so far: no interval" if value == start else "the interval does not exist at 0 or 1"
        return Estimate(measure, value, None, None, curve.level, method, curve.n, events, note)
    later = np.flatnonzero(curve.time >= at)
    effective = float(curve.effective[later[0]]) if later.size else 0.0
    note = f"effective number at risk {effective:.1f}: a poor error" if effective < FEW_EFFECTIVE else ""
    low, high = float(curve.low[row]), float(curve.high[row])
    return Estimate(measure, value, low, high, curve.level, method, curve.n, events, note)
