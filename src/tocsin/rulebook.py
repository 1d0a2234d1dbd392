"""Who would have been treated when: every rule over every course, with what is not known where it did not fire.

A rule is due at the first moment its trigger is proved, on the history up to the first dose of what it gives. Where it
is not, the same trigger is run once more on what cannot be excluded: if it fires there, it cannot be seen whether the
rule was due, and what was not known is said. Where the drug came first, what would have come without it is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from tocsin import vocabulary
from tocsin.grades import SCALES
from tocsin.grading import Grading, grade
from tocsin.sentences import scale_words
from tocsin.signs import Parameters, doses
from tocsin.signs.acts import minute_of
from tocsin.strategies import first_due
from tocsin.streams import FACTS, named_streams
from tocsin.tables import Records
from tocsin.tables.contract import MINUTE, F, S, Table, may, need
from tocsin.when import EVENTS, Strategy, When

WINDOW_DAYS = 30
NOTHING, NEVER = -1000.0, 2**30
STATUS = ("due", "not due", "cannot be seen", "treated first", "not run")
RULEBOOK = Table(
    "rulebook",
    "which rule would have treated which course when",
    (
        need("course_id", S, "course"),
        need("rule", S, "rule"),
        need("give", S, "drug it gives"),
        need("status", S, "whether it was due", choices=STATUS),
        may("due_at", MINUTE, "when the drug was due", "min"),
        may("due_known_at", MINUTE, "when the ward could know it", "min"),
        may("hours", F, "the same in hours since time zero", "h"),
        may("local_time", S, "the same by the hospital's clock"),
        may("given_at", MINUTE, "first dose of that drug at or after minute 0", "min"),
        need("why", S, "what the answer rests on, or lacks"),
    ),
    ("course_id", "rule"),
)


@dataclass(frozen=True)
class Rulebook:
    """`rows`: contract `rulebook`; `rules`: those asked for, in their order."""

    rows: pl.DataFrame
    rules: Mapping[str, Strategy]


def rulebook(
    records: Records, courses: pl.DataFrame, rules: Mapping[str, Strategy], parameters: Parameters | None = None
) -> Rulebook:
    """Runs every rule over every course, in the first 30 days. A rule on a scale that does not exist is not run."""
    asked = dict.fromkeys(name for rule in rules.values() for name in rule.scales if name in SCALES)
    grading = grade(records, courses, asked or ("astct_crs",), parameters)
    book = _Book(records, courses, grading)
    parts = list[pl.DataFrame]()
    for name, rule in rules.items():
        missing = [scale_words(scale) for scale in rule.scales if scale not in SCALES]
        parts.append(_not_run(name, rule, courses, missing) if missing else book.judged(name, rule))
    return Rulebook(pl.concat([RULEBOOK.empty(), *parts]), rules)


def summary(book: Rulebook) -> pl.DataFrame:
    """A row a rule: rule, courses; due, and their median, first and last hour; the counts of every other status."""
    hours, status = pl.col("hours"), pl.col("status")
    counted = book.rows.group_by("rule").agg(
        courses=pl.len(), due=(status == "due").sum(), median=hours.median(), first=hours.min(), last=hours.max(),
        cannot_be_seen=(status == "cannot be seen").sum(), not_due=(status == "not due").sum(),
        treated_first=(status == "treated first").sum(),
        not_run=(status == "not run").sum(),
    )  # fmt: skip
    order = pl.DataFrame({"rule": list(book.rules)}, schema={"rule": pl.String})
    return order.join(counted, on="rule", how="left", maintain_order="left")


def _not_run(name: str, rule: Strategy, courses: pl.DataFrame, missing: list[str]) -> pl.DataFrame:
    why = f"the scale {' and '.join(missing)} is not there yet"
    rows = courses.select("course_id", rule=pl.lit(name), give=pl.lit(rule.give), why=pl.lit(why))
    return RULEBOOK.frame(rows.with_columns(status=pl.lit("not run")))


@dataclass(frozen=True)
class _Book:
    """Courses, their grades, and what triggers look at: made once for all rules."""

    records: Records
    courses: pl.DataFrame
    grading: Grading
    known: dict[str, pl.DataFrame] = field(default_factory=dict[str, pl.DataFrame])
    leaves: dict[When, tuple[pl.DataFrame, pl.DataFrame]] = field(
        default_factory=dict[When, tuple[pl.DataFrame, pl.DataFrame]]
    )

    def judged(self, name: str, rule: Strategy) -> pl.DataFrame:
        """Rows of one rule."""
        proved = self._before(rule, first_due(rule.when, self._streams(rule.when), self._ids))
        open_when, extra = self._not_excluded(rule.when)
        feasible = first_due(open_when, self._streams(open_when, extra), self._ids)
        maybe = self._before(rule, feasible).select("course_id", maybe="due_known_at")
        rows = proved.join(maybe, on="course_id", how="left", maintain_order="left")
        rows = rows.join(self._lacking(rule), on="course_id", how="left", maintain_order="left")
        rows = rows.join(self._later(rule, proved), on="course_id", how="left", maintain_order="left")
        due, unsure = pl.col("due_known_at").is_not_null(), pl.col("maybe").is_not_null()
        first = pl.format("{} was given after {} h", pl.lit(rule.give), (pl.col("given_at") / 60).round(1))
        cases = (
            (due, "due", pl.lit(_listed("only if, which no record shows: ", rule.provided))),
            (unsure, "cannot be seen", pl.format("not excluded, because not known: {}", "lacking")),
            (pl.col("later").is_not_null(), "treated first", first),
        )
        status, why = pl.lit("not due"), pl.lit(_listed("not looked at, for no record shows it: ", rule.unseen))
        for holds, word, words in reversed(cases):
            status, why = pl.when(holds).then(pl.lit(word)).otherwise(status), pl.when(holds).then(words).otherwise(why)
        at = pl.col("time_zero") + pl.duration(minutes=pl.col("due_known_at"))
        local = at.dt.convert_time_zone(self.records.zone).dt.strftime("%Y-%m-%d %H:%M")
        return RULEBOOK.frame(rows.with_columns(
            rule=pl.lit(name), give=pl.lit(rule.give), status=status, why=why, local_time=local,
            hours=pl.col("due_known_at") / 60,
        ))  # fmt: skip

    @property
    def _ids(self) -> pl.Series:
        return self.courses.get_column("course_id")

    def _streams(self, when: When, extra: Mapping[str, pl.DataFrame] | None = None) -> dict[str, pl.DataFrame]:
        extra = extra or {}
        new = [name for name in when.streams() if name not in extra and name not in self.known]
        self.known.update(named_streams(new, self.records, self.courses, self.grading))
        return {name: extra[name] if name in extra else self.known[name] for name in when.streams()}

    def _before(self, rule: Strategy, due: pl.DataFrame) -> pl.DataFrame:
        """What is due up to the first dose of the drug, before the course ends, and in the first 30 days."""
        given = doses(self.records, self.courses, rule.give, self.grading.parameters)
        first = given.group_by("course_id").agg(given_at=pl.col("minute").min())
        rows = due.join(self._ends(), on="course_id", how="left", maintain_order="left")
        rows = rows.join(first, on="course_id", how="left", maintain_order="left")
        last = pl.min_horizontal("ends_at", pl.col("given_at") + 1, pl.lit(WINDOW_DAYS * 1440))
        inside = pl.col("due_known_at") < last
        return rows.with_columns(pl.when(inside).then(pl.col("due_at", "due_known_at")))

    def _later(self, rule: Strategy, rows: pl.DataFrame) -> pl.DataFrame:
        """course_id, later: when the rule might have come after the first dose, had that not been given."""
        given = rows.filter(pl.col("given_at") < pl.min_horizontal("ends_at", pl.lit(WINDOW_DAYS * 1440)))
        anything = _from(given.select("course_id", minute="given_at"))
        when, extra = self._not_excluded(rule.when, anything)
        due = first_due(when, self._streams(when, extra), given.get_column("course_id"))
        return due.filter(pl.col("due_known_at") < WINDOW_DAYS * 1440).select("course_id", later="due_known_at")

    def _ends(self) -> pl.DataFrame:
        """course_id, time_zero and the minute of death or of the next course."""
        deaths = (
            self.records.outcomes.filter(pl.col("what") == "death")
            .group_by("patient_id")
            .agg(died=pl.col("time").min())
        )
        rows = self.courses.join(deaths, on="patient_id", how="left", maintain_order="left")
        ends = pl.min_horizontal(minute_of(pl.col("ends")), minute_of(pl.col("died")))
        return rows.select("course_id", "time_zero", ends_at=ends.fill_null(NEVER))

    # --- what cannot be excluded --------------------------------------------------------------------------------------

    def _not_excluded(self, when: When, anything: pl.DataFrame | None = None) -> tuple[When, dict[str, pl.DataFrame]]:
        """The trigger on what cannot be excluded: each leaf is a state of its own, 1 from when it may hold on.

        With `anything` every leaf but the facts of the patient and the onset may hold from there on.
        """
        extra = dict[str, pl.DataFrame]()

        def opened(part: When) -> When:
            if part.all or part.any:
                inner = tuple(opened(one) for one in (part.all or part.any or ()))
                return part.model_copy(update={"all" if part.all else "any": inner})
            if part.day is not None or (part.not_ and part.not_.day is not None):
                return part
            fixed = part.sign in FACTS or part.onset_within is not None
            if anything is not None and not fixed:
                extra["anything"] = anything
                return When(grade_of="anything", at_least=1)
            if part.is_state:
                name = f"{part.sign or part.grade_of}, at most"
                extra[name] = self._at_most(part)
                return part.model_copy(update={"sign": None, "grade_of": name})
            name = f"possible {len(extra)}"
            extra[name] = self._leaf(part)[1]
            return When(grade_of=name, at_least=1)

        return opened(when), extra

    def _at_most(self, part: When) -> pl.DataFrame:
        [rows] = self._streams(part.model_copy(update={"sustained": None})).values()
        return rows.with_columns(value=pl.col("at_most"))

    def _leaf(self, part: When) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Courses in which a leaf that is no state could not be seen; and from when on it may hold, as a stream."""
        if part not in self.leaves:
            if part.not_ is not None:
                every = self.courses.select("course_id")
                self.leaves[part] = (every, _from(every.with_columns(minute=pl.lit(0, pl.Int32))))
            else:
                fired = first_due(part, self._streams(part), self._ids)
                blind = self._blind_courses(part, fired)
                holds = fired.filter(pl.col("due_known_at").is_not_null()).select("course_id", minute="due_known_at")
                unknown = blind.with_columns(minute=pl.lit(0, pl.Int32))
                rows = pl.concat([unknown, holds.join(blind, on="course_id", how="anti")])
                self.leaves[part] = (blind, _from(rows.sort("course_id")))
        return self.leaves[part]

    def _blind_courses(self, part: When, fired: pl.DataFrame) -> pl.DataFrame:
        """Courses in which nobody could have seen it: readings too few whatever their values, drugs not recorded."""
        every = self.courses.select("course_id")
        if part.onset_within is not None:
            return every.join(self._streams(part)["onset"], on="course_id", how="anti")
        if part.sign in EVENTS:
            return every.clear() if self._records_drug(_GROUPS[part.sign or ""]) else every
        looser = part.model_copy(
            update={"at_least": NOTHING, "above": None, "at_most": None, "below": None, "dip_to": None}
        )
        dense = first_due(looser, self._streams(looser), self._ids).filter(pl.col("due_known_at") < WINDOW_DAYS * 1440)
        return every.join(dense, on="course_id", how="anti")

    def _records_drug(self, group: str) -> bool:
        """Whether the records hold any drug of the group: a hospital that never exports fluids says nothing of them."""
        names = [name for name, drug in vocabulary.drugs().items() if drug.group == group]
        return "drugs" in self.records.supplied and self.records.drugs.get_column("drug").is_in(names).any()

    def _lacking(self, rule: Strategy) -> pl.DataFrame:
        """course_id, lacking: the parts of the trigger that are neither proved nor excluded, in words."""
        found = [pl.DataFrame(schema={"course_id": pl.String, "lacking": pl.String})]
        for part in rule.when.parts():
            if part.all or part.any or part.day is not None or (part.not_ and part.not_.day is not None):
                continue
            if part.is_state:
                unsure = self._streams(part)[part.sign or part.grade_of or ""]
                unsure = unsure.filter(pl.col("value").ne_missing(pl.col("at_most"))).select("course_id").unique()
            else:
                unsure = self._leaf(part)[0]
            found.append(unsure.select("course_id", lacking=pl.lit(_name(part))))
        rows = pl.concat(found).unique(maintain_order=True)
        return rows.group_by("course_id", maintain_order=True).agg(pl.col("lacking").str.join(", "))


_GROUPS = {"antipyretic": "antipyretic", "fluid_bolus": "fluid"}
_NAMES = {"onset": "the onset of CRS", "fluid_bolus": "fluid boluses (none in the records at all)",
          "antipyretic": "antipyretics (none in the records at all)", "blasts_percent": "marrow blasts", "age_y": "age",
          "fio2": "the oxygen fraction", "creatinine_ratio": "creatinine and its baseline", "oxygen": "oxygen",
          "vasopressors": "vasopressors", "norepinephrine": "the norepinephrine rate"}  # fmt: skip


def _name(part: When) -> str:
    if part.grade_of:
        return f"the {scale_words(part.grade_of)} grade"
    name = "onset" if part.onset_within is not None else part.sign or "what it excludes"
    few = " (too few readings)" if name in ("temperature", "systolic", "spo2") else ""
    return _NAMES.get(name, name.replace("_", " ")) + few


def _from(rows: pl.DataFrame) -> pl.DataFrame:
    """A state that is 1 from `minute` on."""
    return rows.select("course_id", "minute", read="minute", value=pl.lit(1.0))


def _listed(head: str, words: tuple[object, ...] | None) -> str:
    return head + "; ".join(str(getattr(one, "en", one)) for one in words) if words else ""
