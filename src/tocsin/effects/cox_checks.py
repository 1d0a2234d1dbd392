"""Checks of a fitted Cox model: proportional hazards, concordance."""

from typing import Literal

import numpy as np

from tocsin.effects.cox import Cox
from tocsin.effects.cox_data import CoxData
from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray
from tocsin.effects.partial_likelihood import RiskSets, evaluate


def proportional_hazards(fit: Cox, *, over: Literal["km", "identity"] = "km") -> tuple[Estimate, ...]:
    """Test whether each log hazard ratio drifts with time, and all together (last row).

    The score test of adding covariate x g(time) at 0, as R's ``cox.zph`` from survival 3.0 on; ``over`` is g: 1 -
    Kaplan-Meier just before the event, or time itself. Grambsch & Therneau, Biometrika 1994;81:515. Checked: R.
    """
    if over not in ("km", "identity"):
        raise ValueError(f"over: unknown, {over!r}")
    method = f"Grambsch-Therneau score test over {'1 - Kaplan-Meier' if over == 'km' else 'time'}, {fit.ties} ties"
    data, sets = fit.data, fit.data.sets
    why = "no event" if sets is None else "a coefficient has no finite estimate" if fit.infinite else ""
    if fit.ties == "exact":
        why = "not defined for the exact likelihood; fit with efron"
    if not why and data.kept.size == 0:
        why = "no covariate varies among those at risk at an event"
    g = _clock(data, sets, over) if sets is not None and not why else np.zeros(1)
    if not why and float(np.ptp(g)) == 0:
        why = "all events at one time"
    if why or sets is None:
        return tuple(_no_drift(name, why, fit, method) for name in (*fit.names, "all"))
    pieces, own = evaluate(sets, fit.beta), sets.event_rows
    drift = sets.x[:, own] @ (sets.weight[own] * g[sets.event_time]) - pieces.mean @ (sets.mass * g[sets.piece])
    plain, once, twice = (pieces.information(sets, power) for power in (g**0, g, g**2))
    left = twice - once.T @ np.linalg.solve(plain, once)
    rows: list[Estimate] = []
    for name in fit.names:
        if name in data.left_out:
            rows.append(_no_drift(name, data.left_out[name], fit, method))
            continue
        j = [fit.names[k] for k in data.kept].index(name)
        rows.append(_drift(name, float(drift[j] ** 2 / left[j, j]), 1, fit, method))
    rows.append(_drift("all", float(drift @ np.linalg.solve(left, drift)), data.kept.size, fit, method))
    return tuple(rows)


def _drift(name: str, value: float, df: int, fit: Cox, method: str) -> Estimate:
    from scipy.special import chdtrc

    label, p = f"{method}, chi-square with {df} df", float(chdtrc(df, value))
    return Estimate(f"proportional hazards, {name}", value, None, None, None, label, fit.n, fit.events, "", p)


def _no_drift(name: str, why: str, fit: Cox, method: str) -> Estimate:
    return not_estimable(f"proportional hazards, {name}", why, n=fit.n, events=fit.events, method=method, level=None)


def _clock(data: CoxData, sets: RiskSets, over: str) -> FloatArray:
    """Return g at each event time (of each stratum), centred on its mean over events."""
    k = data.distinct.size
    left = np.concatenate(([0], np.cumsum(np.bincount(data.rank - 1, minlength=k))))[:k]
    entered = np.cumsum(np.bincount(data.start_rank, minlength=k + 1))[:k]
    died = np.bincount(data.rank[data.event == 1] - 1, minlength=k)
    before = np.concatenate(([1.0], np.cumprod(1 - died / np.maximum(entered - left, 1))))[:k]
    values = 1 - before if over == "km" else data.distinct
    place = data.rank[sets.order][sets.event_rows][sets.first] - 1
    g = values[place]
    return g - float(np.average(g, weights=sets.tied))


def concordance(fit: Cox) -> Estimate:
    """Return Harrell's C of the fitted risk: of pairs where one has the event while the other stays, how many agree.

    Tied risks count half; two events at one time are no pair. Looks at every pair: minutes beyond 100,000 rows.
    Harrell et al, JAMA 1982;247:2543. Checked: R survival.
    """
    measure, method, sets = "concordance", "Harrell's C", fit.data.sets
    if sets is None or fit.infinite or not fit.data.kept.size:
        why = "no event" if sets is None else "no finite coefficients"
        return not_estimable(measure, why, n=fit.n, events=fit.events, method=method, level=None)
    eta = fit.beta @ sets.x + sets.offset
    distinct, place = np.unique(eta, return_inverse=True)
    same = np.concatenate(([0], np.cumsum(np.diff(distinct) > 1e-12 * max(1.0, float(np.abs(distinct).max())))))
    risk = same[place]
    e = fit.data.event[sets.order]
    agree = half = total = 0.0
    for i in range(0, sets.event_rows.size, 64):
        own = sets.event_rows[i : i + 64]
        key = sets.key[own][:, None]
        later = (sets.key > key) | ((sets.key == key) & (e == 0))
        later &= sets.key_start < key
        weight = np.outer(sets.weight[own], sets.weight)
        total += float(weight[later].sum())
        agree += float(weight[later & (risk[own][:, None] > risk)].sum())
        half += float(weight[later & (risk[own][:, None] == risk)].sum())
    if total == 0:
        return not_estimable(measure, "no pair to compare", n=fit.n, events=fit.events, method=method, level=None)
    return Estimate(measure, (agree + half / 2) / total, None, None, None, method, fit.n, fit.events)
