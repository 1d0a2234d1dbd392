"""One proportion, and two proportions a/m v b/n."""

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Literal

import numpy as np

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, IntArray, count, z_value

SLACK = 1e-7  # R's fisher.test: a table this much more likely than the observed one still counts as equally likely
MOST_COUNTED = 400  # subjects: whole numbers up to here


def proportion(
    events: int,
    n: int,
    *,
    level: float = 0.95,
    method: Literal["clopper-pearson", "wilson", "wilson-corrected", "jeffreys"] = "clopper-pearson",
) -> Estimate:
    """Return ``events / n`` with its interval; n = 0 is not estimable.

    At 0/n and n/n the Clopper-Pearson limit is a one-sided bound at 1 - (1 - level)/2, and the note says so.
    ``"wilson-corrected"`` is what R's ``prop.test`` prints, ``"jeffreys"`` the quantiles of beta(k + 1/2, n - k + 1/2),
    0 at 0/n and 1 at n/n.
    Clopper & Pearson, Biometrika 1934;26:404; Wilson, J Am Stat Assoc 1927;22:209. Checked: R ``binom.test``.
    """
    k, size, z = *_pair(events, n, "events", "n"), z_value(level)
    if method not in ("clopper-pearson", "wilson", "wilson-corrected", "jeffreys"):
        raise ValueError(f"method: unknown, {method!r}")
    if size == 0:
        return not_estimable("proportion", "nobody in the group", n=0, events=0, method=method, level=level)
    if method in ("wilson", "wilson-corrected"):
        low, high = wilson(k, size, z) if method == "wilson" else _corrected(k, size, z)
        return Estimate("proportion", k / size, low, high, level, method, size, k)
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    if method == "jeffreys":
        low = 0.0 if k == 0 else float(betaincinv(k + 0.5, size - k + 0.5, tail))
        high = 1.0 if k == size else float(betaincinv(k + 0.5, size - k + 0.5, 1 - tail))
        return Estimate("proportion", k / size, low, high, level, method, size, k)
    low = 0.0 if k == 0 else float(betaincinv(k, size - k + 1, tail))
    high = 1.0 if k == size else float(betaincinv(k + 1, size - k, 1 - tail))
    note = f"one-sided {1 - tail:.1%} bound" if k in (0, size) else ""
    return Estimate("proportion", k / size, low, high, level, method, size, k, note)


def wilson(k: int, n: int, z: float) -> tuple[float, float]:
    """Return Wilson's limits for k/n, n > 0, at the normal quantile z."""
    p = k / n
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = ((p + z * z / (2 * n) + side) / (1 + z * z / n) for side in (-half, half))
    return (0.0 if k == 0 else low), (1.0 if k == n else high)


def _corrected(k: int, n: int, z: float) -> tuple[float, float]:
    """Return Wilson's limits with continuity correction (Newcombe, Stat Med 1998;17:857), as ``prop.test`` has them."""
    step = min(0.5, abs(k - n / 2))

    def limit(shift: float, sign: int) -> float:
        p = (k + shift) / n
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (p + z * z / (2 * n) + sign * half) / (1 + z * z / n)

    return 0.0 if k == 0 else max(limit(-step, -1), 0.0), 1.0 if k == n else min(limit(step, 1), 1.0)


def fisher_p(
    a: int, m: int, b: int, n: int, *, alternative: Literal["two-sided", "less", "greater"] = "two-sided"
) -> float:
    """Return Fisher's exact p for a/m v b/n.

    Two-sided adds up the tables no more likely than the observed one (R, SAS, SPSS); ``"greater"`` means a/m > b/n.
    Raises ValueError for an empty arm. Checked: R ``fisher.test``, and scipy on every table of three small designs.
    """
    x, chance = _null(a, m, b, n)
    match alternative:
        case "two-sided":
            extreme = chance <= chance[x == a] * (1 + SLACK)
        case "less":
            extreme = x <= a
        case "greater":
            extreme = x >= a
        case _:
            raise ValueError(f"alternative: unknown, {alternative!r}")
    return 1.0 if extreme.all() else min(1.0, float(chance[extreme].sum()))


def mid_p(a: int, m: int, b: int, n: int, *, order: Literal["probability", "doubled"] = "probability") -> float:
    """Return the two-sided mid-p: Fisher's p less half the probability of the tables as likely as the observed one.

    ``order="doubled"`` doubles the smaller one-sided mid-p instead, which is what a central interval inverts. Raises
    ValueError for an empty arm. Lancaster, J Am Stat Assoc 1961;56:223. Checked: R script.
    """
    x, chance = _null(a, m, b, n)
    observed = float(chance[x == a][0])
    if order == "doubled":
        return min(1.0, 2 * (min(float(chance[x < a].sum()), float(chance[x > a].sum())) + observed / 2))
    if order != "probability":
        raise ValueError(f"order: unknown, {order!r}")
    tied = np.abs(chance - observed) <= observed * SLACK
    return float(chance[(chance < observed) & ~tied].sum() + chance[tied].sum() / 2)


def boschloo_p(
    a: int, m: int, b: int, n: int, *, alternative: Literal["two-sided", "less", "greater"] = "two-sided"
) -> float:
    """Return Boschloo's unconditional exact p; two-sided is twice the smaller one-sided p (scipy's definition).

    Ordering by the two-sided Fisher p gives another value (0.1227 v 0.1798 for 11/13 v 5/9): say which. ValueError
    for an empty arm. Boschloo, Stat Neerl 1970;24:1. Checked: R script, maximum over a fine grid.
    """
    _null(a, m, b, n)
    if a + b in (0, m + n):
        return 1.0
    from scipy.stats import boschloo_exact

    # scipy reads the groups off the columns
    return float(boschloo_exact([[a, b], [m - a, n - b]], alternative=alternative, n=256).pvalue)


def odds_ratio(
    a: int, m: int, b: int, n: int, *, level: float = 0.95, method: Literal["exact", "mid-p"] = "exact"
) -> Estimate:
    """Return the conditional odds ratio with its exact (or mid-p) interval, and Fisher's two-sided p (or the mid-p).

    An infinite ratio or limit is ``None`` with a note; nothing is ever added to a zero cell. The interval is central,
    Fisher's p is not, so rarely one says "different" and the other does not. Cornfield, 1956. Checked: R script.
    """
    z_value(level)
    if method not in ("exact", "mid-p"):
        raise ValueError(f"method: unknown, {method!r}")
    a, m, b, n = *_pair(a, m, "a", "m"), *_pair(b, n, "b", "n")
    name, events, size = f"conditional maximum likelihood, {method} interval", a + b, m + n
    if not (m and n and 0 < events < size):
        why = "an arm is empty" if not (m and n) else "all subjects, or none, had the event"
        return not_estimable("odds ratio", why, n=size, events=events, method=name, level=level)
    p = fisher_p(a, m, b, n) if method == "exact" else mid_p(a, m, b, n)
    ratio, low, high = _conditional(a, m, b, n, (1 - level) / 2, 1.0 if method == "exact" else 0.5)
    numbers = {"estimate": ratio, "upper limit": high}
    infinite = [what for what, value in numbers.items() if math.isinf(value)]
    note = f"infinite: {', '.join(infinite)}" if infinite else ""
    estimate, top = (None if math.isinf(value) else value for value in numbers.values())
    return Estimate("odds ratio", estimate, low, top, level, name, size, events, note, p)


def _conditional(a: int, m: int, b: int, n: int, tail: float, tied: float) -> tuple[float, float, float]:
    """Return the ratio at which ``a`` is what one expects, and those at which either tail has probability ``tail``.

    ``tied`` is the share of the observed table's own probability that a tail counts: 1 exact, 0.5 mid-p. Roots by
    halving on the log ratio, where all three are monotone; scipy.stats has the same and takes a second to import.
    """
    from scipy.special import gammaln

    x = np.arange(max(0, a + b - n), min(m, a + b) + 1)
    ways = -(gammaln(x + 1) + gammaln(m - x + 1) + gammaln(a + b - x + 1) + gammaln(n - a - b + x + 1))

    def root(score: Callable[[FloatArray], float]) -> float:
        low, high = -60.0, 60.0
        while (middle := (low + high) / 2) not in (low, high):
            weight = ways + x * middle
            share = np.exp(weight - weight.max())
            low, high = (low, middle) if score(share / share.sum()) > 0 else (middle, high)
        return math.exp(middle)

    lowest, highest = a == x[0], a == x[-1]
    at = int(a - x[0])
    ratio = 0.0 if lowest else math.inf if highest else root(lambda share: float((share * x).sum()) - a)
    low = 0.0 if lowest else root(lambda share: float(share[at + 1 :].sum() + share[at] * tied) - tail)
    high = math.inf if highest else root(lambda share: tail - float(share[:at].sum() + share[at] * tied))
    return ratio, low, high


def risk_ratio(a: int, m: int, b: int, n: int, *, level: float = 0.95) -> Estimate:
    """Return (a/m) / (b/n) with the Wald interval and p of its logarithm; not estimable with a zero numerator.

    Katz et al., Biometrics 1978;34:469. Checked: by hand and against two printed ratios of Kadauke et al. 2020.
    """
    z = z_value(level)
    a, m, b, n = *_pair(a, m, "a", "m"), *_pair(b, n, "b", "n")
    method, size = "Wald interval of the log ratio", m + n
    if not (a and b):
        return not_estimable("risk ratio", "an arm has no event", n=size, events=a + b, method=method, level=level)
    se = math.sqrt((1 / a - 1 / m) + (1 / b - 1 / n))
    centre = math.log(a / m) - math.log(b / n)
    if se == 0:
        why = "everybody had the event"
        return not_estimable("risk ratio", why, n=size, events=a + b, method=method, level=level)
    low, high, p = math.exp(centre - z * se), math.exp(centre + z * se), 2 * NormalDist().cdf(-abs(centre) / se)
    return Estimate("risk ratio", (a / m) / (b / n), low, high, level, method, size, a + b, "", p)


def hypergeometric(m: int, n: int, events: int) -> tuple[IntArray, FloatArray]:
    """Return the possible counts in an arm of m, given ``events`` among m + n, and their chances under no difference.

    Each chance comes from its neighbour: C(m, k + 1) C(n, e - k - 1) is C(m, k) C(n, e - k) times
    (m - k) (e - k) / ((k + 1) (n - e + k + 1)). Whole numbers up to 400 subjects, so nothing is rounded before the
    last division; above, floats from the most likely count outwards, whose error grows with the steps (about 1e-13 at
    10,000 subjects). Checked: scipy, and math.comb.
    """
    x = np.arange(max(0, events - n), min(m, events) + 1)
    if m + n <= MOST_COUNTED:
        ways, least = math.comb(m + n, events), int(x[0])
        counted = [math.comb(m, least) * math.comb(n, events - least)]
        for k in x[:-1].tolist():
            counted.append(counted[-1] * (m - k) * (events - k) // ((k + 1) * (n - events + k + 1)))
        return x, np.array([count / ways for count in counted])
    k = x[:-1].astype(np.float64)
    up = (m - k) * (events - k) / ((k + 1) * (n - events + k + 1))
    top = int(np.searchsorted(-up, -1.0))  # the ratios fall: the first below 1 leaves the most likely count
    left = np.cumprod(1 / up[:top][::-1])[::-1]
    chance = np.concatenate((left, [1.0], np.cumprod(up[top:])))
    return x, chance / chance.sum()


def _null(a: int, m: int, b: int, n: int) -> tuple[IntArray, FloatArray]:
    a, m, b, n = *_pair(a, m, "a", "m"), *_pair(b, n, "b", "n")
    if not (m and n):
        raise ValueError("a/m v b/n: an arm is empty")
    return hypergeometric(m, n, a + b)


def _pair(k: int, n: int, name: str, of: str) -> tuple[int, int]:
    size = count(n, of)
    return count(k, name, size), size
