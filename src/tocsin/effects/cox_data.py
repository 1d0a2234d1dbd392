"""What a Cox model is fitted to: checked columns, ordered risk sets, covariates that tell something."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tocsin.effects.inputs import FloatArray, IntArray, codes, labels, numbers, times
from tocsin.effects.partial_likelihood import Pieces, RiskSets, Ties, evaluate, risk_sets

FEW_EVENTS = 5  # per arm, below which Firth's estimate belongs beside the usual one
EVENTS_PER_COVARIATE = 10


@dataclass(frozen=True, slots=True, eq=False)
class CoxData:
    """Checked input: names, risk sets (``None`` without an event), what was left out and why, counts and notes.

    ``null`` is likelihood, score and information at 0 by Efron or Breslow, for the covariates kept.
    """

    names: tuple[str, ...]
    sets: RiskSets | None
    null: tuple[float, FloatArray, FloatArray] | None
    kept: IntArray
    left_out: dict[str, str]
    notes: dict[str, str]
    rank: IntArray
    start_rank: IntArray
    distinct: FloatArray
    event: IntArray
    patient: IntArray | None
    n: int
    events: int


def prepare(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    covariates: Mapping[str, npt.ArrayLike],
    start: npt.ArrayLike | None,
    strata: npt.ArrayLike | None,
    weights: npt.ArrayLike | None,
    offset: npt.ArrayLike | None,
    patient: npt.ArrayLike | None,
    ties: Ties,
) -> CoxData:
    """Check all input, order the risk sets and leave out covariates that tell nothing new."""
    stop, begin = spans(time, start)
    size = stop.size
    e = codes(event, (0, 1), "event", size)
    names = tuple(covariates)
    if not names:
        raise ValueError("covariates: none given")
    x = np.empty((len(names), size))
    for j, name in enumerate(names):
        column = numbers(covariates[name], f"covariate {name}")
        if column.size != size:
            raise ValueError(f"covariate {name}: {column.size} values, but {size} times")
        x[j] = column
    stratum = np.zeros(size, np.int64) if strata is None else labels(strata, "strata", size)[1]
    w, o = _per_row(weights, "weights", size, 1.0), _per_row(offset, "offset", size, 0.0)
    if np.any(w <= 0):
        raise ValueError(f"weights: {int((w <= 0).sum())} of {size} are not positive; leave those rows out")
    who = None if patient is None else labels(patient, "patient", size)[1]
    n = size if who is None else int(np.unique(who).size)
    order = np.argsort(stop)
    ordered = stop[order]
    new = np.diff(ordered, prepend=-1.0) > 0
    distinct, rank = ordered[new], np.empty(size, np.int64)
    rank[order] = np.cumsum(new)
    # a start between two stops, or on one, is as good as the stop before: only rows later than it are at risk
    start_rank = np.zeros(size, np.int64) if begin is None else np.searchsorted(distinct, begin, side="right")
    events = int(e.sum())
    notes = {name: _few(name, x[j], e, len(names)) for j, name in enumerate(names)}
    if not events:
        return CoxData(
            names, None, None, np.array([], np.int64), {}, notes, rank, start_rank, distinct, e, who, n, events
        )  # fmt: skip
    down = order[::-1] if strata is None else None
    sets = risk_sets(x, rank, start_rank, e, stratum, w, o, entry=begin is not None, ties=ties, order=down)
    at_zero = evaluate(sets, np.zeros(len(names)))
    kept, left_out, information = _telling(sets, at_zero, names)
    null = (at_zero.loglik, at_zero.score(sets)[kept], information[np.ix_(kept, kept)])
    if kept.size < len(names):
        sets = replace(sets, x=sets.x[kept], scale=sets.scale[kept], drawn=sets.drawn[kept])
    return CoxData(names, sets, null, kept, left_out, notes, rank, start_rank, distinct, e, who, n, events)


def spans(time: npt.ArrayLike, start: npt.ArrayLike | None) -> tuple[FloatArray, FloatArray | None]:
    """Return checked stop and start times; a start that is not before its stop raises ValueError."""
    if start is None:
        return times(time), None
    end, begin = numbers(time, "time"), numbers(start, "start")
    if end.size != begin.size:
        raise ValueError(f"start: {begin.size} values, but {end.size} times")
    for array, name in ((end, "time"), (begin, "start")):
        bad = np.flatnonzero(array < 0)
        if bad.size:
            raise ValueError(f"{name}: {bad.size} of {array.size} values are negative (first: row {bad[0]})")
    both = times(np.concatenate((end, begin)))
    end, begin = both[: end.size], both[end.size :]
    bad = np.flatnonzero(begin >= end)
    if bad.size:
        raise ValueError(f"start: {bad.size} of {end.size} are not before the time (first: row {bad[0]})")
    return end, begin


def _per_row(values: npt.ArrayLike | None, name: str, size: int, default: float) -> FloatArray:
    if values is None:
        return np.full(size, default)
    array = numbers(values, name)
    if array.size != size:
        raise ValueError(f"{name}: {array.size} values, but {size} times")
    return array


def _few(name: str, x: FloatArray, e: IntArray, p: int) -> str:
    """Say where a maximum-likelihood ratio is known to be poor; Firth's then belongs beside it."""
    events = int(e.sum())
    low, high = (float(x.min()), float(x.max())) if x.size else (0.0, 0.0)
    if low < high and bool(np.all((x == low) | (x == high))):
        with_high = int((x[e == 1] == high).sum())
        fewest = min((with_high, high), (events - with_high, low))
        if fewest[0] < FEW_EVENTS:
            some = f"{fewest[0]} event{'' if fewest[0] == 1 else 's'}"
            return f"{some} where {name} is {fewest[1]:g}: give Firth's estimate too"
    few = events < EVENTS_PER_COVARIATE * p
    return (
        f"{events} event{'' if events == 1 else 's'} for {p} covariate{'s' if p > 1 else ''}: give Firth's estimate too"
        if few
        else ""
    )


def _telling(sets: RiskSets, at_zero: Pieces, names: tuple[str, ...]) -> tuple[IntArray, dict[str, str], FloatArray]:
    """Return the covariates that vary, and not as the earlier ones do, where not everybody at risk has the event.

    The last item is the information of all event times, for the fit to start from.
    """
    telling = (sets.over(np.ones(sets.order.size)) > sets.tied + 0.5).astype(np.float64)
    whole = at_zero.information(sets)
    information = whole if telling.all() else at_zero.information(sets, telling)
    mass = float(sets.mass.sum())
    kept: list[int] = []
    left_out: dict[str, str] = {}
    for j, name in enumerate(names):
        own = float(information[j, j])
        if own <= 1e-12 * mass:
            left_out[name] = "at no event that leaves somebody at risk does it vary among those at risk"
            continue
        across = information[kept, j]
        rest = own - float(across @ np.linalg.solve(information[np.ix_(kept, kept)], across)) if kept else own
        if rest <= 1e-10 * own:
            left_out[name] = "it is a combination of the covariates before it"
        else:
            kept.append(j)
    return np.array(kept, np.int64), left_out, whole
