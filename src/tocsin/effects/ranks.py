"""Groups of numbers compared by ranks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, IntArray, numbers, z_value

MOST_EXACT = 100  # subjects in both groups; above, the exact distribution takes seconds and changes nothing
FEWEST = 5  # subjects a group needs for the chi-square of Kruskal-Wallis not to be rough


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, quartiles and range of one group; all ``None`` without a value. ``missing`` counts NaN."""

    n: int
    missing: int
    median: float | None
    q1: float | None
    q3: float | None
    least: float | None
    most: float | None


def spread(values: npt.ArrayLike) -> Spread:
    """Return median, quartiles and range; NaN counts as missing, infinite values raise ValueError.

    Quartiles interpolate as R's default (type 7) does; SPSS and SAS print slightly others in small groups.
    """
    array = np.asarray(values, dtype=np.float64)
    missing = np.isnan(array)
    known = numbers(array[~missing], "values")
    if not known.size:
        return Spread(0, int(missing.sum()), None, None, None, None, None)
    least, q1, median, q3, most = (float(q) for q in np.quantile(known, (0, 0.25, 0.5, 0.75, 1)))
    return Spread(known.size, int(missing.sum()), median, q1, q3, least, most)


def mann_whitney(
    x: npt.ArrayLike, y: npt.ArrayLike, *, rule: Literal["exact", "R"] = "exact", correct: bool = True
) -> Estimate:
    """Compare two groups by Mann-Whitney; the estimate is U, the pairs with x > y (ties count half), R's ``W``.

    ``rule="exact"``: conditional permutation of mid-ranks, p = P(|U - EU| >= |u - EU|), ties or not, up to 100
    subjects. ``rule="R"``: what ``wilcox.test`` prints: exact where both groups have fewer than 50 and nothing is
    tied, else normal with tie and (``correct``) continuity correction. NaN raises ValueError, an empty group is not
    estimable. Streitberg & Roehmel, Stat Softw Newsl 1986;12:10. Checked: R, exactRankTests, coin.
    """
    a, b = numbers(x, "x"), numbers(y, "y")
    if rule not in ("exact", "R"):
        raise ValueError(f"rule: unknown, {rule!r}")
    measure, size = "Mann-Whitney U", a.size + b.size
    if not (a.size and b.size):
        return not_estimable(measure, "a group is empty", n=size, events=None, method="Mann-Whitney", level=None)
    twice = _twice_mid_ranks(np.concatenate((a, b)))
    u = float(twice[: a.size].sum() / 2 - a.size * (a.size + 1) / 2)
    tied = np.unique(twice).size < size
    if (size <= MOST_EXACT) if rule == "exact" else (max(a.size, b.size) < 50 and not tied):
        total, chance = _rank_sums(twice, a.size)
        middle = a.size * (size + 1)
        p = float(chance[np.abs(total - middle) >= abs(2 * u + a.size * (a.size + 1) - middle)].sum())
        method = f"Mann-Whitney, exact{', mid-ranks' if tied else ''}"
        return Estimate(measure, u, None, None, None, method, size, None, "", min(1.0, p))
    method = f"Mann-Whitney, normal approximation{' with continuity correction' if correct else ''}"
    p_normal = _normal_p(u, a.size, b.size, twice, correct)
    note = "all values are equal" if p_normal is None else ""
    return Estimate(measure, u if p_normal is not None else None, None, None, None, method, size, None, note, p_normal)


def kruskal_wallis(groups: Sequence[npt.ArrayLike]) -> Estimate:
    """Compare two or more groups by ranks; the estimate is H, corrected for ties, p its chi-square approximation.

    No exact p: with a group of fewer than 5 the note calls the approximation rough. NaN raises ValueError. Not
    estimable: fewer than two groups, an empty group, all values equal. Kruskal & Wallis, J Am Stat Assoc 1952;47:583.
    Checked: R ``kruskal.test``.
    """
    known = [numbers(values, f"group {i}") for i, values in enumerate(groups)]
    sizes, measure, method = [values.size for values in known], "Kruskal-Wallis H", "Kruskal-Wallis"
    size = sum(sizes)
    why = "fewer than two groups" if len(sizes) < 2 else "a group is empty" if not all(sizes) else ""
    if not why and all(values.min() == values.max() == known[0][0] for values in known):
        why = "all values are equal"
    if why:
        return not_estimable(measure, why, n=size, events=None, method=method, level=None)
    from scipy.special import chdtrc

    twice = _twice_mid_ranks(np.concatenate(known))
    gaps = [part.sum() / 2 - part.size * (size + 1) / 2 for part in np.split(twice, np.cumsum(sizes)[:-1])]
    _, copies = np.unique(twice, return_counts=True)
    spread_of_ranks = (float(size) ** 3 - size - float((copies**3 - copies).sum())) / (12 * (size - 1))
    h = float(sum(gap**2 / n for gap, n in zip(gaps, sizes, strict=True))) / spread_of_ranks
    df, few = len(sizes) - 1, min(sizes) < FEWEST
    note = f"a group has fewer than {FEWEST} values: the chi-square is rough" if few else ""
    label = f"{method}, chi-square with {df} df"
    return Estimate(measure, h, None, None, None, label, size, None, note, float(chdtrc(df, h)))


def hodges_lehmann(x: npt.ArrayLike, y: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return the shift x - y: the median of all differences, with the exact interval and exact Mann-Whitney p.

    Without ties the limits are the k-th smallest and k-th largest difference, k the (1 - level)/2 quantile of U (at
    least 1). With ties they are the nearest differences at which U, ties counted half, reaches the (1 - level)/2
    quantile of its permutation distribution from either side (exactRankTests, but symmetric in x and y). The point
    estimate of exactRankTests at ties is another: -1.5 for -1 in our reference. Above 100 subjects k comes from the
    normal approximation. NaN raises ValueError, an empty group is not estimable.
    Hodges & Lehmann, Ann Math Stat 1963;34:598. Checked: R ``wilcox.test``; limits at ties: exactRankTests.
    """
    z = z_value(level)
    a, b = numbers(x, "x"), numbers(y, "y")
    measure, size = "shift (Hodges-Lehmann)", a.size + b.size
    if not (a.size and b.size):
        return not_estimable(measure, "a group is empty", n=size, events=None, method="Hodges-Lehmann", level=level)
    differences, note = np.sort((a[:, None] - b[None, :]).ravel()), ""
    twice = _twice_mid_ranks(np.concatenate((a, b)))
    if size <= MOST_EXACT:
        total, chance = _rank_sums(twice, a.size)
        u, below = (total - a.size * (a.size + 1)) / 2, np.cumsum(chance)
        if 2 * float(chance[0]) > 1 - level:
            note = f"too few subjects for {level:.0%}: the interval is the whole range of differences"
        tail, above = (1 - level) / 2 * (1 - 1e-12), np.cumsum(chance[::-1])
        low_u, high_u = float(u[np.searchsorted(below, tail)]), float(u[::-1][np.searchsorted(above, tail)])
        tied = np.unique(twice).size < size
        limits = _tied_limits if tied else _plain_limits
        low, high = limits(differences, low_u, high_u)
    else:
        cut = a.size * b.size / 2 - z * _spread_of_u(a.size, b.size, twice)
        low, high = _plain_limits(differences, round(cut), 0.0)
    method = f"Hodges-Lehmann, {'exact' if size <= MOST_EXACT else 'normal approximation'} interval"
    p = mann_whitney(a, b).p
    return Estimate(measure, float(np.median(differences)), low, high, level, method, size, None, note, p)


def _plain_limits(differences: FloatArray, low_u: float, _: float) -> tuple[float, float]:
    k = max(1, int(low_u))
    return float(differences[k - 1]), float(differences[-k])


def _tied_limits(differences: FloatArray, low_u: float, high_u: float) -> tuple[float, float]:
    """Return the nearest shifts whose U is at most ``low_u`` and at least ``high_u``; U falls as the shift grows."""
    up_to, below = (np.searchsorted(differences, differences, side=side) for side in ("right", "left"))
    u = differences.size - (up_to + below) / 2
    rejected_high, rejected_low = np.flatnonzero(u <= low_u), np.flatnonzero(u >= high_u)
    low = differences[rejected_low[-1]] if rejected_low.size else differences[0]
    high = differences[rejected_high[0]] if rejected_high.size else differences[-1]
    return float(low), float(high)


def _twice_mid_ranks(values: FloatArray) -> IntArray:
    """Return 2 x mid-rank, a whole number even at ties."""
    ordered = np.sort(values)
    below, up_to = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return (below + up_to + 1).astype(np.int64)


def _rank_sums(twice: IntArray, size: int) -> tuple[IntArray, FloatArray]:
    """Return the possible sums of ``size`` of the scores and their probabilities, by the shift algorithm.

    Row k of the table holds the chance that k subjects seen so far were chosen, by their sum; the chances are those of
    drawing without replacement, so nothing overflows.
    """
    top = int(np.sort(twice)[-size:].sum())
    chance = np.zeros((size + 1, top + 1))
    chance[0, 0] = 1.0
    for seen, score in enumerate(twice):
        places = np.arange(size + 1)
        taken = np.clip((size - places) / (twice.size - seen), 0, 1)[:, None]
        moved = chance[:-1] * taken[:-1]
        chance *= 1 - taken
        chance[1:, score:] += moved[:, : top + 1 - score]
    possible = np.flatnonzero(chance[size] > 0)
    return possible, chance[size, possible]


def _spread_of_u(m: int, n: int, twice: IntArray) -> float:
    _, copies = np.unique(twice, return_counts=True)
    size = m + n
    return math.sqrt(m * n / 12 * (size + 1 - float((copies**3 - copies).sum()) / (size * (size - 1))))


def _normal_p(u: float, m: int, n: int, twice: IntArray, correct: bool) -> float | None:
    sigma = _spread_of_u(m, n, twice)
    if sigma < 1e-9:
        return None
    gap = u - m * n / 2
    gap -= math.copysign(0.5, gap) if correct and gap else 0.0  # a gap is at least 0.5 or nothing
    return 2 * NormalDist().cdf(-abs(gap / sigma))
