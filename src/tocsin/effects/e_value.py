"""How strong a confounder nobody recorded would have to be: E-values, and a grid of such confounders."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import codes, count
from tocsin.effects.proportions import risk_ratio
from tocsin.effects.stratified import mantel_haenszel

Ratio = Literal["risk ratio", "odds ratio, rare", "odds ratio, common", "hazard ratio, rare", "hazard ratio, common"]
Explained = Literal["no", "interval", "estimate"]
STRENGTHS = (1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
POINT, LIMIT = "E-value of the estimate", "E-value of the limit nearest 1"
OBSERVED = "E-value of an observed covariate"


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


@dataclass(frozen=True, slots=True)
class ObservedStrength:
    """How strong a confounder something recorded would be; a ratio is ``None`` where the E-value's note says why.

    ``with_arm`` is the ratio of its shares in the arms, ``with_outcome`` its risk ratio for the outcome within arms,
    both turned above 1. ``missing`` counts the subjects without a value.
    """

    with_arm: float | None
    with_outcome: float | None
    e_value: Estimate
    missing: int


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


def observed_strength(covariate: npt.ArrayLike, arm: npt.ArrayLike, event: npt.ArrayLike) -> ObservedStrength:
    """Return the E-value of a recorded yes-or-no covariate: a yardstick for that of a confounder nobody recorded.

    0 and 1 each, NaN in ``covariate`` is missing and left out; other codes raise ValueError. The E-value is of the
    most the covariate alone can move a risk ratio (`bounding_factor`): a confounder with both ratios of that size does
    as much. The risk ratio is Mantel-Haenszel's over the arms, so that the arms' own difference is not in it. Crude
    shares, no interval: with few subjects it is noise as well. Not estimable: a share or a risk of 0, or nobody with,
    or without, the covariate. VanderWeele & Ding 2017, as `e_value`; one number of both ratios is ours (R).
    """
    given = np.asarray(covariate, dtype=np.float64)
    known = ~np.isnan(given)
    has = codes(given[known], (0, 1), "covariate", int(known.sum()))
    first, died = (codes(values, (0, 1), name, given.size)[known] for values, name in ((arm, "arm"), (event, "event")))
    n, events, missing = int(has.size), int(died.sum()), int((~known).sum())
    method = "VanderWeele-Ding, of the bound; Mantel-Haenszel over the arms"

    def none(why: str, with_arm: float | None = None) -> ObservedStrength:
        row = not_estimable(OBSERVED, why, n=n, events=events, method=method, level=None)
        return ObservedStrength(with_arm, None, row, missing)

    sizes = [int((first == k).sum()) for k in (1, 0)]
    if not all(sizes):
        return none("an arm has no known value")
    shares = [float(has[first == k].mean()) for k in (1, 0)]
    if not all(shares):
        return none("nobody has it" if not any(shares) else "only one arm has it: the ratio is infinite")
    of_arm = max(shares) / min(shares)
    strata = [
        (int(died[mine & (has == 1)].sum()), int((mine & (has == 1)).sum()),
         int(died[mine & (has == 0)].sum()), int((mine & (has == 0)).sum()))
        for mine in (first == 1, first == 0)
    ]  # fmt: skip
    common = mantel_haenszel(strata, measure="risk ratio")
    if common.estimate is None:
        return none("no risk ratio with the outcome: no event with it, or none without", of_arm)
    of_outcome = max(common.estimate, 1 / common.estimate)
    made = _e_value(bounding_factor(of_arm, of_outcome))
    return ObservedStrength(of_arm, of_outcome, Estimate(OBSERVED, made, None, None, None, method, n, events), missing)


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
