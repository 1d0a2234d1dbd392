"""Curves of one rule's clones, and what two rules differ by: risks, event-free hours, hazards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.effects.ccw import kernels
from tocsin.effects.ccw.hours import OUTCOME, Hours
from tocsin.effects.ccw.weights import Weighted, risk_starts
from tocsin.effects.cox import cox
from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray

METHOD = "clone-censor-weight, weighted Aalen-Johansen"


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A rule's clones by hour; entry h is the hour [h, h + 1), values after it.

    ``clones`` counts those still in the rule at the outcome of the hour, ``weight`` their weight, ``effective`` is
    (sum w)^2 / sum w^2. ``incidence`` and ``competing`` are the cumulative incidences, ``free`` the share without
    either; NaN from ``ends`` on, the first hour in which nobody is left in the rule. ``cap`` is the largest weight
    allowed (infinite: none).
    """

    rule: str
    clones: FloatArray
    weight: FloatArray
    effective: FloatArray
    outcome: FloatArray
    death: FloatArray
    incidence: FloatArray
    competing: FloatArray
    free: FloatArray
    cap: float
    ends: int


def curve(hours: Hours, weighted: Weighted, *, multiplicity: FloatArray | None = None, cap: float = np.inf) -> Curve:
    """Estimate the cumulative incidence of both causes under one rule.

    h_k = sum of w over the events of cause k / sum of w, F_k(t) = sum of S(t-) h_k. Aalen & Johansen, Scand J Stat
    1978;5:141. Checked: R, by hand.
    """
    m = np.ones(hours.n) if multiplicity is None else multiplicity
    sums = np.zeros((5, hours.horizon))
    kernels.tally()(
        hours.first, risk_starts(hours), hours.untreated, hours.last, weighted.weight, weighted.tail, weighted.stay,
        cap, m, sums,
    )  # fmt: skip
    return curve_of(weighted.rule.name, sums, cap)


def curve_of(name: str, sums: FloatArray, cap: float = np.inf) -> Curve:
    """Return the curve from sums by hour: clones, weight, squared weight, weight of outcomes, of competing deaths."""
    clones, weight, squares, outcome, death = sums
    empty = np.flatnonzero(weight <= 0)
    ends = int(empty[0]) if empty.size else weight.size
    with np.errstate(divide="ignore", invalid="ignore"):
        h1, h2 = outcome / weight, death / weight
        effective = np.where(squares > 0, weight**2 / squares, 0.0)
    h1[ends:], h2[ends:] = np.nan, np.nan
    free = np.cumprod(1 - h1 - h2)
    before = np.concatenate(([1.0], free[:-1]))
    return Curve(
        name, clones, weight, effective, outcome, death, np.cumsum(before * h1), np.cumsum(before * h2), free, cap, ends
    )


def after(values: FloatArray, hours: int, start: float = 0.0) -> float:
    """Return a curve's value after so many hours: after 1 hour is its entry 0, after 0 hours ``start``."""
    return start if hours == 0 else float(values[hours - 1])


def free_hours(made: Curve, hours: int) -> float:
    """Return the mean of the hours without outcome or death up to ``hours``; an event counts at the end of its hour."""
    return float(np.concatenate(([1.0], made.free[: hours - 1])).sum()) if hours else 0.0


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of an analysis: a risk of an arm, or a contrast of two, at so many hours."""

    measure: str
    what: str
    arm: int
    against: int | None
    hours: int

    @property
    def log(self) -> bool:
        """Whether intervals are made on the log scale."""
        return self.what == "risk ratio"


def quantities(names: Sequence[str], at: Sequence[int], reference: int) -> list[Quantity]:
    """List what is asked: risks and event-free hours of every arm, then contrasts with the reference arm."""
    out: list[Quantity] = []
    for t in at:
        for a, name in enumerate(names):
            out.append(Quantity(f"risk after {t} h, {name}", "risk", a, None, t))
            out.append(Quantity(f"competing death after {t} h, {name}", "competing", a, None, t))
            out.append(Quantity(f"event-free hours of {t}, {name}", "free hours", a, None, t))
        for a, name in enumerate(names):
            if a == reference:
                continue
            pair = f"{name} - {names[reference]}"
            out.append(Quantity(f"risk difference after {t} h, {pair}", "risk", a, reference, t))
            ratio = f"risk ratio after {t} h, {name} / {names[reference]}"
            out.append(Quantity(ratio, "risk ratio", a, reference, t))
            out.append(Quantity(f"difference in competing death after {t} h, {pair}", "competing", a, reference, t))
            out.append(Quantity(f"difference in event-free hours of {t}, {pair}", "free hours", a, reference, t))
    return out


def value(quantity: Quantity, curves: Sequence[Curve]) -> float:
    """Return one quantity, NaN where a curve has ended before or a ratio has nothing below the line."""

    def of(made: Curve) -> float:
        if quantity.what == "free hours":
            return free_hours(made, quantity.hours)
        return after(made.competing if quantity.what == "competing" else made.incidence, quantity.hours)

    one = of(curves[quantity.arm])
    if quantity.against is None:
        return one
    other = of(curves[quantity.against])
    if quantity.log:
        return one / other if other > 0 else np.nan
    return one - other


def why_not(quantity: Quantity, curves: Sequence[Curve]) -> str:
    """Say why a quantity is not estimable: the curve has ended, or there was no event."""
    arms = [quantity.arm] if quantity.against is None else [quantity.arm, quantity.against]
    for a in arms:
        made = curves[a]
        if made.ends < quantity.hours:
            row = "; ".join(f"hour {h}: {int(made.clones[h])}" for h in range(max(0, made.ends - 2), made.ends + 1))
            return f"nobody follows {made.rule} any more at the outcome of hour {made.ends} (clones left: {row})"
    return "no event under the rule it is compared with"


def check_hours(at: Sequence[int], horizon: int) -> None:
    """Raise ValueError for an hour at which nothing can be said."""
    wrong = [t for t in at if not 0 < t <= horizon]
    if wrong or not at:
        raise ValueError(f"at: needs hours from 1 to {horizon}, has {wrong or 'none'}")


def hazard_ratio(
    hours: Hours, arms: tuple[Weighted, Weighted], *, level: float = 0.95, caps: tuple[float, float] = (np.inf, np.inf)
) -> Estimate:
    """Return the weighted Cox hazard ratio of the outcome, first rule over second; other deaths and losses censor.

    The error is robust, clustered by patient, both clones of a patient together; it takes the weights as known. A
    figure of second rank: it has no meaning for two risks, and clones share their patients' hours before they part.
    """
    first, second = arms
    pieces = [_spells(hours, one, cap) for one, cap in zip(arms, caps, strict=True)]
    measure = f"hazard ratio, {first.rule.name} / {second.rule.name}"
    events = int(sum(int(p[2].sum()) for p in pieces))
    method = "weighted Cox, robust error clustered by patient"
    if any(not p[0].size for p in pieces):
        why = "an arm has no hour that follows its rule"
        return not_estimable(measure, why, n=hours.n, events=events, method=method, level=level)
    start, stop, event, weight, who = (np.concatenate(both) for both in zip(*pieces, strict=True))
    arm = np.repeat([1.0, 0.0], [p[0].size for p in pieces])
    made = cox(
        stop, event, {measure.removeprefix("hazard ratio, "): arm}, start=start, weights=weight, patient=who,
        robust=True, level=level,
    )  # fmt: skip
    return made.rows[0]


def _spells(
    hours: Hours, weighted: Weighted, cap: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return start, stop, event, weight and patient of spells of constant weight."""
    weight = np.minimum(weighted.rows(hours), cap)
    rows = np.flatnonzero(weight > 0)
    w, who, hour = weight[rows], hours.patient[rows], hours.hour[rows]
    if not rows.size:
        nothing = np.empty(0)
        return nothing, nothing, nothing, nothing, nothing
    new = np.concatenate(([True], (np.diff(who) != 0) | (np.diff(w) != 0)))
    begins = np.flatnonzero(new)
    ends = np.append(begins[1:], rows.size) - 1
    event = (hours.outcome[rows[ends]] == OUTCOME).astype(np.float64)
    stop: FloatArray = hour[ends].astype(np.float64) + 1.0
    return hour[begins].astype(np.float64), stop, event, w[begins], who[begins].astype(np.float64)


def naive_incidence(hours: Hours, within: int) -> tuple[float, float]:
    """Return the share with the outcome among those treated within so many hours, and among the rest.

    What the literature does, and wrong: who was treated has lived until then (immortal time), and was sicker. NaN
    where a group is empty.
    """
    early = hours.begun < within
    event = hours.last == OUTCOME
    with np.errstate(invalid="ignore"):
        one, rest = (float(event[g].mean()) if g.any() else np.nan for g in (early, ~early))
    return one, rest


def unweighted(hours: Hours, weighted: Weighted) -> Curve:
    """Return the curve of the clones as if leaving the rule told nothing: every weight 1."""
    flat = Weighted(
        weighted.rule, (weighted.weight > 0).astype(np.float64), (weighted.tail > 0).astype(np.float64), np.empty(0)
    )
    return curve(hours, flat)
