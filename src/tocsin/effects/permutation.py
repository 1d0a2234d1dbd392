"""Exact tails of a sum of scores over all ways of choosing one arm."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.effects.inputs import FloatArray, IntArray, numbers

TIED = 1e-9  # two sums closer than this are the same outcome: scores are sums of fractions in binary
MOST_STATES = 2**20  # per half; 40 patients without ties


@dataclass(frozen=True, slots=True)
class ScoreTest:
    """A permutation test of a sum of scores; tails are shares of all splits (or of the draws, plus one each).

    ``score`` is the sum over the first arm less its mean over all splits; ``p`` counts splits at least as far from
    that mean as the observed one, ``p_mid`` counts the ties by half (exact test only).
    """

    score: float
    p: float
    p_mid: float | None
    p_less: float
    p_greater: float
    splits: int
    exact: bool


def score_test(
    scores: npt.ArrayLike, in_arm: npt.ArrayLike, *, draws: int = 20_000, seed: int = 1, most_states: int = MOST_STATES
) -> ScoreTest:
    """Test whether one arm's scores are exceptional among all C(N, size) ways to choose that arm.

    The patients are cut into two halves; the subset sums of each half are listed, sorted, and matched by binary
    search. So 13 of 22 costs 2 x 2,048 sums instead of 497,420 splits, and 20 of 40 is still exact. Equal scores
    share a state. Where a half has more than ``most_states`` sums, ``draws`` seeded permutations are used instead and
    p = (1 + hits) / (draws + 1) (Phipson & Smyth, Stat Appl Genet Mol Biol 2010;9:39).
    """
    s = numbers(scores, "scores")
    arm = np.asarray(in_arm, dtype=bool)
    if arm.shape != s.shape:
        raise ValueError(f"in_arm: needs {s.size} values, has shape {arm.shape}")
    if not 0 < int(arm.sum()) < s.size:
        raise ValueError("in_arm: one of the two arms is empty")
    if draws < 1:
        raise ValueError(f"draws: needs at least 1, is {draws}")
    s = s - s.mean()
    scale = float(np.abs(s).max()) or 1.0
    observed, size = float(s[arm].sum()), int(arm.sum())
    halves = _halves(s / scale)
    states = [math.prod(m + 1 for _, m in half) for half in halves]
    if max(states) > most_states or math.comb(s.size, size) >= 2**62:
        return _drawn(s, observed, size, draws, seed)
    return _enumerated([_sums(half, size) for half in halves], observed, size, scale, math.comb(s.size, size))


def _halves(s: FloatArray) -> tuple[list[tuple[float, int]], list[tuple[float, int]]]:
    """Split the distinct scores, with their multiplicities, into two halves with about equally many subset sums."""
    values, counts = np.unique(np.round(s, 12), return_counts=True)
    halves: tuple[list[tuple[float, int]], list[tuple[float, int]]] = ([], [])
    weight = [0.0, 0.0]
    for index in np.argsort(-counts, kind="stable"):
        lighter = 0 if weight[0] <= weight[1] else 1
        halves[lighter].append((float(values[index]), int(counts[index])))
        weight[lighter] += math.log(counts[index] + 1)
    return halves


def _sums(half: list[tuple[float, int]], size: int) -> tuple[IntArray, FloatArray, IntArray]:
    """Return the number chosen, the sum and the number of ways of every subset of a half, at most ``size`` chosen."""
    chosen, total, ways = np.zeros(1, np.int64), np.zeros(1), np.ones(1, np.int64)
    for value, copies in half:
        take = np.arange(copies + 1)
        choose = np.array([math.comb(copies, int(j)) for j in take], dtype=np.int64)
        chosen, total = (chosen[:, None] + take).ravel(), (total[:, None] + take * value).ravel()
        ways = (ways[:, None] * choose).ravel()
        keep = chosen <= size
        chosen, total, ways = chosen[keep], total[keep], ways[keep]
    return chosen, total, ways


def _enumerated(
    halves: list[tuple[IntArray, FloatArray, IntArray]], observed: float, size: int, scale: float, splits: int
) -> ScoreTest:
    far, slack = abs(observed) / scale, TIED / max(scale, 1.0)
    near = observed / scale
    cuts = np.array([-far + slack, far - slack, -far - slack, far + slack, near + slack, near - slack])
    at_most = _counts_at_most(halves[0], halves[1], size, cuts)
    outside = splits if far <= slack else at_most[0] + splits - at_most[1]
    beyond = at_most[2] + splits - at_most[3]
    return ScoreTest(
        observed,
        outside / splits,
        (beyond + outside) / 2 / splits,
        at_most[4] / splits,
        (splits - at_most[5]) / splits,
        splits,
        True,
    )


def _counts_at_most(
    left: tuple[IntArray, FloatArray, IntArray],
    right: tuple[IntArray, FloatArray, IntArray],
    size: int,
    cuts: FloatArray,
) -> list[int]:
    """Count the splits whose sum is at most each cut."""
    counts = [0] * cuts.size
    order = np.lexsort((right[1], right[0]))
    chosen, total, ways = (column[order] for column in right)
    for k in range(size + 1):
        mine = left[0] == size - k
        begin, end = np.searchsorted(chosen, (k, k + 1))
        if begin == end or not mine.any():
            continue
        cumulated = np.concatenate(([0], np.cumsum(ways[begin:end])))
        for i, cut in enumerate(cuts):
            place = np.searchsorted(total[begin:end], cut - left[1][mine], side="right")
            counts[i] += int((left[2][mine] * cumulated[place]).sum())
    return counts


def _drawn(s: FloatArray, observed: float, size: int, draws: int, seed: int) -> ScoreTest:
    random = np.random.default_rng(seed)
    sums = np.concatenate(
        [
            random.permuted(np.tile(s, (min(1_000, draws - first), 1)), axis=1)[:, :size].sum(axis=1)
            for first in range(0, draws, 1_000)
        ]
    )

    def tail(hits: npt.NDArray[np.bool_]) -> float:
        return (1 + int(hits.sum())) / (draws + 1)

    return ScoreTest(
        observed,
        tail(np.abs(sums) >= abs(observed) - TIED),
        None,
        tail(sums <= observed + TIED),
        tail(sums >= observed - TIED),
        draws,
        False,
    )
