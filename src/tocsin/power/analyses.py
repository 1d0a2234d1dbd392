"""The analyses put to the test, on one simulated study: what the literature does, and what `tocsin emulate` does.

Intervals: estimate -/+ z standard errors, from patients drawn again with a single Newton step of the refit (the
estimated weights), or with the same weights (the others); all analyses share the draws. Risks are not cut at 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tocsin.effects.ccw.bootstrap import multiplicities
from tocsin.effects.ccw.emulation import Emulated, FitFailed, Prepared, replicate
from tocsin.effects.ccw.hours import Rule
from tocsin.effects.ccw.incidence import Curve, Quantity, curve, quantities, value, why_not
from tocsin.effects.ccw.weights import Weighted, weigh
from tocsin.effects.inputs import FloatArray
from tocsin.effects.proportions import fisher_p
from tocsin.effects.risk_difference import risk_difference
from tocsin.errors import TocsinError
from tocsin.power.study import NoStudy, Study

NAIVE = ("by_received", "treated_or_not")
FEWEST = 20  # draws without which there is no standard error
Curves = dict[str, tuple[Curve, ...]]


@dataclass(frozen=True)
class Answer:
    """One number of one analysis; `failure` says why there is none, or no interval."""

    analysis: str
    outcome: str
    hour: int
    measure: str
    arm: str
    against: str
    estimate: float | None
    se: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int
    events: int
    failure: str = ""


def analyse(study: Study | NoStudy, names: Sequence[str], *, draws: int, seed: int, level: float) -> list[Answer]:
    """Every number of every analysis asked for; an analysis that fails is a row that says why, never an exception."""
    if isinstance(study, NoStudy):
        return [_of(study, name, t, a, b, study.why) for name in names for t in study.at for a, b in _pairs(study)]
    weighted = [name for name in names if name not in NAIVE and name != "g_formula"]
    out = [one for name in names if name in NAIVE for one in _naive(study, name, level)]
    if weighted:
        out += _weighted(study, weighted, draws, seed, level)
    if "g_formula" in names:
        out += _forward(study, seed)
    return out


def _pairs(study: NoStudy) -> list[tuple[str, str]]:
    """Arms, and arms against the reference."""
    reference = study.arms[study.reference]
    return [(arm, "") for arm in study.arms] + [(arm, reference) for arm in study.arms if arm != reference]


def _of(study: NoStudy, name: str, hour: int, arm: str, against: str, why: str) -> Answer:
    measure = "risk difference" if against else "risk"
    return Answer(name, study.outcome, hour, measure, arm, against, None, None, None, None, None, 0, 0, why)


def asked(study: Study) -> list[Quantity]:
    """The risks and their differences from the reference, at the hours asked about (counted in steps)."""
    steps = [t // study.step for t in study.at]
    found = quantities([rule.name for rule in study.rules], steps, study.reference)
    return [one for one in found if one.what == "risk"]


# --- what the literature does -----------------------------------------------------------------------------------------


def _naive(study: Study, name: str, level: float) -> Iterator[Answer]:
    """Groups by what was received, as if it had been known at time zero; Newcombe's interval, Fisher's test.

    Loss is not looked at: who was lost had no outcome. The first group stands for the first arm that is not the
    reference, the other for the reference.
    """
    groups = study.groups[name]
    names = [rule.name for rule in study.rules]
    reference = names.pop(study.reference)
    arms = names[0], reference
    for t in study.at:
        had = groups.hours < t
        counts = [(int(had[g].sum()), int(g.sum())) for g in (groups.one, groups.other)]
        (a, m), (b, n) = counts
        for arm, (k, size) in zip(arms, counts, strict=True):
            share = k / size if size else None
            se = math.sqrt(share * (1 - share) / size) if share is not None else None
            failure = "" if size else "nobody is in this group"
            yield Answer(name, study.outcome, t, "risk", arm, "", share, se, None, None, None, size, k, failure)
        made = risk_difference(a, m, b, n, level=level)
        if made.estimate is None:
            failure = made.note.removeprefix("not estimable: ")
            yield _missing(study, name, t, "risk difference", *arms, failure, m + n, a + b)
            continue
        se = math.sqrt(a / m * (1 - a / m) / m + b / n * (1 - b / n) / n)
        yield Answer(
            name, study.outcome, t, "risk difference", *arms, made.estimate, se, made.low, made.high,
            fisher_p(a, m, b, n), m + n, a + b,
        )  # fmt: skip


def _missing(
    study: Study, name: str, hour: int, measure: str, arm: str, against: str, failure: str, n: int, events: int
) -> Answer:
    return Answer(name, study.outcome, hour, measure, arm, against, None, None, None, None, None, n, events, failure)


# --- weights ----------------------------------------------------------------------------------------------------------


def _weighted(study: Study, names: Sequence[str], draws: int, seed: int, level: float) -> Iterator[Answer]:
    """Clones without weights, with estimated ones and with the true ones, each with its spread over the draws."""
    failures: dict[str, str] = {}
    fitted = {name for name in names if name.startswith("emulated") and name != "emulated_oracle"}
    prepared, point = _fitted(study, failures, fitted) if fitted else (None, None)
    fixed = _fixed(study, names, failures)

    def curves(m: FloatArray | None) -> Curves:
        made = {name: tuple(curve(study.hours, one, multiplicity=m) for one in arms) for name, arms in fixed.items()}
        if prepared is None or point is None:
            return made
        again = point if m is None else replicate(prepared, m, point, one_step=True)
        each = {"emulated": again.curves, "emulated_truncated": again.truncated}
        return made | {name: each[name] for name in fitted}

    wanted = asked(study)
    points = curves(None)
    spread = _spread(curves, wanted, list(points), study.hours.n, draws, seed)
    z = NormalDist().inv_cdf((1 + level) / 2)
    for name in names:
        for j, quantity in enumerate(wanted):
            if name in failures:
                yield _answer(study, name, quantity, None, None, z, failures[name])
                continue
            number = value(quantity, points[name])
            if not math.isfinite(number):
                yield _answer(study, name, quantity, None, None, z, why_not(quantity, points[name]))
                continue
            se = spread[name][j]
            failure = "" if se is not None or not draws else "too few draws gave a number for an interval"
            yield _answer(study, name, quantity, number, se, z, failure)


def _fitted(study: Study, failures: dict[str, str], names: set[str]) -> tuple[Prepared | None, Emulated | None]:
    """The production estimate; where it is refused, the slug of the refusal for each of the analyses on it."""
    try:
        return study.emulated()
    except TocsinError as error:
        failures.update(dict.fromkeys(names, error.problems[0].slug))
        return None, None


def _fixed(study: Study, names: Sequence[str], failures: dict[str, str]) -> dict[str, tuple[Weighted, ...]]:
    """Weights that are not estimated: none, and those of the true chances."""
    made: dict[str, tuple[Weighted, ...]] = {}
    hours = study.hours
    if "aligned_unadjusted" in names:
        even = np.ones(int(hours.untreated.sum()))
        made["aligned_unadjusted"] = tuple(_flat(weigh(hours, _plain(rule), even)) for rule in study.rules)
    if "emulated_oracle" in names and study.oracle is not None:
        if any(rule.initiation == "observed" and rule.grace is not None for rule in study.rules):
            failures["emulated_oracle"] = "the true chances do not make weights for initiation observed"
        else:
            made["emulated_oracle"] = tuple(weigh(hours, rule, study.oracle) for rule in study.rules)
    elif "emulated_oracle" in names:
        failures["emulated_oracle"] = "the true chances are not known"
    return made


def _plain(rule: Rule) -> Rule:
    """The rule with an initiation that needs no second model: who leaves it when is the same."""
    return Rule(rule.name, rule.due, rule.grace, "natural")


def _flat(weighted: Weighted) -> Weighted:
    """The same clones, each counted once."""
    ones = [(part > 0).astype(np.float64) for part in (weighted.weight, weighted.tail)]
    return Weighted(weighted.rule, ones[0], ones[1], weighted.stay)


def _spread(
    curves: Callable[[FloatArray | None], Curves], wanted: Sequence[Quantity], names: Sequence[str], n: int, draws: int,
    seed: int,
) -> dict[str, list[float | None]]:  # fmt: skip
    """Standard deviation of each quantity over the draws; None where too few gave a number."""
    values = {name: np.full((draws, len(wanted)), np.nan) for name in names}
    for k in range(draws):
        try:
            made = curves(multiplicities(n, "multinomial", seed, k))
        except (FitFailed, np.linalg.LinAlgError):
            continue
        for name in names:
            values[name][k] = [value(q, made[name]) for q in wanted]
    out: dict[str, list[float | None]] = {}
    for name, drawn in values.items():
        known = [column[np.isfinite(column)] for column in drawn.T]
        out[name] = [float(one.std(ddof=1)) if one.size >= FEWEST else None for one in known]
    return out


def _answer(
    study: Study, name: str, quantity: Quantity, number: float | None, se: float | None, z: float, failure: str
) -> Answer:
    arms = [rule.name for rule in study.rules]
    against = "" if quantity.against is None else arms[quantity.against]
    hours, contrast = study.hours, quantity.against is not None
    events = int(((hours.last == 1) & (hours.length <= quantity.hours)).sum())
    low = high = p = None
    if number is not None and se is not None:
        low, high = number - z * se, number + z * se
        if contrast:
            p = 2 * NormalDist().cdf(-abs(number) / se) if se > 0 else float(number == 0)
    return Answer(
        name, study.outcome, quantity.hours * study.step, "risk difference" if contrast else "risk",
        arms[quantity.arm], against, number, se, low, high, p, hours.n, events, failure,
    )  # fmt: skip


# --- g-formula --------------------------------------------------------------------------------------------------------


def _forward(study: Study, seed: int) -> Iterator[Answer]:
    """The g-formula; no interval: it would take every model of every draw again."""
    failure, made = "", None
    if study.forward is not None:
        try:
            made = study.forward(seed)
        except (TocsinError, np.linalg.LinAlgError) as error:
            failure = error.problems[0].slug if isinstance(error, TocsinError) else "a model has no solution"
    for quantity in asked(study):
        number = value(quantity, made.curves) if made is not None else None
        if number is not None and not math.isfinite(number):
            number, failure = None, "not estimable"
        yield _answer(study, "g_formula", quantity, number, None, 0.0, failure)
