"""Sums over risk sets: the Cox partial likelihood and its derivatives, by Efron, Breslow or exact ties.

Rows are kept in descending order of stratum and time, so that a risk set is a leading stretch, and a sum over it one
entry of a running sum. A tied event time is split into pieces (Efron): the k-th of d events sees the risk set less
k/d of the d. The information needs no running sum of products: each row's products count times its summed hazard.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tocsin.effects.inputs import FloatArray, IntArray

STRETCH = 16_384  # columns at a time
Ties = Literal["efron", "breslow", "exact"]


@dataclass(frozen=True, slots=True, eq=False)
class RiskSets:
    """Rows in descending order of (stratum, time) and where each event time finds its risk set among them.

    ``x`` is covariates by rows, centred and divided by each range (``scale``); ``drawn`` sums it over the events.
    ``until`` and ``since`` count the rows that leave, and enter, at or after an event time: the risk set is the first
    less the second. ``piece`` gives each piece its event time, ``share`` the part of the tied events already gone,
    ``mass`` the weight of its event.
    """

    x: FloatArray
    scale: FloatArray
    weight: FloatArray
    offset: FloatArray
    order: IntArray
    entry: IntArray | None
    key: IntArray
    key_start: IntArray
    event_rows: IntArray
    event_time: IntArray
    drawn: FloatArray
    at: IntArray
    tied: IntArray
    first: IntArray
    until: IntArray
    since: IntArray
    after_entry: IntArray
    after_exit: IntArray
    piece: IntArray
    share: FloatArray
    mass: FloatArray

    def over(self, values: FloatArray) -> FloatArray:
        """Sum values over the risk set of each event time."""
        total = np.cumsum(values)
        sums = total[self.until - 1]
        if self.entry is not None:
            later = np.concatenate(([0.0], np.cumsum(values[self.entry])))
            sums = sums - later[self.since]
        return sums

    def among_events(self, values: FloatArray) -> FloatArray:
        """Sum values of the event rows over each event time."""
        return np.add.reduceat(values, self.first)

    def per_piece(self, values: FloatArray) -> FloatArray:
        """Sum values over the risk set of each piece: tied events already gone count only in part."""
        total = self.over(values)
        if self.piece.size == self.at.size:
            return total
        gone = self.among_events(values[self.event_rows])
        return np.repeat(total, self.tied) - self.share * np.repeat(gone, self.tied)

    def per_row(self, at_times: FloatArray) -> FloatArray:
        """Sum values of event times over the time each row is at risk."""
        total = np.concatenate(([0.0], np.cumsum(at_times)))
        return total[self.after_exit] - total[self.after_entry]

    def per_time(self, pieces: FloatArray) -> FloatArray:
        """Sum values of pieces over each event time."""
        if self.piece.size == self.at.size:
            return pieces
        return np.add.reduceat(pieces, self.first)

    def members(self, k: int) -> IntArray:
        """Return the rows at risk at the k-th event time."""
        return np.flatnonzero((self.key_start < self.at[k]) & (self.key >= self.at[k]))


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """One evaluation: each row's risk, each piece's hazard and covariate mean, each row's summed hazard."""

    loglik: float
    risk: FloatArray
    hazard: FloatArray
    mean: FloatArray
    summed: FloatArray

    def score(self, sets: RiskSets) -> FloatArray:
        """Return the first derivative."""
        return sets.drawn - self.mean @ sets.mass

    def information(self, sets: RiskSets, times: FloatArray | None = None) -> FloatArray:
        """Return minus the second derivative; ``times`` weighs each event time."""
        summed, mass = self.summed, sets.mass
        if times is not None:
            factor = times[sets.piece]
            summed, mass = summed_hazard(sets, self.hazard * factor), mass * factor
        return crossed(sets.x, self.risk * summed) - crossed(self.mean, mass)


def crossed(x: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the weighted sum of outer products of the columns, stretch by stretch, so that each stays in the cache."""
    out = np.zeros((x.shape[0], x.shape[0]))
    for i in range(0, weight.size, STRETCH):
        part = x[:, i : i + STRETCH]
        out += (part * weight[i : i + STRETCH]) @ part.T
    return out


def risk_sets(
    x: FloatArray,
    stop: IntArray,
    start: IntArray,
    event: IntArray,
    stratum: IntArray,
    weight: FloatArray,
    offset: FloatArray,
    *,
    entry: bool,
    ties: Ties,
    order: IntArray | None = None,
) -> RiskSets:
    """Order the rows; ``stop`` and ``start`` are ranks of times, (start, stop]; needs at least one event.

    ``order`` is the rows by stratum and stop, the last first, where it is known.
    """
    ranks = int(stop.max()) + 1
    base = stratum * ranks
    keys = base + stop
    if order is None:
        order = np.argsort(keys)[::-1]
    order = np.ascontiguousarray(order)
    key, key_start, e = keys[order], (base + start)[order], event[order]
    scale = np.ptp(x, axis=1)
    scale[scale == 0] = 1.0
    centre = x.mean(axis=1)
    scaled = np.empty_like(x)
    for j in range(scale.size):
        scaled[j] = (x[j] - centre[j])[order]
        scaled[j] /= scale[j]
    rows = np.ascontiguousarray(np.flatnonzero(e)[::-1])
    first = np.flatnonzero(np.diff(key[rows], prepend=-1))
    at, tied = key[rows][first], np.diff(first, append=rows.size)
    needed = entry or bool(base.any())
    enters = np.ascontiguousarray(np.argsort(key_start)[::-1]) if needed else None
    ascending, ascending_start = key[::-1], key_start[enters][::-1] if enters is not None else None
    until = key.size - np.searchsorted(ascending, at, side="left")
    since = np.zeros(at.size, np.int64)
    if ascending_start is not None:
        since = key.size - np.searchsorted(ascending_start, at, side="left")
    w = weight[order]
    event_time = np.repeat(np.arange(at.size), tied)
    total = np.add.reduceat(w[rows], first)
    if ties == "breslow":
        piece, share, mass = np.arange(at.size), np.zeros(at.size), total
    else:
        piece = event_time
        share = (np.arange(rows.size) - first[piece]) / tied[piece]
        mass = (total / tied)[piece]
    zero = np.zeros(1, np.int64)
    drawn = scaled[:, rows] @ w[rows]
    after_entry = np.searchsorted(at, key_start, side="right") if needed else zero
    after_exit = np.searchsorted(at, key, side="right")
    return RiskSets(
        scaled, scale, w, offset[order], order, enters, key, key_start, rows, event_time, drawn, at, tied, first, until,
        since, after_entry, after_exit, piece, share, mass,
    )  # fmt: skip


def summed_hazard(sets: RiskSets, hazard: FloatArray) -> FloatArray:
    """Return each row's hazard over its time at risk; a tied event counts only in part at its own time."""
    summed = sets.per_row(sets.per_time(hazard))
    if sets.piece.size > sets.at.size:
        summed[sets.event_rows] -= sets.per_time(sets.share * hazard)[sets.event_time]
    return summed


def evaluate(sets: RiskSets, beta: FloatArray) -> Pieces:
    """Evaluate the Efron or Breslow likelihood at ``beta`` (of the scaled covariates)."""
    eta = beta @ sets.x + sets.offset
    eta -= eta.max()
    risk = sets.weight * np.exp(eta)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = sets.per_piece(risk)
        mean = np.empty((beta.size, total.size))
        for j in range(beta.size):
            np.divide(sets.per_piece(risk * sets.x[j]), total, out=mean[j])
        own = sets.event_rows
        loglik = float(sets.weight[own] @ eta[own] - sets.mass @ np.log(total))
        hazard = sets.mass / total
    return Pieces(loglik, risk, hazard, mean, summed_hazard(sets, hazard))


def score_residuals(sets: RiskSets, pieces: Pieces) -> FloatArray:
    """Return each row's part of the score, without its own weight: covariates by rows."""
    out = np.empty_like(sets.x)
    own = sets.event_rows
    each = sets.tied if sets.piece.size > sets.at.size else np.ones(sets.at.size)
    risk = pieces.risk / sets.weight
    for j in range(out.shape[0]):
        drawn = summed_hazard(sets, pieces.hazard * pieces.mean[j])
        out[j] = risk * (drawn - sets.x[j] * pieces.summed)
        out[j, own] += sets.x[j, own] - (sets.per_time(pieces.mean[j]) / each)[sets.event_time]
    return out


def derivatives(sets: RiskSets, beta: FloatArray, ties: Ties) -> tuple[float, FloatArray, FloatArray]:
    """Return the log partial likelihood, its first derivative and the information."""
    if ties == "exact":
        return _exact(sets, beta)
    pieces = evaluate(sets, beta)
    return pieces.loglik, pieces.score(sets), pieces.information(sets)


def _exact(sets: RiskSets, beta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Discrete (conditional) likelihood: which d of those at risk, among all such choices (Cox 1972, Gail 1981)."""
    eta = beta @ sets.x + sets.offset
    p = beta.size
    loglik, score, information = 0.0, np.zeros(p), np.zeros((p, p))
    for k in range(sets.at.size):
        at_risk = sets.members(k)
        d = int(sets.tied[k])
        if d == at_risk.size:
            continue
        own = sets.event_rows[sets.first[k] : sets.first[k] + d]
        shift = float(eta[at_risk].max())
        total, mean, spread = _choices(np.exp(eta[at_risk] - shift), sets.x[:, at_risk].T, d)
        loglik += float((eta[own] - shift).sum()) - total
        score += sets.x[:, own].sum(axis=1) - mean
        information += spread
    return loglik, score, information


def _choices(risk: FloatArray, x: FloatArray, d: int) -> tuple[float, FloatArray, FloatArray]:
    """Return the log of the sum over all choices of ``d``, the mean of their covariate sums, and its covariance."""
    if d == 1:
        share = risk / risk.sum()
        mean = share @ x
        return float(np.log(risk.sum())), mean, (x * share[:, None]).T @ x - np.outer(mean, mean)
    p = x.shape[1]
    zero, one, two = np.zeros(d + 1), np.zeros((d + 1, p)), np.zeros((d + 1, p, p))
    zero[0] = 1.0
    logs = 0.0
    for r, z in zip(risk, x, strict=True):
        cross = one[:-1, :, None] * z
        two[1:] += r * (two[:-1] + cross + cross.transpose(0, 2, 1) + zero[:-1, None, None] * np.outer(z, z))
        one[1:] += r * (one[:-1] + zero[:-1, None] * z)
        zero[1:] += r * zero[:-1]
        top = float(zero.max())
        if top > 1e100:
            zero, one, two, logs = zero / top, one / top, two / top, logs + float(np.log(top))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = one[d] / zero[d]
        return logs + float(np.log(zero[d])), mean, two[d] / zero[d] - np.outer(mean, mean)
