"""What must be looked at before an emulation is believed: who is left, what weights carry, where nobody starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.effects.balance import Balance, smd_binary, smd_continuous
from tocsin.effects.ccw.emulation import Emulated
from tocsin.effects.ccw.hours import LOST, NEVER, NONE, Hours, Rule
from tocsin.effects.ccw.incidence import Curve
from tocsin.effects.ccw.weights import Weighted
from tocsin.effects.inputs import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class ArmByHour:
    """One arm, an entry per hour. ``clones`` uncensored, ``effective`` number, ``largest`` weight, ``mean`` weight.

    ``mean`` is over all clones, the censored counting 0 and the dead their last weight: 1 is expected at every hour.
    Patients whose study has ended by the hour are out of it; NaN where that is everybody.
    """

    rule: str
    clones: FloatArray
    effective: FloatArray
    largest: FloatArray
    mean: FloatArray


def by_hour(hours: Hours, emulated: Emulated) -> list[ArmByHour]:
    """Return the weights of every arm hour by hour."""
    return [_arm(hours, *both) for both in zip(emulated.curves, emulated.weighted, strict=True)]


def _arm(hours: Hours, made: Curve, weighted: Weighted) -> ArmByHour:
    largest = np.zeros(hours.horizon)
    np.maximum.at(largest, hours.hour, weighted.rows(hours))
    return ArmByHour(
        made.rule, made.clones, made.effective, largest, mean_weight(hours, made, lost=weighted.stay.size > 0)
    )


def mean_weight(hours: Hours, made: Curve, *, lost: bool, multiplicity: FloatArray | None = None) -> FloatArray:
    """Return the mean weight over all clones by hour; ``lost``: a model follows the loss, so the lost count 0.

    Far from 1: the model of the start is wrong, or an hour of the grace period has nobody who started in it.
    """
    m = np.ones(hours.n) if multiplicity is None else multiplicity
    gone = (hours.last == NONE) | ((hours.last == LOST) & (not lost))
    ended = np.bincount(hours.length[gone], weights=m[gone], minlength=hours.horizon + 1)[: hours.horizon]
    left = float(m.sum()) - np.cumsum(ended)
    died = np.concatenate(([0.0], np.cumsum(made.outcome + made.death)[:-1]))
    held = made.weight + died
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(left > 0, held / left, np.nan)


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of one rule's clones, one per patient.

    ``too_early``: left by a dose before it was due; ``too_late``: by none to the end of the grace period. ``last_hour``
    counts starts in the last grace hour, ``last_hour_share`` the part of the arm's weight they carry at the end.
    ``empty_hours`` are the grace hours (from 0) in which somebody could start and nobody did.
    """

    rule: str
    clones: int
    too_early: int
    too_late: int
    followed: int
    last_hour: int | None
    last_hour_share: float | None
    empty_hours: tuple[int, ...]

    @property
    def note(self) -> str:
        """Say what the empty hours do, or nothing."""
        if not self.empty_hours:
            return ""
        which = ", ".join(str(h) for h in self.empty_hours)
        return f"{self.rule}: nobody started in grace hour {which}: nobody stands for those the rule would start then"


def followed(hours: Hours, weighted: Weighted) -> Followed:
    """Count who follows a rule, who leaves it and how, and what hangs on the last grace hour."""
    rule, left = weighted.rule, weighted.censored_at(hours)
    early = (left < NEVER) & (left < rule.due)
    late = (left < NEVER) & ~early
    stays = int((left == NEVER).sum())
    if rule.grace is None:
        return Followed(rule.name, hours.n, int(early.sum()), int(late.sum()), stays, None, None, ())
    last = (left == NEVER) & (hours.begun == rule.due + rule.grace - 1)
    rows = weighted.rows(hours)
    final = rows[hours.first[1:] - 1]
    share = float(final[last].sum() / final.sum()) if final.sum() > 0 else None
    table = grace_table(hours, rule)
    empty = tuple(k for k, at_risk, starts in table if at_risk and not starts)
    return Followed(rule.name, hours.n, int(early.sum()), int(late.sum()), stays, int(last.sum()), share, empty)


def grace_table(hours: Hours, rule: Rule) -> list[tuple[int, int, int]]:
    """Return (hour of the grace period, patients who could start in it, starts)."""
    if rule.grace is None:
        return []
    rows = hours.at_risk()
    since = hours.hour[rows] - rule.due[hours.patient[rows]]
    inside = (since >= 0) & (since < rule.grace)
    at_risk = np.bincount(since[inside], minlength=rule.grace)
    starts = np.bincount(since[inside & hours.started[rows]], minlength=rule.grace)
    return [(k, int(a), int(s)) for k, (a, s) in enumerate(zip(at_risk, starts, strict=True))]


@dataclass(frozen=True, slots=True)
class BalanceAt:
    """Balance of one covariate among the uncensored clones of two arms at an hour; ``when`` its value was known.

    Of ``baseline`` values a gap means selection that the weights have not undone. ``now`` differs also because the
    rules work.
    """

    hour: int
    covariate: str
    when: str
    weighted: Balance
    unweighted: Balance


def balance_over_time(hours: Hours, arms: tuple[Weighted, Weighted], at: Sequence[int]) -> list[BalanceAt]:
    """Return standardised differences, first arm less second, with and without weights."""
    one, two = (arm.rows(hours) for arm in arms)
    out: list[BalanceAt] = []
    for h in at:
        rows = np.flatnonzero(hours.hour == h)
        a, b = rows[one[rows] > 0], rows[two[rows] > 0]
        for j, name in enumerate(hours.names):
            column = hours.covariates[:, j]
            for when, places in (("baseline", hours.first), ("now", None)):
                x1, x0 = (column[r if places is None else places[hours.patient[r]]] for r in (a, b))
                codes = bool(np.isin(x1, (0, 1)).all() and np.isin(x0, (0, 1)).all())
                smd = smd_binary if codes else smd_continuous
                out.append(BalanceAt(h, name, when, smd(x1, x0, weights1=one[a], weights0=two[b]), smd(x1, x0)))
    return out


@dataclass(frozen=True, slots=True)
class Cell:
    """Starts among the patient-hours at risk of one stratum and band of hours."""

    stratum: str
    hours: str
    at_risk: int
    starts: int

    @property
    def chance(self) -> float | None:
        """Starts per hour at risk; ``None`` in an empty cell."""
        return self.starts / self.at_risk if self.at_risk else None

    @property
    def note(self) -> str:
        """Name an empty cell: where nothing was seen, the model speaks alone."""
        if not self.at_risk:
            return "nobody at risk"
        return "" if 0 < self.starts < self.at_risk else ("nobody started" if not self.starts else "everybody started")


def positivity(
    hours: Hours, strata: npt.NDArray[np.integer], labels: Sequence[str], edges: Sequence[int] = (0, 1, 6, 12, 24, 72)
) -> list[Cell]:
    """Return the table of starts by stratum and hours since time zero.

    ``strata`` gives every row its stratum as a place in ``labels`` (a grade, say), ``edges`` the first hour of each
    band. Raises ValueError where they do not fit the rows.
    """
    codes: IntArray = np.asarray(strata).astype(np.int64)
    if codes.shape != hours.hour.shape or codes.min() < 0 or codes.max() >= len(labels):
        raise ValueError(f"strata: need one place among {len(labels)} labels per row")
    cut = np.asarray([e for e in edges if e < hours.horizon])
    if not cut.size or cut[0] != 0 or (np.diff(cut) <= 0).any():
        raise ValueError("edges: need ascending hours from 0")
    rows = hours.at_risk()
    cell = codes[rows] * cut.size + np.searchsorted(cut, hours.hour[rows], side="right") - 1
    size = len(labels) * cut.size
    at_risk = np.bincount(cell, minlength=size)
    starts = np.bincount(cell[hours.started[rows]], minlength=size)
    ends = [*cut[1:].tolist(), hours.horizon]
    bands = [f"{a}" if b == a + 1 else f"{a}-{b - 1}" for a, b in zip(cut.tolist(), ends, strict=True)]
    return [
        Cell(label, band, int(at_risk[i * cut.size + k]), int(starts[i * cut.size + k]))
        for i, label in enumerate(labels)
        for k, band in enumerate(bands)
    ]
