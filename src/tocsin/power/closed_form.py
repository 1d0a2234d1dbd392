"""A world of one equation, for designs in seconds and for proof: severity drives the drug and the outcome.

Per hour, in this order: severity is known, the drug is given or not, the outcome or death comes. The drug lowers the
severity and the chance of the outcome. It is no model of any patient; its numbers are the project's own (R).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from tocsin.effects.ccw.emulation import Emulated, Prepared, Settings, estimate, prepare
from tocsin.effects.ccw.g_formula import Covariate, GFormula, g_formula
from tocsin.effects.ccw.hazard import Terms
from tocsin.effects.ccw.hours import NEVER, Hours, Rule
from tocsin.effects.inputs import FloatArray, IntArray
from tocsin.power.design import ClosedForm, Design
from tocsin.power.study import Groups, NoStudy, Study
from tocsin.power.truths import truth_rows

OUTCOME_NAME = "outcome"
EARLY, DELAY = "early", "delay"
NAMES = ("severity", "severe", "age")
SEVERE = 1.8
G_DRAWS = 20_000


def _logistic(x: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-x))


@dataclass(frozen=True)
class Course:
    """What became of each patient, and the rows of observed care (empty under a rule)."""

    event: np.ndarray[Any, Any]
    at: np.ndarray[Any, Any]
    rows: dict[str, np.ndarray[Any, Any]]


def play(form: ClosedForm, n: int, random: np.random.Generator, rule: str | None = None) -> Course:
    """Patients under observed care, or all under a rule. The luck of a patient does not depend on the rule."""
    age = random.normal(0, 1, n)
    severity = 0.3 * age + random.normal(0, 1, n)
    unseen: Any = form.hidden * random.normal(0, 1, n) if form.hidden else 0.0
    treated, severe, alive = np.zeros(n, bool), np.zeros(n, bool), np.ones(n, bool)
    assigned = random.integers(0, form.grace, n)
    event, at = np.zeros(n, np.int8), np.full(n, form.horizon, np.int32)
    kept: list[tuple[Any, ...]] = []
    for h in range(form.horizon):
        severe |= alive & (severity > SEVERE)
        chance = _logistic(-4.2 + 0.9 * severity + 1.3 * (h < 12) + severe + 0.2 * age + unseen)
        start = alive & ~treated & (random.random(n) < chance)
        if rule == EARLY and form.initiation == "uniform":
            start = alive & ~treated & (assigned == h)
        elif rule == EARLY:
            start = (start & (h < form.grace)) | (alive & ~treated & (h == form.grace - 1))
        elif rule == DELAY:
            start &= severe
        if rule is None:
            who = np.flatnonzero(alive)
            kept.append((who, np.full(who.size, h), severity[who], severe[who], age[who], treated[who], start[who],
                         chance[who]))  # fmt: skip
        treated = treated | start
        harm = _logistic(-7.2 + 0.9 * severity + 0.3 * age - 0.9 * form.effect * treated + unseen)
        death = _logistic(-9.0 + 0.6 * severity)
        luck = random.random(n)
        one = alive & (luck < harm)
        two = alive & ~one & (luck < harm + death)
        event[one], event[two], at[one | two] = 1, 2, h
        alive &= ~(one | two)
        drift = 0.96 * severity + 0.22 * random.normal(0, 1, n) + 0.01 - 0.06 * form.effect * treated
        severity = np.where(alive, drift, severity)
    if rule is not None:
        return Course(event, at, {})
    columns = [np.concatenate(parts) for parts in zip(*kept, strict=True)]
    order = np.lexsort((columns[1], columns[0]))
    names = ("patient", "hour", *NAMES, "treated", "started", "chance")
    return Course(event, at, {name: column[order] for name, column in zip(names, columns, strict=True)})


def terms(horizon: int) -> Terms:
    """The model that made the starts, with a trend it did not have."""
    h = np.arange(horizon, dtype=float)
    table = np.column_stack([(h < 12).astype(float), h / 100, (h / 100) ** 2])
    return Terms(NAMES, table, ("first 12 h", "hour", "hour squared"))


class ClosedFormWorld:
    """Makes the studies of a closed-form design, and their truth."""

    def __init__(self, design: Design) -> None:
        self.design, self.form = design, design.closed_form
        self.at = tuple(sorted({*self.form.hours, self.form.horizon}))

    def studies(self, replicates: IntArray) -> Iterator[tuple[int, list[Study | NoStudy]]]:
        """Each study by its number: luck is a function of seed and number."""
        for number in replicates.tolist():
            random = np.random.default_rng([self.design.seed, number])
            yield number, [self._study(play(self.form, self.design.n, random))]

    def _study(self, course: Course) -> Study:
        rows, form = course.rows, self.form
        who, hour = rows["patient"], rows["hour"]
        outcome = np.where(hour == course.at[who], course.event[who], 0)
        columns = np.column_stack([rows[name] for name in NAMES])
        hours = Hours(who, hour, columns, NAMES, rows["treated"], rows["started"], outcome, self.design.n)  # pyright: ignore[reportArgumentType]
        due = np.full(hours.n, NEVER, np.int32)
        severe = np.flatnonzero(rows["severe"])[::-1]
        due[who[severe]] = hour[severe]
        rules = (
            Rule(EARLY, np.zeros(hours.n, np.int32), form.grace, form.initiation),
            Rule(DELAY, due, None),
        )
        known = rows["chance"][~hours.treated]
        early, ever = hours.begun < form.grace, hours.begun < NEVER
        when = np.where(course.event == 1, course.at, np.inf)
        groups = {"by_received": Groups(early, ever & ~early, when), "treated_or_not": Groups(early, ~early, when)}

        def emulated() -> tuple[Prepared, Emulated]:
            prepared = prepare(hours, rules, Settings(terms(form.horizon)))
            return prepared, estimate(prepared)

        return Study(
            OUTCOME_NAME, hours, rules, 1, self.at, 1, emulated, known / (1 - known), groups,
            partial(self._forward, hours, rules),
        )  # fmt: skip

    def _forward(self, hours: Hours, rules: tuple[Rule, ...], seed: int) -> GFormula:
        h = np.arange(self.form.horizon, dtype=float) / 100
        specs = (
            Covariate("age", "fixed"), Covariate("severity", "gaussian"),
            Covariate("severe", "derived", lambda new, old: np.maximum(old["severe"], new["severity"] > SEVERE)),
        )  # fmt: skip
        return g_formula(
            hours, rules, specs, triggers={DELAY: "severe"}, start=terms(self.form.horizon),
            by_hour=np.column_stack([h, h**2]), by_hour_names=("hour", "hour squared"), draws=G_DRAWS, seed=seed,
        )  # fmt: skip

    def truth(self) -> pl.DataFrame:
        """POWER_TRUTH rows: the same patients under both rules."""
        n = self.design.truth_patients
        made: dict[str, FloatArray] = {}
        for rule in (EARLY, DELAY):
            course = play(self.form, n, np.random.default_rng([self.design.seed, 2**32]), rule)
            made[rule] = np.where(course.event == 1, course.at, np.inf)
        return truth_rows(OUTCOME_NAME, made, DELAY, self.at)
