"""Why a grade is what it is at one moment, in plain words with the rows behind it; `tocsin explain` prints it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from tocsin.errors import TocsinError
from tocsin.evidence import slots_of, treatments_at, with_sources
from tocsin.explained import Course, Moment, sections
from tocsin.grades import FINAL
from tocsin.grading import Grading, grade, scale_named
from tocsin.signs.parameters import Parameters
from tocsin.tables import Records

_DAY = re.compile(r"^\s*day\s+(-?\d{1,5})(?:\s+(\d{1,2}):(\d{2}))?\s*$", re.IGNORECASE)
_AFTER = re.compile(r"^\s*\+?\s*(\d{1,6}(?:\.\d+)?)\s*(min|h|d)\s*$")
_WALL = re.compile(r"^\s*\d{4}-\d{2}-\d{2}[ T]\d{1,2}:\d{2}(:\d{2})?\s*$")
_MINUTES = {"min": 1, "h": 60, "d": 1440}
_FORMS = 'Write  --at "day 3 14:00",  --at "2019-03-14 16:30"  or  --at "+75h".'


def explain(
    records: Records,
    courses: pl.DataFrame,
    patient: str,
    at: str | None = None,
    scale: str = "astct_crs",
    parameters: Parameters | None = None,
) -> str:
    """Words for one patient, or course, at one moment; the default is the first minute of the highest proved grade.

    `at`: `day 3 14:00` (days since time zero's date, local clock), `2019-03-14 16:30` (local), `+75h` after time zero.
    Raises TocsinError: `explain.patient-unknown`, `explain.time-form`, `explain.time-outside`,
    `explain.final-reading`.
    """
    parameters = parameters or Parameters()
    if scale in FINAL:
        raise TocsinError.of(
            "explain.final-reading", f"{scale} looks ahead: at that moment nobody could have known it.", "",
            f"Explain  --scale {FINAL[scale]} .",
        )  # fmt: skip
    chosen = _course(records, courses, patient, at)
    frame = courses.filter(pl.col("course_id") == chosen["course_id"])
    grading = grade(records, frame, (scale,), parameters, moments=True)
    course = Course(chosen, scale_named(scale), grading, records)
    minute = _first_maximum(grading) if at is None else _minute(course, at)
    others = courses.filter(pl.col("patient_id") == chosen["patient_id"], pl.col("course_id") != chosen["course_id"])
    return "\n".join([*_head(course, minute, at is None, others), "", *_body(course, frame, minute)])


def _head(course: Course, minute: int, is_maximum: bool, others: pl.DataFrame) -> list[str]:
    hours, rest = divmod(minute, 60)
    since = f"{hours} h {rest:02d} min after {course.row['set_by']}"
    lines = [
        f"{course.row['course_id']} · {course.scale.title}",
        f"{course.when(minute)}  ({course.wall(minute):%Y-%m-%d %H:%M} {course.records.zone}; {since})",
    ]
    if is_maximum:
        lines.append("the first minute of the highest proved grade")
    if others.height:
        lines.append(f"other courses of this patient: {', '.join(others.get_column('course_id'))}")
    return lines


def _body(course: Course, frame: pl.DataFrame, minute: int) -> list[str]:
    runs, moments = course.grading.grades, course.grading.signs.moments
    assert moments is not None
    run = runs.filter(pl.col("from") <= minute, pl.col("to").is_null() | (pl.col("to") > minute)).tail(1)
    row = moments.filter(pl.col("minute") <= minute).tail(1)
    if run.is_empty() or row.is_empty():
        return course.ungraded(minute)
    graded = run.row(0, named=True)
    if graded["grade"] == 5:
        return ["GRADE 5", f"  {course.death_words()}"]
    parameters = course.grading.parameters
    slots = slots_of((sign.name for sign in course.scale.signs), parameters)
    seen = with_sources(row, course.records, frame, slots).row(0, named=True)
    now = row.with_columns(minute=pl.lit(minute, pl.Int32))
    orders = treatments_at(now, course.records, frame, parameters, slots)
    return sections(Moment(course, minute, graded, seen, slots, orders))


# --- which course, which minute ---------------------------------------------------------------------------------------


def _course(records: Records, courses: pl.DataFrame, patient: str, at: str | None) -> dict[str, Any]:
    """The course of that name, else the patient's first; an instant picks the patient's course that holds it."""
    exact = courses.filter(pl.col("course_id") == patient)
    of_patient = courses.filter(pl.col("patient_id") == patient).sort("time_zero")
    if exact.is_empty() and of_patient.is_empty():
        raise _unknown(records, courses, patient)
    if at is not None and _WALL.match(at) and of_patient.height:
        instant = _wall_instant(at, records.zone)
        ends = pl.col("ends")
        holds = of_patient.filter(pl.col("time_zero") <= instant, ends.is_null() | (ends > instant))
        if holds.height:
            return holds.row(-1, named=True)
    return (exact if exact.height else of_patient).row(0, named=True)


def _unknown(records: Records, courses: pl.DataFrame, patient: str) -> TocsinError:
    if records.patients.filter(pl.col("patient_id") == patient).height:
        return TocsinError.of(
            "explain.patient-unknown", "the patient is in the records but has no course.", "",
            "Choose another  --time-zero .",
        )  # fmt: skip
    return TocsinError.of(
        "explain.patient-unknown",
        f"no patient or course has that name ({records.patients.height:,} patients, {courses.height:,} courses).",
        "",
        "Names are case-sensitive; courses.parquet of  tocsin grade  lists the courses.",
    )


def _first_maximum(grading: Grading) -> int:
    """First minute of the highest proved grade; 0 where nothing was graded."""
    runs = grading.grades.filter(pl.col("grade") == pl.col("grade").max()).sort("from")
    return int(runs.item(0, "from")) if runs.height else 0


def _form() -> TocsinError:
    return TocsinError.of("explain.time-form", "the moment is not understood.", "", _FORMS)


def _wall_instant(at: str, zone: str) -> datetime:
    try:
        return datetime.fromisoformat(at.strip()).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        raise _form() from None


def _minute(course: Course, at: str) -> int:
    zero = course.row["time_zero"]
    if found := _AFTER.match(at):
        minute = round(float(found[1]) * _MINUTES[found[2]])
    elif found := _DAY.match(at):
        minute = _day_minute(course, int(found[1]), int(found[2] or 0), int(found[3] or 0))
    elif _WALL.match(at):
        minute = int((_wall_instant(at, course.records.zone) - zero).total_seconds() // 60)
    else:
        raise _form()
    ends = course.row["ends"]
    if minute < 0 or (ends is not None and zero + timedelta(minutes=minute) >= ends):
        raise TocsinError.of(
            "explain.time-outside", "the moment lies before minute 0 of the course, or in the patient's next course.",
            "Grades begin at minute 0.", f"Minute 0 is the {course.row['set_by']}; give a later one or another course.",
        )  # fmt: skip
    return minute


def _day_minute(course: Course, day: int, hour: int, past: int) -> int:
    if hour > 23 or past > 59:
        raise _form()
    date = course.wall(0).date() + timedelta(days=day)
    instant = datetime(date.year, date.month, date.day, hour, past, tzinfo=ZoneInfo(course.records.zone)).astimezone(
        UTC
    )
    return int((instant - course.row["time_zero"]).total_seconds() // 60)
