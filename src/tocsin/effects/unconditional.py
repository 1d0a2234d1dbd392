"""Unconditional exact tests of a/m v b/n: only the two group sizes are fixed, the unknown proportion is maximised."""

import numpy as np
import numpy.typing as npt

from tocsin.effects.inputs import FloatArray, count
from tocsin.effects.proportions import SLACK, hypergeometric

GRID = 2_000  # values of the unknown proportion, then as many again around the largest
MOST_TABLES = 1_000_000
BoolArray = npt.NDArray[np.bool_]


def barnard_p(a: int, m: int, b: int, n: int) -> float:
    """Return Barnard's two-sided p: tables at least as far by the pooled z, at the worst common proportion.

    scipy's ``barnard_exact`` loses tables whose z equals the observed one but for rounding (9/10 v 3/10: 0.0069
    instead of 0.0080). ValueError for an empty arm. Barnard, Nature 1945;156:177. Checked: R script.
    """
    x, y = _tables(a, m, b, n)
    total = x + y
    spread = total * (m + n - total) * (1 / m + 1 / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(spread > 0, np.abs(x / m - y / n) / np.sqrt(spread), 0.0)
    return _worst(z >= z[a, b] * (1 - SLACK), m, n)


def boschloo_by_fisher_p(a: int, m: int, b: int, n: int) -> float:
    """Return Boschloo's two-sided p, tables ordered by the two-sided Fisher p.

    `proportions.boschloo_p` doubles the smaller one-sided p instead, as scipy does: 0.1798 v 0.1227 for 11/13 v 5/9.
    Say which. ValueError for an empty arm. Boschloo, Stat Neerl 1970;24:1. Checked: R script.
    """
    p = np.ones(_tables(a, m, b, n)[0].shape)
    for events in range(m + n + 1):
        counts, chance = hypergeometric(m, n, events)
        order = np.argsort(chance)
        ends = np.searchsorted(chance[order], chance * (1 + SLACK), side="right")
        p[counts, events - counts] = np.cumsum(chance[order])[ends - 1]
    return _worst(p <= p[a, b] * (1 + SLACK), m, n)


def _tables(a: int, m: int, b: int, n: int) -> tuple[FloatArray, FloatArray]:
    m, n = count(m, "m"), count(n, "n")
    for value, name, most in ((a, "a", m), (b, "b", n)):
        count(value, name, most)
    if not (m and n):
        raise ValueError("a/m v b/n: an arm is empty")
    if (m + 1) * (n + 1) > MOST_TABLES:
        raise ValueError(f"a/m v b/n: more than {MOST_TABLES:,} tables, too many for an unconditional exact test")
    x, y = np.meshgrid(np.arange(m + 1.0), np.arange(n + 1.0), indexing="ij")
    return x, y


def _worst(extreme: BoolArray, m: int, n: int) -> float:
    """Return the largest chance of the extreme tables over the common proportion.

    Tables with the same number of events share a power of the proportion, so the chance is one polynomial.
    """
    if extreme.all():
        return 1.0
    from scipy.special import gammaln

    def log_choose(size: int) -> FloatArray:
        k = np.arange(size + 1)
        return gammaln(size + 1) - gammaln(k + 1) - gammaln(size - k + 1)

    x, y = np.nonzero(extreme)
    ways = np.full(m + n + 1, -np.inf)
    np.logaddexp.at(ways, x + y, log_choose(m)[x] + log_choose(n)[y])
    events = np.flatnonzero(np.isfinite(ways))

    def chance(shares: FloatArray) -> FloatArray:
        logs = ways[events] + events * np.log(shares)[:, None] + (m + n - events) * np.log1p(-shares)[:, None]
        return np.exp(logs).sum(axis=1)

    shares = np.arange(1, GRID) / GRID
    top = float(shares[np.argmax(chance(shares))])
    near = np.linspace(max(top - 1 / GRID, 1e-12), min(top + 1 / GRID, 1 - 1e-12), GRID + 1)
    return min(1.0, float(chance(near).max()))
