"""Who is studied and in which arm: records to courses to grades to `follow` to arms, and who left on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl

from tocsin.endpoints import judge_endpoints
from tocsin.grades import SCALES
from tocsin.grading import Grading, follow_strategy, grade
from tocsin.records import courses
from tocsin.signs import Parameters, doses
from tocsin.strategies import arms
from tocsin.streams import named_streams
from tocsin.study_records import read_records, refuse_equal
from tocsin.studyfile import StudyFile
from tocsin.tables import ATTRITION, FOLLOW, Records
from tocsin.when import EVENTS, Strategy, When

ICANS = "astct_icans"
OF_PATIENTS, GIVEN, ONE_ARM = "courses of these patients", "given ", "one arm each"
NOT_SEEN = "could not be seen: no readings"


@dataclass(frozen=True)
class Study:
    """A study after its courses are graded and put into arms; everything the results are described from."""

    file: StudyFile
    records: Records
    courses: pl.DataFrame
    grading: Grading
    follow: pl.DataFrame
    arms: pl.DataFrame
    endpoints: pl.DataFrame
    attrition: pl.DataFrame

    @property
    def scale(self) -> str:
        """The scale CRS is graded on."""
        return self.file.cohort.scale

    @property
    def parameters(self) -> Parameters:
        """The parameters the signs were made with."""
        return self.grading.parameters

    @property
    def arm_names(self) -> tuple[str, ...]:
        """The arms in the order of the file."""
        return tuple(self.file.strategies)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every two arms, in the order of the file."""
        return list(combinations(self.arm_names, 2))

    @cached_property
    def members(self) -> dict[str, list[str]]:
        """Courses of each arm, sorted."""
        inside = self.arms.filter(pl.col("arm").is_not_null()).sort("course_id")
        return {a: inside.filter(pl.col("arm") == a).get_column("course_id").to_list() for a in self.arm_names}

    @cached_property
    def in_arms(self) -> list[str]:
        """Courses in any arm, in the order of the arms."""
        return [course for arm in self.arm_names for course in self.members[arm]]

    @cached_property
    def drug(self) -> str:
        """The drug the strategies give; the first one's where they differ."""
        return next(iter(self.file.strategies.values())).give

    @cached_property
    def treated(self) -> frozenset[str]:
        """Courses given a drug that some strategy gives, at or after time zero."""
        return frozenset(self.follow.filter(pl.col("given_at").is_not_null()).get_column("course_id"))

    @cached_property
    def drugs_words(self) -> str:
        """What the strategies give."""
        return " or ".join(dict.fromkeys(rule.give for rule in self.file.strategies.values()))

    @cached_property
    def administrations(self) -> pl.DataFrame:
        """Doses of the drug, split vials merged: course_id, minute, dose, dose_unit, rows."""
        return doses(self.records, self.courses, self.drug, self.parameters)

    @cached_property
    def facts(self) -> pl.DataFrame:
        """One row a course in an arm: the arm, when the drug was due and given, the course and the patient's facts."""
        patients = self.records.patients.drop("age_y", "weight_kg", "source", "source_row")
        rows = self.arms.filter(pl.col("arm").is_not_null()).join(self.courses, on="course_id", how="left")
        return rows.join(patients, on="patient_id", how="left").sort("course_id")

    @cached_property
    def streams(self) -> dict[tuple[str, ...], dict[str, pl.DataFrame]]:
        """What triggers need over time, filled as it is needed: names to frames."""
        return {}

    @cached_property
    def unseen(self) -> dict[str, frozenset[str]]:
        """By strategy: courses in which its trigger could not be seen, because what it reads was never read."""
        known = dict[str, frozenset[str]]()
        every = frozenset(self.courses.get_column("course_id"))
        return {arm: every - self._visible(rule.when, every, known) for arm, rule in self.file.strategies.items()}

    def _visible(self, when: When, every: frozenset[str], known: dict[str, frozenset[str]]) -> frozenset[str]:
        """Courses with at least one reading of every stream a trigger cannot do without."""
        if when.all or when.any:
            parts = [self._visible(part, every, known) for part in (when.all or when.any or ())]
            return every.intersection(*parts) if when.all else frozenset[str]().union(*parts)
        if when.not_ is not None:
            return self._visible(when.not_, every, known)
        name = when.grade_of or (self.scale if when.onset_within is not None else when.sign)
        if name is None or name in EVENTS:
            return every
        if name not in known:
            known[name] = graded_courses(self.grading, name) if name in SCALES else self._with_any(name)
        return known[name]

    def _with_any(self, name: str) -> frozenset[str]:
        """Courses in which a stream has a value at some time."""
        stream = named_streams((name,), self.records, self.courses, self.grading)[name]
        return frozenset(stream.filter(pl.col("value").is_not_null()).get_column("course_id"))

    def outcome(self, endpoint: str) -> pl.DataFrame:
        """The endpoint of the courses in arms: course_id, arm, start, stop, event, value."""
        rows = self.endpoints.filter(pl.col("endpoint") == endpoint).drop("endpoint")
        of = self.arms.filter(pl.col("arm").is_not_null()).select("course_id", "arm")
        return of.join(rows, on="course_id", how="left").sort("course_id")

    def by_arm(self, frame: pl.DataFrame, column: str) -> dict[str, list[Any]]:
        """Values of a column that are known, by arm; `frame` has a row a course."""
        rows = frame.filter(pl.col(column).is_not_null()).sort("course_id")
        kept = {arm: set(courses) for arm, courses in self.members.items()}
        pairs = list(rows.select("course_id", column).iter_rows())
        return {arm: [value for course, value in pairs if course in kept[arm]] for arm in self.arm_names}


def gather(file: StudyFile, base: Path, overrides: dict[str, Any] | None = None) -> Study:
    """Reads, grades and assigns. `base` is the folder of study.toml. Raises TocsinError of every room on the way."""
    refuse_equal(file.strategies)
    records, given = read_records(file, base)
    return assemble(file, records, file.sign_parameters(overrides), given)


def assemble(
    file: StudyFile, records: Records, parameters: Parameters | None = None, given: pl.DataFrame | None = None
) -> Study:
    """Grades and assigns records already read; `given` holds time zero where the file wants a column."""
    refuse_equal(file.strategies)
    parameters, cohort = parameters or file.sign_parameters(), file.cohort
    frame, lost = courses(records, cohort.time_zero, cohort.split_dose_days, parameters.fever, column_times=given)
    scales = dict.fromkeys((cohort.scale, ICANS, *(name for rule in file.strategies.values() for name in rule.scales)))
    grading = grade(records, frame, scales, parameters)
    follows = follow_all(file.strategies, records, frame, grading)
    assigned = arms(follows, frame.get_column("course_id"))
    study = Study(file, records, frame, grading, follows, assigned, judge(file, records, frame, grading, follows), lost)
    return replace(study, attrition=_attrition(study, lost))


def judge(
    file: StudyFile, records: Records, frame: pl.DataFrame, grading: Grading, follows: pl.DataFrame
) -> pl.DataFrame:
    """The endpoints as the file wants them."""
    chosen, drug = file.endpoints, next(iter(file.strategies.values())).give
    return judge_endpoints(
        records, frame, grading.grades, grading.episodes, follows,
        from_day=chosen.mrd_negative_cr.from_day, to_day=chosen.mrd_negative_cr.to_day, variant=chosen.efs.variant,
        landmark_day=chosen.landmark_day, scale=file.cohort.scale, severe=SCALES[file.cohort.scale].severe,
        drug=drug, graded=graded_courses(grading, file.cohort.scale),
    )  # fmt: skip


def follow_all(
    strategies: dict[str, Strategy], records: Records, frame: pl.DataFrame, grading: Grading
) -> pl.DataFrame:
    """The `follow` table of every strategy."""
    made = [follow_strategy(name, rule, records, frame, grading) for name, rule in strategies.items()]
    return FOLLOW.frame(pl.concat(made)).sort("course_id", "strategy")


def graded_courses(grading: Grading, scale: str) -> frozenset[str]:
    """Courses in which a scale could be read at some moment: a temperature (CRS), an ICE, CAPD or consciousness.

    A proved grade above 0 is one however it was known (an adjudicated death, a waived fever).
    """
    sign = pl.any_horizontal(pl.col("ice", "capd", "consciousness").is_not_null())
    sign = sign if scale == ICANS else pl.col("fever").is_not_null()
    seen = grading.signs.situations.filter(sign & pl.col("covered")).get_column("course_id")
    proved = grading.grades.filter((pl.col("scale") == scale) & (pl.col("grade") > 0)).get_column("course_id")
    return frozenset([*seen, *proved])


# --- attrition ----------------------------------------------------------------------------------------------------


def _attrition(study: Study, first: pl.DataFrame) -> pl.DataFrame:
    """From patients to arms: every course that leaves is counted with its reason; who followed several is named."""
    n, rows = study.courses.height, first.to_dicts()
    patients = study.courses.get_column("patient_id").n_unique()
    if n != patients:
        rows.append(_step(OF_PATIENTS, n, n, f"{patients:,} patients have {n:,} courses"))
    treated = len(study.treated)
    rows.append(_step(f"{GIVEN}{study.drugs_words} after time zero", n, treated, _untreated_words(study)))
    inside = len(study.in_arms)
    rows.append(_step("first dose followed a strategy", treated, inside, _strayed_words(study)))
    both = study.arms.filter(pl.col("why").str.contains("followed several", literal=True)).get_column("course_id")
    said = f"{len(both):,} followed several strategies, the earlier due counts: {named(both.to_list())}"
    said = said if len(both) else "no course followed several strategies" if inside else "no course is in an arm"
    rows.append(_step(ONE_ARM, inside, inside, said))
    return ATTRITION.check(ATTRITION.frame(rows))


def _untreated_words(study: Study) -> str:
    without = [c for c in study.courses.get_column("course_id") if c not in study.treated]
    if not study.courses.height:
        return "there is no course"
    if not without:
        return "every course was given it: patients who never needed it are not in these records"
    rows = study.follow.filter(pl.col("course_id").is_in(without))
    due = rows.filter(pl.col("followed") == "not_given").get_column("course_id").n_unique()
    blind = len(set(without).intersection(*(study.unseen[arm] for arm in study.arm_names)))
    words = f"{len(without):,} without a dose: due under a strategy {due:,}, never due {len(without) - due - blind:,}"
    words += f", {NOT_SEEN} {blind:,}" if blind else ""
    only_day = day_only_doses(study).filter(pl.col("course_id").is_in(without)).get_column("course_id").n_unique()
    words += f"; {only_day:,} have a dose charted to the day only" if only_day else ""
    return words + ("" if "drugs" in study.records.supplied else "; no table of drugs was supplied")


def _strayed_words(study: Study) -> str:
    out = [c for c in study.arms.filter(pl.col("arm").is_null()).get_column("course_id") if c in study.treated]
    if not out:
        return "every first dose followed one" if study.treated else "there is no first dose"
    rows = study.follow.filter(pl.col("course_id").is_in(out))
    said = list[str]()
    for arm in study.arm_names:
        blind = rows.filter(pl.col("course_id").is_in(list(study.unseen[arm])))
        hidden, early = count(blind, arm, "early"), count(rows, arm, "early")
        parts = f"{early - hidden:,} before it was due or never due, {count(rows, arm, 'late'):,} too late"
        said.append(f"{arm}: {parts}" + (f", {hidden:,} {NOT_SEEN}" if hidden else ""))
    return f"{len(out):,} followed none ({'; '.join(said)}): {named(out)}"


def count(rows: pl.DataFrame, strategy: str, how: str) -> int:
    """Courses that followed a strategy in this way."""
    return rows.filter((pl.col("strategy") == strategy) & (pl.col("followed") == how)).height


def day_only_doses(study: Study) -> pl.DataFrame:
    """Doses of the drug charted to the day only, at or after time zero: they decide no minute."""
    of = study.courses.select("patient_id", "course_id", "time_zero", "ends")
    rows = study.records.drugs.filter((pl.col("drug") == study.drug) & (pl.col("precision") == "day"))
    rows = rows.join(of, on="patient_id").filter(pl.col("start").dt.date() >= pl.col("time_zero").dt.date())
    return rows.filter(pl.col("ends").is_null() | (pl.col("start") < pl.col("ends")))


def _step(step: str, before: int, after: int, why: str) -> dict[str, Any]:
    return {"step": step, "courses_in": before, "courses_out": after, "why": why}


def named(courses: Sequence[str], most: int = 40) -> str:
    """Courses as a list, cut where it is long."""
    return ", ".join(courses[:most]) + (f" and {len(courses) - most:,} more" if len(courses) > most else "")
