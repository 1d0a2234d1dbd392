"""Which test gives a printed P: every named one, side by side."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from tocsin.audit_table.printed_numbers import Printed, read_p
from tocsin.effects.inputs import count
from tocsin.effects.proportions import boschloo_p, fisher_p, mid_p, risk_ratio
from tocsin.effects.tables import chi_square_p, fisher_freeman_halton_p
from tocsin.errors import TocsinError

FISHER, PEARSON, YATES, MID_P, BOSCHLOO = "Fisher", "chi2", "chi2+Yates", "mid-p", "Boschloo"
WALD_RR, WALD_OR, STUDENT, WELCH = "Wald log-RR", "Wald log-OR", "Student t", "Welch t"
MOST_BOSCHLOO = 200
NOT_FROM_A_TABLE = {
    "wilcoxon": "Wilcoxon", "mann": "Wilcoxon", "rank sum": "Wilcoxon", "rank-sum": "Wilcoxon",
    "kruskal": "Kruskal-Wallis", "log-rank": "log-rank", "logrank": "log-rank", "log rank": "log-rank", "gray": "Gray",
    "cox": "Cox", "regression": "a regression", "permutation": "a permutation test",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """A test and the P it gives; from ``low`` to ``high`` where means and SDs were printed rounded.

    Both are ``None`` where the test does not exist for these numbers, and ``why`` says so.
    """

    test: str
    low: float | None
    high: float | None
    why: str = ""

    def fits(self, printed: Printed) -> bool:
        """Whether this P can have been printed so; 1 as .99 counts."""
        if self.low is None or self.high is None:
            return False
        return printed.fits(self.low, self.high) or printed.stands_for_one(self.high)

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.test} does not exist ({self.why})"
        low, high = p_words(self.low), p_words(self.high)
        return f"{self.test} {low}" if low == high else f"{self.test} {low} to {high}"


@dataclass(frozen=True, slots=True)
class WhichTest:
    """A printed P beside what each test gives; ``fits`` names those that give it, ``says`` tells it in words."""

    printed: Printed
    candidates: tuple[Candidate, ...]
    fits: tuple[str, ...]
    says: str


def which_test(p: str, table: Sequence[Sequence[int]]) -> WhichTest:
    """Name the tests that give the printed ``p`` for a table of counts, a row an arm and a column a level.

    2 x 2: Fisher (two-sided), Pearson, Yates, mid-p, Boschloo (twice the one-sided, up to 200 patients), Wald on the
    log risk and odds ratio. Larger: Fisher-Freeman-Halton and Pearson. A P that several tests round to names them all.
    Raises TocsinError `audit.p-unreadable`; ValueError for counts that are none.
    """
    return compared(_read(p), candidates(table))


def which_test_of_means(
    p: str, n_a: int, mean_a: Printed, sd_a: Printed, n_b: int, mean_b: Printed, sd_b: Printed
) -> WhichTest:
    """Name the t tests that can give ``p`` from means and SDs as printed: all they can have been rounded from.

    Raises TocsinError `audit.p-unreadable`.
    """
    return compared(_read(p), t_tests(n_a, mean_a, sd_a, n_b, mean_b, sd_b))


def _read(p: str) -> Printed:
    printed = read_p(p)
    if printed is None:
        raise TocsinError.of("audit.p-unreadable", "the P value is no number from 0 to 1.", "", "Write 0.02 or <0.001.")
    return printed


def compared(printed: Printed, found: tuple[Candidate, ...]) -> WhichTest:
    """A printed P beside candidates."""
    fitting = [one for one in found if one.fits(printed)]
    known = [one for one in found if one.low is not None]
    if not known:
        says = "; ".join(str(one) for one in found)
    elif not fitting:
        nearest = min(known, key=lambda one: _distance(one, printed))
        says = f"no named test gives P {printed.text}; nearest {nearest}"
    elif len(fitting) == 1:
        says = f"of the named tests {fitting[0]} alone gives P {printed.text}"
    else:
        says = f"{len(fitting)} tests give P {printed.text}: {', '.join(str(one) for one in fitting)}"
    return WhichTest(printed, found, tuple(one.test for one in fitting), says)


def candidates(table: Sequence[Sequence[int]]) -> tuple[Candidate, ...]:
    """Every test that a table of counts can be put to; raises ValueError where it is no table of counts."""
    rows = [[count(cell, "table") for cell in row] for row in table]
    if len(rows) < 2 or len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        raise ValueError("table: needs at least two rows and two columns of counts")
    if len(rows) == len(rows[0]) == 2:
        return two_by_two(rows[0][0], sum(rows[0]), rows[1][0], sum(rows[1]))
    if not all(sum(row) for row in rows):
        return (Candidate(FISHER, None, None, "an arm is empty"), Candidate(PEARSON, None, None, "an arm is empty"))
    kept = [k for k in range(len(rows[0])) if sum(row[k] for row in rows)]
    filled = [[row[k] for k in kept] for row in rows]
    return (_tried(FISHER, lambda: fisher_freeman_halton_p(filled)), _tried(PEARSON, lambda: _pearson(filled)))


def two_by_two(a: int, m: int, b: int, n: int) -> tuple[Candidate, ...]:
    """The seven tests of a/m v b/n."""
    counts = [[a, m - a], [b, n - b]]
    if not (m and n):
        names = (FISHER, PEARSON, YATES, MID_P, BOSCHLOO, WALD_RR, WALD_OR)
        return tuple(Candidate(name, None, None, "an arm is empty") for name in names)
    if m + n > MOST_BOSCHLOO:
        boschloo = Candidate(BOSCHLOO, None, None, f"left out above {MOST_BOSCHLOO} patients")
    else:
        boschloo = _tried(BOSCHLOO, lambda: boschloo_p(a, m, b, n))
    return (
        _tried(FISHER, lambda: fisher_p(a, m, b, n)),
        _tried(PEARSON, lambda: _pearson(counts)),
        _tried(YATES, lambda: _pearson(counts, yates=True)),
        _tried(MID_P, lambda: mid_p(a, m, b, n)),
        boschloo,
        _tried(WALD_RR, lambda: _wald_risk_ratio(a, m, b, n)),
        _tried(WALD_OR, lambda: _wald_odds_ratio(a, m, b, n)),
    )


def _tried(name: str, p_of: Callable[[], float]) -> Candidate:
    try:
        p = p_of()
    except ValueError as error:
        return Candidate(name, None, None, str(error).removeprefix("table: "))
    return Candidate(name, p, p)


def _pearson(counts: Sequence[Sequence[int]], *, yates: bool = False) -> float:
    if len(counts[0]) < 2 or not all(sum(row[k] for row in counts) for k in range(len(counts[0]))):
        raise ValueError("all patients are in one column")
    return chi_square_p(counts, yates=yates)


def _wald_risk_ratio(a: int, m: int, b: int, n: int) -> float:
    row = risk_ratio(a, m, b, n)
    if row.p is None:
        raise ValueError(row.note.removeprefix("not estimable: "))
    return row.p


def _wald_odds_ratio(a: int, m: int, b: int, n: int) -> float:
    cells = (a, m - a, b, n - b)
    if not all(cells):
        raise ValueError("a cell is 0")
    ratio = math.log(a) + math.log(n - b) - math.log(m - a) - math.log(b)
    return 2 * NormalDist().cdf(-abs(ratio) / math.sqrt(sum(1 / cell for cell in cells)))


def t_tests(
    n_a: int, mean_a: Printed, sd_a: Printed, n_b: int, mean_b: Printed, sd_b: Printed
) -> tuple[Candidate, ...]:
    """Student's and Welch's P, smallest and largest that the printed digits allow."""
    if min(n_a, n_b) < 2:
        return tuple(Candidate(name, None, None, "an arm has fewer than 2 patients") for name in (STUDENT, WELCH))
    if sd_a.low < 0 or sd_b.low < 0:
        sds = list(itertools.product((max(sd_a.low, 0.0), sd_a.high), (max(sd_b.low, 0.0), sd_b.high)))
    else:
        sds = list(itertools.product((sd_a.low, sd_a.high), (sd_b.low, sd_b.high)))
    gap, spread = abs(mean_a.value - mean_b.value), (mean_a.high - mean_a.low + mean_b.high - mean_b.low) / 2
    gaps = (max(gap - spread, 0.0), gap + spread)
    found: list[Candidate] = []
    for name in (STUDENT, WELCH):
        ps = [_t_p(name, g, n_a, s_a, n_b, s_b) for g, (s_a, s_b) in itertools.product(gaps, sds)]
        known = [p for p in ps if p is not None]
        found.append(Candidate(name, min(known), max(known)) if known else Candidate(name, None, None, "no spread"))
    return tuple(found)


def _t_p(name: str, gap: float, n_a: int, s_a: float, n_b: int, s_b: float) -> float | None:
    from scipy.special import stdtr

    if name == STUDENT:
        df = float(n_a + n_b - 2)
        variance = ((n_a - 1) * s_a**2 + (n_b - 1) * s_b**2) / df * (1 / n_a + 1 / n_b)
    else:
        one, two = s_a**2 / n_a, s_b**2 / n_b
        variance = one + two
        df = variance**2 / (one**2 / (n_a - 1) + two**2 / (n_b - 1)) if variance else 0.0
    if variance <= 0:
        return None
    return float(2 * stdtr(df, -gap / math.sqrt(variance)))


def stated(words: str) -> tuple[frozenset[str], str]:
    """The tests a footnote names, and the name of one that no table can give; both empty where it names none."""
    text = words.lower().replace("χ", "chi").replace("²", "2")
    named: set[str] = set()
    if "fisher" in text or "freeman" in text:
        named.add(FISHER)
    if re.search(r"chi|pearson", text):
        named |= {PEARSON} if re.search(r"without|uncorrected", text) else {PEARSON, YATES}
    if re.search(r"yates|with continuity|continuity[- ]corrected", text) and "without" not in text:
        named = (named - {PEARSON}) | {YATES}
    if "mid-p" in text or "mid p" in text:
        named.add(MID_P)
    if "boschloo" in text:
        named.add(BOSCHLOO)
    if "wald" in text:
        named |= {WALD_RR, WALD_OR}
    if "welch" in text:
        named.add(WELCH)
    elif re.search(r"student|\bt[- ]test", text):
        named |= {STUDENT, WELCH}
    elsewhere = next((name for part, name in NOT_FROM_A_TABLE.items() if re.search(rf"\b{part}", text)), "")
    return frozenset(named), elsewhere


def p_words(p: float) -> str:
    """Three significant digits."""
    return f"{p:.3g}"


def _distance(one: Candidate, printed: Printed) -> float:
    low, high = one.low or 0.0, one.high or 0.0
    return max(low - printed.high, printed.low - high, 0.0)
