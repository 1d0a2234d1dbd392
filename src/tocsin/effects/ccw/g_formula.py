"""The parametric g-formula on the same hours: a second road to the same risks, which errs in other places.

Instead of weighing those who followed a rule, it models how covariates, outcome and death follow from the past, and
plays every patient forward under the rule. Where it and the weights disagree beyond their error, a model is wrong.
Robins, Math Model 1986;7:1393; non-iterative conditional expectation (NICE) by simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tocsin.effects.ccw.hazard import START, Design, Penalty, Terms, fit, refused, standardised
from tocsin.effects.ccw.hours import COMPETING, NEVER, OUTCOME, BoolArray, Hours, Rule, check_rules
from tocsin.effects.ccw.incidence import Curve, check_hours, curve, curve_of, quantities, value
from tocsin.effects.ccw.weights import Weighted
from tocsin.effects.inputs import FloatArray, IntArray
from tocsin.errors import Problem, TocsinError

Kind = Literal["fixed", "gaussian", "binary", "latched", "derived"]
Columns = dict[str, FloatArray]
NATURAL_COURSE = "natural course"


@dataclass(frozen=True, slots=True)
class Covariate:
    """How one covariate goes on from hour to hour.

    ``fixed`` never changes; ``gaussian`` and ``binary`` follow all covariates and treatment of the hour before, and
    the covariates listed before this one in the new hour; ``latched`` is binary and stays 1; ``derived`` is computed
    by ``derive(new, old)`` from the columns of the new hour listed before it and all of the old one.
    """

    name: str
    kind: Kind
    derive: Callable[[Columns, Columns], FloatArray] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GFormula:
    """Curves of the rules by simulation. ``natural`` is care as it was, to lie on ``observed``, the plain estimate."""

    curves: tuple[Curve, ...]
    natural: Curve
    observed: Curve
    draws: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """A linear predictor: intercept with the hour's part (one entry per hour), a coefficient per column."""

    by_hour: FloatArray
    slopes: dict[str, float]
    spread: float = 0.0

    def eta(self, columns: Mapping[str, FloatArray], hour: int) -> FloatArray:
        out = np.full(next(iter(columns.values())).size, self.by_hour[hour])
        for name, slope in self.slopes.items():
            out += slope * columns[name]
        return out

    def chance(self, columns: Mapping[str, FloatArray], hour: int) -> FloatArray:
        return 1 / (1 + np.exp(-np.clip(self.eta(columns, hour), -700, 700)))


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """All fitted models, and where Gaussian covariates are held: within what was seen."""

    start: _Model
    numerator: _Model | None
    outcome: _Model
    death: _Model | None
    steps: dict[str, _Model]
    bounds: dict[str, tuple[float, float]]
    specs: tuple[Covariate, ...]


def g_formula(
    hours: Hours,
    rules: tuple[Rule, ...],
    covariates: Sequence[Covariate],
    *,
    triggers: Mapping[str, str] | None = None,
    start: Terms | None = None,
    numerator: Terms | None = None,
    by_hour: FloatArray | None = None,
    by_hour_names: tuple[str, ...] = (),
    penalty: Penalty = "ridge",
    draws: int = 20_000,
    seed: int = 1,
    multiplicity: FloatArray | None = None,
) -> GFormula:
    """Estimate the risks under each rule by playing patients forward.

    ``covariates`` has one entry per covariate of the hours, in the order in which they are drawn. A rule whose drug
    is due at one hour for all needs no more; for any other, ``triggers`` names the 0/1 column that makes it due at
    the first hour it is 1. ``start`` are the terms of the chance of a first dose (natural starts), ``by_hour`` the
    columns of the hour in every other model. The penalty is a ridge by default: deaths are few, and one column without
    a death would stop everything. ``draws`` patients are drawn from the cohort's first hours; each is
    played without dying, its share still alive carried along. Raises TocsinError for a rule without a trigger, a
    covariate without an entry, or a model without a maximum. Checked: the simulator of tests/truth, against its truth.
    """
    check_rules(hours, rules)
    wanted = dict(triggers or {})
    _check(hours, rules, covariates, wanted)
    m = np.ones(hours.n) if multiplicity is None else multiplicity
    world = _fit(hours, tuple(covariates), start or Terms(), numerator, by_hour, by_hour_names, penalty, m)
    at_first = hours.first[:-1]

    def play(rule: Rule | None, number: int) -> Curve:
        random = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, number]))
        rows = at_first[random.choice(hours.n, draws, p=m / m.sum())]
        return _played(hours, world, rule, wanted, rows, random)

    curves = tuple(play(rule, k) for k, rule in enumerate(rules))
    everybody = Rule("observed", np.zeros(hours.n, np.int32), None)
    plain = Weighted(everybody, np.ones(int(hours.untreated.sum())), np.ones(hours.n), np.empty(0))
    return GFormula(curves, play(None, len(rules)), curve(hours, plain, multiplicity=m), draws, seed)


def _check(hours: Hours, rules: tuple[Rule, ...], covariates: Sequence[Covariate], triggers: dict[str, str]) -> None:
    problems: list[Problem] = []
    given = [c.name for c in covariates]
    if sorted(given) != sorted(hours.names):
        problems.append(
            Problem(
                "emulate.g-formula",
                f"covariates: {len(given)} entries for {', '.join(hours.names)}",
                "Every covariate must be played forward.",
                "Give each covariate of the hours one entry.",
            )
        )
    problems += [
        Problem("emulate.g-formula", f"covariate {c.name!r}: derived without a function")
        for c in covariates
        if c.kind == "derived" and c.derive is None
    ]
    for rule in rules:
        if rule.name in triggers:
            if triggers[rule.name] not in hours.names:
                problems.append(Problem("emulate.g-formula", f"rule {rule.name!r}: its trigger is no covariate"))
        elif np.unique(rule.due).size > 1:
            problems.append(
                Problem(
                    "emulate.g-formula",
                    f"rule {rule.name!r}: due at different hours, and no trigger given",
                    "When the drug would be due for a simulated patient is not known.",
                    "Name the 0/1 column that makes it due.",
                )
            )
    if problems:
        raise TocsinError(problems)


def _fit(
    hours: Hours,
    specs: tuple[Covariate, ...],
    start: Terms,
    numerator: Terms | None,
    table: FloatArray | None,
    table_names: tuple[str, ...],
    penalty: Penalty,
    m: FloatArray,
) -> _World:
    now: Columns = {name: hours.covariates[:, j] for j, name in enumerate(hours.names)}
    now["treated"] = (hours.treated | hours.started).astype(np.float64)
    everywhere = np.arange(hours.hour.size)
    common = (table, table_names)

    def logistic(
        what: str,
        rows: IntArray,
        y: BoolArray,
        columns: Columns,
        time: tuple[FloatArray | None, tuple[str, ...]],
        late: int,
    ) -> _Model:
        design = _laid(hours, rows, y[rows].astype(np.float64), {k: v[rows] for k, v in columns.items()}, *time, late)
        made = fit(design, penalty, multiplicity=m)
        if made.why:
            raise refused(hours, made, what, rows, y[rows])
        return _model(hours, made.names, made.coef, columns, *time)

    def chosen(terms: Terms) -> Columns:
        names = hours.names if terms.covariates is None else terms.covariates
        return {name: now[name] for name in names}

    at_risk = hours.at_risk()
    begins = logistic(START, at_risk, hours.started, chosen(start), (start.by_hour, start.by_hour_names), 0)
    above = None
    if numerator is not None:
        time = (numerator.by_hour, numerator.by_hour_names)
        above = logistic(f"{START}, numerator", at_risk, hours.started, chosen(numerator), time, 0)
    outcome = logistic("g-formula, outcome", everywhere, hours.outcome == OUTCOME, now, common, 0)
    died = hours.outcome == COMPETING
    alive = np.flatnonzero(hours.outcome != OUTCOME)
    death = logistic("g-formula, competing death", alive, died, now, common, 0) if died.any() else None
    before = np.flatnonzero(np.diff(hours.patient) == 0)
    steps: dict[str, _Model] = {}
    for k, spec in enumerate(specs):
        if spec.kind in ("fixed", "derived"):
            continue
        earlier = [c.name for c in specs[:k] if c.kind != "fixed"]
        columns = now | {f"new {name}": np.append(now[name][1:], 0.0) for name in earlier}
        following = np.append(now[spec.name][1:], 0.0)
        if spec.kind == "gaussian":
            steps[spec.name] = _linear(hours, before, following, columns, table, table_names, m)
        else:
            rows = before[now[spec.name][before] == 0] if spec.kind == "latched" else before
            used = {k: v for k, v in columns.items() if spec.kind != "latched" or k != spec.name}
            steps[spec.name] = logistic(f"g-formula, {spec.name}", rows, following > 0, used, common, 1)
    bounds = {name: (float(column.min()), float(column.max())) for name, column in now.items()}
    return _World(begins, above, outcome, death, steps, bounds, specs)


def _laid(
    hours: Hours,
    rows: IntArray,
    y: FloatArray,
    columns: Columns,
    table: FloatArray | None,
    table_names: tuple[str, ...],
    late: int,
) -> Design:
    """Lay out a model's rows; ``late`` 1 takes the columns of the next hour, the one that is predicted."""
    parts = [np.ones(rows.size), *columns.values()]
    names = ["intercept", *columns]
    if table is not None:
        parts += list(table[hours.hour[rows] + late].T)
        names += table_names
    return standardised(tuple(names), np.column_stack(parts), y, hours.patient[rows], hours.n)


def _model(
    hours: Hours,
    names: tuple[str, ...],
    coef: FloatArray,
    columns: Mapping[str, FloatArray],
    table: FloatArray | None,
    table_names: tuple[str, ...],
    spread: float = 0.0,
) -> _Model:
    by_name = dict(zip(names, coef.tolist(), strict=True))
    part = np.full(hours.horizon, by_name["intercept"])
    if table is not None:
        for j, name in enumerate(table_names):
            part += by_name.get(name, 0.0) * table[: hours.horizon, j]
    return _Model(part, {name: by_name[name] for name in columns if name in by_name}, spread)


def _linear(
    hours: Hours,
    rows: IntArray,
    following: FloatArray,
    columns: Columns,
    table: FloatArray | None,
    table_names: tuple[str, ...],
    m: FloatArray,
) -> _Model:
    """Least squares of the next hour's value; the spread is the residuals' standard deviation."""
    design = _laid(hours, rows, following[rows], {k: v[rows] for k, v in columns.items()}, table, table_names, 1)
    w = m[design.who]
    beta = np.linalg.solve((design.x * w[:, None]).T @ design.x, design.x.T @ (w * design.y))
    residual = design.y - design.x @ beta
    spread = float(np.sqrt((w * residual**2).sum() / max(float(w.sum()) - beta.size, 1.0)))
    coef = beta / design.scale
    coef[0] -= float(coef[1:] @ design.centre[1:])
    return _model(hours, design.names, coef, columns, table, table_names, spread)


def _played(
    hours: Hours,
    world: _World,
    rule: Rule | None,
    triggers: dict[str, str],
    rows: IntArray,
    random: np.random.Generator,
) -> Curve:
    """Play patients forward under a rule (``None``: care as it was); nobody dies, the share alive is carried."""
    now: Columns = {name: hours.covariates[rows, j].copy() for j, name in enumerate(hours.names)}
    n = rows.size
    treated, alive = np.zeros(n, np.bool_), np.ones(n)
    trigger = triggers.get(rule.name) if rule is not None else None
    due = np.full(n, NEVER if trigger else (0 if rule is None else int(rule.due[0])), np.int64)
    sums = np.zeros((5, hours.horizon))
    for h in range(hours.horizon):
        if trigger:
            due[(due == NEVER) & (now[trigger] > 0)] = h
        treated |= ~treated & _starts(world, rule, now, due, h, random)
        now["treated"] = treated.astype(np.float64)
        q1 = world.outcome.chance(now, h)
        q2 = (1 - q1) * world.death.chance(now, h) if world.death is not None else np.zeros(n)
        sums[:, h] = n, alive.sum(), (alive**2).sum(), (alive * q1).sum(), (alive * q2).sum()
        alive = alive * (1 - q1 - q2)
        if h + 1 < hours.horizon:
            now = _next(world, now, h, random)
    return curve_of(NATURAL_COURSE if rule is None else rule.name, sums)


def _starts(
    world: _World, rule: Rule | None, now: Columns, due: IntArray, h: int, random: np.random.Generator
) -> BoolArray:
    """Who would be given the first dose in this hour, of those not yet treated."""
    draw = random.random(due.size)
    natural = draw < world.start.chance(now, h)
    if rule is None:
        return natural
    since = h - due
    if rule.grace is None:
        return natural & (since >= 0)
    inside = (since >= 0) & (since < rule.grace)
    if rule.initiation == "uniform":
        return inside & (draw < 1 / np.maximum(rule.grace - since, 1))
    if rule.initiation == "observed":
        if world.numerator is None:
            raise ValueError("numerator: initiation observed needs the terms of its own model")
        natural = draw < world.numerator.chance(now, h)
    return inside & (natural | (since == rule.grace - 1))


def _next(world: _World, old: Columns, h: int, random: np.random.Generator) -> Columns:
    """Draw the covariates of the next hour, in the order of their entries."""
    new: Columns = {}
    for spec in world.specs:
        name = spec.name
        if spec.kind == "fixed":
            new[name] = old[name]
            continue
        if spec.kind == "derived":
            assert spec.derive is not None
            new[name] = np.asarray(spec.derive(new, old), np.float64)
            continue
        columns = old | {f"new {k}": v for k, v in new.items()}
        model = world.steps[name]
        if spec.kind == "gaussian":
            drawn = model.eta(columns, h + 1) + model.spread * random.standard_normal(old[name].size)
            new[name] = np.clip(drawn, *world.bounds[name])
        else:
            happens = random.random(old[name].size) < model.chance(columns, h + 1)
            new[name] = np.where(old[name] > 0, 1.0, happens) if spec.kind == "latched" else happens.astype(np.float64)
    return new


def side_by_side(
    weighted: Sequence[Curve], made: GFormula, at: Sequence[int], reference: int = -1
) -> list[tuple[str, float, float]]:
    """Return (quantity, by weights, by g-formula); NaN where one of them has no number."""
    check_hours(at, made.observed.weight.size)
    names = [c.rule for c in made.curves]
    asked = quantities(names, at, range(len(names))[reference])
    return [(q.measure, value(q, weighted), value(q, made.curves)) for q in asked]
