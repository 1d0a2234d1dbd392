"""Medians and other quantiles of a Kaplan-Meier curve, as R and as SPSS print them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, check_share, times_and_events, z_value
from tocsin.effects.survival import Interval, KaplanMeier, kaplan_meier

TOLERANCE = float(np.sqrt(np.finfo(np.float64).eps))


def survival_quantile(
    curve: KaplanMeier, share: float = 0.5, *, flat: Literal["midpoint", "first"] = "midpoint"
) -> Estimate:
    """Return the time by which ``share`` of the subjects had the event, with Brookmeyer-Crowley limits.

    A curve or limit that never gets there gives ``None`` with a note, never the last time. Where the curve is flat at
    exactly 1 - share, ``flat="midpoint"`` takes the middle of the stretch (R, SAS) and ``"first"`` its start (SPSS).
    Brookmeyer & Crowley, Biometrics 1982;38:29, read off the band the way R's ``quantile.survfit`` does.
    Checked: R survival, quartiles under five intervals.
    """
    check_share(share, "share")
    name = "median" if share == 0.5 else f"{share:.0%} quantile"
    method = f"Kaplan-Meier, {curve.interval} band, {'midpoint' if flat == 'midpoint' else 'start'} of a flat stretch"
    events = int(curve.events.sum())
    if curve.n == 0:
        return not_estimable(f"{name} time", "no subjects", n=0, events=0, method=method, level=curve.level)
    middle, low, high = (_crossing(curve.time, y, share, flat) for y in (curve.survival, curve.low, curve.high))
    missing = [
        what for what, value in (("estimate", middle), ("lower limit", low), ("upper limit", high)) if value is None
    ]
    note = f"not reached: {', '.join(missing)}" if missing else ""
    return Estimate(f"{name} time", middle, low, high, curve.level, method, curve.n, events, note)


def median_survival(
    time: npt.ArrayLike, event: npt.ArrayLike, *, level: float = 0.95, interval: Interval = "log-log"
) -> Estimate:
    """Return the median time with its interval; see `survival_quantile`."""
    return survival_quantile(kaplan_meier(time, event, level=level, interval=interval))


def follow_up(time: npt.ArrayLike, event: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return the median follow-up by the reverse Kaplan-Meier method: censoring is the event.

    Schemper & Smith, Control Clin Trials 1996;17:343. Checked: R survival.
    """
    t, e = times_and_events(time, event)
    row = median_survival(t, 1 - e, level=level)
    method = "reverse Kaplan-Meier, log-log band"
    return Estimate("median follow-up", row.estimate, row.low, row.high, level, method, row.n, int(e.sum()), row.note)


def _crossing(time: FloatArray, level: FloatArray, share: float, flat: str) -> float | None:
    """Return where ``1 - level`` reaches ``share``.

    A band need not be monotone. R then takes the point whose value lies next above ``share``, not the earliest one:
    an interpolation sorts its points first. Values equal to an earlier one (censoring) are passed over.
    """
    x, y = np.concatenate(([0.0], time)), np.concatenate(([0.0], 1 - level))
    keep = np.sort(np.unique(y, return_index=True)[1])
    last, x, y = float(x[-1]), x[keep], y[keep]
    on_share = bool(abs(share - y[-1]) < TOLERANCE)
    first = _next_above(x, y, share - TOLERANCE)
    if first is None or flat == "first":
        return first
    second = last if on_share else _next_above(x, y, share + TOLERANCE)
    return None if second is None else (first + second) / 2


def _next_above(x: FloatArray, y: FloatArray, value: float) -> float | None:
    above = np.flatnonzero(y >= value)
    return float(x[above[np.argmin(y[above])]]) if above.size else None


@dataclass(frozen=True, slots=True)
class SpssMedian:
    """The parts of an SPSS-style median: ``se = se_survival / density``, density taken between the two times."""

    median: float | None
    survival: float | None
    se_survival: float | None
    before: float | None
    survival_before: float | None
    after: float | None
    survival_after: float | None
    density: float | None
    se: float | None


def spss_median_parts(time: npt.ArrayLike, event: npt.ArrayLike, *, bandwidth: float = 0.05) -> SpssMedian:
    """Return every part of the SPSS median; a part that does not exist is ``None``.

    The median is the first time with survival at most 0.5. ``before`` is the last event time with survival at least
    0.5 + bandwidth, 0 if there is none (our reading: no source says); ``after`` the first one with at most 0.5 -
    bandwidth. Collett, Modelling Survival Data in Medical Research, 1994. Checked: R script, and the printed SPSS
    output of the 6-MP data.
    """
    if not 0 < bandwidth < 0.5:
        raise ValueError(f"bandwidth: must lie between 0 and 0.5, is {bandwidth}")
    curve = kaplan_meier(time, event)
    t, s, se = (column[curve.events > 0] for column in (curve.time, curve.survival, curve.se))
    early, late = np.flatnonzero(s >= 0.5 + bandwidth - 1e-12), np.flatnonzero(s <= 0.5 - bandwidth + 1e-12)
    before, s_before = (float(t[early[-1]]), float(s[early[-1]])) if early.size else (0.0, 1.0)
    reached = np.flatnonzero(s <= 0.5 + 1e-12)
    if not reached.size:
        return SpssMedian(None, None, None, before, s_before, None, None, None, None)
    at = int(reached[0])
    se_survival = float(se[at]) if np.isfinite(se[at]) else None
    if not late.size:
        return SpssMedian(float(t[at]), float(s[at]), se_survival, before, s_before, None, None, None, None)
    after, s_after = float(t[late[0]]), float(s[late[0]])
    density = (s_before - s_after) / (after - before) if after > before else None
    error = se_survival / density if se_survival is not None and density else None
    return SpssMedian(float(t[at]), float(s[at]), se_survival, before, s_before, after, s_after, density, error)


def spss_median(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    level: float = 0.95,
    bandwidth: float = 0.05,
    clip0: bool = False,
) -> Estimate:
    """Return the median with the symmetric interval that SPSS prints, to reproduce papers, not to report.

    ``clip0`` prints a negative lower limit as 0. Parts and sources: `spss_median_parts`.
    """
    z = z_value(level)
    parts, curve = spss_median_parts(time, event, bandwidth=bandwidth), kaplan_meier(time, event)
    method = f"Kaplan-Meier, SPSS-style symmetric interval, bandwidth {bandwidth:g}"
    events = int(curve.events.sum())
    if parts.median is None or parts.se is None:
        note = (
            "no subjects" if curve.n == 0 else "not reached: estimate" if parts.median is None else "no standard error"
        )
        return Estimate("median time", parts.median, None, None, level, method, curve.n, events, note)
    low, high = parts.median - z * parts.se, parts.median + z * parts.se
    note = ""
    if low < 0:
        note = "the lower limit is negative, printed as 0" if clip0 else "the lower limit is negative"
        low = 0.0 if clip0 else low
    return Estimate("median time", parts.median, low, high, level, method, curve.n, events, note)
