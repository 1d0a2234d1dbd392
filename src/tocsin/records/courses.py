"""The unit of analysis: one infusion (split doses together), or one hospital stay where there is no infusion."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from tocsin import vocabulary
from tocsin.errors import TocsinError
from tocsin.tables import ATTRITION, COURSES, EPOCH, TIME, Records

TimeZero = Literal["infusion", "admission", "first-fever", "column"]
WEIGHT_BEFORE, WEIGHT_AFTER = timedelta(days=30), timedelta(hours=24)
_YEAR_DAYS = 365.25
_WHY = {
    "infusion": "no CAR-T infusion in the drugs table: give its rows, or choose another time zero",
    "admission": "no hospital stay: give the stays table, or choose another time zero",
    "first-fever": "no hospital stay: give the stays table, or choose another time zero",
    "column": "no time in the given column for this patient",
}


def courses(
    records: Records,
    time_zero: TimeZero = "infusion",
    split_dose_days: float = 14,
    fever: float = 38.0,
    column_times: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Courses and attrition (contracts COURSES and ATTRITION); every patient is in a course or in an attrition row.

    infusion: CAR-T doses at most `split_dose_days` after the first of a course belong to it, later ones open the next.
    admission and first-fever: one course a hospital stay. column: `column_times` holds patient_id and time_zero, and
    may hold precision. The first course is named as the patient, later ones patient-2, -3 ... by time.

    Raises TocsinError: `courses.column-missing`, `courses.column-zone`, `courses.column-patient-unknown`,
    `courses.name-taken`,
    `courses.time-zero-unknown`.
    """
    starts, dropped = _starts(records, time_zero, split_dose_days, fever, column_times)
    named = _named(starts)
    made = named.join(_people(records), on="patient_id", how="left", maintain_order="left")
    made = _weights(made, records)
    made = made.with_columns(_age().alias("age_y"), pl.lit(time_zero).alias("set_by"))
    frame = COURSES.check(COURSES.frame(made).sort("course_id"))
    return frame, _attrition(records, frame, time_zero, dropped)


def _starts(
    records: Records, time_zero: TimeZero, split: float, fever: float, given: pl.DataFrame | None
) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """patient_id, time_zero, precision, product, dose, infusions; and stays left out, with the reason."""
    if time_zero == "infusion":
        return _infusions(records.drugs, split), []
    if time_zero == "column":
        return _column(records, given), []
    stays = _hospital_stays(records.stays)
    if time_zero == "admission":
        return stays.select("patient_id", pl.col("start").alias("time_zero"), *_NO_INFUSION), []
    if time_zero == "first-fever":
        found = _first_fevers(stays, records.measurements, fever)
        lost = stays.height - found.height
        return found, [(lost, f"hospital stays without a temperature of {fever:g} °C or more")] if lost else []
    raise TocsinError.of(
        "courses.time-zero-unknown", f'time zero "{time_zero}" is not known.',
        do="Use infusion, admission, first-fever or column.",
    )  # fmt: skip


_NO_INFUSION = (
    pl.lit("minute").alias("precision"),
    pl.lit(None, dtype=pl.String).alias("product"),
    pl.lit(None, dtype=pl.Float64).alias("dose"),
    pl.lit(0, dtype=pl.Int32).alias("infusions"),
)


def _infusions(drugs: pl.DataFrame, split: float) -> pl.DataFrame:
    """The first dose of every course. A rate row of a running infusion is no further dose."""
    cells = drugs.filter(pl.col("drug").is_in(vocabulary.drugs_in("car_t"))).sort(
        "patient_id", "start", "drug", "dose", "order_id"
    )
    given = cells.filter((pl.col("mode") == "dose") | (pl.col("rate").is_null()) | (pl.col("rate") > 0))
    # one infusion charted by several rates is one dose: its first row
    given = given.filter(
        (pl.col("mode") == "dose")
        | pl.col("order_id").is_null()
        | pl.struct("patient_id", "order_id").is_first_distinct()
    )
    opened = _opening(
        given.get_column("patient_id").to_list(), given.get_column("start").to_list(), timedelta(days=split)
    )
    numbered = given.with_columns(pl.Series("__course", opened, dtype=pl.Int64))
    return numbered.group_by("patient_id", "__course", maintain_order=True).agg(
        pl.col("start").first().alias("time_zero"),
        pl.col("precision").first(),
        pl.col("drug").first().alias("product"),
        pl.when(pl.col("dose_unit").first() == "cells/kg").then(pl.col("dose").first()).alias("dose"),
        pl.len().cast(pl.Int32).alias("infusions"),
    )


def _opening(patients: list[str], instants: list[datetime], split: timedelta) -> list[int]:
    """Number of the course each dose belongs to: counted from the first dose of the course, not from the last."""
    numbers: list[int] = []
    patient, first, number = "", EPOCH, 0
    for who, when in zip(patients, instants, strict=True):
        if not numbers or who != patient or when - first > split:
            patient, first, number = who, when, number + 1
        numbers.append(number)
    return numbers


def _column(records: Records, given: pl.DataFrame | None) -> pl.DataFrame:
    if given is None or not {"patient_id", "time_zero"} <= set(given.columns):
        raise TocsinError.of(
            "courses.column-missing", "time zero is a column, and no table with patient_id and time_zero is given.",
            do="Name the file and column in study.toml, or choose another time zero.",
        )  # fmt: skip
    dtype = given.schema["time_zero"]
    if not (isinstance(dtype, pl.Datetime) and dtype.time_zone):
        raise TocsinError.of(
            "courses.column-zone", f"time_zero of the given table is {dtype}: instants with a time zone are needed.",
            "Times without a zone may be hours off.", "Turn the column into UTC instants first.",
        )  # fmt: skip
    strange = given.join(records.patients, on="patient_id", how="anti")
    if strange.height:
        raise TocsinError.of(
            "courses.column-patient-unknown",
            f"{strange.height:,} rows of the given times name no patient of the records.",
            "A patient spelled differently would be lost.", "Spell patients alike in both files.",
        )  # fmt: skip
    precision = pl.col("precision") if "precision" in given.columns else pl.lit("minute")
    known = given.filter(pl.col("time_zero").is_not_null())
    return known.select(
        "patient_id", pl.col("time_zero").cast(TIME), precision.alias("precision"), *_NO_INFUSION[1:]
    ).unique()


def _hospital_stays(stays: pl.DataFrame) -> pl.DataFrame:
    return (
        stays.filter(pl.col("kind") == "hospital").select("patient_id", "start", "stop").unique(["patient_id", "start"])
    )


def _first_fevers(stays: pl.DataFrame, measurements: pl.DataFrame, fever: float) -> pl.DataFrame:
    hot = measurements.filter(
        (pl.col("variable") == "temperature") & (pl.col("value") >= fever) & (pl.col("precision") == "minute")
    )
    within = stays.join(hot.select("patient_id", "time"), on="patient_id").filter(
        (pl.col("time") >= pl.col("start")) & ((pl.col("time") <= pl.col("stop")) | pl.col("stop").is_null())
    )
    first = within.group_by("patient_id", "start").agg(pl.col("time").min().alias("time_zero"))
    return first.select("patient_id", "time_zero", *_NO_INFUSION).unique(["patient_id", "time_zero"])


def _named(starts: pl.DataFrame) -> pl.DataFrame:
    """Course names by time within the patient, and the start of the next course as `ends`."""
    starts = starts.sort("patient_id", "time_zero")
    number = pl.int_range(1, pl.len() + 1).over("patient_id")
    name = pl.when(number == 1).then("patient_id").otherwise(pl.format("{}-{}", "patient_id", number))
    named = starts.with_columns(name.alias("course_id"), pl.col("time_zero").shift(-1).over("patient_id").alias("ends"))
    if named.get_column("course_id").is_duplicated().any():
        raise TocsinError.of(
            "courses.name-taken", "a second course has the name of another patient (patient, hyphen, number).",
            "Two patients would be read as one.",
            "Rename the patients so that no name is another one's with -2 behind it.",
        )  # fmt: skip
    return named


def _people(records: Records) -> pl.DataFrame:
    """What age and weight fall back on: birth date, age and when it was true, charted weight."""
    cells = records.drugs.filter(pl.col("drug").is_in(vocabulary.drugs_in("car_t"))).select("patient_id", "start")
    stays = records.stays.filter(pl.col("kind") == "hospital").select("patient_id", "start")
    first = pl.concat([stays, cells]).group_by("patient_id").agg(pl.col("start").min().alias("__aged"))
    people = records.patients.select(
        "patient_id", "birth_date", pl.col("age_y").alias("__age"), pl.col("weight_kg").alias("__charted")
    )
    return people.join(first, on="patient_id", how="left")


def _age() -> pl.Expr:
    """Years at time zero: from the birth date, else the age at the first stay plus the years since."""
    born = (pl.col("time_zero").dt.date() - pl.col("birth_date")).dt.total_days() / _YEAR_DAYS
    since = (pl.col("time_zero") - pl.col("__aged")).dt.total_seconds() / (_YEAR_DAYS * 86400)
    elapsed = pl.col("__age") + since.fill_null(0.0)
    age = pl.coalesce(born, elapsed)
    return pl.when(age.is_between(0, 130)).then(age)


def _weights(made: pl.DataFrame, records: Records) -> pl.DataFrame:
    """Last weight of the 30 days up to time zero, else the first of the 24 h after it, else the patient's."""
    weights = records.measurements.filter(pl.col("variable") == "weight").select(
        "patient_id", "time", pl.col("value").alias("__kg")
    )
    pairs = made.select("course_id", "patient_id", "time_zero").join(weights, on="patient_id").sort("time", "__kg")
    ago = pl.col("time_zero") - pl.col("time")
    before = pairs.filter((ago >= timedelta(0)) & (ago <= WEIGHT_BEFORE)).group_by("course_id", maintain_order=True)
    after = pairs.filter((ago < timedelta(0)) & (ago >= -WEIGHT_AFTER)).group_by("course_id", maintain_order=True)
    made = made.join(
        before.agg(pl.col("__kg").last().alias("__before")), on="course_id", how="left", maintain_order="left"
    )
    made = made.join(
        after.agg(pl.col("__kg").first().alias("__after")), on="course_id", how="left", maintain_order="left"
    )
    return made.with_columns(pl.coalesce("__before", "__after", "__charted").alias("weight_kg"))


def _attrition(
    records: Records, frame: pl.DataFrame, time_zero: TimeZero, dropped: list[tuple[int, str]]
) -> pl.DataFrame:
    """Patients in, patients with a course, and why the others have none; then stays that gave no course."""
    patients, with_course = records.patients.height, frame.get_column("patient_id").n_unique()
    rows = [_step("patients with a course", patients, with_course, "every patient has one")]
    lost = patients - with_course
    if lost:
        why = _why(records, frame, time_zero) if not dropped else f"{dropped[0][1]}, or no hospital stay"
        rows[0]["why"] = f"{lost:,} patients without a course: {why}"
    for count, why in dropped:
        rows.append(_step("hospital stays with a course", frame.height + count, frame.height, f"{count:,} {why}"))
    return ATTRITION.check(ATTRITION.frame(rows))


def _why(records: Records, frame: pl.DataFrame, time_zero: TimeZero) -> str:
    """Why patients have no course; a row set aside may have been their infusion."""
    if time_zero != "infusion":
        return _WHY[time_zero]
    lost = records.patients.join(frame, on="patient_id", how="anti")
    doubted = lost.join(records.doubts.filter(pl.col("table") == "drugs"), on="patient_id", how="semi").height
    if not doubted:
        return _WHY[time_zero]
    aside = (
        f"{doubted:,} with rows of the drugs table set aside under a finding that needs a decision; "
        "one may be the CAR-T infusion"
    )
    rest = lost.height - doubted
    return f"{aside}; {rest:,} with {_WHY[time_zero]}" if rest else aside


def _step(step: str, before: int, after: int, why: str) -> dict[str, object]:
    return {"step": step, "courses_in": before, "courses_out": after, "why": why}
