"""Courses from records made by hand: time zero, split doses, names, age, weight, and who has none."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from tocsin.errors import TocsinError
from tocsin.records.courses import courses
from tocsin.tables import ATTRITION, COURSES, Records
from unit.records.rows import START, at, cleaned, dose, rate, reading, stay

DAY = 1440


def cells(minute, patient="p1", **more):
    return dose(minute, "CAR-T", 2e6, "cells/kg", patient_id=patient, **more)


def test_split_doses_are_one_course_to_the_exact_day():
    records = cleaned(drugs=[cells(0), cells(7 * DAY), cells(14 * DAY), cells(14 * DAY + 1), cells(40 * DAY)])
    frame, attrition = courses(records)
    assert frame.select("course_id", "time_zero", "infusions", "ends").rows() == [
        ("p1", at(0), 3, at(14 * DAY + 1)),
        ("p1-2", at(14 * DAY + 1), 1, at(40 * DAY)),
        ("p1-3", at(40 * DAY), 1, None),
    ]
    assert frame.select("product", "dose", "set_by", "precision").row(0) == ("car_t", 2e6, "infusion", "minute")
    assert attrition.select("courses_in", "courses_out").row(0) == (1, 1)


def test_the_window_counts_from_the_first_dose_not_the_last():
    frame, _ = courses(cleaned(drugs=[cells(0), cells(10 * DAY), cells(20 * DAY)]))
    assert frame.get_column("infusions").to_list() == [2, 1]


def test_one_infusion_charted_by_rates_is_one_dose():
    rows = [rate(m, "CAR-T", v, "mL/h", order_id="9") for m, v in ((0, 100.0), (10, 200.0), (30, 0.0))]
    frame, _ = courses(cleaned(drugs=rows))
    assert frame.select("time_zero", "infusions", "dose").rows() == [(at(0), 1, None)]


def test_patients_without_an_infusion_are_in_attrition():
    records = cleaned(drugs=[cells(0, "p2")], patients=[{}, {"patient_id": "p2"}, {"patient_id": "p3"}])
    frame, attrition = courses(records)
    assert frame.get_column("patient_id").to_list() == ["p2"]
    assert attrition.row(0)[1:3] == (3, 1)
    assert attrition.item(0, "why").startswith("2 patients without a course: no CAR-T infusion")
    COURSES.check(frame)
    ATTRITION.check(attrition)


def test_admission_is_one_course_a_hospital_stay_and_unit_rows_are_none():
    records = cleaned(stays=[stay(0, 100), stay(0, 50, "icu"), stay(5000, 6000)])
    frame, attrition = courses(records, "admission")
    assert frame.select("course_id", "time_zero", "ends", "infusions").rows() == [
        ("p1", at(0), at(5000), 0), ("p1-2", at(5000), None, 0),
    ]  # fmt: skip
    assert attrition.height == 1


def test_first_fever_of_each_stay_and_stays_without_one():
    rows = [reading(m, "temperature", v, "°C") for m, v in ((10, 37.99), (20, 38.0), (30, 39.5), (5010, 37.9))]
    records = cleaned(stays=[stay(0, 100), stay(5000, 6000)], measurements=rows, patients=[{}, {"patient_id": "p2"}])
    frame, attrition = courses(records, "first-fever")
    assert frame.select("course_id", "time_zero").rows() == [("p1", at(20))]
    assert attrition.select("courses_in", "courses_out").rows() == [(2, 1), (2, 1)]
    assert "38 °C" in attrition.item(1, "why")
    higher, _ = courses(records, "first-fever", fever=39.0)
    assert higher.item(0, "time_zero") == at(30)


def test_column_of_times_and_what_is_refused():
    records = cleaned(patients=[{}, {"patient_id": "p2"}])
    given = pl.DataFrame({"patient_id": ["p1"], "time_zero": [at(60)]})
    frame, attrition = courses(records, "column", column_times=given)
    assert frame.select("time_zero", "set_by", "infusions").rows() == [(at(60), "column", 0)]
    assert attrition.row(0)[1:3] == (2, 1)
    cases = {
        "courses.column-missing": None,
        "courses.column-patient-unknown": given.with_columns(patient_id=pl.lit("P1")),
        "courses.column-zone": given.with_columns(pl.col("time_zero").dt.replace_time_zone(None)),
    }
    for slug, table in cases.items():
        with pytest.raises(TocsinError) as error:
            courses(records, "column", column_times=table)
        assert error.value.problems[0].slug == slug


def test_unknown_time_zero_and_a_name_taken_are_refused():
    with pytest.raises(TocsinError) as error:
        courses(cleaned(), "birthday")
    assert error.value.problems[0].slug == "courses.time-zero-unknown"
    records = cleaned(drugs=[cells(0), cells(40 * DAY), cells(0, "p1-2")])
    with pytest.raises(TocsinError) as error:
        courses(records)
    assert error.value.problems[0].slug == "courses.name-taken"


@pytest.mark.parametrize(
    ("charted", "expected"),
    [
        ([(-31 * DAY, 60.0)], 99.0), ([(-30 * DAY, 61.0)], 61.0), ([(-DAY, 62.0), (0, 63.0)], 63.0),
        ([(1, 64.0), (2, 65.0)], 64.0), ([(DAY, 66.0)], 66.0), ([(DAY + 1, 67.0)], 99.0),
        ([(-5, 68.0), (5, 69.0)], 68.0), ([], 99.0),
    ],
)  # fmt: skip
def test_weight_near_time_zero(charted, expected):
    rows = [reading(m, "weight", v, "kg") for m, v in charted]
    records = cleaned(drugs=[cells(0)], measurements=rows, patients=[{"weight_kg": 99.0}])
    assert courses(records)[0].item(0, "weight_kg") == expected


def test_age_from_birth_date_or_from_the_first_stay_on():
    later = 3 * 365.25 * DAY
    drugs = [cells(later), cells(later, "p2"), cells(0, "p3")]
    people = [
        {"age_y": 10.0},
        {"patient_id": "p2", "birth_date": date(2016, 3, 1), "age_y": 50.0},
        {"patient_id": "p3"},
    ]
    frame, _ = courses(cleaned(drugs=drugs, patients=people, stays=[stay(0, 10)]))
    ages = dict(frame.select("patient_id", "age_y").rows())
    assert ages["p1"] == pytest.approx(13.0, abs=1e-9)
    assert ages["p2"] == pytest.approx(13.0, abs=0.01)
    assert ages["p3"] is None


def test_courses_are_the_same_whatever_the_order_of_rows():
    records = cleaned(
        drugs=[cells(0), cells(40 * DAY), cells(9, "p2"), cells(9, "p2", order_id="b")],
        measurements=[reading(-5, "weight", 60.0, "kg"), reading(-5, "weight", 61.0, "kg")],
        patients=[{}, {"patient_id": "p2"}],
    )  # fmt: skip
    frame, attrition = courses(records)
    for seed in range(5):
        mixed = {
            name: records.table(name).sample(fraction=1.0, shuffle=True, seed=seed)
            for name in ("patients", "stays", "measurements", "drugs", "supports", "assessments", "outcomes")
        }
        again, lost = courses(Records.of(mixed))
        assert again.equals(frame)
        assert lost.equals(attrition)


def test_a_date_only_infusion_says_so():
    midnight = datetime(2026, 3, 5, tzinfo=UTC)
    frame, _ = courses(cleaned(drugs=[{**cells(0), "start": midnight}]))
    assert frame.select("precision", "time_zero").row(0) == ("day", midnight + timedelta(hours=12))
    assert midnight > START
