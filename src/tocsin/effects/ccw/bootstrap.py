"""Intervals that know the weights were estimated: patients drawn again, every model refitted, all arms together.

A replicate is one weight per patient, in the fits and in the curves; no row is ever copied, and copies of a patient
cannot be confused. Each replicate has a counter of its own, so that one thread and many give the same numbers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tocsin.effects.ccw.emulation import Emulated, FitFailed, Prepared, replicate
from tocsin.effects.ccw.incidence import (
    METHOD,
    Curve,
    Quantity,
    check_hours,
    quantities,
    value,
    why_not,
)
from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, check_share
from tocsin.errors import TocsinError

Draw = Literal["multinomial", "bayesian"]
IntervalKind = Literal["percentile", "basic"]
FEWEST = 20  # replicates below which no interval is given
MOST_FAILED = 0.1  # share of failed replicates above which the interval carries a warning


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """Replicates of every quantity. ``values`` is replicates by quantities, ``truncated`` the same with capped weights.

    NaN where a replicate failed or its curve ended before the hour. ``failed`` counts replicates by reason.
    ``incidence``, ``competing`` are replicates by rules by hours. ``seed`` is the one used, drawn where none was given.
    """

    quantities: tuple[Quantity, ...]
    values: FloatArray
    truncated: FloatArray
    incidence: FloatArray
    competing: FloatArray
    failed: dict[str, int]
    draw: Draw
    seed: int
    one_step: bool

    @property
    def size(self) -> int:
        """Replicates asked for."""
        return int(self.values.shape[0])


def multiplicities(n: int, draw: Draw, seed: int, number: int) -> FloatArray:
    """Return how often each patient counts in one replicate; they add up to n.

    ``multinomial``: patients drawn with replacement. ``bayesian``: exponential weights, nobody wholly absent (Rubin,
    Ann Stat 1981;9:130). The numbers depend on seed and replicate number only.
    """
    random = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, number]))
    if draw == "bayesian":
        weights = random.standard_exponential(n)
        return weights * (n / weights.sum())
    return np.bincount(random.integers(0, n, n), minlength=n).astype(np.float64)


def bootstrap(
    prepared: Prepared,
    point: Emulated,
    at: Sequence[int],
    *,
    replicates: int = 500,
    reference: int = -1,
    draw: Draw = "multinomial",
    seed: int | None = None,
    one_step: bool = False,
    threads: int = 2,
    told: Callable[[int], None] | None = None,
) -> Bootstrap:
    """Estimate again with patients drawn again, arms paired within each replicate.

    ``at`` are the hours asked about, ``reference`` the rule others are compared with (the last by default).
    ``one_step`` makes one Newton step from the full fit: faster, and near enough where the fit is well determined.
    ``told`` hears how many replicates are done. Davison & Hinkley, Bootstrap Methods, 1997.
    """
    hours = prepared.hours
    check_hours(at, hours.horizon)
    if replicates < FEWEST or draw not in ("multinomial", "bayesian"):
        raise ValueError(f"replicates or draw: needs at least {FEWEST} and a known draw, has {replicates}, {draw!r}")
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
    used: int = seed

    def again(number: int) -> Emulated | str:
        try:
            m = multiplicities(hours.n, draw, used, number)
            return replicate(prepared, m, point, one_step=one_step)
        except FitFailed as failed:
            return str(failed)

    asked, made, failed = _run(prepared, again, at, reference, replicates, threads, told)
    return Bootstrap(asked, *made, failed, draw, used, one_step)


def _run(
    prepared: Prepared,
    again: Callable[[int], Emulated | str],
    at: Sequence[int],
    reference: int,
    size: int,
    threads: int,
    told: Callable[[int], None] | None,
) -> tuple[tuple[Quantity, ...], tuple[FloatArray, FloatArray, FloatArray, FloatArray], dict[str, int]]:
    """Run numbered replicates and lay their numbers out; threads do not change them."""
    names = [rule.name for rule in prepared.rules]
    asked = tuple(quantities(names, at, range(len(names))[reference]))
    values, truncated = (np.full((size, len(asked)), np.nan) for _ in range(2))
    incidence, competing = (np.full((size, len(names), prepared.hours.horizon), np.nan) for _ in range(2))
    failed: Counter[str] = Counter()

    def one(number: int) -> str:
        made = again(number)
        if isinstance(made, str):
            return made
        values[number] = [value(q, made.curves) for q in asked]
        if made.truncated:
            truncated[number] = [value(q, made.truncated) for q in asked]
        for a, each in enumerate(made.curves):
            incidence[number, a], competing[number, a] = each.incidence, each.competing
        return ""

    with ThreadPoolExecutor(max(1, threads)) as pool:
        for number, why in enumerate(pool.map(one, range(size))):
            if why:
                failed[why] += 1
            if told is not None:
                told(number + 1)
    return asked, (values, truncated, incidence, competing), dict(failed)


def effect_rows(
    prepared: Prepared,
    point: Emulated,
    made: Bootstrap,
    *,
    level: float = 0.95,
    interval: IntervalKind = "percentile",
    truncated: bool = False,
) -> list[Estimate]:
    """Return one row per quantity with its interval; not estimable, and said why, where a curve has ended.

    ``basic`` reflects the percentiles at the estimate (ratios on the log scale). A failed replicate is left out and
    counted in the note.
    """
    check_share(level, "level")
    if interval not in ("percentile", "basic"):
        raise ValueError(f"interval: unknown, {interval!r}")
    curves = point.truncated if truncated else point.curves
    if not curves:
        raise ValueError("truncated: the settings ask for no truncation")
    values = made.truncated if truncated else made.values
    refit = "one Newton step" if made.one_step else "refitted"
    cut = f", weights cut at their {prepared.settings.truncation:.1%} quantile" if truncated else ""
    method = f"{METHOD}{cut}; {interval} bootstrap of {made.size} ({made.draw}, {refit}, seed {made.seed})"
    return [_row(prepared, q, curves, values[:, j], level, interval, method) for j, q in enumerate(made.quantities)]


def plain_rows(prepared: Prepared, point: Emulated, at: Sequence[int], reference: int = -1) -> list[Estimate]:
    """Return the quantities without an interval, which the note says."""
    check_hours(at, prepared.hours.horizon)
    names = [rule.name for rule in prepared.rules]
    empty = np.empty(0)
    asked = quantities(names, at, range(len(names))[reference])
    return [_row(prepared, q, point.curves, empty, 0.95, "percentile", METHOD) for q in asked]


def _row(
    prepared: Prepared,
    quantity: Quantity,
    curves: Sequence[Curve],
    draws: FloatArray,
    level: float,
    interval: IntervalKind,
    method: str,
) -> Estimate:
    n, events = prepared.hours.n, _events(prepared, quantity, curves)
    estimate = value(quantity, curves)
    if not math.isfinite(estimate):
        why = why_not(quantity, curves)
        return not_estimable(quantity.measure, why, n=n, events=events, method=method, level=level)
    if not draws.size:
        return Estimate(quantity.measure, estimate, None, None, level, method, n, events, "no interval: no bootstrap")
    used = draws[np.isfinite(draws) & ((draws > 0) | (not quantity.log))]
    lost = draws.size - used.size
    note = f"{lost} of {draws.size} replicates gave no number" if lost else ""
    if lost > MOST_FAILED * draws.size:
        note += ": the interval leaves out what could not be estimated"
    if used.size < FEWEST or (quantity.log and estimate <= 0):
        why = note if used.size < FEWEST else "a ratio of 0 has no interval"
        return Estimate(quantity.measure, estimate, None, None, level, method, n, events, why)
    low, high = (float(x) for x in np.quantile(used, [(1 - level) / 2, (1 + level) / 2]))
    if interval == "basic":
        low, high = (
            (estimate**2 / high, estimate**2 / low) if quantity.log else (2 * estimate - high, 2 * estimate - low)
        )
    return Estimate(quantity.measure, estimate, low, high, level, method, n, events, note)


def _events(prepared: Prepared, quantity: Quantity, curves: Sequence[Curve]) -> int:
    """Count patients with the event by the hour; a patient in both arms counts once in each, a contrast counts all."""
    hours = prepared.hours
    code = 2 if quantity.what == "competing" else 1
    within = hours.length <= quantity.hours
    both = (hours.last == code) | ((quantity.what == "free hours") & (hours.last == 2))
    return int((both & within).sum())


def jackknife(
    prepared: Prepared,
    point: Emulated,
    at: Sequence[int],
    *,
    reference: int = -1,
    one_step: bool = False,
    threads: int = 2,
) -> tuple[tuple[Quantity, ...], FloatArray, dict[str, int]]:
    """Leave one patient out at a time; return quantities, their standard errors and failures by reason.

    sqrt((n - 1) / n sum (x_i - mean)^2). A check of the bootstrap: NaN where a patient could not be left out.
    Efron, The Jackknife, 1982.
    """
    check_hours(at, prepared.hours.horizon)
    n = prepared.hours.n

    def again(number: int) -> Emulated | str:
        m = np.ones(n)
        m[number] = 0.0
        try:
            return replicate(prepared, m, point, one_step=one_step)
        except FitFailed as failed:
            return str(failed)

    if n < 2:
        raise TocsinError.of("emulate.hours-shape", "the jackknife needs at least two patients")
    asked, made, failed = _run(prepared, again, at, reference, n, threads, None)
    spread = ((made[0] - made[0].mean(axis=0)) ** 2).sum(axis=0)
    return asked, np.sqrt((n - 1) / n * spread), failed
