"""The difference of two proportions a/m - b/n with an interval."""

import math
from typing import Literal, cast

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import count, z_value
from tocsin.effects.proportions import wilson

DifferenceMethod = Literal["newcombe", "miettinen-nurminen", "mee"]


def risk_difference(
    a: int, m: int, b: int, n: int, *, level: float = 0.95, method: DifferenceMethod = "newcombe"
) -> Estimate:
    """Return a/m - b/n; an empty arm is not estimable. For a p-value take Fisher's: `proportions.fisher_p`.

    Newcombe's hybrid score interval (Stat Med 1998;17:873), Miettinen & Nurminen's score interval (Stat Med
    1985;4:213), or ``"mee"``, the same without the factor N/(N-1). Checked: R script.
    """
    z = z_value(level)
    m, n = count(m, "m"), count(n, "n")
    a, b = count(a, "a", m), count(b, "b", n)
    if method not in ("newcombe", "miettinen-nurminen", "mee"):
        raise ValueError(f"method: unknown, {method!r}")
    if not (m and n):
        why = "an arm is empty"
        return not_estimable("risk difference", why, n=m + n, events=a + b, method=method, level=level)
    d = a / m - b / n
    low, high = _newcombe(a, m, b, n, z) if method == "newcombe" else _score(a, m, b, n, z, method)
    return Estimate("risk difference", d, low, high, level, method, m + n, a + b)


def _newcombe(a: int, m: int, b: int, n: int, z: float) -> tuple[float, float]:
    p1, p2, d = a / m, b / n, a / m - b / n
    (low1, high1), (low2, high2) = wilson(a, m, z), wilson(b, n, z)
    return d - math.hypot(p1 - low1, high2 - p2), d + math.hypot(high1 - p1, p2 - low2)


def _score(a: int, m: int, b: int, n: int, z: float, method: str) -> tuple[float, float]:
    from scipy.optimize import brentq

    factor = 1.0 if method == "mee" else (m + n) / (m + n - 1)

    def limit(begin: float, end: float, aim: float) -> float:
        def gap(shift: float) -> float:
            return _statistic(a, m, b, n, shift, factor) - aim

        return cast(float, brentq(gap, begin, end, xtol=1e-14))

    # a/m - b/n may miss 1 or -1 by a rounding error, the counts do not
    d, edge = a / m - b / n, 1 - 1e-10
    low = -1.0 if a == 0 and b == n else limit(-edge, d, z)
    high = 1.0 if a == m and b == 0 else limit(d, edge, -z)
    return low, high


def _statistic(a: int, m: int, b: int, n: int, shift: float, factor: float) -> float:
    """Return the score statistic for p1 - p2 = shift, both at their maximum likelihood under that restriction."""
    p2 = _restricted(a, m, b, n, shift)
    p1 = min(max(p2 + shift, 0.0), 1.0)
    variance = (p1 * (1 - p1) / m + p2 * (1 - p2) / n) * factor
    gap = a / m - b / n - shift
    if variance <= 1e-300:
        return 0.0 if abs(gap) < 1e-12 else math.copysign(1e6, gap)
    return gap / math.sqrt(variance)


def _restricted(a: int, m: int, b: int, n: int, shift: float) -> float:
    """Return the second arm's proportion: the root of Miettinen and Nurminen's cubic that lies in the valid range."""
    total, events = m + n, a + b
    c3, c2 = total, (m + 2 * n) * shift - total - events
    c1, c0 = (n * shift - total - 2 * b) * shift + events, b * shift * (1 - shift)
    q = (c2 / (3 * c3)) ** 3 - c1 * c2 / (6 * c3 * c3) + c0 / (2 * c3)
    radius = math.copysign(math.sqrt(max((c2 / (3 * c3)) ** 2 - c1 / (3 * c3), 0.0)), q)
    if radius == 0:
        return min(max(-c2 / (3 * c3), 0.0), 1.0)
    angle = (math.pi + math.acos(min(max(q / radius**3, -1.0), 1.0))) / 3
    return min(max(2 * radius * math.cos(angle) - c2 / (3 * c3), 0.0), 1.0)
