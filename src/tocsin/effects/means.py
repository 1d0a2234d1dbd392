"""Two groups of numbers compared by their means."""

import math

import numpy as np
import numpy.typing as npt

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import check_share, numbers

TOO_LARGE = "the values are too large to square"


def welch(x: npt.ArrayLike, y: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return the mean of x less that of y with Welch's interval and two-sided p; the variances may differ.

    The interval rests on means that are near normal: with a few skewed values (days, CRP) show
    `tocsin.effects.ranks.hodges_lehmann` instead. NaN raises ValueError. Not estimable: a group with fewer than two
    values, no spread in either. Welch, Biometrika 1947;34:28. Checked: R ``t.test``.
    """
    check_share(level, "level")
    a, b = numbers(x, "x"), numbers(y, "y")
    measure, method, size = "difference of means", "Welch", a.size + b.size
    why = "a group has fewer than two values" if min(a.size, b.size) < 2 else ""
    if not why and a.min() == a.max() and b.min() == b.max():
        why = "no spread in either group"
    if why:
        return not_estimable(measure, why, n=size, events=None, method=method, level=level)
    from scipy.special import stdtr, stdtrit

    with np.errstate(over="ignore", invalid="ignore"):
        of_a, of_b = (float(values.var(ddof=1)) / values.size for values in (a, b))
    if not math.isfinite((of_a + of_b) ** 2):
        return not_estimable(measure, TOO_LARGE, n=size, events=None, method=method, level=level)
    se = math.sqrt(of_a + of_b)
    df = (of_a + of_b) ** 2 / (of_a**2 / (a.size - 1) + of_b**2 / (b.size - 1))
    gap, half = float(a.mean() - b.mean()), float(stdtrit(df, 0.5 + level / 2)) * se
    p = min(1.0, 2 * float(stdtr(df, -abs(gap) / se)))
    return Estimate(measure, gap, gap - half, gap + half, level, f"Welch, t with {df:.2f} df", size, None, "", p)
