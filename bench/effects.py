"""Estimators of `tocsin.effects` and a peer on the same data in the same run, checked to agree; targets are of issue 5.

A peer is scipy where it has the method, else plain numpy written here and named so. `lifelines` and `statsmodels` stand
in no requirements file, so they are not called; what they took on another day is in knowledge/statistics.md.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Line = tuple[str, float, float | None, str]
ROWS = 1_000_000


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def lines(runs: int) -> Iterator[Line]:
    """What, median seconds, target, the peer in words; both run in turns, so that a busy machine slows both."""
    for what, target, work, peer_name, peer, agree in (_curve(), _hazards(), _exact(), _drawn(), _fragile()):
        agree()
        pairs = [(seconds_of(work), seconds_of(peer)) for _ in range(runs)]
        ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
        yield what, ours, target, f"{peer_name} {theirs:.2f} s ({theirs / ours:.2g} x ours)"


Case = tuple[str, float | None, Callable[[], Any], str, Callable[[], Any], Callable[[], None]]


def _close(ours: Any, theirs: Any, within: float = 1e-8) -> None:
    if not np.allclose(ours, theirs, rtol=within, atol=1e-12):
        raise AssertionError(f"the peer says {theirs}, we say {ours}")


def _cohort(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    x = random.normal(size=(n, 5))
    time_ = random.exponential(1000 * np.exp(-x @ np.array([0.3, -0.2, 0.1, 0.0, 0.4])))
    lost = random.uniform(0, 2000, n)
    return np.minimum(time_, lost), (time_ <= lost).astype(np.int64), x


def _curve() -> Case:
    from scipy.stats import CensoredData, ecdf

    from tocsin.effects.survival import kaplan_meier

    t, e, _ = _cohort(ROWS)

    def peer() -> Any:
        found = ecdf(CensoredData(uncensored=t[e == 1], right=t[e == 0])).sf
        return found, found.confidence_interval(method="log-log")

    def agree() -> None:
        curve, (found, _) = kaplan_meier(t, e), peer()
        at = np.quantile(t, (0.1, 0.5, 0.9))
        row = np.searchsorted(curve.time, at, side="right") - 1
        _close(curve.survival[row], found.evaluate(at))

    return (
        f"Kaplan-Meier with limits, {ROWS // 10**6}M rows",
        0.7,
        lambda: kaplan_meier(t, e),
        "scipy ecdf",
        peer,
        agree,
    )


def _hazards() -> Case:
    from tocsin.effects.cox import cox

    t, e, x = _cohort(ROWS)
    named = {f"x{k}": x[:, k] for k in range(5)}

    def agree() -> None:
        few = slice(0, 50_000)
        of = {name: values[few] for name, values in named.items()}
        _close(cox(t[few], e[few], of, ties="breslow").coef, plain_cox(t[few], e[few], x[few]), 1e-6)

    return (f"Cox, 5 covariates, {ROWS // 10**6}M rows, few ties", 2.5, lambda: cox(t, e, named),
            "plain numpy Newton (Breslow, no checks)", lambda: plain_cox(t, e, x), agree)  # fmt: skip


def plain_cox(t: np.ndarray, e: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Breslow's estimate by Newton's method over sorted sums, as short as numpy allows."""
    order = np.argsort(-t, kind="stable")
    t, e, x = t[order], e[order], x[order]
    last = np.searchsorted(-t, -t, side="right") - 1
    beta = np.zeros(x.shape[1])
    for _ in range(30):
        w = np.exp(x @ beta)
        s0, s1 = np.cumsum(w)[last], np.cumsum(w[:, None] * x, axis=0)[last]
        mean = s1[e == 1] / s0[e == 1][:, None]
        weight = np.zeros_like(w)
        np.add.at(weight, last[e == 1], 1 / s0[e == 1])
        total = w * np.cumsum(weight[::-1])[::-1]
        information = (x * total[:, None]).T @ x - mean.T @ mean
        step = np.linalg.solve(information, (x[e == 1] - mean).sum(axis=0))
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    return beta


def _exact() -> Case:
    from itertools import combinations

    from tocsin.effects.curves import exact_log_rank, log_rank_scores

    random = np.random.default_rng(7)
    t, e, arm = random.permutation(22) + 1.0, (random.uniform(size=22) < 0.7).astype(int), np.arange(22) < 13

    def peer() -> float:
        scores = log_rank_scores(t, e)
        sums = np.fromiter((scores[list(c)].sum() for c in combinations(range(22), 13)), float, 497_420)
        return float((np.abs(sums) >= abs(scores[arm].sum()) - 1e-9).mean())

    def agree() -> None:
        _close(exact_log_rank(t, e, arm.astype(int)).p, peer())

    return ("exact log-rank, 13 v 9 (497,420 splits)", 0.3, lambda: exact_log_rank(t, e, arm.astype(int)),
            "plain numpy, split by split", peer, agree)  # fmt: skip


def _drawn() -> Case:
    from scipy.stats import permutation_test

    from tocsin.effects.permutation import score_test

    random = np.random.default_rng(11)
    scores, arm = random.normal(size=200), np.arange(200) < 90

    def peer() -> float:
        def gap(one: np.ndarray, other: np.ndarray, axis: int) -> np.ndarray:
            return np.abs(one.mean(axis) - other.mean(axis))

        both = (scores[arm], scores[~arm])
        return permutation_test(both, gap, n_resamples=20_000, vectorized=True, alternative="greater", rng=1).pvalue

    def agree() -> None:
        p = score_test(scores, arm).p
        if abs(p - peer()) > 5 * (2 * p * (1 - p) / 20_000) ** 0.5:
            raise AssertionError("the drawn P values differ by more than chance")

    return ("20,000 permutations, n = 200", 0.3, lambda: score_test(scores, arm), "scipy permutation_test", peer, agree)


def _fragile() -> Case:
    from scipy.stats import fisher_exact

    from tocsin.effects.fragility import fragility
    from tocsin.effects.proportions import fisher_p

    def peer() -> list[float]:
        return [float(fisher_exact([[450 - k, 1550 + k], [380, 1620]]).pvalue) for k in range(20)]

    def agree() -> None:
        _close([fisher_p(450 - k, 2000, 380, 2000) for k in range(20)], peer(), 1e-7)

    return ("fragility, all four paths, 2,000 v 2,000", None, lambda: fragility(450, 2000, 380, 2000),
            "scipy fisher_exact, 20 tables of one path only", peer, agree)  # fmt: skip
