"""How far two raters agree beyond chance: weighted kappa of ordered categories."""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import IntArray, codes, count, labels, z_value

Weights = Literal["linear", "quadratic"]
LARGE_SAMPLE = "large-sample variance (Fleiss, Cohen & Everitt)"
MOST_UNDEFINED = 0.05  # share of bootstrap tables without a kappa above which no interval is given


def weighted_kappa(table: npt.ArrayLike, weights: Weights = "quadratic", *, level: float = 0.95) -> Estimate:
    """Return Cohen's weighted kappa of a square table of counts (row: first rater) with its large-sample interval.

    Disagreement weighs |i - j| (linear) or (i - j)² (quadratic); categories nobody uses change nothing. Not estimable:
    fewer than two subjects, or a rater who uses one category (kappa is then 0 or 0/0 whatever the other says). Where
    the variance is 0, as at full agreement, the limits are missing. A limit outside -1 to 1 is cut there. Subjects
    count as independent. Cohen, Psychol Bull 1968;70:213; Fleiss, Cohen & Everitt, Psychol Bull 1969;72:323.
    Checked: hand-worked fractions, the numerical delta method, SAS PROC FREQ's example.
    """
    counts, measure, z = _square(table), f"{_known(weights)} weighted kappa", z_value(level)
    n = int(counts.sum())
    if why := _trouble(counts):
        return not_estimable(measure, why, n=n, events=None, method=LARGE_SAMPLE, level=level)
    kappa = float(_kappas(counts[None], weights)[0])
    cost, share = _cost(len(counts), weights).astype(np.float64), counts / n
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    seen, expected = float((cost * share).sum()), float(rows @ cost @ columns)
    slope = (seen * ((cost @ columns)[:, None] + (rows @ cost)[None, :]) - cost * expected) / expected**2
    variance = float((share * slope**2).sum() - (share * slope).sum() ** 2) / n
    if variance <= 1e-14:
        note = "no limits: the large-sample variance is 0" + (", all subjects are rated the same" if seen == 0 else "")
        return Estimate(measure, kappa, None, None, level, LARGE_SAMPLE, n, None, note)
    low, high = kappa - z * math.sqrt(variance), kappa + z * math.sqrt(variance)
    note = "limit cut at the end of the scale" if low < -1 or high > 1 else ""
    return Estimate(measure, kappa, max(-1.0, low), min(1.0, high), level, LARGE_SAMPLE, n, None, note)


def bootstrap_kappa(
    first: npt.ArrayLike, second: npt.ArrayLike, cluster: npt.ArrayLike, weights: Weights = "quadratic", *,
    level: float = 0.95, draws: int = 2_000, seed: int = 1,
) -> Estimate:  # fmt: skip
    """Return weighted kappa with the percentile interval over whole clusters (patients) drawn with replacement.

    ``first`` and ``second`` are categories from 0. Clusters that contribute the same are drawn as one multinomial, so
    the cost does not grow with n and the order of the rows changes nothing. Tables drawn without a kappa (one category
    only) are left out and counted in the note; above 5 % of them the limits are missing. Same ``seed``, same result.
    Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13. Checked: all resamples of small data listed.
    """
    a, b = np.asarray(first), np.asarray(second)
    a, b = codes(a, None, "first", len(b)), codes(b, None, "second", len(a))
    measure, method = f"{_known(weights)} weighted kappa", f"bootstrap by cluster, percentile, {draws} draws"
    z_value(level)
    if count(draws, "draws") < 100:
        raise ValueError(f"draws: needs at least 100, is {draws}")
    size = int(max(a.max(initial=0), b.max(initial=0))) + 1
    counts = cross_table(a, b, size)
    if why := _trouble(counts):
        return not_estimable(measure, why, n=a.size, events=None, method=method, level=level)
    kappa, names = float(_kappas(counts[None], weights)[0]), labels(cluster, "cluster", a.size)
    if len(names[0]) < 2:
        return Estimate(measure, kappa, None, None, level, method, a.size, None, "no limits: one cluster only")
    found = _drawn(_contributions(a, b, names[1], size), size, weights, draws, seed)
    note = f"{draws - found.size} draws without a kappa left out" if found.size < draws else ""
    if found.size < draws * (1 - MOST_UNDEFINED):
        note = f"no limits: {draws - found.size} of {draws} draws hold one category only"
        return Estimate(measure, kappa, None, None, level, method, a.size, None, note)
    low, high = (float(limit) for limit in np.quantile(found, [(1 - level) / 2, (1 + level) / 2]))
    if low == high:
        note = "no limits: every draw gives the same kappa"
        return Estimate(measure, kappa, None, None, level, method, a.size, None, note)
    return Estimate(measure, kappa, low, high, level, method, a.size, None, note)


def cross_table(first: IntArray, second: IntArray, size: int) -> IntArray:
    """Return the ``size`` x ``size`` counts of pairs of categories, first rater in rows."""
    return np.bincount(first * size + second, minlength=size * size).reshape(size, size).astype(np.int64)


def _contributions(first: IntArray, second: IntArray, place: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Return the distinct cell counts of a cluster, one a line, and how many clusters have each."""
    cells, place_of = np.unique(first * size + second, return_inverse=True)
    held = np.zeros((int(place.max()) + 1, len(cells)), np.int64)
    np.add.at(held, (place, place_of), 1)
    lines, times = np.unique(held, axis=0, return_counts=True)
    whole = np.zeros((len(lines), size * size), np.int64)
    whole[:, cells] = lines
    return whole, times.astype(np.int64)


def _drawn(
    held: tuple[IntArray, IntArray], size: int, weights: Weights, draws: int, seed: int
) -> npt.NDArray[np.float64]:
    """Return the kappas of the tables drawn, those that have one."""
    lines, times = held
    clusters = int(times.sum())
    taken = np.random.default_rng(seed).multinomial(clusters, times / clusters, size=draws)
    found = _kappas((taken @ lines).reshape(draws, size, size), weights)
    return found[np.isfinite(found)]


def _kappas(tables: IntArray, weights: Weights) -> npt.NDArray[np.float64]:
    """Return 1 - n Σ cost n_ij / Σ cost n_i. n_.j of each table, in whole numbers until the division; NaN for 0/0."""
    cost = _cost(tables.shape[1], weights)
    seen = tables.sum(axis=(1, 2)) * (tables * cost).sum(axis=(1, 2))
    expected = ((tables.sum(axis=2) @ cost) * tables.sum(axis=1)).sum(axis=1)
    return 1 - np.divide(seen, expected, out=np.full(len(tables), np.nan), where=expected > 0)


def _cost(size: int, weights: Weights) -> IntArray:
    gap = np.abs(np.arange(size)[:, None] - np.arange(size)[None, :]).astype(np.int64)
    return gap if weights == "linear" else gap**2


def _trouble(counts: IntArray) -> str:
    """Return why a table has no kappa, or nothing."""
    n = int(counts.sum())
    if n < 2:
        return "nobody is rated by both" if n == 0 else "one subject only"
    used = [int((counts.sum(axis=axis) > 0).sum()) for axis in (1, 0)]
    if used == [1, 1]:
        return "each rater uses one category only"
    return "one rater uses one category only" if 1 in used else ""


def _known(weights: str) -> str:
    if weights not in ("linear", "quadratic"):
        raise ValueError(f"weights: unknown, {weights!r}")
    return weights


def _square(table: npt.ArrayLike) -> IntArray:
    array = np.asarray(table, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise ValueError(f"table: needs as many rows as columns, has shape {array.shape}")
    if not np.isfinite(array).all() or (array < 0).any() or (array != np.floor(array)).any():
        raise ValueError("table: needs whole numbers from 0")
    return array.astype(np.int64)
