"""Restricted mean survival time: the area under a curve up to a horizon."""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, IntArray, codes, times_and_events, z_value
from tocsin.effects.survival import kaplan_meier

METHOD = "area under Kaplan-Meier, Greenwood plug-in variance"


def restricted_mean(time: npt.ArrayLike, event: npt.ArrayLike, horizon: float) -> tuple[float, float]:
    """Return the area under the curve up to ``horizon`` and its standard error, both in the unit of ``time``.

    Raises ValueError without subjects, and where the horizon lies beyond the last follow-up of a curve that has not
    reached 0. Variance: sum over events of (area still to come)^2 d / (n (n - d)), no term where n = d.
    Checked: R survival, ``survmean``.
    """
    t, e = times_and_events(time, event)
    why = _too_far(t, e, horizon)
    if why:
        raise ValueError(f"horizon: {why}")
    curve = kaplan_meier(t, e)
    at = np.concatenate(([0.0], np.minimum(curve.time, horizon), [horizon]))
    area = np.concatenate(([1.0], curve.survival)) * np.diff(at)
    still = area[::-1].cumsum()[::-1][1:]
    left = curve.at_risk - curve.events
    term = np.where(left > 0, curve.events / (curve.at_risk * np.maximum(left, 1)), 0.0)
    return float(area.sum()), math.sqrt(float((still**2 * term).sum()))


def _too_far(t: FloatArray, e: IntArray, horizon: float) -> str:
    if not (horizon > 0 and math.isfinite(horizon)):
        raise ValueError(f"horizon: needs a positive number, is {horizon}")
    if not t.size:
        return "no subjects"
    last = float(t.max())
    return f"follow-up ends at {last:g}, before {horizon:g}" if horizon > last and not e[t == last].all() else ""


def rmst(time: npt.ArrayLike, event: npt.ArrayLike, horizon: float, *, level: float = 0.95) -> Estimate:
    """Return the restricted mean of one group, with a symmetric interval; see `restricted_mean`."""
    z = z_value(level)
    t, e = times_and_events(time, event)
    measure, n, events = f"restricted mean to {horizon:g}", t.size, int(((e == 1) & (t <= horizon)).sum())
    why = _too_far(t, e, horizon)
    if why:
        return not_estimable(measure, why, n=n, events=events, method=METHOD, level=level)
    mean, se = restricted_mean(t, e, horizon)
    if se == 0:
        note = "no error: no event, or all events at once"
        return Estimate(measure, mean, None, None, level, METHOD, n, events, note)
    return Estimate(measure, mean, mean - z * se, mean + z * se, level, METHOD, n, events)


def rmst_difference(
    time: npt.ArrayLike, event: npt.ArrayLike, group: npt.ArrayLike, horizon: float, *, level: float = 0.95
) -> Estimate:
    """Return restricted mean of arm 1 minus arm 0 (``group`` codes); not estimable where an arm ends too early."""
    return _contrast(time, event, group, horizon, level, ratio=False)


def rmst_ratio(
    time: npt.ArrayLike, event: npt.ArrayLike, group: npt.ArrayLike, horizon: float, *, level: float = 0.95
) -> Estimate:
    """Return restricted mean of arm 1 over arm 0, interval by the delta method on the log scale."""
    return _contrast(time, event, group, horizon, level, ratio=True)


def _contrast(
    time: npt.ArrayLike, event: npt.ArrayLike, group: npt.ArrayLike, horizon: float, level: float, *, ratio: bool
) -> Estimate:
    z = z_value(level)
    t, e = times_and_events(time, event)
    arm = codes(group, (0, 1), "group", t.size)
    measure = f"{'ratio' if ratio else 'difference'} of restricted means to {horizon:g}"
    n, events = t.size, int(((e == 1) & (t <= horizon)).sum())
    for a in (1, 0):
        why = _too_far(t[arm == a], e[arm == a], horizon)
        if why:
            return not_estimable(measure, f"arm {a}: {why}", n=n, events=events, method=METHOD, level=level)
    (one, se_one), (zero, se_zero) = (restricted_mean(t[arm == a], e[arm == a], horizon) for a in (1, 0))
    if ratio and (one == 0 or zero == 0):
        why = "a restricted mean is 0"
        return not_estimable(measure, why, n=n, events=events, method=METHOD, level=level)
    centre = math.log(one / zero) if ratio else one - zero
    se = math.hypot(se_one / one, se_zero / zero) if ratio else math.hypot(se_one, se_zero)
    if se == 0:
        value = math.exp(centre) if ratio else centre
        return Estimate(measure, value, None, None, level, METHOD, n, events, "no error in either arm")
    ends = (centre, centre - z * se, centre + z * se)
    value, low, high = (math.exp(end) for end in ends) if ratio else ends
    p = 2 * NormalDist().cdf(-abs(centre / se))
    return Estimate(measure, value, low, high, level, METHOD, n, events, "", p)
