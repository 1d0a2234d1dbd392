"""Studies on virtual patients: their records walk the way of real ones, through the functions of `tocsin emulate`.

Study r of n patients holds the patients r n to (r + 1) n of the world: its luck is a function of the design's seed and
of r. Patients of several studies are charted and graded at once, which changes nothing: a course knows no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from tocsin.effects.ccw.emulation import Emulated, Prepared
from tocsin.effects.ccw.g_formula import GFormula
from tocsin.effects.inputs import FloatArray, IntArray
from tocsin.emulate.analyse import Analysis, Plan, analyse
from tocsin.emulate.naive import Received
from tocsin.emulate.outcomes import events_of
from tocsin.emulate.people import Enrolled, Ward, enrol, ward_of
from tocsin.emulate.trial import Trial, settle
from tocsin.errors import Problem, TocsinError
from tocsin.power.charted import records_of
from tocsin.power.design import Design
from tocsin.power.study import Groups, NoStudy, Study
from tocsin.power.truths import truth_rows
from tocsin.tables.power import POWER_TRUTH
from tocsin.virtual.log import Batch
from tocsin.virtual.practice import Care
from tocsin.virtual.random import luck_of, uniforms
from tocsin.virtual.records import Chart, numbers
from tocsin.virtual.run import simulate
from tocsin.virtual.stay import CRS_DEATH
from tocsin.when import Strategy

AT_ONCE = 4_000  # patients charted and graded together
CARE_MINUTE = 110  # channel of the minute of an hour's round on the ward; a test holds it against the doses given
TRUTH_FIRST = 2_000_000_000  # patients of the truth are apart from those of any study
TRUTH_BATCH = 5_000
#: Where the ward's summary says when an outcome came; grades are those of ASTCT.
SEEN = {
    **{f"crs_grade_{g}": f"crs{g}_at" for g in range(1, 5)}, **{f"icans_{g}": f"icans{g}_at" for g in range(1, 5)},
    "icans": "icans1_at", "icu": "icu_at", "death": "death_minute", "crs_death": "death_minute",
}  # fmt: skip


@dataclass(frozen=True)
class Chunk:
    """Studies charted together: the ward's own truth, the production's view of the records, who is in the trial."""

    first: int
    batch: Batch
    ward: Ward
    enrolled: Enrolled
    received: Received


class VirtualWorld:
    """Makes the studies of a design, and their truth."""

    def __init__(self, design: Design) -> None:
        self.design, self.world = design, design.scenario.world
        self.trial: Trial = settle(design.study)
        self._check()

    def _check(self) -> None:
        trial, found = self.trial, list[Problem]()
        found += [
            Problem(
                "power.outcome", f'the truth of "{one}" is not known in the virtual world.', "",
                f"Known: {', '.join(SEEN)}.",
            )
            for one in trial.outcomes
            if one not in SEEN
        ]  # fmt: skip
        if trial.scale != "astct_crs":
            what = f"the virtual ward grades on astct_crs, not on {trial.scale}."
            found.append(Problem("power.scale", what, "", 'Write  scale = "astct_crs"  under [cohort].'))
        if trial.protocol.horizon_hours > 24 * (self.world.days - 7):
            what = f"{trial.protocol.horizon_hours} h are too long for {self.world.days} days that are charted."
            found.append(Problem("power.horizon", what, "", "Shorten protocol.horizon_hours."))
        if any(rule.initiation != "uniform" for rule in trial.arms.values()):
            what = "the truth is known for starts spread evenly over the grace period only."
            found.append(Problem("power.initiation", what, "", 'Write  initiation = "uniform"  under [protocol].'))
        if self.design.scenario.mishaps.any:
            what = "the world has slips between ward and file."
            why = "Studies are made without files, and would not have them."
            found.append(Problem("power.mishaps", what, why, "Leave [records] of the world out."))
        if found:
            raise TocsinError(found)

    @cached_property
    def at(self) -> tuple[int, ...]:
        """Hours asked about."""
        return self.trial.hours

    @cached_property
    def usual(self) -> Care:
        """Usual practice, with the trial's clock watched."""
        return Care("usual", Strategy(give=self.trial.drug, when=self.trial.clock))

    # --- studies

    def studies(self, replicates: IntArray) -> Iterator[tuple[int, list[Study | NoStudy]]]:
        """Each study by its number, an entry an outcome."""
        together = max(1, AT_ONCE // self.design.n)
        for start in range(0, replicates.size, together):
            block = replicates[start : start + together].tolist()
            runs = np.split(np.asarray(block), np.flatnonzero(np.diff(block) != 1) + 1)
            for run in runs:
                chunk = self._chunk(int(run[0]), run.size)
                for number in run.tolist():
                    yield number, [self._study(chunk, number, outcome) for outcome in self.trial.outcomes]

    def _chunk(self, number: int, studies: int) -> Chunk:
        first, n = number * self.design.n, studies * self.design.n
        batch = simulate(self.world, first, n, self.usual, keep_propensity=True)
        ward = ward_of(self.trial, records_of(Chart(batch, self.design.scenario.hospital)))
        return Chunk(first, batch, ward, enrol(ward), Received(ward))

    def _mine(self, number: int) -> pl.Series:
        first = number * self.design.n
        return numbers(pl.Series(np.arange(first, first + self.design.n, dtype=np.int64)))

    def _study(self, chunk: Chunk, number: int, outcome: str) -> Study | NoStudy:
        mine = pl.col("patient_id").is_in(self._mine(number).implode())
        people = chunk.enrolled.people.filter(mine).drop("who").with_row_index("who")
        enrolled = replace(chunk.enrolled, people=people.with_columns(pl.col("who").cast(pl.Int32)))
        side = "g_formula" in self.design.analyses
        found = analyse(chunk.ward, enrolled, outcome, Plan(0, side=side))
        arms, step = self.trial.names, self.trial.protocol.grid_hours
        reference = arms.index(self.trial.reference)
        if not isinstance(found, Analysis):
            return NoStudy(outcome, arms, reference, self.at, found.why[0])
        groups = {
            "by_received": self._received(chunk, outcome, number), "treated_or_not": self._treated(found, step),
        }  # fmt: skip

        def emulated() -> tuple[Prepared, Emulated]:
            if found.prepared is None or found.point is None:
                raise TocsinError.of(found.why[0].partition(":")[0], found.why[0])
            return found.prepared, found.point

        def forward(_: int) -> GFormula:
            if found.g is None:
                raise TocsinError.of(found.g_note.partition(". ")[0], found.g_note)
            return found.g

        return Study(
            outcome, found.hours, found.ready.rules, reference, self.at, step, emulated, self._oracle(chunk, found),
            groups, forward,
        )  # fmt: skip

    def _received(self, chunk: Chunk, outcome: str, number: int) -> Groups:
        """As the founding design has it: of all courses, those whose first dose followed an arm."""
        of = chunk.ward.courses.select("course_id", "patient_id")
        mine = pl.col("patient_id").is_in(self._mine(number).implode())
        rows = chunk.received.arms.join(of, on="course_id").filter(mine)
        rows = rows.join(events_of(chunk.ward, outcome), on="course_id", how="left")
        hours = pl.when(pl.col("event") >= 0).then((pl.col("event") - pl.col("due_at")) / 60).fill_null(np.inf)
        arm = rows.get_column("arm")
        first = next(name for name in self.trial.names if name != self.trial.reference)
        when = rows.select(hours=hours).get_column("hours").to_numpy()
        return Groups((arm == first).to_numpy(), (arm == self.trial.reference).to_numpy(), when)

    def _treated(self, found: Analysis, step: int) -> Groups:
        """Treated within the grace period of time zero, and all the rest."""
        clock = self.trial.clock_arm
        grace = self.trial.grace_steps(clock if clock in self.trial.arms else self.trial.names[0])
        hours = found.hours
        early = hours.begun < grace
        when = np.where(hours.last == 1, (hours.length - 1.0) * step, np.inf)
        return Groups(early, ~early, when)

    def _oracle(self, chunk: Chunk, found: Analysis) -> FloatArray:
        """Odds of a first dose in every untreated row: chances of the rounds that fell into it before its outcome."""
        hours, people = found.hours, found.ready.table.people
        place = people.get_column("patient_id").str.slice(1).cast(pl.Int64).to_numpy() - chunk.first
        chance, minute = rounds(chunk.batch, place, self.world.seed)
        zero = people.get_column("zero").to_numpy().astype(np.int64)
        stop = people.get_column("stop").to_numpy().astype(np.int64)
        inside = np.isfinite(chance) & (minute >= zero[:, None]) & (minute <= stop[:, None])
        who, hour = np.nonzero(inside)
        step = (minute[who, hour] - zero[who]) // self.trial.step
        kept = step < hours.untreated[who]
        at = hours.first[:-1][who[kept]] + step[kept]
        stays = np.ones(hours.patient.size)
        np.multiply.at(stays, at, 1.0 - chance[who[kept], hour[kept]].astype(np.float64))
        stays = stays[~hours.treated]
        return (1.0 - stays) / np.maximum(stays, 1e-12)

    # --- truth

    def truth(self) -> pl.DataFrame:
        """POWER_TRUTH rows: the patients who reach time zero under usual practice, all cared for by each arm."""
        parts = [self._potential(first, min(TRUTH_BATCH, self.design.truth_patients - first))
                 for first in range(0, self.design.truth_patients, TRUTH_BATCH)]  # fmt: skip
        rows = list[pl.DataFrame]()
        for outcome in self.trial.outcomes:
            when = {arm: np.concatenate([part[outcome, arm] for part in parts]) for arm in self.trial.names}
            if not when[self.trial.reference].size:
                raise TocsinError.of(
                    "power.no-truth", f"{outcome}: no virtual patient reaches time zero.",
                    "Without them there is no truth to hold a study against.", "See the trigger and the eligibility.",
                )  # fmt: skip
            rows.append(truth_rows(outcome, when, self.trial.reference, self.at))
        return POWER_TRUTH.check(pl.concat(rows))

    def _potential(self, first: int, n: int) -> dict[tuple[str, str], FloatArray]:
        """By outcome and arm: hours from time zero to the outcome of those in the trial, infinite = none."""
        base = simulate(self.world, TRUTH_FIRST + first, n, self.usual, keep_log=False)
        zero, inside = self._eligible(base)
        runs = {
            arm: simulate(self.world, TRUTH_FIRST + first, n, Care("strategy", rule), keep_log=False).summary
            for arm, rule in self.trial.arms.items()
        }
        found: dict[tuple[str, str], FloatArray] = {}
        for outcome in self.trial.outcomes:
            asked = inside & (came(base.summary, outcome) > zero)
            for arm, run in runs.items():
                found[outcome, arm] = (came(run, outcome)[asked] - zero[asked]) / 60
        return found

    def _eligible(self, base: Batch) -> tuple[FloatArray, Any]:
        """Minute of time zero, and who is in the trial, as the protocol asks."""
        e, run = self.trial.protocol.eligibility, base.summary
        zero, age = _minutes(run, "due_known_at"), base.facts.get_column("age_y").to_numpy()
        inside = (zero < np.inf) & (_minutes(run, "given_at") >= zero)
        inside &= (_minutes(run, "death_minute") > zero) & (_minutes(run, "discharge_at") > zero)
        if e.grade_below < 5:
            inside &= _minutes(run, f"crs{max(e.grade_below, 1)}_at") > zero
        if e.age_from is not None:
            inside &= age >= e.age_from
        if e.age_below is not None:
            inside &= age < e.age_below
        if e.episode_open:
            inside &= _minutes(run, "onset") <= zero
        return zero, inside


def rounds(batch: Batch, place: IntArray, seed: int) -> tuple[Any, IntArray]:
    """(chance of a first dose, minute of the round) of each patient and hour of the ward; NaN where nobody decided."""
    assert batch.propensity is not None
    chance = batch.propensity[place]
    luck = luck_of(seed, (batch.first + place).astype(np.int64))
    minutes = [60 * j + 30 + (25 * uniforms(luck, CARE_MINUTE, j)).astype(np.int64) for j in range(chance.shape[1])]
    return chance, np.column_stack(minutes)


def came(run: pl.DataFrame, outcome: str) -> FloatArray:
    """Minute of the outcome, infinite where it did not come."""
    minute = _minutes(run, SEEN[outcome])
    if outcome == "crs_death":
        return np.where(run.get_column("death_code").to_numpy() == CRS_DEATH, minute, np.inf)
    return minute


def _minutes(run: pl.DataFrame, name: str) -> FloatArray:
    """Minutes of a column, infinite where it never came (null, or -1)."""
    column = pl.col(name).cast(pl.Float64)
    return run.select(pl.when(column >= 0).then(column).fill_null(np.inf)).to_series().to_numpy()
