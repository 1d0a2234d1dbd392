"""How far apart two arms lie at baseline: standardised mean differences."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.effects.inputs import FloatArray, numbers


@dataclass(frozen=True, slots=True)
class Balance:
    """A standardised difference, arm 1 less arm 0.

    ``null_sd`` is what chance alone gives, sqrt(1/n1 + 1/n0): 0.43 for 13 v 9, so "above 0.1" says nothing there. The
    known (``n1``, ``n0``) and the missing are counted apart. ``smd`` is ``None`` where ``note`` says why.
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
    pooled = math.sqrt((float(a.var(ddof=1)) + float(b.var(ddof=1))) / 2) if min(a.size, b.size) > 1 else 0.0
    note = _empty(a.size, b.size) or ("an arm has only one value" if min(a.size, b.size) < 2 else "")
    if not note and not (w1.sum() and w0.sum()):
        note = "the weights of an arm add up to 0"
    if note:
        return _balance(None, a.size, b.size, missing1, missing0, note)
    gap = float(np.average(a, weights=w1) - np.average(b, weights=w0))
    return _standardised(gap, pooled, a.size, b.size, missing1, missing0)


def smd_binary(x1: npt.ArrayLike, x0: npt.ArrayLike) -> Balance:
    """Return (p1 - p0) / sqrt((p1 q1 + p0 q0) / 2) of 0/1 values; NaN is missing, another code raises ValueError."""
    (a, _, missing1), (b, _, missing0) = _known(x1, None, "x1"), _known(x0, None, "x0")
    for values, name in ((a, "x1"), (b, "x0")):
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"{name}: needs 0 and 1")
    note = _empty(a.size, b.size)
    if note:
        return _balance(None, a.size, b.size, missing1, missing0, note)
    p1, p0 = float(a.mean()), float(b.mean())
    pooled = math.sqrt((p1 * (1 - p1) + p0 * (1 - p0)) / 2)
    return _standardised(p1 - p0, pooled, a.size, b.size, missing1, missing0)


def smd_levels(x1: Sequence[object], x0: Sequence[object]) -> Balance:
    """Return sqrt(T' V^-1 T) over the levels, never negative; ``None`` and NaN are missing.

    T holds the differences of all but one level's shares, V is the mean of the two multinomial covariances; which
    level is left out does not matter. Yang & Dalton, SAS Global Forum 2012, paper 335. Checked: by hand.
    """
    known1, known0 = ([str(v) for v in x if v is not None and v == v] for x in (x1, x0))
    n1, n0, missing1, missing0 = len(known1), len(known0), len(x1) - len(known1), len(x0) - len(known0)
    note = _empty(n1, n0)
    if note:
        return _balance(None, n1, n0, missing1, missing0, note)
    levels = sorted({*known1, *known0})
    share1, share0 = (np.array([known.count(v) / len(known) for v in levels])[:-1] for known in (known1, known0))
    gap = share1 - share0
    if not gap.any():
        return _balance(0.0, n1, n0, missing1, missing0, "")
    spread = sum((np.diag(p) - np.outer(p, p) for p in (share1, share0)), np.zeros((gap.size, gap.size))) / 2
    if np.linalg.matrix_rank(spread, tol=1e-12) < gap.size:
        return _balance(None, n1, n0, missing1, missing0, "the arms share no level: the difference is infinite")
    return _balance(math.sqrt(float(gap @ np.linalg.solve(spread, gap))), n1, n0, missing1, missing0, "")


def _known(values: npt.ArrayLike, weights: npt.ArrayLike | None, name: str) -> tuple[FloatArray, FloatArray, int]:
    array = np.asarray(values, dtype=np.float64)
    missing = np.isnan(array)
    weight = np.ones(array.shape) if weights is None else numbers(weights, f"weights of {name}")
    if weight.shape != array.shape or (weight < 0).any():
        raise ValueError(f"weights of {name}: need {array.size} values, none negative")
    return numbers(array[~missing], name), weight[~missing], int(missing.sum())


def _empty(n1: int, n0: int) -> str:
    return "" if n1 and n0 else "an arm has no known value"


def _standardised(gap: float, pooled: float, n1: int, n0: int, missing1: int, missing0: int) -> Balance:
    if pooled == 0 and gap != 0:
        return _balance(None, n1, n0, missing1, missing0, "no spread within the arms: the difference is infinite")
    return _balance(gap / pooled if gap else 0.0, n1, n0, missing1, missing0, "")


def _balance(smd: float | None, n1: int, n0: int, missing1: int, missing0: int, note: str) -> Balance:
    null_sd = math.sqrt(1 / n1 + 1 / n0) if n1 and n0 else None
    return Balance(smd, null_sd, n1, n0, missing1, missing0, note)
