"""What must not matter: the order of rows, the calendar, and who else is graded in the same call."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generators import (
    Generated,
    Row,
    cohorts,
    courses,
    generated,
    only_patient,
    row_assessment,
    row_course,
    row_drug,
    row_patient,
    row_reading,
    row_stay,
    row_support,
    shifted,
)
from minutes import Minutes, differences, expand
from properties.history import ALL_COLUMNS, follows_row_order, graded_minutes
from tocsin.signs import Parameters, situations

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(SLOW, max_examples=120)
@given(courses(), st.integers(0, 999))
def test_shuffled_rows(whole: Generated, seed: int) -> None:
    assert follows_row_order(graded_minutes, whole, seed) == []


@settings(SLOW, max_examples=40)
@given(courses(), st.sampled_from((-20_000, -366, -1, 1, 28, 365, 10_000)))
def test_shifted_dates(whole: Generated, days: int) -> None:
    assert differences(graded_minutes(whole), graded_minutes(shifted(whole, days)), ALL_COLUMNS) == []


@settings(SLOW, max_examples=40)
@given(cohorts())
def test_one_by_one_equals_all_together(whole: Generated) -> None:
    together = situations(whole.records(), whole.course_frame(), Parameters())
    assert together.get_column("course_id").is_in([course["course_id"] for course in whole.courses]).all()
    for course in whole.courses:
        alone = only_patient(whole, course["patient_id"])
        runs = situations(alone.records(), alone.course_frame(), Parameters())
        assert runs.rows() == together.filter(course_id=course["course_id"]).rows()


@settings(SLOW, max_examples=40)
@given(courses(), st.integers(1, 1000))
def test_next_course_of_the_patient_leaves_the_first_alone(whole: Generated, ends: int) -> None:
    """Two courses of one patient, each graded as if it were the only one."""
    first = {**whole.courses[0], **row_course(whole.courses[0]["age_y"], ends=ends)}
    second = row_course(whole.courses[0]["age_y"], course_id="c2", minute_zero=ends)
    both = Generated(whole.tables, [first, second], whole.last_minute)
    runs = situations(both.records(), both.course_frame(), Parameters())
    for course in (first, second):
        alone = Generated(whole.tables, [course], whole.last_minute)
        expected = situations(alone.records(), alone.course_frame(), Parameters())
        assert runs.filter(course_id=course["course_id"]).rows() == expected.rows()
    assert len(expand(runs, "c1", whole.last_minute)) <= ends


# ------------------------------------------------------------------------------------------------------- sabotage

TWO_READINGS = generated(
    {
        "patients": [row_patient()],
        "stays": [row_stay(-1000, None)],
        "measurements": [row_reading("temperature", 37.0, 0), row_reading("temperature", 39.0, 60)],
        "drugs": [row_drug("norepinephrine", 10, rate=0.1, order_id="a")],
    },
    [row_course()],
    600,
)


def last_row_wins(whole: Generated) -> Minutes:
    """Wrong: of the rows known at a minute the last one in the file counts, as if files were written in order."""
    rows = whole.tables["measurements"]
    minutes = graded_minutes(whole)
    for signs in minutes:
        known = [
            r
            for r in rows
            if (r["available_time"] - whole.courses[0]["time_zero"]).total_seconds() <= 60 * signs["minute"]
        ]
        signs["fever"] = known[-1]["value"] >= 38.0 if known else None
    return minutes


def test_file_order_taken_for_time_is_seen() -> None:
    seeds = range(6)
    assert [follows_row_order(graded_minutes, TWO_READINGS, seed) for seed in seeds] == [[]] * len(seeds)
    assert any(follows_row_order(last_row_wins, TWO_READINGS, seed) for seed in seeds)


SAME_MINUTE = [
    [row_reading("temperature", 39.0, 5), row_reading("temperature", 37.0, 5)],
    [row_reading("systolic", 80, 5, method="cuff"), row_reading("systolic", 100, 5, method="arterial")],
    [row_reading("systolic", 80, 5), row_reading("systolic", 100, 5)],
    [row_reading("systolic", 80, 5, method="manual"), row_reading("systolic", 100, 5)],
    [row_reading("spo2", 95, 5), row_reading("spo2", 85, 5)],
    [row_drug("norepinephrine", 5, rate=0.1, order_id="a"), row_drug("norepinephrine", 5, rate=0.0, order_id="a")],
    [row_drug("norepinephrine", 5, rate=0.1), row_drug("norepinephrine", 5, rate=0.0)],
    [row_support("cpap", 5), row_support("nasal_cannula", 5, flow=2.0)],
    [row_support("other", 5), row_support("hfnc", 5, flow=30.0)],
    [row_support("cpap", 5, fio2=0.5), row_support(None, 5, fio2=0.3)],
    [row_support("hfnc", 0), row_support(None, 5, flow=4.0), row_support(None, 5, flow=30.0)],
    *(
        [row_assessment(item, worse, 5), row_assessment(item, better, 5)]
        for item, worse, better in (
            ("ice", "2", "10"),
            ("capd", "9", "0"),
            ("consciousness", "to_touch", "awake"),
            ("consciousness", "sedated", "awake"),
            ("consciousness", "sedated", "unarousable"),
            ("seizure", "prolonged", "none"),
            ("motor_weakness", "yes", "no"),
            ("oedema", "diffuse", "focal"),
            ("attribution_fever", "yes", "no"),
            ("attribution_fever", "unknown", "no"),
            ("attribution_hypotension", "yes", "no"),
            ("attribution_oxygen", "unknown", "no"),
            ("attribution_neurotoxicity", "yes", "no"),
        )
    ),
]


@pytest.mark.parametrize("rows", SAME_MINUTE, ids=lambda rows: "-".join(str(words(row)) for row in rows))
def test_two_rows_of_one_minute_in_either_order(rows: list[Row]) -> None:
    """Beside a fever, a low pressure, a device and a weakness, so that an attribution has something to hide."""
    table = (
        "measurements"
        if "variable" in rows[0]
        else "drugs"
        if "drug" in rows[0]
        else "supports"
        if "device" in rows[0]
        else "assessments"
    )
    ground = {
        "measurements": [row_reading("temperature", 39.0, 0), row_reading("systolic", 70, 0)],
        "supports": [row_support("nasal_cannula", 0, flow=2.0)],
        "assessments": [row_assessment("motor_weakness", "yes", 0)],
    }
    answers = []
    for order in (rows, rows[::-1]):
        tables = {
            **ground,
            table: ground.get(table, []) + order,
            "patients": [row_patient()],
            "stays": [row_stay(-100, None)],
        }
        answers.append(graded_minutes(generated(tables, [row_course(None)], 60)))
    assert differences(*answers, ALL_COLUMNS) == []


def words(row: Row) -> str:
    return "_".join(
        str(row[name])
        for name in ("variable", "item", "drug", "device", "value", "rate", "flow_l_min", "method")
        if row.get(name) is not None
    )
