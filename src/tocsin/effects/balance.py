"""How far apart two arms lie at baseline: standardised mean differences."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.effects.inputs import FloatArray, numbers
from tocsin.effects.means import TOO_LARGE


@dataclass(frozen=True, slots=True)
class Balance:
    """A standardised difference, arm 1 less arm 0.

    ``null_sd`` is what chance alone gives, sqrt(1/n1 + 1/n0): 0.43 for 13 v 9, so "above 0.1" says nothing there. With
    weights each n in it is (sum w)^2 / sum w^2, which is what a weighted mean is worth. The known (``n1``, ``n0``) and
    the missing are counted apart. ``smd`` is ``None`` where ``note`` says why.
    """

    smd: float | None
    null_sd: float | None
    n1: int
    n0: int
    missing1: int
    missing0: int
    note: str = ""


def smd_continuous(
    x1: npt.ArrayLike,
    x0: npt.ArrayLike,
    *,
    weights1: npt.ArrayLike | None = None,
    weights0: npt.ArrayLike | None = None,
) -> Balance:
    """Return the difference of (weighted) means over the root of the mean of the two unweighted variances.

    NaN is missing; an infinite value or a negative weight raises ValueError. The denominator stays unweighted, so
    that weighting cannot look better by inflating the spread (Austin, Stat Med 2009;28:3083). Checked: R script.
    """
    (a, w1, missing1), (b, w0, missing0) = _known(x1, weights1, "x1"), _known(x0, weights0, "x0")
    with np.errstate(over="ignore", invalid="ignore"):
        pooled = math.sqrt((float(a.var(ddof=1)) + float(b.var(ddof=1))) / 2) if min(a.size, b.size) > 1 else 0.0
    note = _empty(a.size, b.size) or ("an arm has only one value" if min(a.size, b.size) < 2 else "")
    note = note or _weightless(w1, w0) or ("" if math.isfinite(pooled) else TOO_LARGE)
    if note:
        return _balance(None, a.size, b.size, missing1, missing0, note)
    gap = float(np.average(a, weights=w1) - np.average(b, weights=w0))
    return _standardised(gap, pooled, a.size, b.size, missing1, missing0, _null_sd(w1, w0))


def hedges_g(x1: npt.ArrayLike, x0: npt.ArrayLike) -> Balance:
    """Return Hedges' g: the difference of means over the pooled SD, times 1 - 3 / (4 (n1 + n0) - 9).

    NaN is missing. Not the SMD of a Table 1: arms of unequal size pool by their degrees of freedom here. Hedges, J
    Educ Stat 1981;6:107. Checked: R script.
    """
    (a, _, missing1), (b, _, missing0) = _known(x1, None, "x1"), _known(x0, None, "x0")
    note = _empty(a.size, b.size) or ("too few values" if a.size + b.size < 3 else "")
    if note:
        return _balance(None, a.size, b.size, missing1, missing0, note)
    with np.errstate(over="ignore", invalid="ignore"):
        squares = float(((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum())
    if not math.isfinite(squares):
        return _balance(None, a.size, b.size, missing1, missing0, TOO_LARGE)
    pooled, small = math.sqrt(squares / (a.size + b.size - 2)), 1 - 3 / (4 * (a.size + b.size) - 9)
    return _standardised(float(a.mean() - b.mean()) * small, pooled, a.size, b.size, missing1, missing0)


def smd_binary(
    x1: npt.ArrayLike,
    x0: npt.ArrayLike,
    *,
    weights1: npt.ArrayLike | None = None,
    weights0: npt.ArrayLike | None = None,
) -> Balance:
    """Return (p1 - p0) / sqrt((p1 q1 + p0 q0) / 2) of 0/1 values; NaN is missing, another code raises ValueError.

    Weights move the shares above the line, not the spread below it, as in `smd_continuous`.
    """
    (a, w1, missing1), (b, w0, missing0) = _known(x1, weights1, "x1"), _known(x0, weights0, "x0")
    for values, name in ((a, "x1"), (b, "x0")):
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"{name}: needs 0 and 1")
    note = _empty(a.size, b.size) or _weightless(w1, w0)
    if note:
        return _balance(None, a.size, b.size, missing1, missing0, note)
    p1, p0 = float(a.mean()), float(b.mean())
    pooled = math.sqrt((p1 * (1 - p1) + p0 * (1 - p0)) / 2)
    gap = float(np.average(a, weights=w1) - np.average(b, weights=w0))
    return _standardised(gap, pooled, a.size, b.size, missing1, missing0, _null_sd(w1, w0))


def smd_levels(
    x1: Sequence[object],
    x0: Sequence[object],
    *,
    weights1: npt.ArrayLike | None = None,
    weights0: npt.ArrayLike | None = None,
) -> Balance:
    """Return sqrt(T' V^-1 T) over the levels, never negative; ``None`` and NaN are missing.

    T holds the differences of all but one level's (weighted) shares, V is the mean of the two unweighted multinomial
    covariances; which level is left out does not matter. Yang & Dalton, SAS Global Forum 2012, paper 335. Checked: by
    hand.
    """
    (known1, w1), (known0, w0) = _known_levels(x1, weights1, "x1"), _known_levels(x0, weights0, "x0")
    n1, n0, missing1, missing0 = len(known1), len(known0), len(x1) - len(known1), len(x0) - len(known0)
    note = _empty(n1, n0) or _weightless(w1, w0)
    if note:
        return _balance(None, n1, n0, missing1, missing0, note)
    levels = sorted({*known1, *known0})
    share1, share0 = (np.array([known.count(v) / len(known) for v in levels])[:-1] for known in (known1, known0))
    weighted1, weighted0 = (
        np.array([np.average([v == level for v in known], weights=w) for level in levels])[:-1]
        for known, w in ((known1, w1), (known0, w0))
    )
    gap, null_sd = weighted1 - weighted0, _null_sd(w1, w0)
    if not (np.abs(gap) > 1e-15).any():
        return _balance(0.0, n1, n0, missing1, missing0, "", null_sd)
    spread = sum((np.diag(p) - np.outer(p, p) for p in (share1, share0)), np.zeros((gap.size, gap.size))) / 2
    if np.linalg.matrix_rank(spread, tol=1e-12) < gap.size:
        return _balance(None, n1, n0, missing1, missing0, "the arms share no level: the difference is infinite")
    return _balance(math.sqrt(float(gap @ np.linalg.solve(spread, gap))), n1, n0, missing1, missing0, "", null_sd)


def _known_levels(values: Sequence[object], weights: npt.ArrayLike | None, name: str) -> tuple[list[str], FloatArray]:
    weight = np.ones(len(values)) if weights is None else numbers(weights, f"weights of {name}")
    if weight.size != len(values) or (weight < 0).any():
        raise ValueError(f"weights of {name}: need {len(values)} values, none negative")
    known = np.array([v is not None and v == v for v in values], bool)
    return [str(v) for v in values if v is not None and v == v], weight[known]


def _known(values: npt.ArrayLike, weights: npt.ArrayLike | None, name: str) -> tuple[FloatArray, FloatArray, int]:
    array = np.asarray(values, dtype=np.float64)
    missing = np.isnan(array)
    weight = np.ones(array.shape) if weights is None else numbers(weights, f"weights of {name}")
    if weight.shape != array.shape or (weight < 0).any():
        raise ValueError(f"weights of {name}: need {array.size} values, none negative")
    return numbers(array[~missing], name), weight[~missing], int(missing.sum())


def _empty(n1: int, n0: int) -> str:
    return "" if n1 and n0 else "an arm has no known value"


def _weightless(w1: FloatArray, w0: FloatArray) -> str:
    return "" if w1.sum() and w0.sum() else "the weights of an arm add up to 0"


def _null_sd(w1: FloatArray, w0: FloatArray) -> float:
    """Return sqrt(1/n1 + 1/n0) with the effective number of each arm."""
    return math.sqrt(sum(float((w**2).sum() / w.sum() ** 2) for w in (w1, w0)))


def _standardised(
    gap: float, pooled: float, n1: int, n0: int, missing1: int, missing0: int, null_sd: float | None = None
) -> Balance:
    if pooled == 0 and gap != 0:
        return _balance(None, n1, n0, missing1, missing0, "no spread within the arms: the difference is infinite")
    return _balance(gap / pooled if gap else 0.0, n1, n0, missing1, missing0, "", null_sd)


def _balance(
    smd: float | None, n1: int, n0: int, missing1: int, missing0: int, note: str, null_sd: float | None = None
) -> Balance:
    if null_sd is None and n1 and n0:
        null_sd = math.sqrt(1 / n1 + 1 / n0)
    return Balance(smd, null_sd, n1, n0, missing1, missing0, note)
