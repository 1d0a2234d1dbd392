"""One emulation: a start hazard, the weights it gives every rule, and their curves, plain and truncated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tocsin.effects.ccw.hazard import (
    NEVER_HAPPENS,
    START,
    Design,
    Fit,
    Penalty,
    Terms,
    fit,
    loss_design,
    odds,
    refused,
    start_design,
)
from tocsin.effects.ccw.hours import LOST, Hours, Rule, check_rules
from tocsin.effects.ccw.incidence import Curve, curve
from tocsin.effects.ccw.weights import Weighted, check_weights, stay_weights, weigh
from tocsin.effects.inputs import FloatArray, IntArray
from tocsin.errors import TocsinError

EVERYTHING = Terms()
LOSS = "chance of being lost"


@dataclass(frozen=True, slots=True)
class Settings:
    """The open choices of an emulation.

    ``start`` are the terms of the chance of a first dose, ``numerator`` those behind ``initiation="observed"`` (hour
    and baseline only), ``loss`` those of being lost to follow-up (``None``: loss tells nothing, counted in the
    notes). ``truncation`` is the share of patient-hours whose weight is left as it is, shown beside the untruncated
    curve and never instead of it (``None``: not shown).
    """

    start: Terms = EVERYTHING
    penalty: Penalty = "none"
    numerator: Terms | None = None
    loss: Terms | None = None
    truncation: float | None = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Hours, rules and the rows of the models: what every replicate of a bootstrap shares."""

    hours: Hours
    rules: tuple[Rule, ...]
    settings: Settings
    start: Design
    numerator: Design | None
    loss: Design | None
    loss_rows: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Emulated:
    """One estimate. ``curves`` and ``truncated`` follow the order of the rules; ``fits`` are start, numerator, loss."""

    curves: tuple[Curve, ...]
    truncated: tuple[Curve, ...]
    weighted: tuple[Weighted, ...]
    fits: tuple[Fit | None, Fit | None, Fit | None]
    odds: FloatArray
    numerator: FloatArray | None
    notes: tuple[str, ...] = ()


class FitFailed(Exception):
    """A model of one replicate has no maximum; the message says why."""

    def __init__(self, made: Fit, what: str) -> None:
        super().__init__(f"{what}: {made.why}")
        self.made, self.what = made, what


def prepare(hours: Hours, rules: tuple[Rule, ...], settings: Settings | None = None) -> Prepared:
    """Check rules and settings against the hours and lay out the rows of the models."""
    settings = settings or Settings()
    check_rules(hours, rules)
    observed = any(rule.grace is not None and rule.initiation == "observed" for rule in rules)
    if observed and settings.numerator is None:
        raise TocsinError.of(
            "emulate.numerator-missing",
            "a rule has initiation 'observed', and no terms are given for its own model",
            "Its weights are chances by hour over chances by everything known; equal models would adjust for nothing.",
            "Give numerator terms: the hour, and columns that do not change.",
        )
    if settings.truncation is not None and not 0 < settings.truncation < 1:
        raise ValueError(f"truncation: needs a share between 0 and 1, is {settings.truncation}")
    loss, rows = None, np.empty(0, np.int64)
    if settings.loss is not None and (hours.last == LOST).any():
        loss, rows = loss_design(hours, settings.loss)
    numerator = start_design(hours, settings.numerator) if observed and settings.numerator is not None else None
    return Prepared(hours, rules, settings, start_design(hours, settings.start), numerator, loss, rows)


def estimate(prepared: Prepared) -> Emulated:
    """Fit, weigh and draw the curves once, with all checks; raises TocsinError where the weights cannot be had."""
    try:
        made = replicate(prepared, None)
    except FitFailed as failed:
        hours, lost = prepared.hours, failed.what == LOSS
        rows = prepared.loss_rows if lost else hours.at_risk()
        happens = hours.outcome[rows] == LOST if lost else hours.started[rows]
        raise refused(hours, failed.made, failed.what, rows, happens) from None
    check_weights(prepared.hours, made.weighted, made.odds, made.numerator)
    return made


def replicate(
    prepared: Prepared,
    multiplicity: FloatArray | None,
    begin: Emulated | None = None,
    *,
    one_step: bool = False,
) -> Emulated:
    """Estimate with patients counted as often as ``multiplicity`` says; raises FitFailed, checks nothing else.

    ``begin`` is where the fits start from; ``one_step`` stops each after one Newton step.
    """
    settings = prepared.settings
    warm: tuple[Fit | None, ...] = begin.fits if begin is not None else (None, None, None)

    def fitted(design: Design | None, what: str, old: Fit | None, penalty: Penalty) -> Fit | None:
        if design is None:
            return None
        start = None if old is None else old.beta
        step = one_step and start is not None
        tight = 1e-10 if begin is None else 1e-7
        made = fit(design, penalty, multiplicity=multiplicity, begin=start, one_step=step, tolerance=tight)
        if design is prepared.loss and made.why == NEVER_HAPPENS:
            return None  # nobody drawn was lost: nothing to weigh for
        if made.why:
            raise FitFailed(made, what)
        return made

    fits = (
        fitted(prepared.start, START, warm[0], settings.penalty),
        fitted(prepared.numerator, f"{START}, numerator", warm[1], "none"),
        fitted(prepared.loss, LOSS, warm[2], settings.penalty),
    )
    start, numerator, loss = fits
    assert start is not None
    chance = odds(prepared.start, start.beta)
    above = odds(prepared.numerator, numerator.beta) if prepared.numerator is not None and numerator else None
    return _drawn(prepared, multiplicity, begin, fits, chance, above, _stay(prepared, prepared.loss, loss))


def estimate_known(
    prepared: Prepared, chance: FloatArray, numerator: FloatArray | None = None, loss: FloatArray | None = None
) -> Emulated:
    """Estimate with chances of a first dose that are known, as in a simulation, one per untreated hour.

    ``numerator`` likewise; ``loss`` is the chance of being lost in each row. Raises ValueError for a chance that is
    not above 0 and below 1, or a wrong number of them.
    """
    rows = prepared.hours.at_risk().size
    start, above = (None if p is None else _known(p, rows) for p in (chance, numerator))
    assert start is not None
    stay = None if loss is None else stay_weights(prepared.hours, _known(loss, prepared.hours.hour.size, least=0.0))
    made = _drawn(prepared, None, None, (None, None, None), start, above, stay)
    check_weights(prepared.hours, made.weighted, start, above)
    return made


def _known(chance: FloatArray, size: int, least: float = np.nextafter(0, 1)) -> FloatArray:
    if chance.shape != (size,) or not ((chance >= least) & (chance < 1)).all():
        raise ValueError(f"chance: needs {size} values between 0 and 1")
    return chance / (1 - chance)


def _drawn(
    prepared: Prepared,
    multiplicity: FloatArray | None,
    begin: Emulated | None,
    fits: tuple[Fit | None, Fit | None, Fit | None],
    chance: FloatArray,
    above: FloatArray | None,
    stay: FloatArray | None,
) -> Emulated:
    """Weigh every rule and draw its curves, plain and truncated."""
    hours, share = prepared.hours, prepared.settings.truncation
    weighted = tuple(weigh(hours, rule, chance, above, stay) for rule in prepared.rules)
    curves = tuple(curve(hours, one, multiplicity=multiplicity) for one in weighted)
    truncated: tuple[Curve, ...] = ()
    if share is not None:
        hints = [made.cap / 2 for made in begin.truncated] if begin is not None else [0.0] * len(weighted)
        truncated = tuple(
            curve(hours, one, multiplicity=multiplicity, cap=one.cap(hours, share, multiplicity, hint=hint))
            for one, hint in zip(weighted, hints, strict=True)
        )
    notes = () if multiplicity is not None else _notes(prepared)
    return Emulated(curves, truncated, weighted, fits, chance, above, notes)


def _stay(prepared: Prepared, design: Design | None, made: Fit | None) -> FloatArray | None:
    if design is None or made is None:
        return None
    of_rows = np.zeros(prepared.hours.patient.size)
    of_rows[prepared.loss_rows] = odds(design, made.beta)
    return stay_weights(prepared.hours, of_rows)


def _notes(prepared: Prepared) -> tuple[str, ...]:
    """What the reader must know beside the numbers: columns left out, loss that no model follows."""
    notes = [f"start: {name} is not used: {why}" for name, why in prepared.start.left_out.items()]
    lost = int((prepared.hours.last == LOST).sum())
    if lost and prepared.loss is None:
        notes.append(f"{lost:,} of {prepared.hours.n:,} patients lost to follow-up: taken as if loss told nothing")
    ends = prepared.hours.length < prepared.hours.horizon
    stopped = int((ends & (prepared.hours.last == 0)).sum())
    if stopped:
        many = f"{stopped:,} of {prepared.hours.n:,} patients"
        notes.append(f"{many}: hours end without an outcome before the horizon, taken as end of study")
    return tuple(notes)
