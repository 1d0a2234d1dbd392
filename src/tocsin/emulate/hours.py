"""From courses and records to the rows an estimator reads: one a course and step, with what was known at its start.

Step k of g hours is [60 g k, 60 g (k + 1)) minutes after time zero. Order inside a step: covariates as known at its
first minute, then the decision, then the outcome; a dose after the outcome in the same step does not count. That an
arm's trigger has held is known to the minute, also inside the step, and is always a column: what makes the drug due
makes the ward give it. A dose exactly at due + grace follows the arm and stands in the last grace step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.effects.ccw.hours import NEVER, Hours, Rule
from tocsin.emulate.covariates import DUE, OUT, Column, FloatArray, Grid, columns, grid_of, known
from tocsin.emulate.outcomes import COMPETING, LOST, OF_DEATH, OUTCOME
from tocsin.emulate.people import Ward
from tocsin.protocol import CLOCKS, Initiation
from tocsin.sentences import scale_words

IntArray = npt.NDArray[np.int64]
UNKNOWN = "unknown"
FAR = 2**30


@dataclass(frozen=True, eq=False)
class Minutes:
    """To the minute since time zero: the first dose that counts, when each arm's drug was due; `FAR` is never."""

    given: IntArray
    due: dict[str, IntArray]


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of one outcome, before anything is filled in: NaN is unknown.

    `begun` is the step of the first dose or NEVER, `due` one array of steps an arm; `moved` counts doses put back into
    the last grace step, `blurred` (arm, course) pairs for which the steps say another thing than the minutes.
    """

    people: pl.DataFrame
    grid: Grid
    outcome: npt.NDArray[np.int8]
    begun: IntArray
    due: dict[str, IntArray]
    minutes: Minutes
    columns: list[Column]
    grade: FloatArray
    moved: int
    blurred: int

    @property
    def started(self) -> npt.NDArray[np.bool_]:
        """First dose in the step."""
        return self.grid.step == self.begun[self.grid.who]

    @property
    def treated(self) -> npt.NDArray[np.bool_]:
        """First dose before the step."""
        return self.grid.step > self.begun[self.grid.who]

    def frame(self) -> pl.DataFrame:
        """The rows as a table, in the order of course and step; unknown is null."""
        ids = self.people.get_column("course_id")
        made = pl.DataFrame(
            {"course_id": ids.gather(pl.Series(self.grid.who)), "step": self.grid.step, "treated": self.treated,
             "started": self.started, "outcome": self.outcome, "grade at start": self.grade}
        )  # fmt: skip
        dues = [pl.Series(f"due of {arm}", self._past(arm)) for arm in self.due]
        ages = [(f"{c.name} (age)", c.age) for c in self.columns if c.age is not None]
        values = [pl.Series(n, v) for n, v in [*((c.name, c.values) for c in self.columns), *ages]]
        return made.with_columns(*dues, *values).with_columns(pl.col(pl.Float64).fill_nan(None))

    def _past(self, arm: str) -> npt.NDArray[np.bool_]:
        return self.grid.step >= self.due[arm][self.grid.who]


def table_of(ward: Ward, rows: pl.DataFrame, outcome: str, names: tuple[str, ...]) -> Table:
    """The rows of an outcome; `rows` come from `followed_up`, `names` are covariates."""
    trial = ward.trial
    since = rows.get_column("since").to_numpy().astype(np.int64)
    code = rows.get_column("code").to_numpy()
    # a loss at the first minute of a step ends the step before; an event in it is seen in it
    last = np.where(code == LOST, since - 1, since) // trial.step
    last = np.clip(np.where((code == OUTCOME) | (code == COMPETING) | (code == LOST), last, trial.steps - 1), 0, None)
    grid = grid_of(rows, last + 1, trial.step)
    final = np.cumsum(last + 1) - 1
    ends = np.zeros(grid.who.size, np.int8)
    ends[final] = code
    begun, due, minutes, moved, blurred = _clocks(ward, rows, since, code)
    begun = np.where(begun <= last, begun, NEVER)
    grade, _ = known(ward.stream(trial.scale), rows, grid.who, grid.minute)
    made = columns(ward, rows, grid, names)
    made += [_due_column(ward, arm, due[arm], grid) for arm in trial.names if not trial.same_clock(arm)]
    if outcome in OF_DEATH:
        seen_to = rows.get_column("seen_to").to_numpy()
        out = (grid.minute >= seen_to[grid.who]).astype(np.float64)
        made.append(Column(OUT, OUT, "after the hospital stay", "出院后", out))
    return Table(rows, grid, ends, begun, due, minutes, made, grade, moved, blurred)


def _due_column(ward: Ward, arm: str, due: IntArray, grid: Grid) -> Column:
    sentence = ward.trial.arms[arm].when
    return Column(
        f"{DUE}{arm}", f"{DUE}{arm}", f"the trigger of {arm} has held: {sentence.sentence()}",
        f"{arm} 的触发条件已成立：{sentence.sentence('zh')}", (grid.step >= due[grid.who]).astype(np.float64),
    )  # fmt: skip


def _clocks(
    ward: Ward, rows: pl.DataFrame, since: IntArray, code: npt.NDArray[np.int8]
) -> tuple[IntArray, dict[str, IntArray], Minutes, int, int]:
    """(step of the first dose, step at which each arm's drug is due, minutes, doses put back, pairs that disagree)."""
    trial, far = ward.trial, FAR
    zero = rows.get_column("zero").to_numpy().astype(np.int64)
    given = rows.get_column("given").fill_null(far).to_numpy().astype(np.int64) - zero
    event = (code == OUTCOME) | (code == COMPETING)
    counts = (given < far - 2**29) & np.where(event, given <= since, given < since)
    given = np.where(counts, given, far)
    begun, dues, due_minutes = (
        np.where(counts, given // trial.step, NEVER),
        dict[str, IntArray](),
        dict[str, IntArray](),
    )
    for k, arm in enumerate(trial.names):
        raw = rows.get_column(f"due_{k}").fill_null(far).to_numpy().astype(np.int64)
        minute = np.where(raw < far, np.maximum(raw - zero, 0), far)
        if trial.same_clock(arm):
            minute = np.zeros_like(minute)
        before = np.where(counts, minute <= given, np.where(event, minute < since, minute < far))
        due_minutes[arm] = np.where(before, minute, far)
        dues[arm] = np.where(before, minute // trial.step, NEVER)
    moved = begun.copy()
    for arm, minute in due_minutes.items():
        follows = counts & (minute <= given) & (given <= minute + trial.arms[arm].within)
        past = follows & (begun == dues[arm] + trial.grace_steps(arm))
        moved = np.where(past, np.minimum(moved, begun - 1), moved)
    blurred = 0
    for arm, minute in due_minutes.items():
        exact = (minute <= given) & (given <= minute + trial.arms[arm].within)
        steps = (dues[arm] <= moved) & (moved < dues[arm] + trial.grace_steps(arm))
        blurred += int((counts & (exact != steps)).sum())
    return moved, dues, Minutes(given, due_minutes), int((moved != begun).sum()), blurred


def rule_within(table: Table, arm: str, name: str, within: int, step: int, initiation: Initiation) -> Rule:
    """An arm's rule with another grace period (minutes), under another name.

    A dose exactly at its end stands in the step after it, which is other rules' too: that course's clock begins a step
    later, so that its dose is in the last grace step.
    """
    exact = (table.minutes.given == table.minutes.due[arm] + within) & (table.begun == table.due[arm] + within // step)
    return Rule(name, (table.due[arm] + exact).astype(np.int32), within // step, initiation)


# --- what the estimator reads -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A column of the model: where it comes from, in words, how often unknown, how old, and why it is not used."""

    covariate: str
    column: str
    words: str
    words_zh: str
    unknown: float | None
    age: float | None
    note: str


@dataclass(frozen=True, eq=False)
class Ready:
    """Hours and rules for the estimator, and an account of every column."""

    table: Table
    hours: Hours
    rules: tuple[Rule, ...]
    shown: list[Shown]


def ready(ward: Ward, table: Table, most: int | None = None) -> Ready:
    """Fills in what is unknown, each with a column that says so, and numbers the rows; `most` columns at most.

    Unknown values stand at the median of the known ones at risk: with the column beside them the place does not
    matter. A covariate nobody knows is left out, and said. Triggers go first, then the order asked for.
    """
    trial, at_risk = ward.trial, ~table.treated
    names, arrays, shown = list[str](), list[FloatArray](), list[Shown]()
    unknowns = dict[bytes, str]()
    first = [c for c in table.columns if c.covariate.startswith(DUE) or c.covariate == OUT]
    for column in [*first, *(c for c in table.columns if c not in first)]:
        made, account = _filled(column, at_risk)
        useful = [(name, values) for name, values in made if _varies(values[at_risk])]
        twin = unknowns.setdefault(useful[-1][1].tobytes(), column.name) if len(useful) > 1 else column.name
        if twin != column.name:  # unknown in the same hours as another: one column says it for both
            useful, account = useful[:1], replace(account, note=f"unknown in the same hours as {twin}")
        if most is not None and len(names) + len(useful) > most and column not in first:
            account = replace(account, note="left out: more columns than the first doses carry")
            useful = []
        elif not useful and not account.note:
            account = replace(account, note="left out: it does not vary while nobody is treated")
        shown.append(account)
        for name, values in useful:
            names.append(name)
            arrays.append(values)
            if name != column.name:
                note = "1 where the value is unknown"
                shown.append(Shown(column.covariate, name, f"{column.words}: unknown", f"{column.words_zh}：不明", None,
                                   None, note))  # fmt: skip
    matrix = np.column_stack(arrays) if arrays else np.empty((table.grid.who.size, 0))
    hours = Hours(
        table.grid.who, table.grid.step, matrix, tuple(names), table.treated, table.started, table.outcome,
        table.people.height,
    )  # fmt: skip
    rules = tuple(
        Rule(arm, table.due[arm].astype(np.int32), trial.grace_steps(arm), rule.initiation)
        for arm, rule in trial.arms.items()
    )
    return Ready(table, hours, rules, shown)


def _filled(column: Column, at_risk: npt.NDArray[np.bool_]) -> tuple[list[tuple[str, FloatArray]], Shown]:
    unknown = np.isnan(column.values)
    share = float(unknown[at_risk].mean()) if at_risk.any() else None
    ages = column.age[at_risk] if column.age is not None else np.empty(0)
    age = float(np.nanmedian(ages)) if ages.size and not np.isnan(ages).all() else None
    account = Shown(column.covariate, column.name, column.words, column.words_zh, share, age, "")
    if (unknown | ~at_risk).all():
        return [], replace(account, note="left out: it is unknown in every hour at risk")
    if not unknown.any():
        return [(column.name, column.values)], account
    middle = float(np.nanmedian(column.values[at_risk]))
    filled = np.where(unknown, middle, column.values)
    return [(column.name, filled), (f"{column.name} {UNKNOWN}", unknown.astype(np.float64))], account


def _varies(values: FloatArray) -> bool:
    return bool(values.size) and float(values.max()) > float(values.min())


def clock_terms(names: tuple[str, ...], steps: int, step_hours: int) -> tuple[FloatArray | None, tuple[str, ...]]:
    """Columns of the hour for the model: a straight line (`hour`), or a curve (`hour_spline`); None without either."""
    from tocsin.effects.ccw.hazard import hour_spline

    if "hour_spline" in names:
        knots = tuple(h / step_hours for h in (1, 6, 24, 72) if h < steps * step_hours)
        if len(knots) >= 3:
            table, columns_of = hour_spline(steps, knots)
            return table, columns_of
    if set(names) & set(CLOCKS):
        line = np.arange(steps, dtype=np.float64) * step_hours
        return line[:, None] / 24, ("days from time zero",)
    return None, ()


def strata(table: Table, scale: str) -> tuple[npt.NDArray[np.int64], list[tuple[str, str]]]:
    """Each row's proved grade at the start of its step as a place in the list of words."""
    top = int(np.nanmax(table.grade)) if np.isfinite(table.grade).any() else 0
    labels = [(f"grade {g}", f"{g} 级") for g in range(top + 1)] + [(f"{scale_words(scale)} unknown", "分级不明")]
    codes = np.where(np.isnan(table.grade), top + 1, np.nan_to_num(table.grade)).astype(np.int64)
    return codes, labels
