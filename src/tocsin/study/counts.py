"""Hours and courses that rest on an assumption, and what stood beside the fever when the drug was due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from statistics import median
from typing import Any

import polars as pl

from tocsin.grades import SCALES
from tocsin.study.cohort import Study, day_only_doses
from tocsin.study.remarks import waiver_hours
from tocsin.study.table1 import last_before
from tocsin.study.toxicity import unadjudicated_deaths
from tocsin.study.treatment import dose_counts, drug_rows, first_doses, steroid_use
from tocsin.tables import COUNTS

ALL = "all"
NEAR = timedelta(hours=24)
NEUTROPHILS_OLD = timedelta(hours=48)
SEVERE_NEUTROPENIA = 0.5
LEAST_MG_KG, MOST_MG_KG, MOST_MG = 3.5, 14.0, 800.0


def count_table(study: Study) -> pl.DataFrame:
    """Every count by arm and for all courses in arms."""
    made = Counts(study)
    _assumed_hours(made)
    _waiver(made)
    _deaths(made)
    _beside_fever(made)
    _response(made)
    _drug(made)
    return COUNTS.frame(made.rows)


class Counts:
    """Collects rows; a number is given per course and summed by arm."""

    def __init__(self, study: Study) -> None:
        self.study, self.rows = study, list[dict[str, Any]]()
        self.groups = {**study.members, ALL: study.in_arms}

    def put(self, what: str, values: Mapping[str, float], unit: str, note: str) -> None:
        """One row an arm; `values` by arm."""
        for arm, value in values.items():
            row = {"what": what, "arm": arm, "value": float(value), "unit": unit, "note": note}
            self.rows.append(row)

    def courses(self, what: str, inside: Any, note: str, unit: str = "courses") -> None:
        """How many courses of each arm are among `inside`."""
        kept = set(inside)
        self.put(what, {arm: sum(c in kept for c in mine) for arm, mine in self.groups.items()}, unit, note)

    def hours(self, what: str, frame: pl.DataFrame, note: str) -> None:
        """Hours of runs (course_id, from, to) from minute 0 on; a run still open has no length and is left out."""
        length = (pl.col("to") - pl.max_horizontal(pl.col("from"), pl.lit(0))).clip(lower_bound=0).cast(pl.Int64)
        sums = dict(frame.filter(pl.col("to").is_not_null()).group_by("course_id").agg(length.sum()).iter_rows())
        values = {arm: sum(sums.get(c, 0) for c in mine) / 60 for arm, mine in self.groups.items()}
        self.put(what, values, "h", note)

    def middle(self, what: str, by_course: dict[str, float], unit: str, note: str) -> None:
        """Median over the courses with a value; an arm without any has no row."""
        known = {arm: [by_course[c] for c in mine if c in by_course] for arm, mine in self.groups.items()}
        for arm, values in known.items():
            if values:
                self.put(what, {arm: median(values)}, unit, f"{note}; n = {len(values)}")


def _assumed_hours(made: Counts) -> None:
    study = made.study
    signs = study.grading.signs.situations.filter("covered")
    graded = SCALES[study.scale].grade(signs)
    made.hours("hours in hospital graded", signs, "all hours inside a stay")
    made.hours("hours on an estimated FiO2", signs.filter("fio2_estimated"),
               f"no FiO2 charted; table {study.parameters.fio2_table}")  # fmt: skip
    made.hours("hours of an isolated low pressure", signs.filter("isolated_low_pressure"),
               "one low reading, the reading before was not low, no vasopressor")  # fmt: skip
    made.hours("hours with oxygen assumed", signs.filter("oxygen_assumed"),
               f"no oxygen row; oxygen_uncharted = {study.parameters.oxygen_uncharted}")  # fmt: skip
    unreviewed = graded.filter((pl.col("grade") > 0) & ~pl.col("attribution_reviewed"))
    made.hours("hours above grade 0 with attribution unreviewed", unreviewed,
               "nobody stated that the signs were due to CRS")  # fmt: skip
    made.hours("hours with a vasopressor order gone silent", signs.filter("pressor_silent"),
               f"no row of the order for {study.parameters.pressor_silent_h:g} h")  # fmt: skip
    made.hours("hours not fully graded", graded.filter(pl.col("grade_at_most") > pl.col("grade")),
               "a higher grade cannot be excluded because a sign is unknown")  # fmt: skip


def _waiver(made: Counts) -> None:
    hours = waiver_hours(made.study)
    for place, what in (
        (0, "hours at grade 0 under the fever waiver"),
        (1, "hours above grade 0 under the fever waiver"),
    ):
        values = {arm: pair[place] for arm, pair in hours.items()}
        made.put(what, {**values, ALL: sum(values.values())}, "h", "fever no longer required after a drug")


def _deaths(made: Counts) -> None:
    study = made.study
    rows = study.outcome("os").filter(pl.col("event") == 1)
    dead = set(rows.get_column("course_id"))
    made.courses("deaths", dead, "any cause, whole follow-up")
    judged = study.records.outcomes.filter((pl.col("what") == "death") & pl.col("adjudicated_by").is_not_null())
    for role in judged.get_column("adjudicated_by").unique().sort():
        by = judged.filter(pl.col("adjudicated_by") == role).get_column("patient_id").unique().to_list()
        mine = set(study.facts.filter(pl.col("patient_id").is_in(by)).get_column("course_id")) & dead
        made.courses(f"deaths, cause decided by {role}", mine, "as recorded")
    patients = judged.get_column("patient_id").unique().to_list()
    decided = set(study.facts.filter(pl.col("patient_id").is_in(patients)).get_column("course_id"))
    made.courses("deaths nobody adjudicated", dead - decided, "the cause may be recorded; who decided it is not")
    during = unadjudicated_deaths(study).get_column("course_id")
    made.courses("deaths during active CRS without adjudication", during, "not counted as CRS death")


def _beside_fever(made: Counts) -> None:
    """Cultures, antibiotics and neutrophils when the drug came due."""
    study = made.study
    due = study.facts.with_columns(moment=_due_instant())
    rows = study.records.assessments.filter(pl.col("item") == "culture")
    near = rows.join(due.select("course_id", "patient_id", "moment"), on="patient_id")
    near = near.filter((pl.col("time") - pl.col("moment")).abs() <= NEAR)
    note = "taken within 24 h before or after the moment the drug was due"
    made.courses("cultures around the trigger", near.get_column("course_id"), note)
    positive = near.filter(pl.col("value") == "positive").get_column("course_id")
    made.courses("positive cultures around the trigger", positive, f"{note}; the result came later")
    given = drug_rows(study, ("antibiotic",)).join(due.select("course_id", "due_at"), on="course_id")
    before = (pl.col("minute") <= pl.col("due_at")) & (pl.col("minute") > pl.col("due_at") - 1440)
    made.courses(
        "antibiotics at the trigger", given.filter(before).get_column("course_id"), "a dose in the 24 h before it"
    )
    cells = last_before(study, "neutrophils", _due_instant(), NEUTROPHILS_OLD)
    known = {course: float(value) for course, value in cells.iter_rows()}
    made.middle("neutrophils at the trigger", known, "10^9/L", "median of the last known result, at most 48 h old")
    low = [course for course, value in known.items() if value < SEVERE_NEUTROPENIA]
    made.courses("neutrophils below 0.5 at the trigger", low, "10^9/L, last known result at most 48 h old")
    made.courses("neutrophils unknown at the trigger", set(study.in_arms) - set(known), "no result in the 48 h before")


def _due_instant() -> pl.Expr:
    return pl.col("time_zero") + pl.duration(minutes=pl.col("due_at"))


def _response(made: Counts) -> None:
    """By which method MRD was measured, and when."""
    study = made.study
    window = study.file.endpoints.mrd_negative_cr
    of = study.facts.select("course_id", "patient_id", "time_zero")
    rows = study.records.outcomes.filter((pl.col("what") == "mrd") & pl.col("value").is_not_null()).join(
        of, on="patient_id"
    )
    zone = study.records.zone
    local = [pl.col(c).dt.convert_time_zone(zone).dt.date() for c in ("time", "time_zero")]
    rows = rows.with_columns(day=(local[0] - local[1]).dt.total_days(), method=pl.col("method").fill_null("not stated"))
    rows = rows.filter(pl.col("day").is_between(window.from_day, window.to_day)).sort("course_id", "day", "source_row")
    note = f"days {window.from_day} to {window.to_day}"
    for method in rows.get_column("method").unique().sort():
        made.courses(f"MRD measured by {method}", rows.filter(pl.col("method") == method).get_column("course_id"), note)
    silent = rows.filter(pl.col("sensitivity").is_null()).get_column("course_id")
    made.courses("MRD without a stated sensitivity", silent, note)
    made.courses("no MRD result", set(study.in_arms) - set(rows.get_column("course_id")), note)
    first = rows.unique("course_id", keep="first", maintain_order=True)
    days = {course: float(day) for course, day in first.select("course_id", "day").iter_rows()}
    made.middle("day of the first MRD result", days, "d", f"median; {note}")


def _drug(made: Counts) -> None:
    study, drug = made.study, made.study.drug
    first = first_doses(study)
    known = first.filter(pl.col("mg_per_kg").is_not_null())
    doses = {course: float(v) for course, v in known.select("course_id", "mg_per_kg").iter_rows()}
    made.middle(f"first {drug}", doses, "mg/kg", "median; split vials merged")
    outside = ~pl.col("mg_per_kg").is_between(LEAST_MG_KG, MOST_MG_KG) & (pl.col("mg") < MOST_MG)
    made.courses(
        f"first {drug} outside 3.5 to 14 mg/kg",
        known.filter(outside).get_column("course_id"),
        "and below the 800 mg cap",
    )
    number = dose_counts(study)
    total = {arm: sum(number.get(c, 0) for c in mine) for arm, mine in made.groups.items()}
    until = f"to day {study.file.study.exposure_days}, split vials merged"
    made.put(f"{drug} doses", {arm: float(n) for arm, n in total.items()}, "doses", until)
    made.courses(f"more than one dose of {drug}", [c for c, n in number.items() if n > 1], until)
    merged = study.administrations.filter(pl.col("rows") > 1)
    counted = dict(merged.group_by("course_id").agg(pl.len()).iter_rows())
    values = {arm: float(sum(counted.get(c, 0) for c in mine)) for arm, mine in made.groups.items()}
    made.put(f"{drug} doses charted as several rows", values, "doses", "rows less than 60 minutes apart are one dose")
    only_day = day_only_doses(study)
    note = "of all courses; a day decides no minute: they trigger and follow nothing"
    made.put(f"{drug} doses charted to the day only", {ALL: only_day.height}, "doses", note)
    made.courses("given a steroid", steroid_use(study), f"to day {study.file.study.exposure_days}")
