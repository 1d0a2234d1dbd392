"""Comparing cumulative incidence curves of one cause: Gray's test, and its permutation."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.effects.estimate import Estimate, not_estimable
from tocsin.effects.inputs import FloatArray, IntArray, codes, labels, times

TIED = 1e-9  # two scores closer than this are the same outcome
CHUNK = 2**22  # numbers held at once while arms are shuffled


@dataclass(frozen=True, slots=True, eq=False)
class GrayTest:
    """Gray's test: per group the events of the cause less those expected, and the covariance of these differences.

    The last group's score is minus the sum of the others; ``score`` and ``variance`` leave it out.
    """

    groups: tuple[str | int | float, ...]
    n: tuple[int, ...]
    score: FloatArray
    variance: FloatArray
    chi_square: float | None
    df: int
    p: float | None
    row: Estimate


def gray_test(
    time: npt.ArrayLike,
    status: npt.ArrayLike,
    group: npt.ArrayLike,
    cause: int = 1,
    *,
    strata: npt.ArrayLike | None = None,
) -> GrayTest:
    """Compare the cumulative incidence of ``cause`` in two or more groups; every other cause competes.

    ``status`` is 0 for censoring and a whole number per cause; ``group`` and ``strata`` hold any labels, none missing.
    No event of the cause, or no time at which two groups can still be compared: a row that says "not estimable".
    Gray, Ann Stat 1988;16:1141, weight 1 (rho = 0). Checked: R cmprsk, ``cuminc``.
    """
    t, own, other = _causes(time, status, cause)
    names, member = labels(group, "group", t.size)
    stratum = np.zeros(t.size, np.int64) if strata is None else labels(strata, "strata", t.size)[1]
    k, n, events = len(names), t.size, int(own.sum())
    score, variance = np.zeros(k), np.zeros((k, k))
    for s in range(int(stratum.max()) + 1 if n else 0):
        mine = stratum == s
        gap, spread = _stratum(t[mine], own[mine], other[mine], member[mine], k)
        score, variance = score + gap, variance + spread
    inner = slice(0, max(k - 1, 0))
    score, variance = score[inner], variance[inner, inner]
    measure, method = "difference of cumulative incidence", "Gray" + (", stratified" if strata is not None else "")
    counts = tuple(int(c) for c in np.bincount(member, minlength=k))
    df = score.size
    if not events or df < 1 or np.linalg.matrix_rank(variance, hermitian=True) < df:
        why = "fewer than two groups" if df < 1 else "no event of this cause"
        alone = "a group is never at risk beside the others, or all fail at one time"
        why = why if df < 1 or not events else alone
        row = not_estimable(measure, why, n=n, events=events, method=method, level=None)
        return GrayTest(tuple(names), counts, score, variance, None, max(df, 0), None, row)
    from scipy.special import chdtrc

    chi_square = float(score @ np.linalg.solve(variance, score))
    p = float(chdtrc(df, chi_square))
    label = f"{method}, chi-square with {df} df"
    row = Estimate(measure, chi_square, None, None, None, label, n, events, "", p)
    return GrayTest(tuple(names), counts, score, variance, chi_square, df, p, row)


def _causes(time: npt.ArrayLike, status: npt.ArrayLike, cause: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    t = times(time)
    s = codes(status, None, "status", t.size)
    if cause < 1 or int(cause) != cause:
        raise ValueError(f"cause: needs a whole number from 1, is {cause}")
    return t, (s == cause).astype(np.float64), ((s > 0) & (s != cause)).astype(np.float64)


def _stratum(
    t: FloatArray, own: FloatArray, other: FloatArray, member: IntArray, k: int
) -> tuple[FloatArray, FloatArray]:
    """Return the score of every group and its covariance in one stratum.

    The variance writes each group's score as a sum over all groups of integrals against their own event processes:
    ``direct`` is the weight of an event now, ``drift`` what it moves later through the estimated curves. The integrals
    up to the last time are c c' V3 + c V2' + V2 c' + V1, ``c`` the final drift, so one pass over the times is enough.
    """
    at, place = np.unique(t[(own + other) > 0], return_inverse=True)
    died, lost, at_risk = (np.zeros((k, at.size)) for _ in range(3))
    failed = np.flatnonzero(own + other)
    np.add.at(died, (member[failed], place), own[failed])
    np.add.at(lost, (member[failed], place), other[failed])
    for g in range(k):
        ordered = np.sort(t[member == g])
        at_risk[g] = ordered.size - np.searchsorted(ordered, at, side="left")
    free, before, incidence = _curves(at_risk, died, lost)
    present = (at_risk > 0) & (before > 0)
    whole = np.where(present, at_risk / np.where(present, before, 1.0), 0.0)  # at risk, had nobody failed
    exposed = whole * (1 - incidence)
    total, d = whole.sum(axis=0), died.sum(axis=0)
    share = exposed / np.where(exposed.sum(axis=0) > 0, exposed.sum(axis=0), 1.0)
    score = (died - d * share).sum(axis=1)
    steps = np.where(total > 0, d / np.where(total > 0, total, 1.0), 0.0)
    pooled = np.cumsum(steps)
    drift, linear, v1, v3 = np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k)), np.zeros(k)
    for j in range(at.size):
        w, here = whole[:, j], present[:, j]
        direct = np.diag(w) - np.outer(w, w) / total[j]
        earlier = pooled[j] - steps[j]
        if d[j] and earlier < 1:
            drift = drift + direct * steps[j] / (1 - earlier)
        left = np.where(free[:, j] > 0, (1 - pooled[j]) / np.where(free[:, j] > 0, free[:, j], 1.0), 0.0)
        if d[j]:
            ties = _ties(d[j : j + 1], total[j] * before[:, j])
            rate = np.where(here, ties * before[:, j] * steps[j] / np.where(here, at_risk[:, j], 1.0), 0.0)
            v1, linear, v3 = _add(v1, linear, v3, direct - (1 - left) * drift, 1 - left, rate)
        competing = (lost[:, j] > 0) & (free[:, j] > 0)
        if competing.any():
            size = np.where(competing, at_risk[:, j], 1.0)
            ties = np.where(competing, _ties(lost[:, j], size), 0.0)
            rate = ties * before[:, j] ** 2 * lost[:, j] / size**2
            v1, linear, v3 = _add(v1, linear, v3, left * drift, -left, rate)
    crossed = drift @ linear.T
    return score, v1 + (drift * v3) @ drift.T + crossed + crossed.T


def _add(
    v1: FloatArray, linear: FloatArray, v3: FloatArray, weight: FloatArray, later: FloatArray, rate: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    return v1 + (weight * rate) @ weight.T, linear + weight * (later * rate), v3 + later**2 * rate


def _ties(d: FloatArray, n: FloatArray) -> FloatArray:
    """Return the factor (n - d) / (n - 1) of d events at one time among n; 1 for a single event."""
    many = d > 1
    return np.where(many & (n > 1), (n - d) / np.where(n > 1, n - 1, 1.0), np.where(many, 0.0, 1.0))


def _curves(at_risk: FloatArray, died: FloatArray, lost: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return event-free survival at and just before each time, and the incidence just before it (last axis: time)."""
    size = np.where(at_risk > 0, at_risk, 1.0)
    free = np.cumprod(1 - (died + lost) / size, axis=-1)
    free = np.where(free < 1e-12, 0.0, free)
    one, none = np.ones((*free.shape[:-1], 1)), np.zeros((*free.shape[:-1], 1))
    before = np.concatenate((one, free), axis=-1)[..., :-1]
    incidence = np.concatenate((none, np.cumsum(before * died / size, axis=-1)), axis=-1)[..., :-1]
    return free, before, incidence


def gray_permutation(
    time: npt.ArrayLike,
    status: npt.ArrayLike,
    group: npt.ArrayLike,
    cause: int = 1,
    *,
    draws: int = 20_000,
    seed: int = 1,
) -> Estimate:
    """Test two arms by shuffling them over Gray's score; ``group`` is 1 for the first arm, 0 for the second.

    The estimate is arm 1's events of the cause less those expected. All splits where there are at most ``draws``, else
    ``draws`` seeded permutations with p = (1 + hits) / (draws + 1). No variance formula is needed, so this is the test
    for small arms. It assumes that censoring does not depend on the arm. Checked: Gray's own score, by hand.
    """
    import math

    t, own, other = _causes(time, status, cause)
    arm = codes(group, (0, 1), "group", t.size) == 1
    if draws < 1:
        raise ValueError(f"draws: needs at least 1, is {draws}")
    n, events, size = t.size, int(own.sum()), int(arm.sum())
    measure, name = "observed minus expected events of the cause", "permutation of Gray's score"
    if not 0 < size < n or not events:
        why = "no event of this cause" if 0 < size < n else "an arm is empty"
        return not_estimable(measure, why, n=n, events=events, method=name, level=None)
    observed = float(_scores(t, own, other, arm[None, :].astype(np.float64))[0])
    splits = math.comb(n, size)
    exact = splits <= draws
    arms = _all_arms(n, size) if exact else _drawn_arms(n, size, draws, seed)
    step = max(1, CHUNK // max(1, n * 4))
    scores = np.concatenate([_scores(t, own, other, arms[i : i + step]) for i in range(0, len(arms), step)])
    hits = int((np.abs(scores) >= abs(observed) - TIED).sum())
    p = hits / splits if exact else (1 + hits) / (draws + 1)
    how = f"all {splits:,} splits" if exact else f"{draws:,} permutations, seed {seed}"
    note = "assumes that censoring does not depend on the arm"
    return Estimate(measure, observed, None, None, None, f"{name}, {how}", n, events, note, p)


def _all_arms(n: int, size: int) -> FloatArray:
    from itertools import combinations

    chosen = np.array(list(combinations(range(n), size)), dtype=np.int64)
    arms = np.zeros((len(chosen), n))
    np.put_along_axis(arms, chosen, 1.0, axis=1)
    return arms


def _drawn_arms(n: int, size: int, draws: int, seed: int) -> FloatArray:
    random = np.random.default_rng(seed)
    arms = np.zeros((draws, n))
    arms[:, :size] = 1.0
    return random.permuted(arms, axis=1)


def _scores(t: FloatArray, own: FloatArray, other: FloatArray, arms: FloatArray) -> FloatArray:
    """Return the score of arm 1 for each row of ``arms``, a 0/1 matrix of splits by patients."""
    at = np.unique(t[(own + other) > 0])
    still, now = (t[:, None] >= at).astype(np.float64), t[:, None] == at
    died, lost = now * own[:, None], now * other[:, None]
    expected, exposed = 0.0, 0.0
    for mine in (arms, 1 - arms):
        n, d, x = mine @ still, mine @ died, mine @ lost
        _, before, incidence = _curves(n, d, x)
        rest = np.where(before > 0, n * (1 - incidence) / np.where(before > 0, before, 1.0), 0.0)
        exposed = exposed + rest
        expected = rest if mine is arms else expected
    share = np.where(exposed > 0, expected / np.where(exposed > 0, exposed, 1.0), 0.0)
    return arms @ own - share @ died.sum(axis=0)
