"""What clone-censor-weight reads: patient-hours, and the hour at which each rule makes the drug due.

Order within an hour: covariates (known at its start), then the decision (first dose or not), then the outcome. A clone
that leaves its rule at the decision of an hour is censored before the outcome of that hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tocsin.effects.inputs import FloatArray, IntArray
from tocsin.errors import Problem, TocsinError, rows_phrase

Int32Array = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
Initiation = Literal["uniform", "natural", "observed"]

NEVER = 2**30  # the hour of what does not come
NONE, OUTCOME, COMPETING, LOST = 0, 1, 2, 3
STRETCH = 1_000_000  # rows checked at a time, so that a check needs little memory


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """One row per patient and hour alive, in order; hours count from 0 at time zero.

    ``covariates`` (rows by ``names``) are known at the start of the hour. ``treated``: first dose before this hour;
    ``started``: first dose within it. ``outcome`` is 0 none, 1 outcome, 2 competing death, 3 lost to follow-up, and
    other than 0 only in a patient's last row; a last row with 0 is the end of the study for this patient. Raises
    TocsinError with all problems at once. A covariate is never missing here: a value that nobody knows is a column
    of its own ("not measured"), made by whoever builds the rows.
    ``first`` (n + 1) is where each patient's rows begin, ``untreated`` the number of a patient's rows that begin
    without the drug, ``begun`` the hour of the first dose or NEVER, ``last`` the outcome.
    """

    patient: Int32Array
    hour: Int32Array
    covariates: FloatArray
    names: tuple[str, ...]
    treated: BoolArray
    started: BoolArray
    outcome: npt.NDArray[np.int8]
    n: int
    first: IntArray = field(init=False)
    untreated: IntArray = field(init=False)
    begun: Int32Array = field(init=False)
    last: npt.NDArray[np.int8] = field(init=False)

    def __post_init__(self) -> None:
        def own(name: str, dtype: Any) -> Any:
            made = np.ascontiguousarray(getattr(self, name), dtype=dtype)
            object.__setattr__(self, name, made)
            return made

        shapes = list(_shapes(self))
        if shapes:
            raise TocsinError(shapes)
        whole = [name for name in ("patient", "hour", "outcome") if not _whole(np.asarray(getattr(self, name)))]
        if whole:
            raise TocsinError(
                Problem("emulate.hours-shape", f"{name}: holds values that are no whole numbers of 32 bits")
                for name in whole
            )
        object.__setattr__(self, "names", tuple(self.names))
        patient, _ = own("patient", np.int32), own("hour", np.int32)
        own("covariates", np.float64)
        treated, started, outcome = own("treated", np.bool_), own("started", np.bool_), own("outcome", np.int8)
        problems = [*_order(self), *_courses(self), *_values(self)]
        if problems:
            raise TocsinError(problems)
        first = np.flatnonzero(np.diff(patient, prepend=-1)).astype(np.int64)
        begun = np.full(self.n, NEVER, np.int32)
        begun[patient[started]] = self.hour[started]
        object.__setattr__(self, "first", np.append(first, patient.size))
        object.__setattr__(self, "untreated", np.bincount(patient[~treated], minlength=self.n).astype(np.int64))
        object.__setattr__(self, "begun", begun)
        object.__setattr__(self, "last", outcome[np.append(first[1:], patient.size) - 1])

    @property
    def horizon(self) -> int:
        """Number of hours on the grid: the last hour is ``horizon - 1``."""
        return int(self.hour.max()) + 1

    @property
    def length(self) -> IntArray:
        """Rows of each patient."""
        return np.diff(self.first)

    def at_risk(self) -> IntArray:
        """Places of the rows in which the drug could be started: alive, not yet treated."""
        return np.flatnonzero(~self.treated)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A strategy as the estimator sees it: when the drug is due, and how long it may take.

    ``due`` is one hour per patient since time zero, NEVER where the drug is not due in what was seen of the patient;
    it may rest only on what was known before the first dose. ``grace`` counts hours: due 0 and grace 6 are met by a
    start in hours 0 to 5. ``None`` is no limit: whatever care did, from due on. ``initiation`` says how starts are
    spread over the grace hours: ``uniform``, the same chance for each; ``natural``, as care did and in the last hour
    all that are left; ``observed``, as care did on average (a model of its own) and in the last hour all. Without a
    limit it has no meaning.
    """

    name: str
    due: Int32Array
    grace: int | None
    initiation: Initiation = "uniform"

    def __post_init__(self) -> None:
        due = np.asarray(self.due)
        problems: list[Problem] = []
        if due.ndim != 1 or not _whole(due) or (due.size and (due.min() < 0 or due.max() > NEVER)):
            problems.append(
                Problem("emulate.rule", f"rule {self.name!r}: due needs whole hours from 0, NEVER for never")
            )
        if self.grace is not None and (int(self.grace) != self.grace or self.grace < 1):
            problems.append(
                Problem(
                    "emulate.rule",
                    f"rule {self.name!r}: grace is {self.grace}",
                    "A start takes place within an hour: fewer than 1 grace hour cannot be followed.",
                    "Give at least 1 hour, or None for no limit.",
                )
            )
        if self.initiation not in ("uniform", "natural", "observed"):
            problems.append(Problem("emulate.rule", f"rule {self.name!r}: initiation {self.initiation!r} is not known"))
        if problems:
            raise TocsinError(problems)
        object.__setattr__(self, "due", np.ascontiguousarray(due, dtype=np.int32))


def check_rules(hours: Hours, rules: tuple[Rule, ...]) -> None:
    """Raise TocsinError unless the rules have names of their own and one due hour per patient."""
    names = [rule.name for rule in rules]
    problems = [
        Problem("emulate.rule", f"rule {rule.name!r}: {rule.due.size} due hours for {hours.n} patients")
        for rule in rules
        if rule.due.size != hours.n
    ]
    if not rules or len(set(names)) < len(names):
        problems.append(Problem("emulate.rule", "needs at least one rule, each with a name of its own"))
    if problems:
        raise TocsinError(problems)


def _whole(values: npt.NDArray[Any]) -> bool:
    """Whole numbers that an int32 can hold: a larger one would come back as another patient."""
    if values.dtype.kind not in "iubf" or (values.dtype.kind == "f" and not (values == np.floor(values)).all()):
        return False
    return not values.size or bool(values.min() >= -(2**31) and values.max() < 2**31)


def _shapes(hours: Hours) -> Iterator[Problem]:
    rows = np.shape(hours.patient)[0] if np.ndim(hours.patient) == 1 else -1
    if rows < 1 or hours.n < 1:
        yield Problem("emulate.hours-shape", "patient: needs one dimension and at least one row of one patient")
        return
    for name in ("hour", "treated", "started", "outcome"):
        if np.shape(getattr(hours, name)) != (rows,):
            yield Problem("emulate.hours-shape", f"{name}: {np.shape(getattr(hours, name))} values for {rows:,} rows")
    if np.shape(hours.covariates) != (rows, len(hours.names)):
        shape = np.shape(hours.covariates)
        yield Problem("emulate.hours-shape", f"covariates: {shape}, but {rows:,} rows and {len(hours.names)} names")
    if len(set(hours.names)) < len(hours.names):
        yield Problem("emulate.hours-shape", "names: a covariate name stands twice")


def _found(slug: str, bad: BoolArray, what: str, why: str, do: str) -> Iterator[Problem]:
    rows = np.flatnonzero(bad)
    if rows.size:
        yield Problem(slug, f"{what} in {rows_phrase(rows.size, bad.size, int(rows[0]) + 1)}", why, do)


def _order(hours: Hours) -> Iterator[Problem]:
    step = np.diff(hours.patient, prepend=np.int32(-1))
    order = "Weights multiply along a patient's hours: an hour too many or too few moves every later one."
    if ((step < 0) | (step > 1)).any() or hours.patient[0] != 0 or hours.patient[-1] != hours.n - 1:
        yield Problem(
            "emulate.hours-order",
            f"patient: needs numbers 0 to {hours.n - 1} in order, each at least once",
            order,
            "Sort by patient and hour and number the patients from 0.",
        )
    new = step != 0
    follows = np.diff(hours.hour, prepend=np.int32(-1))
    yield from _found(
        "emulate.hours-order", new & (hours.hour != 0), "a patient does not begin at hour 0", order, "Count from 0."
    )
    yield from _found(
        "emulate.hours-order", ~new & (follows == 0), "an hour stands twice", order, "Keep one row per hour."
    )
    yield from _found(
        "emulate.hours-order",
        ~new & (follows != 0) & (follows != 1),
        "an hour is missing or out of order",
        order,
        "Give every hour up to the last.",
    )


def _courses(hours: Hours) -> Iterator[Problem]:
    ends = np.diff(hours.patient, append=hours.patient[-1] + 1) != 0
    follows = np.diff(hours.patient, prepend=hours.patient[0] - 1) == 0
    before = np.concatenate(([False], (hours.treated | hours.started)[:-1]))
    yield from _found(
        "emulate.hours-outcome",
        (hours.outcome < NONE) | (hours.outcome > LOST),
        "outcome is not 0, 1, 2 or 3",
        "",
        "",
    )
    yield from _found(
        "emulate.hours-outcome",
        (hours.outcome != NONE) & ~ends,
        "an outcome stands before the patient's last hour",
        "Nobody is at risk after the outcome, death or loss.",
        "End the patient's rows there.",
    )
    yield from _found(
        "emulate.hours-treatment",
        hours.started & hours.treated,
        "a patient already treated starts",
        "Only the first dose decides which rules a patient follows.",
        "Mark the first dose only.",
    )
    yield from _found(
        "emulate.hours-treatment",
        ~follows & hours.treated,
        "a patient is treated before time zero",
        "Who is treated already follows no rule from time zero on.",
        "Leave these patients out by the protocol's eligibility.",
    )
    yield from _found(
        "emulate.hours-treatment",
        follows & (hours.treated != before),
        "treated does not agree with the hour before",
        "The hours before and after the first dose would be mixed up.",
        "treated is true in every hour after the one that has started, and in no other.",
    )


def _values(hours: Hours) -> Iterator[Problem]:
    for j, name in enumerate(hours.names):
        column = hours.covariates[:, j]
        bad, first = 0, -1
        for at in range(0, column.size, STRETCH):
            wrong = np.flatnonzero(~np.isfinite(column[at : at + STRETCH]))
            if wrong.size:
                first = at + int(wrong[0]) if first < 0 else first
                bad += wrong.size
        if bad:
            yield Problem(
                "emulate.covariate-unknown",
                f"covariate {name!r}: NaN or infinite in {rows_phrase(bad, column.size, first + 1)}",
                "A value nobody knows is not normal and not average: the start hazard cannot be fitted to it.",
                "Carry the last value with its age, and add a column that says not measured.",
            )
