"""Weights of a rule's clones: how much more often care would have done what it did, had the rule been followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tocsin.effects.ccw import kernels
from tocsin.effects.ccw.hours import NEVER, Hours, Int32Array, Rule
from tocsin.effects.inputs import FloatArray
from tocsin.errors import Problem, TocsinError

HOW = {"uniform": kernels.UNIFORM, "natural": kernels.NATURAL, "observed": kernels.OBSERVED}


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """The clones of one rule: ``weight`` of the untreated rows after the hour's decision, ``tail`` of those treated.

    0 from the hour on in which the clone leaves the rule. ``stay`` (rows, or empty) is 1 / P(not lost before).
    """

    rule: Rule
    weight: FloatArray
    tail: FloatArray
    stay: FloatArray

    def rows(self, hours: Hours) -> FloatArray:
        """Return the weight of every row, 0 once censored."""
        out = np.empty(hours.patient.size)
        at = risk_starts(hours)
        kernels.spread()(hours.first, at, hours.untreated, self.weight, self.tail, self.stay, out)
        return out

    def factors(self, hours: Hours) -> FloatArray:
        """Return the log of each row's factor (-inf where the clone leaves, NaN after); their sums are log weights."""
        weight = self.rows(hours)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(weight)
            out = np.diff(logs, prepend=0.0)
        begin = hours.first[:-1]
        out[begin] = logs[begin]
        return out

    def censored_at(self, hours: Hours) -> Int32Array:
        """Return the hour at whose decision each clone leaves the rule, NEVER for those that do not."""
        out = np.full(hours.n, NEVER, np.int32)
        rows = np.flatnonzero(self.rows(hours) == 0)[::-1]
        out[hours.patient[rows]] = hours.hour[rows]
        return out

    def cap(self, hours: Hours, share: float, multiplicity: FloatArray | None = None, *, hint: float = 0.0) -> float:
        """Return the weight that ``share`` of the uncensored patient-hours do not exceed.

        A ``hint`` not above it saves sorting the rest, and changes nothing.
        """
        if not 0 < share < 1:
            raise ValueError(f"truncation: needs a share between 0 and 1, is {share}")
        m = np.ones(hours.n) if multiplicity is None else multiplicity
        if self.stay.size:
            values = self.rows(hours)
            counts = m[hours.patient]
        else:
            who = np.repeat(np.arange(hours.n), hours.untreated)
            values = np.concatenate((self.weight, self.tail))
            counts = np.concatenate((m[who], m * (hours.length - hours.untreated)))
        every = float(counts[values > 0].sum())
        used = (values >= hint) & (values > 0) & (counts > 0)
        values, counts = values[used], counts[used]
        below, wanted = every - float(counts.sum()), share * every * (1 - 1e-12)
        if not values.size:
            return np.inf if hint == 0 else self.cap(hours, share, multiplicity)
        if below >= wanted and hint > 0:
            return self.cap(hours, share, multiplicity)
        order = np.argsort(values)
        place = int(np.searchsorted(below + np.cumsum(counts[order]), wanted))
        return float(values[order[min(place, values.size - 1)]])


def risk_starts(hours: Hours) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return where each patient's untreated rows begin among all untreated rows."""
    return np.concatenate(([0], np.cumsum(hours.untreated)[:-1])).astype(np.int64)


def weigh(
    hours: Hours,
    rule: Rule,
    odds: FloatArray,
    numerator: FloatArray | None = None,
    stay: FloatArray | None = None,
) -> Weighted:
    """Weigh one rule's clones by the odds of a start in each untreated row (estimated, or known in a simulation).

    ``numerator`` holds the odds of the model behind ``initiation="observed"``.
    Robins' f*/f with the grace period as part of the rule: Cain et al., Int J Biostat 2010;6(2):18; Wanis et al.,
    arXiv 2212.11398. Checked: the mean over all clones is 1, by enumeration; R ``glm`` weights.
    """
    limited = rule.grace is not None
    if limited and rule.initiation == "observed" and numerator is None:
        raise ValueError("numerator: initiation observed needs the odds of its own model")
    empty = np.empty(0)
    weight, tail = np.empty(odds.size), np.empty(hours.n)
    kernels.weigh()(
        risk_starts(hours), hours.untreated, hours.begun, rule.due, rule.grace or 0, HOW[rule.initiation], odds,
        odds if numerator is None else numerator, weight, tail,
    )  # fmt: skip
    return Weighted(rule, weight, tail, empty if stay is None else stay)


def stay_weights(hours: Hours, loss_odds: FloatArray) -> FloatArray:
    """Return 1 / P(not lost before each row), from the odds of loss in each row."""
    out = np.empty(loss_odds.size)
    kernels.stay()(hours.first, loss_odds, out)
    return out


def check_weights(hours: Hours, weighted: tuple[Weighted, ...], odds: FloatArray, numerator: FloatArray | None) -> None:
    """Raise TocsinError where weights do nothing, or are no numbers: a mistake that otherwise looks like a result.

    A rule that censors nobody (no limit, due at once: care as it was) has weights of 1 by right.
    """
    problems: list[Problem] = []
    if numerator is not None and odds.size and float(np.abs(np.log(numerator / odds)).max()) < 1e-9:
        problems.append(
            Problem(
                "emulate.weights-all-one",
                "the model behind initiation 'observed' equals the model of the start",
                "Numerator and denominator cancel: nothing is adjusted for.",
                "Give the numerator time and baseline columns only.",
            )
        )
    for one in weighted:
        kept = np.concatenate((one.weight, one.tail[hours.untreated < hours.length]))
        left = kept[kept > 0]
        if left.size and not np.isfinite(left).all():
            problems.append(
                Problem(
                    "emulate.weights-infinite",
                    f"rule {one.rule.name!r}: a weight is beyond any number",
                    "Somebody did what the model holds to be impossible.",
                    "Use fewer columns or the penalty ridge.",
                )
            )
        elif left.size < kept.size and left.size and float(np.abs(left - 1).max()) < 1e-12:
            problems.append(
                Problem(
                    "emulate.weights-all-one",
                    f"rule {one.rule.name!r}: clones are censored, and all weights are 1",
                    "Those who stay do not stand for those who leave: nothing is adjusted for.",
                    "See who starts in the last grace hour; choose initiation uniform, or a longer grace period.",
                )
            )
    if problems:
        raise TocsinError(problems)
