"""How strong a confounder nobody recorded would have to be: E-values, and a grid of such confounders."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import count
from tocsin.effects.proportions import risk_ratio

Ratio = Literal["risk ratio", "odds ratio, rare", "odds ratio, common", "hazard ratio, rare", "hazard ratio, common"]
Explained = Literal["no", "interval", "estimate"]
STRENGTHS = (1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
POINT, LIMIT = "E-value of the estimate", "E-value of the limit nearest 1"


@dataclass(frozen=True, slots=True)
class ConfounderCell:
    """One confounder of the grid: its two risk ratios, and the result once it is taken away at its worst.

    ``bias`` is the largest factor by which it can move a ratio. ``explained`` says what it would take away: ``"no"``,
    the ``"interval"`` (a limit reaches 1) or the ``"estimate"`` itself (which is on 1 or beyond it).
    """

    with_arm: float
    with_outcome: float
    bias: float
    row: Estimate
    explained: Explained


def e_value(
    ratio: float,
    low: float | None = None,
    high: float | None = None,
    *,
    kind: Ratio = "risk ratio",
    n: int,
    events: int | None = None,
) -> tuple[Estimate, Estimate]:
    """Return the E-values of a ratio and of its limit nearest 1: RR + sqrt(RR (RR - 1)), a ratio below 1 inverted.

    An unmeasured confounder must be tied to arm and to outcome by risk ratios of at least this size each, beyond what
    was adjusted for, to explain the ratio away. A limit on the other side of 1 gives 1. ``kind`` says which ratio it
    is: "common" (outcome in more than 15 % by the end) turns an odds ratio into its root and a hazard ratio into
    (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR)). Without limits the second row is not estimable; a ratio that is not
    above 0 and finite raises ValueError. VanderWeele & Ding, Ann Intern Med 2017;167:268. Checked: their smoking
    example; the formula for hazard ratios is from memory (Mh).
    """
    subjects, happened = count(n, "n"), None if events is None else count(events, "events", n)
    point, nearest = _checked(ratio, low, high, kind)
    method = f"VanderWeele-Ding, {kind}"
    made = _e_value(_as_risk_ratio(point, kind))
    first = Estimate(POINT, made, None, None, None, method, subjects, happened)
    if nearest is None:
        return first, not_estimable(LIMIT, "no interval", n=subjects, events=happened, method=method, level=None)
    crossed = (nearest - 1) * (point - 1) <= 0
    edge = 1.0 if crossed else _e_value(_as_risk_ratio(nearest, kind))
    note = "the interval holds 1" if crossed else ""
    return first, Estimate(LIMIT, edge, None, None, None, method, subjects, happened, note)


def e_value_two_arms(a: int, m: int, b: int, n: int, *, level: float = 0.95) -> tuple[Estimate, Estimate]:
    """Return the E-values of (a/m) / (b/n) with its Wald limits; not estimable with an empty arm or without events."""
    row = risk_ratio(a, m, b, n, level=level)
    if row.estimate is None:
        why, method = row.note.removeprefix("not estimable: "), "VanderWeele-Ding, risk ratio"
        return tuple(  # pyright: ignore[reportReturnType]
            not_estimable(measure, why, n=row.n, events=row.events, method=method, level=None)
            for measure in (POINT, LIMIT)
        )
    return e_value(row.estimate, row.low, row.high, n=row.n, events=row.events)


def bounding_factor(with_arm: float, with_outcome: float) -> float:
    """Return the most by which a confounder with these two risk ratios (both >= 1) can multiply a risk ratio.

    B = RR_eu RR_ud / (RR_eu + RR_ud - 1). Ding & VanderWeele, Epidemiology 2016;27:368.
    """
    for value, name in ((with_arm, "with_arm"), (with_outcome, "with_outcome")):
        if not (math.isfinite(value) and value >= 1):
            raise ValueError(f"{name}: needs a risk ratio from 1, is {value}; invert one below 1")
    # the same, written so that two large strengths do not overflow
    return with_arm / (1 + (with_arm - 1) / with_outcome)


def confounder_grid(
    ratio: float,
    low: float,
    high: float,
    *,
    kind: Ratio = "risk ratio",
    level: float = 0.95,
    n: int,
    events: int | None = None,
    with_arm: tuple[float, ...] = STRENGTHS,
    with_outcome: tuple[float, ...] = STRENGTHS,
) -> list[ConfounderCell]:
    """Return the ratio and its limits after each confounder of a grid is taken away at its worst.

    A ratio above 1 is divided by the bounding factor, one below 1 multiplied. An odds or hazard ratio is first turned
    into a risk ratio as in `e_value`; the rows are risk ratios. Cells in rows of ``with_arm``.
    """
    point, _ = _checked(ratio, low, high, kind)
    subjects, happened = count(n, "n"), None if events is None else count(events, "events", n)
    numbers = [_as_risk_ratio(value, kind) for value in (point, low, high)]
    sign = 1 if numbers[0] > 1 else -1
    method = f"Ding-VanderWeele bound, {kind}"
    cells: list[ConfounderCell] = []
    for first in with_arm:
        for second in with_outcome:
            bias = bounding_factor(first, second)
            moved = [value / bias if sign > 0 else value * bias for value in numbers]
            middle, bottom, top = moved
            name = "risk ratio, confounder taken away"
            row = Estimate(name, middle, bottom, top, level, method, subjects, happened)
            side = [sign * math.log(value) for value in moved]
            reached: Explained = "estimate" if side[0] <= 0 else "interval" if min(side) <= 0 else "no"
            cells.append(ConfounderCell(first, second, bias, row, reached))
    return cells


def _checked(ratio: float, low: float | None, high: float | None, kind: str) -> tuple[float, float | None]:
    """The ratio, and its limit nearest 1; ValueError where they are no ratio, are not in order or lack one limit."""
    if kind not in get_args(Ratio):
        raise ValueError(f"kind: unknown, {kind!r}")
    for value, name in ((ratio, "ratio"), (low, "low"), (high, "high")):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name}: needs a ratio above 0, is {value}")
    if (low is None) != (high is None):
        raise ValueError("low, high: give both limits or none")
    if low is None or high is None:
        return ratio, None
    if not low <= ratio <= high:
        raise ValueError(f"low, high: the ratio {ratio} does not lie between {low} and {high}")
    return ratio, low if ratio > 1 else high


def _as_risk_ratio(ratio: float, kind: str) -> float:
    if kind == "odds ratio, common":
        return math.sqrt(ratio)
    if kind == "hazard ratio, common":
        root = math.sqrt(ratio)
        return -math.expm1(-root * math.log(2)) / -math.expm1(-math.log(2) / root)
    return ratio


def _e_value(ratio: float) -> float:
    above = max(ratio, 1 / ratio)
    return above + math.sqrt(above * (above - 1))
