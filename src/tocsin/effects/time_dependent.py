"""A treatment that begins during follow-up: rows split at it, Mantel-Byar, Simon-Makuch, landmarks.

Who is treated later was untreated, and alive, until then: time before treatment counts for the untreated arm. Sorting
patients by whether they were ever treated gives that time to the treated arm instead (immortal time).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tocsin.effects.cox import cox
from tocsin.effects.cox_data import spans
from tocsin.effects.curves import log_rank
from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, IntArray, codes, labels, times, times_and_events, z_value
from tocsin.effects.partial_likelihood import Ties
from tocsin.effects.survival import Interval, KaplanMeier, band, survival_at


@dataclass(frozen=True, slots=True, eq=False)
class SplitRows:
    """Follow-up in rows (start, stop]; ``patient`` counts from 0 in the order given, ``treated`` is 0 or 1."""

    patient: IntArray
    start: FloatArray
    stop: FloatArray
    event: IntArray
    treated: IntArray


def split_at_treatment(time: npt.ArrayLike, event: npt.ArrayLike, treated_at: npt.ArrayLike) -> SplitRows:
    """Split each patient's follow-up where treatment begins.

    ``treated_at`` is in the unit of ``time``, infinity for never; at 0 the patient is treated throughout, at or after
    the end of follow-up never. NaN (not known whether treated) raises ValueError, as does a follow-up of 0, in which
    nobody is at risk.
    """
    t, e, begin = _patients(time, event, treated_at)
    bad = np.flatnonzero(t == 0)
    if bad.size:
        raise ValueError(f"time: {bad.size} of {t.size} follow-ups are 0, without time at risk (first: row {bad[0]})")
    who = np.arange(t.size)
    before, after = begin > 0, begin < t
    rows = (
        (who[before], np.zeros(int(before.sum())), np.minimum(begin, t)[before], np.where(after, 0, e)[before], 0),
        (who[after], begin[after], t[after], e[after], 1),
    )
    patient = np.concatenate([row[0] for row in rows])
    treated = np.concatenate([np.full(row[0].size, row[4]) for row in rows])
    start, stop, died = (np.concatenate([row[k] for row in rows]) for k in (1, 2, 3))
    order = np.lexsort((start, patient))
    return SplitRows(patient[order], start[order], stop[order], died[order], treated[order])


def _patients(
    time: npt.ArrayLike, event: npt.ArrayLike, treated_at: npt.ArrayLike
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Check one row per patient; treatment and follow-up times too close to tell apart are made equal."""
    t, e = times_and_events(time, event)
    try:
        begin = np.asarray(treated_at, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError("treated_at: not all values are numbers") from error
    if begin.shape != t.shape:
        raise ValueError(f"treated_at: {begin.size} values, but {t.size} times")
    bad = np.flatnonzero(np.isnan(begin) | (begin < 0))
    if bad.size:
        raise ValueError(
            f"treated_at: {bad.size} of {begin.size} values are NaN or negative (first: row {bad[0]}); "
            "infinity is never, 0 from the start"
        )
    known = np.isfinite(begin)
    both = times(np.concatenate((t, begin[known])))
    begin = begin.copy()
    begin[known] = both[t.size :]
    return both[: t.size], e, begin


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    start: FloatArray
    stop: FloatArray
    event: IntArray
    treated: IntArray
    patient: IntArray


def _rows(
    start: npt.ArrayLike,
    stop: npt.ArrayLike,
    event: npt.ArrayLike,
    treated: npt.ArrayLike,
    patient: npt.ArrayLike,
) -> _Rows:
    """Check rows of patients: no overlap, nothing after the event."""
    end, begin = spans(stop, start)
    begin = np.zeros(end.size) if begin is None else begin
    e = codes(event, (0, 1), "event", end.size)
    arm = codes(treated, (0, 1), "treated", end.size)
    who = labels(patient, "patient", end.size)[1]
    order = np.lexsort((begin, who))
    same = who[order][1:] == who[order][:-1]
    overlap = same & (begin[order][1:] < end[order][:-1])
    late = same & (e[order][:-1] == 1)
    for bad, what in ((overlap, "begin before the patient's earlier row ends"), (late, "follow the patient's event")):
        if bad.any():
            raise ValueError(f"start: {int(bad.sum())} rows {what} (first: row {int(order[1:][bad].min())})")
    return _Rows(begin, end, e, arm, who)


def mantel_byar(
    start: npt.ArrayLike,
    stop: npt.ArrayLike,
    event: npt.ArrayLike,
    treated: npt.ArrayLike,
    patient: npt.ArrayLike,
) -> Estimate:
    """Compare hazards while treated and while untreated: a log-rank test whose patients change arm at treatment.

    Rows as `split_at_treatment` makes them. The estimate is the chi-square; the note holds observed and expected events
    while treated. Not estimable: no event, or never both states at risk. Overlapping rows of a patient, or rows after
    the event, raise ValueError. Mantel & Byar, J Am Stat Assoc 1974;69:81. Checked: R, score test of ``coxph``.
    """
    rows = _rows(start, stop, event, treated, patient)
    n, events = int(np.unique(rows.patient).size), int(rows.event.sum())
    measure, method = "difference of hazards", "Mantel-Byar, hypergeometric variance"
    at = np.unique(rows.stop[rows.event == 1])
    on = rows.treated == 1
    total, d = _counts(rows, np.ones(on.size, np.bool_), at)
    mine, died = _counts(rows, on, at)
    share = mine / np.maximum(total, 1)
    expected = float((d * share).sum())
    variance = float((d * share * (1 - share) * (total - d) / np.maximum(total - 1, 1)).sum())
    if not variance > 0:
        why = "no event" if not events else "no event while treated and untreated patients are at risk"
        return not_estimable(measure, why, n=n, events=events, method=method, level=None)
    from scipy.special import chdtrc

    observed = int(died.sum())
    value = (observed - expected) ** 2 / variance
    note = f"while treated {observed} events, {expected:.2f} expected"
    return Estimate(
        measure, value, None, None, None, f"{method}, chi-square with 1 df", n, events, note, float(chdtrc(1, value))
    )


def _counts(rows: _Rows, mine: npt.NDArray[np.bool_], at: FloatArray) -> tuple[IntArray, IntArray]:
    """Count the rows at risk, and those with the event, at each time."""
    stop, start = np.sort(rows.stop[mine]), np.sort(rows.start[mine])
    left = np.searchsorted(stop, at, side="left")
    entered = np.searchsorted(start, at, side="left")
    died = np.sort(rows.stop[mine & (rows.event == 1)])
    events = np.searchsorted(died, at, side="right") - np.searchsorted(died, at, side="left")
    return entered - left, events


def simon_makuch(
    start: npt.ArrayLike,
    stop: npt.ArrayLike,
    event: npt.ArrayLike,
    treated: npt.ArrayLike,
    patient: npt.ArrayLike,
    *,
    landmark: float = 0.0,
    level: float = 0.95,
    interval: Interval = "log-log",
) -> tuple[KaplanMeier, KaplanMeier]:
    """Return the curves of the untreated and of the treated state; a patient moves at treatment.

    Follow-up up to ``landmark`` is left out, and times still count from zero. Not the survival of any cohort: with few
    at risk early a single event can empty an arm. The tables also hold the times of entry. ``n`` counts the patients
    ever in the state. Simon & Makuch, Stat Med 1984;3:35. Checked: R, ``survfit`` of (start, stop] rows.
    """
    z = z_value(level)
    rows = _rows(start, stop, event, treated, patient)
    from_when = float(times([landmark], "landmark")[0])
    late = rows.stop > from_when
    rows = _Rows(rows.start[late], rows.stop[late], rows.event[late], rows.treated[late], rows.patient[late])
    untreated, treated_curve = (_curve(rows, rows.treated == arm, from_when, z, level, interval) for arm in (0, 1))
    return untreated, treated_curve


def _curve(
    rows: _Rows, mine: npt.NDArray[np.bool_], begin: float, z: float, level: float, interval: Interval
) -> KaplanMeier:
    at = np.unique(np.concatenate((rows.stop[mine], rows.start[mine])))
    at = at[at > begin]
    at_risk, died = _counts(rows, mine, at)
    stops = np.sort(rows.stop[mine])
    left = np.searchsorted(stops, at, side="right") - np.searchsorted(stops, at, side="left")
    share = died / np.maximum(at_risk, 1)
    survival: FloatArray = np.cumprod(1 - share, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        added = np.where(died > 0, died / (at_risk * (at_risk - died).astype(np.float64)), 0.0)
        s = np.where(survival > 0, np.sqrt(np.cumsum(added)), np.nan)
    low, high = band(survival, s, z, interval)
    return KaplanMeier(
        at, at_risk, died, left - died, survival, survival * s, low, high, np.cumsum(share, dtype=np.float64),
        int(np.unique(rows.patient[mine]).size), level, interval,
    )  # fmt: skip


def simon_makuch_at(curves: tuple[KaplanMeier, KaplanMeier], at: npt.ArrayLike) -> list[Estimate]:
    """Return each state's curve at each time, the untreated first; after its last follow-up it is not estimable."""
    out: list[Estimate] = []
    for curve, arm in zip(curves, ("untreated", "treated"), strict=True):
        for row in survival_at(curve, at):
            method = row.method.replace("Kaplan-Meier", "Simon-Makuch")
            emptied = row.estimate == 0 and curve.n > 1
            note = f"{row.note}; the risk set emptied at an event, the curve cannot rise again" if emptied else row.note
            out.append(replace(row, measure=f"{row.measure}, {arm}", method=method, note=note))
    return out


@dataclass(frozen=True, slots=True)
class Landmark:
    """One landmark: patients still followed and event-free just after it, by whether treatment had begun."""

    at: float
    untreated: int
    treated: int
    left_before: int
    switched_later: int
    log_rank: Estimate
    hazard_ratio: Estimate


def landmarks(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    treated_at: npt.ArrayLike,
    at: Sequence[float],
    *,
    ties: Ties = "efron",
    level: float = 0.95,
) -> tuple[Landmark, ...]:
    """Compare, at every landmark given, patients treated by then with those not yet treated.

    ``treated_at`` as in `split_at_treatment`. Patients whose follow-up ends at or before the landmark are left out and
    counted; ``switched_later`` counts the untreated who are treated afterwards and stay in their arm. Show every
    landmark: choosing one by its p value is a test of its own. Anderson, Cain & Gelber, J Clin Oncol 1983;1:710.
    Checked: R, ``survdiff`` and ``coxph``.
    """
    t, e, begin = _patients(time, event, treated_at)
    out: list[Landmark] = []
    for mark in times(np.asarray(at, np.float64), "at"):
        in_play = t > mark
        arm = (begin <= mark)[in_play].astype(np.int64)
        rest, died = t[in_play] - mark, e[in_play]
        test = log_rank(rest, died, arm).row
        fit = cox(rest, died, {"treated": arm}, ties=ties, level=level).rows[0]
        said = f", from landmark {mark:g}"
        later = int(((begin > mark) & (begin < t) & in_play).sum())
        out.append(
            Landmark(
                float(mark),
                int((arm == 0).sum()),
                int(arm.sum()),
                int((~in_play).sum()),
                later,
                replace(test, measure=test.measure + said),
                replace(fit, measure=fit.measure + said),
            )
        )
    return tuple(out)
