"""What a comparison of m v n patients could have shown."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tocsin.effects.inputs import FloatArray, check_share, count
from tocsin.effects.proportions import SLACK, hypergeometric

STEP = 1 / 2_000


@dataclass(frozen=True, slots=True)
class DetectableProportion:
    """The nearest proportions of arm 1, below and above that of arm 0, found with the wanted power; ``None``: none."""

    p0: float
    below: float | None
    above: float | None
    m: int
    n: int
    power: float
    alpha: float
    note: str


def fisher_power(p1: float, p0: float, m: int, n: int, *, alpha: float = 0.05) -> float:
    """Return the chance that Fisher's two-sided test of m v n gives p <= alpha, by adding up all (m+1)(n+1) tables.

    ``p1`` belongs to the arm of m. Raises ValueError for an empty arm or a value outside 0 to 1. Checked: by listing
    tables.
    """
    for value, name in ((p1, "p1"), (p0, "p0")):
        if not 0 <= value <= 1:
            raise ValueError(f"{name}: must lie from 0 to 1, is {value}")
    rejected = _rejected(*_arms(m, n), alpha)
    return float(_binomial(m, np.array([p1]))[0] @ rejected @ _binomial(n, np.array([p0]))[0])


def detectable_proportion(
    p0: float, m: int, n: int, *, power: float = 0.8, alpha: float = 0.05
) -> DetectableProportion:
    """Return the nearest proportions of the arm of m that Fisher's test tells from ``p0`` with at least ``power``.

    Exact tests waste size, so power is not smooth in n; along p1 it is searched on a grid of 1/2000 and then bisected
    to 1e-9. A side that never gets there is ``None``.
    """
    check_share(power, "power")
    if not 0 <= p0 <= 1:
        raise ValueError(f"p0: must lie from 0 to 1, is {p0}")
    against = _rejected(*_arms(m, n), alpha) @ _binomial(n, np.array([p0]))[0]

    def found(p1: FloatArray) -> npt.NDArray[np.bool_]:
        return _binomial(m, p1) @ against >= power

    below, above = (_nearest(found, p0, end) for end in (0.0, 1.0))
    missing = [side for side, value in (("below", below), ("above", above)) if value is None]
    note = f"no proportion {' or '.join(missing)} reaches a power of {power:g}" if missing else ""
    return DetectableProportion(p0, below, above, m, n, power, alpha, note)


def schoenfeld_power(hazard_ratio: float, events: int, *, share: float = 0.5, alpha: float = 0.05) -> float:
    """Return the log-rank test's power for a hazard ratio, from the number of events and the share of arm 1.

    An approximation for proportional hazards and many events, too hopeful below about 20.
    Schoenfeld, Biometrika 1981;68:316.
    """
    if not (hazard_ratio > 0 and math.isfinite(hazard_ratio)):
        raise ValueError(f"hazard_ratio: needs a positive number, is {hazard_ratio}")
    drift = abs(math.log(hazard_ratio)) * _information(events, share)
    z = _two_sided(alpha)
    return NormalDist().cdf(drift - z) + NormalDist().cdf(-drift - z)


def detectable_hazard_ratio(
    events: int, *, share: float = 0.5, power: float = 0.8, alpha: float = 0.05
) -> tuple[float, float]:
    """Return the hazard ratios nearest 1, below and above, that the log-rank test finds with ``power``.

    exp(-+ (z(1 - alpha/2) + z(power)) / sqrt(events share (1 - share))); ValueError without events. Limits and
    source: `schoenfeld_power`.
    """
    check_share(power, "power")
    information = _information(events, share)
    if information == 0:
        raise ValueError("events: none, so no hazard ratio can be found")
    width = (_two_sided(alpha) + NormalDist().inv_cdf(power)) / information
    return math.exp(-width), math.exp(width)


def _information(events: int, share: float) -> float:
    check_share(share, "share")
    return math.sqrt(count(events, "events") * share * (1 - share))


def _two_sided(alpha: float) -> float:
    check_share(alpha, "alpha")
    return NormalDist().inv_cdf(1 - alpha / 2)


def _arms(m: int, n: int) -> tuple[int, int]:
    m, n = count(m, "m"), count(n, "n")
    if not (m and n):
        raise ValueError("m v n: an arm is empty")
    return m, n


@lru_cache(maxsize=32)
def _rejected(m: int, n: int, alpha: float) -> FloatArray:
    """Return 1.0 for every table (a, b) with Fisher's two-sided p at most alpha, one sweep per number of events."""
    check_share(alpha, "alpha")
    table = np.zeros((m + 1, n + 1))
    for events in range(m + n + 1):
        a, chance = hypergeometric(m, n, events)
        order = np.argsort(chance)
        cumulated = np.concatenate(([0.0], np.cumsum(chance[order])))
        p = cumulated[np.searchsorted(chance[order], chance * (1 + SLACK), side="right")]
        table[a, events - a] = p <= alpha * (1 + SLACK)  # 1/6 + 1/6 need not be 1/3 in binary
    table.flags.writeable = False
    return table


def _binomial(size: int, p: FloatArray) -> FloatArray:
    """Return the chance of 0 to ``size`` events, a row per proportion."""
    k = np.arange(size + 1)
    ways = np.array([float(math.comb(size, int(j))) for j in k])
    return ways * p[:, None] ** k * (1 - p[:, None]) ** (size - k)


def _nearest(found: Callable[[FloatArray], npt.NDArray[np.bool_]], p0: float, end: float) -> float | None:
    """Return the point nearest to ``p0`` on the way to ``end`` where ``found`` holds."""
    steps = max(2, math.ceil(abs(end - p0) / STEP) + 1)
    grid = np.linspace(p0, end, steps)
    hits = np.flatnonzero(found(grid))
    if not hits.size or p0 == end:
        return None
    near, far = float(grid[max(int(hits[0]) - 1, 0)]), float(grid[hits[0]])
    while abs(far - near) > 1e-9:
        middle = (near + far) / 2
        near, far = (near, middle) if found(np.array([middle]))[0] else (middle, far)
    return far
