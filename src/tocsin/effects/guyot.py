"""Patients read back from a published Kaplan-Meier curve with its numbers at risk."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.effects.inputs import FloatArray, IntArray, count, numbers, times

RISE = 0.02  # a digitised point this much above an earlier one is a slip of the hand and is lowered; more is refused


@dataclass(frozen=True, slots=True, eq=False)
class Reconstruction:
    """One row per patient read back, and how well they give the printed figures again.

    ``at_risk`` holds, for each printed time, the number that the rows give; ``printed_at_risk`` what the paper prints.
    ``largest_gap`` is the largest distance between a digitised point and the Kaplan-Meier curve of the rows.
    ``notes`` says everything that was altered, assumed or missed.
    """

    time: FloatArray
    event: IntArray
    risk_time: FloatArray
    at_risk: IntArray
    printed_at_risk: IntArray
    largest_gap: float
    notes: tuple[str, ...]

    @property
    def events(self) -> int:
        """Number of events read back."""
        return int(self.event.sum())


def read_curve(
    time: npt.ArrayLike,
    survival: npt.ArrayLike,
    risk_time: npt.ArrayLike,
    at_risk: npt.ArrayLike,
    *,
    events: int | None = None,
) -> Reconstruction:
    """Read patients back from the points of a curve and the numbers at risk printed below it, for one arm.

    ``time`` and ``survival`` are digitised points in any unit of time, survival as a share, in order of time;
    ``risk_time`` starts at 0. In each interval between printed numbers, censorings are spread evenly, as many as make
    the rows meet the next printed number; the events at a point are those that bring the curve down to it. After the
    last printed number ``events``, the printed total, decides how many are censored; without it the rate of censoring
    so far is carried on. Those left after the last point are censored there.
    The rows are *a* set of patients that draws this curve, not the patients: use them for curves, log-rank and Cox,
    never for covariates. Raises ValueError for percentages, unordered points, points that rise by more than 0.02, and
    numbers at risk that rise. Guyot, Ades, Ouwens & Welton, BMC Med Res Methodol 2012;12:9. Checked: published data
    sets drawn, read back and compared.
    """
    points, notes = _points(time, survival)
    starts, printed = _printed(risk_time, at_risk)
    total = None if events is None else count(events, "events", int(printed[0]))
    last_point = float(points[-1, 0])
    reached = starts <= last_point
    if not reached.all():
        notes.append(
            f"{int((~reached).sum())} of {reached.size} numbers at risk lie after the last digitised point: left out"
        )
    inner, inner_printed = starts[reached], printed[reached]
    ends = np.append(inner[1:], last_point)
    rows, left, alive = _Rows([], []), int(inner_printed[0]), 1.0
    met = [left]
    for i, (begin, end) in enumerate(zip(inner, ends, strict=True)):
        final = i == inner.size - 1
        within = points[(points[:, 0] >= begin) & ((points[:, 0] < end) | final)]
        if not final:
            step = _fitted(within, left, alive, begin, end, lambda s: s.left, int(inner_printed[i + 1]))
        elif total is not None:
            step = _fitted(within, left, alive, begin, end, lambda s: len(s.deaths), total - rows.deaths)
        else:
            step = _interval(within, left, alive, begin, end, _carried(rows, begin, end, left))
            notes.append("no total of events: censoring after the last number at risk goes on at the earlier rate")
        rows = _Rows(rows.died + step.deaths, rows.left + step.censored)
        left, alive = step.left, step.alive
        if not final:
            met.append(left)
    t = np.array(rows.died + rows.left + [last_point] * left)
    e = np.array([1] * len(rows.died) + [0] * (len(rows.left) + left), dtype=np.int64)
    order = np.lexsort((1 - e, t))
    t, e = t[order], e[order]
    missed = int((np.array(met) != inner_printed).sum())
    if missed:
        notes.append(f"{missed} of {len(met)} numbers at risk are not met")
    if total is not None and int(e.sum()) != total:
        notes.append(f"{int(e.sum())} events read back, {total} printed")
    return Reconstruction(t, e, inner, np.array(met), inner_printed, _gap(t, e, points), tuple(notes))


@dataclass(frozen=True, slots=True)
class _Rows:
    died: list[float]
    left: list[float]

    @property
    def deaths(self) -> int:
        return len(self.died)


@dataclass(frozen=True, slots=True)
class _Step:
    deaths: list[float]
    censored: list[float]
    left: int
    alive: float


def _points(time: npt.ArrayLike, survival: npt.ArrayLike) -> tuple[FloatArray, list[str]]:
    t, s = times(time), numbers(survival, "survival")
    if t.size != s.size:
        raise ValueError(f"survival: {s.size} values, but {t.size} times")
    if not t.size:
        raise ValueError("time: no digitised point")
    bad = np.flatnonzero((s < 0) | (s > 1))
    if bad.size:
        raise ValueError(f"survival: {bad.size} of {s.size} values lie outside 0 to 1 (first: row {bad[0]})")
    back = np.flatnonzero(np.diff(t) < 0)
    if back.size:
        raise ValueError(f"time: {back.size} points go back in time (first: row {back[0] + 1})")
    lowest = np.minimum.accumulate(s)
    high = np.flatnonzero(s - lowest > RISE)
    if high.size:
        raise ValueError(f"survival: {high.size} points rise by more than {RISE} (first: row {high[0]})")
    risen = int((s > lowest).sum())
    notes = [f"{risen} of {s.size} points lay above an earlier one and were lowered"] if risen else []
    return np.column_stack((t, lowest)), notes


def _printed(risk_time: npt.ArrayLike, at_risk: npt.ArrayLike) -> tuple[FloatArray, IntArray]:
    starts, given = times(risk_time, "risk_time"), numbers(at_risk, "at_risk")
    if not starts.size or starts.size != given.size:
        raise ValueError(f"at_risk: {given.size} numbers for {starts.size} times")
    if starts[0] != 0 or (np.diff(starts) <= 0).any():
        raise ValueError("risk_time: must start at 0 and rise")
    printed = np.array([count(value, f"at_risk, row {i}") for i, value in enumerate(given.tolist())], dtype=np.int64)
    if (np.diff(printed) > 0).any():
        raise ValueError("at_risk: a number at risk is larger than the one before")
    if printed[0] == 0:
        raise ValueError("at_risk: nobody at the start")
    return starts, printed


def _interval(points: FloatArray, n: int, alive: float, begin: float, end: float, censored: int) -> _Step:
    """Walk through the points of one interval with this many censorings, evenly spread."""
    out = [begin + (end - begin) * (j + 1) / (censored + 1) for j in range(censored)]
    deaths: list[float] = []
    gone = 0
    for t, s in points.tolist():
        while gone < len(out) and out[gone] < t and n > 0:
            gone, n = gone + 1, n - 1
        if n <= 0:
            break
        d = min(n, max(0, round(n * (1 - s / alive)))) if alive > 0 else 0
        if d:
            deaths += [t] * d
            alive, n = alive * (1 - d / n), n - d
    rest = min(len(out) - gone, n)
    return _Step(deaths, out[: gone + rest], n - rest, alive)


def _fitted(
    points: FloatArray, n: int, alive: float, begin: float, end: float, figure: Callable[[_Step], int], wanted: int
) -> _Step:
    """Return the walk whose figure, which falls as censorings grow, comes nearest to the wanted one."""
    fewest, most = 0, n
    while fewest < most:
        middle = (fewest + most) // 2
        if figure(_interval(points, n, alive, begin, end, middle)) <= wanted:
            most = middle
        else:
            fewest = middle + 1
    near = [_interval(points, n, alive, begin, end, c) for c in range(max(0, most - 2), min(n, most + 2) + 1)]
    return min(near, key=lambda step: (abs(figure(step) - wanted), len(step.censored)))


def _carried(rows: _Rows, begin: float, end: float, left: int) -> int:
    """Return the censorings of the last interval at the number per time of those before, as Guyot does."""
    if begin == 0:
        return 0
    return min(left, round(len(rows.left) / begin * (end - begin)))


def _gap(t: FloatArray, e: IntArray, points: FloatArray) -> float:
    from tocsin.effects.survival import kaplan_meier

    curve = kaplan_meier(t, e)
    row = np.searchsorted(curve.time, points[:, 0] + 1e-9, side="right") - 1
    drawn = np.where(row >= 0, curve.survival[np.maximum(row, 0)], 1.0)
    return float(np.abs(drawn - points[:, 1]).max())
