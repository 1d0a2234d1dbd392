"""Two proportions compared within strata: Mantel-Haenszel, exact common odds ratio, and paired counts."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, count, z_value
from tocsin.effects.proportions import SLACK, proportion

Table = tuple[int, int, int, int]
Measure = Literal["odds ratio", "risk ratio", "risk difference"]


@dataclass(frozen=True, slots=True, eq=False)
class _Strata:
    """The strata with somebody in both arms; ``empty`` counts the others, which tell nothing about the arms."""

    a: FloatArray
    m: FloatArray
    b: FloatArray
    n: FloatArray
    empty: int
    subjects: int
    events: int

    @property
    def note(self) -> str:
        return f"{self.empty} of {self.a.size + self.empty} strata have an empty arm and tell nothing"

    @property
    def total(self) -> FloatArray:
        return self.m + self.n


def _checked(strata: Sequence[Table]) -> _Strata:
    rows: list[tuple[int, int, int, int]] = []
    for i, (a, m, b, n) in enumerate(strata):
        m, n = count(m, f"stratum {i}: m"), count(n, f"stratum {i}: n")
        rows.append((count(a, f"stratum {i}: a", m), m, count(b, f"stratum {i}: b", n), n))
    both = [row for row in rows if row[1] and row[3]]
    a, m, b, n = np.array(both, np.float64).reshape(-1, 4).T
    subjects, events = sum(row[1] + row[3] for row in rows), sum(row[0] + row[2] for row in rows)
    return _Strata(a, m, b, n, len(rows) - len(both), subjects, events)


def mantel_haenszel(
    strata: Sequence[Table], *, measure: Measure = "odds ratio", level: float = 0.95, correct: bool = False
) -> Estimate:
    """Return the Mantel-Haenszel estimate over strata a/m v b/n, and the Cochran-Mantel-Haenszel p.

    Odds ratio: Robins, Breslow & Greenland's limits (Biometrics 1986;42:311). Risk ratio: Greenland & Robins'
    (Biometrics 1985;41:55). Risk difference: Sato's variance (Biometrics 1989;45:1323), limits cut at -1 and 1.
    ``correct`` takes 1/2 off in the test, as R's ``mantelhaen.test`` does unless told not to. A zero sum gives a row
    that says "not estimable"; nothing is added to a cell: `common_odds_ratio` then still has a limit. Checked: R.
    """
    z = z_value(level)
    if measure not in ("odds ratio", "risk ratio", "risk difference"):
        raise ValueError(f"measure: unknown, {measure!r}")
    s = _checked(strata)
    names = {
        "odds ratio": "Mantel-Haenszel, Robins-Breslow-Greenland interval",
        "risk ratio": "Mantel-Haenszel, Greenland-Robins interval",
        "risk difference": "Mantel-Haenszel, Sato interval",
    }
    name, method = f"common {measure}", names[measure]
    if not s.a.size:
        why = "no stratum has two arms"
        return not_estimable(name, why, n=s.subjects, events=s.events, method=method, level=level)
    found = {"odds ratio": _odds_ratio, "risk ratio": _risk_ratio, "risk difference": _risk_difference}[measure](s)
    if isinstance(found, str):
        return not_estimable(name, found, n=s.subjects, events=s.events, method=method, level=level)
    p = _association(s, correct)[1]
    centre, se = found
    ends = (centre, centre - z * se, centre + z * se)
    if measure == "risk difference":
        value, low, high = (min(max(end, -1.0), 1.0) for end in ends)
    else:
        value, low, high = (math.exp(end) for end in ends)
    note = "; ".join(
        ([s.note] if s.empty else []) + ([] if p is None else ["p: Cochran-Mantel-Haenszel" + _corrected(correct)])
    )
    return Estimate(name, value, low, high, level, method, s.subjects, s.events, note, p)


def _corrected(correct: bool) -> str:
    return ", continuity correction" if correct else ""


def _odds_ratio(s: _Strata) -> tuple[float, float] | str:
    a, b, c, d, t = s.a, s.m - s.a, s.b, s.n - s.b, s.total
    r, q = a * d / t, b * c / t
    if not (r.sum() and q.sum()):
        return "the odds ratio is 0, infinite or 0/0 in every stratum"
    agree, cross = (a + d) / t, (b + c) / t
    variance = (agree * r).sum() / (2 * r.sum() ** 2) + (cross * q).sum() / (2 * q.sum() ** 2)
    variance += (agree * q + cross * r).sum() / (2 * r.sum() * q.sum())
    return math.log(r.sum() / q.sum()), math.sqrt(variance)


def _risk_ratio(s: _Strata) -> tuple[float, float] | str:
    t = s.total
    r, q = float((s.a * s.n / t).sum()), float((s.b * s.m / t).sum())
    if not (r and q):
        return "an arm has no event in any stratum"
    variance = float(((s.m * s.n * (s.a + s.b) - s.a * s.b * t) / t**2).sum()) / (r * q)
    return "everybody had the event" if variance <= 0 else (math.log(r / q), math.sqrt(variance))


def _risk_difference(s: _Strata) -> tuple[float, float] | str:
    a, m, b, n, t = s.a, s.m, s.b, s.n, s.total
    weight = float((m * n / t).sum())
    difference = float(((a * n - b * m) / t).sum()) / weight
    p = float(((m**2 * b - n**2 * a + m * n * (n - m) / 2) / t**2).sum())
    q = float(((a * (n - b) + b * (m - a)) / (2 * t)).sum())
    variance = (difference * p + q) / weight**2
    if variance <= 0:
        return "the variance is 0: all, or none, had the event in each arm"
    return difference, math.sqrt(variance)


def _association(s: _Strata, correct: bool) -> tuple[float | None, float | None]:
    from scipy.special import chdtrc

    t, events = s.total, s.a + s.b
    many = t > 1
    spread = np.where(many, s.m * s.n * events * (t - events) / (t**2 * np.where(many, t - 1, 1.0)), 0.0).sum()
    if spread <= 0:
        return None, None
    gap = abs(float((s.a - s.m * events / t).sum()))
    gap = gap - min(0.5, gap) if correct else gap
    return gap**2 / float(spread), float(chdtrc(1, gap**2 / spread))


def cochran_mantel_haenszel(strata: Sequence[Table], *, correct: bool = False) -> Estimate:
    """Test whether the arms differ within strata a/m v b/n; the estimate is chi-square with 1 df.

    ``correct`` as in `mantel_haenszel`. Mantel & Haenszel, J Natl Cancer Inst 1959;22:719. Checked: R.
    """
    s = _checked(strata)
    measure, method = "difference within strata", f"Cochran-Mantel-Haenszel{_corrected(correct)}, chi-square with 1 df"
    chi_square, p = _association(s, correct) if s.a.size else (None, None)
    if chi_square is None:
        why = "no stratum has two arms, an event and a subject without one"
        return not_estimable(measure, why, n=s.subjects, events=s.events, method=method, level=None)
    return Estimate(measure, chi_square, None, None, None, method, s.subjects, s.events, s.note if s.empty else "", p)


def homogeneity(strata: Sequence[Table]) -> Estimate:
    """Test whether the odds ratio is the same in all strata: Breslow-Day with Tarone's correction.

    Strata without an event, or with nothing else, are left out. Rough where strata are small: say so rather than
    believe it. Breslow & Day 1980; Tarone, Biometrika 1985;72:91. Checked: by hand.
    """
    s = _checked(strata)
    measure, method = "odds ratios differ between strata", "Breslow-Day, Tarone's correction"
    common = _odds_ratio(s) if s.a.size else "no stratum has two arms"
    if isinstance(common, str):
        return not_estimable(measure, common, n=s.subjects, events=s.events, method=method, level=None)
    inner = (s.a + s.b > 0) & (s.a + s.b < s.total)
    a, m, b, n = s.a[inner], s.m[inner], s.b[inner], s.n[inner]
    df = int(inner.sum()) - 1
    if df < 1:
        why = "fewer than two strata with an event and a subject without one"
        return not_estimable(measure, why, n=s.subjects, events=s.events, method=method, level=None)
    from scipy.special import chdtrc

    psi, k = math.exp(common[0]), a + b
    # expected a at the common ratio: a (n - k + a) = psi (m - a)(k - a)
    square, linear = 1 - psi, n - k + psi * (m + k)
    root = np.sqrt(np.maximum(linear**2 + 4 * square * psi * m * k, 0.0))
    expected = 2 * psi * m * k / (linear + root)
    spread = 1 / (1 / expected + 1 / (m - expected) + 1 / (k - expected) + 1 / (n - k + expected))
    chi_square = float(((a - expected) ** 2 / spread).sum() - (a - expected).sum() ** 2 / spread.sum())
    p = float(chdtrc(df, max(chi_square, 0.0)))
    label = f"{method}, chi-square with {df} df"
    return Estimate(measure, chi_square, None, None, None, label, s.subjects, s.events, "", p)


def common_odds_ratio(
    strata: Sequence[Table], *, level: float = 0.95, method: Literal["exact", "mid-p"] = "exact"
) -> Estimate:
    """Return the conditional common odds ratio over strata a/m v b/n, its exact (or mid-p) limits, and the exact p.

    The distribution of the sum of the a, given all margins, is the convolution of the strata's; p adds up the sums no
    more likely than the observed one, less half of those as likely under ``"mid-p"``. An infinite ratio or limit is
    ``None`` with a note. Gart, Biometrika 1970;57:471. Checked: R ``mantelhaen.test(exact = TRUE)``.
    """
    z_value(level)
    if method not in ("exact", "mid-p"):
        raise ValueError(f"method: unknown, {method!r}")
    s = _checked(strata)
    name = f"conditional maximum likelihood over strata, {method} interval"
    ways, least = _convolved(s)
    observed = round(float(s.a.sum())) - least
    if ways.size < 2:
        why = "no stratum has two arms, an event and a subject without one"
        return not_estimable("common odds ratio", why, n=s.subjects, events=s.events, method=name, level=level)
    x, tied = np.arange(ways.size), 1.0 if method == "exact" else 0.5
    chance = np.exp(ways - ways.max())
    chance /= chance.sum()
    alike = np.abs(chance - chance[observed]) <= chance[observed] * SLACK
    p = min(1.0, float(chance[(chance < chance[observed]) & ~alike].sum() + tied * chance[alike].sum()))
    tail, top = (1 - level) / 2, ways.size - 1

    def share(shift: float) -> FloatArray:
        weight = ways + x * shift
        part = np.exp(weight - weight.max())
        return part / part.sum()

    def over(part: FloatArray) -> float:
        return float(part[observed + 1 :].sum() + part[observed] * tied) - tail

    def under(part: FloatArray) -> float:
        return tail - float(part[:observed].sum() + part[observed] * tied)

    ratio = 0.0 if not observed else None
    if 0 < observed < top:
        ratio = _root(lambda shift: float((share(shift) * x).sum()) - observed)
    low = 0.0 if not observed else _root(lambda shift: over(share(shift)))
    high = None if observed == top else _root(lambda shift: under(share(shift)))
    infinite = [what for what, value in (("estimate", ratio), ("upper limit", high)) if value is None]
    notes = ([f"infinite: {', '.join(infinite)}"] if infinite else []) + ([s.note] if s.empty else [])
    return Estimate("common odds ratio", ratio, low, high, level, name, s.subjects, s.events, "; ".join(notes), p)


def _convolved(s: _Strata) -> tuple[FloatArray, int]:
    """Return the log weights of every possible sum of the a, and the least sum."""
    from scipy.special import gammaln

    log_ways, least = np.zeros(1), 0
    for a, m, b, n in zip(s.a, s.m, s.b, s.n, strict=True):
        k = a + b
        x = np.arange(max(0, k - n), min(m, k) + 1)
        own = -(gammaln(x + 1) + gammaln(m - x + 1) + gammaln(k - x + 1) + gammaln(n - k + x + 1))
        least += int(x[0])
        parts = np.full((own.size, log_ways.size + own.size - 1), -np.inf)
        for i, weight in enumerate(own):
            parts[i, i : i + log_ways.size] = log_ways + weight
        log_ways = np.logaddexp.reduce(parts, axis=0)
    return log_ways - log_ways.max(), least


def _root(score: Callable[[float], float]) -> float:
    """Return exp of where an increasing function crosses 0."""
    low, high = -60.0, 60.0
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (low, middle) if score(middle) > 0 else (middle, high)
    return math.exp(middle)


def mcnemar(first_only: int, second_only: int, *, level: float = 0.95, exact: bool = True) -> Estimate:
    """Compare two readings of the same patients by the pairs that disagree; the estimate is their odds ratio.

    ``exact`` is the binomial test with Clopper-Pearson limits, else chi-square with continuity correction and the Wald
    limits of the log ratio. Agreeing pairs tell nothing; ``n`` counts the pairs that disagree. None: not estimable.
    McNemar, Psychometrika 1947;12:153. Checked: R ``mcnemar.test`` and ``binom.test``.
    """
    z = z_value(level)
    b, c = count(first_only, "first_only"), count(second_only, "second_only")
    n = b + c
    measure = "odds ratio of disagreeing pairs"
    method = "McNemar, exact" if exact else "McNemar, chi-square with continuity correction"
    if not n:
        return not_estimable(measure, "no pair disagrees", n=0, events=None, method=method, level=level)
    if not exact:
        p = 2 * NormalDist().cdf(-max(abs(b - c) - 1, 0) / math.sqrt(n))
        if not (b and c):
            return Estimate(measure, None, None, None, level, method, n, b, "0 or infinite: no Wald limits", p)
        se = math.sqrt(1 / b + 1 / c)
        value, low, high = (math.exp(math.log(b / c) + side * z * se) for side in (0, -1, 1))
        return Estimate(measure, value, low, high, level, method, n, b, "", p)
    from scipy.special import bdtr

    share = proportion(b, n, level=level)
    p = min(1.0, 2 * float(bdtr(min(b, c), n, 0.5)))
    low, top = share.low or 0.0, 1.0 if share.high is None else share.high
    infinite = (["estimate"] if not c else []) + (["upper limit"] if top == 1 else [])
    note = f"infinite: {', '.join(infinite)}" if infinite else ""
    high = None if top == 1 else top / (1 - top)
    return Estimate(measure, b / c if c else None, low / (1 - low), high, level, method, n, b, note, p)
