"""From records to rows, worked by hand on at most five patients: edges, order within an hour, who leaves and why."""

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.effects.ccw.hours import NEVER
from tocsin.emulate.hours import ready, table_of
from tocsin.emulate.outcomes import followed_up
from tocsin.emulate.people import enrol
from unit.emulate.small_trials import ZERO, patient, trial
from unit.study.small_studies import Ward

H = 60
NAMES = ("hour", "temperature", "grade", "crp", "age_y", "temperature_trend", "hours_febrile")


def rows_of(ward, outcome="crs_grade_3", protocol=None, names=NAMES):
    made = trial(ward, {"horizon_hours": 48, **(protocol or {})})
    rows, flow = followed_up(made, enrol(made).people, outcome)
    return made, table_of(made, rows, outcome, names), flow


def of(table, name):
    return table.frame().filter(pl.col("course_id") == name)


def begun(table, name):
    return int(table.begun[table.people.get_column("course_id").to_list().index(name)])


# --- time zero and the first dose -----------------------------------------------------------------------------------


def test_time_zero_is_the_reading_that_completes_the_run():
    made = trial(patient(Ward(), "A"))
    people = enrol(made).people
    assert people.select("course_id", "zero", "grade").rows() == [("A", ZERO * H, 1)]


@pytest.mark.parametrize(
    ("minutes", "step"),
    [(0, 0), (59, 0), (60, 1), (299, 4), (359, 5), (360, 5), (361, 6), (420, 7)],
)
def test_the_hour_of_a_dose(minutes, step):
    """Hour k is [60k, 60k + 60); a dose exactly at due + 6 h follows the rule and stands in hour 5."""
    _, table, _ = rows_of(patient(Ward(), "A", minutes / H))
    assert begun(table, "A") == step
    assert table.moved == (minutes == 360)
    rule = ready(*_ready_args(patient(Ward(), "A", minutes / H))).rules[0]
    assert (rule.due[0] <= step < rule.due[0] + rule.grace) == (minutes <= 360)


def _ready_args(ward):
    made, table, _ = rows_of(ward)
    return made, table


def test_a_dose_before_the_trigger_keeps_a_course_out_and_one_at_its_minute_does_not():
    ward = patient(patient(Ward(), "before", -1 / H), "at", 0)
    made = trial(ward)
    enrolled = enrol(made)
    assert enrolled.people.get_column("course_id").to_list() == ["at"]
    step = enrolled.flow.filter(pl.col("step") == "no dose before time zero").row(0, named=True)
    assert (step["courses_in"], step["courses_out"]) == (2, 1)
    assert step["why"] == "1 were given tocilizumab before the trigger"


def test_a_dose_charted_to_the_day_only_keeps_a_course_out_unless_a_dose_to_the_minute_came_days_before():
    ward = patient(patient(Ward(), "vague"), "known", 1)
    for name, days in (("vague", 2), ("known", 5)):
        ward.drug(name, 24 * days, "tocilizumab", precision="day")
    assert enrol(trial(ward)).people.get_column("course_id").to_list() == ["known"]


def test_the_second_clock_is_due_at_the_minute_grade_3_is_proved():
    """Grade 3 at 100 min (hour 1): due in hour 1. A dose at 100 min + 6 h = 460 min (hour 7) follows: hour 6."""
    ward = Ward()
    for name, minutes in (("A", 100), ("B", 460), ("C", 461), ("D", 90)):
        patient(ward, name, minutes / H)
        ward.pressor(name, ZERO + 100 / H, 60)
    _, table, _ = rows_of(ward, "crs_death")
    assert table.due["early"].tolist() == [0, 0, 0, 0]
    assert table.due["late"].tolist() == [1, 1, 1, NEVER]  # D was treated before it was due: nobody knows more
    assert table.begun.tolist() == [1, 6, 7, 1]
    assert table.moved == 1
    assert table.blurred == 0


def test_a_dose_between_two_arms_grace_periods_is_told_from_the_steps():
    """Late is due at 10 min; at 365 min late's 6 h have not passed, early's have: one step cannot say both."""
    ward = patient(Ward(), "A", 365 / H)
    ward.pressor("A", ZERO + 10 / H, 60)
    _, table, _ = rows_of(ward, "crs_death")
    assert (begun(table, "A"), table.moved, table.blurred) == (5, 1, 1)


# --- order within an hour -------------------------------------------------------------------------------------------


def test_a_dose_after_the_outcome_in_the_same_hour_does_not_count():
    ward = Ward()
    for name, dose in (("after", 101), ("at", 100), ("before", 99)):
        patient(ward, name, dose / H)
        ward.pressor(name, ZERO + 100 / H, 60)
    _, table, _ = rows_of(ward)
    assert table.outcome.tolist() == [0, 1] * 3
    assert {n: begun(table, n) for n in ("after", "at", "before")} == {"after": NEVER, "at": 1, "before": 1}
    assert of(table, "after").get_column("started").to_list() == [False, False]


def test_covariates_are_those_known_at_the_start_of_the_hour():
    """Readings stand at even hours: hour 1 begins with the reading of hour 0, and its age is one hour."""
    ward = patient(Ward(), "A")
    ward.read("A", "crp", (ZERO - 30, 10.0), (ZERO + 2.5, 100.0))
    _, table, _ = rows_of(ward)
    a = of(table, "A").head(12)
    # 39.5 at hours 20, 22, .. 28 (0, 2, 4 after time zero), then 36.8 at 32, 36 (8, 12)
    assert a.get_column("temperature").to_list() == [39.5] * 8 + [36.8] * 4
    assert a.get_column("temperature (age)").to_list() == [0, 1, 0, 1, 0, 1, 2, 3, 0, 1, 2, 3]
    assert a.get_column("crp").round(4).to_list()[:5] == [round(np.log2(11), 4)] * 3 + [round(np.log2(101), 4)] * 2
    assert a.get_column("crp (age)").to_list()[:5] == [30, 31, 32, 0.5, 1.5]
    assert a.get_column("hours_febrile").to_list()[:3] == [4, 5, 6]
    trend = a.get_column("temperature_trend").round(2).to_list()  # less the value known 6 h before
    assert trend == [2.7, 2.7, 0, 0, 0, 0, 0, 0, -2.7, -2.7, -2.7, -2.7]


def test_unknown_is_null_then_a_column_that_says_so_and_never_zero():
    ward = patient(patient(Ward(), "A", 1), "B")
    ward.read("A", "crp", (ZERO, 50.0))
    made, table, _ = rows_of(ward)
    frame = table.frame()
    assert frame.filter(pl.col("course_id") == "B").get_column("crp").null_count() == of(table, "B").height
    read = ready(made, table)
    at = read.hours.names.index("crp unknown")
    assert read.hours.covariates[:, at].tolist() == [float(c == "B") for c in frame.get_column("course_id")]
    at = read.hours.names.index("crp") if "crp" in read.hours.names else None
    assert at is None or (read.hours.covariates[:, at] == np.log2(51)).all()
    shown = {one.column: one for one in read.shown}
    at_risk = frame.filter(~pl.col("treated"))
    assert shown["crp"].unknown == at_risk.filter(pl.col("course_id") == "B").height / at_risk.height


def test_a_value_older_than_the_limit_is_unknown():
    ward = patient(Ward(), "A")
    ward.read("A", "crp", (ZERO, 50.0))
    _, table, _ = rows_of(ward, protocol={"oldest_hours": 3.0})
    known = of(table, "A").get_column("crp").is_not_null().to_list()
    assert known == [True] * 4 + [False] * 44


# --- ends -----------------------------------------------------------------------------------------------------------


def stay_to(ward, name, hours):
    """The hospital stay ends so many hours after time zero."""
    row = next(row for row in ward.rows["stays"] if row["patient_id"] == name)
    row["stop"] = ward.at(name, ZERO + hours)
    return ward


@pytest.mark.parametrize(
    ("hours", "last", "code"), [(10, 9, 3), (10 + 1 / 60, 10, 3), (47.5, 47, 3), (48, 47, 0), (50, 47, 0)]
)
def test_the_end_of_the_stay_is_loss_in_the_last_hour_seen(hours, last, code):
    _, table, _ = rows_of(stay_to(patient(Ward(), "A"), "A", hours))
    a = of(table, "A")
    assert a.get_column("step").to_list() == list(range(last + 1))
    assert a.get_column("outcome").to_list() == [0] * last + [code]


def test_who_is_discharged_may_be_free_of_the_outcome_instead():
    ward = stay_to(patient(Ward(), "A"), "A", 10)
    _, table, _ = rows_of(ward, protocol={"discharged": "event_free"})
    assert of(table, "A").get_column("outcome").to_list() == [0] * 48


def test_deaths_are_followed_to_the_last_contact_beyond_the_stay():
    ward = stay_to(patient(Ward(), "A"), "A", 10)
    ward.outcome("A", 60, "last_contact")
    _, table, _ = rows_of(ward, "death")
    a = of(table, "A")
    assert a.get_column("outcome").to_list() == [0] * 48
    assert a.get_column("out of hospital").to_list() == [0.0] * 10 + [1.0] * 38


def test_causes_of_death_decide_and_an_unknown_one_competes_and_is_counted():
    ward = Ward()
    for name, value, judged in (("crs", "crs", "board"), ("other", "infection", None), ("vague", "crs", None)):
        patient(ward, name)
        more = {} if judged is None else {"adjudicated_by": judged}
        time = ward.at(name, ZERO + 30.5)
        ward.outcome(name, 2, "death", value, time=time, available_time=time, precision="minute", **more)
    _, table, flow = rows_of(ward, "crs_death")
    ends = {name: of(table, name).row(-1, named=True) for name in ("crs", "other", "vague")}
    assert {name: (row["step"], row["outcome"]) for name, row in ends.items()} == {
        "crs": (30, 1), "other": (30, 2), "vague": (30, 2)}  # fmt: skip
    assert flow.filter(pl.col("step") == "deaths of unknown cause").row(0, named=True)["why"].startswith("1: ")
    _, table, _ = rows_of(ward, "death")
    assert table.outcome.sum() == 3


def test_who_had_the_outcome_by_time_zero_is_not_asked_about_it():
    ward = patient(patient(Ward(), "A"), "B")
    ward.pressor("B", ZERO - 1, ZERO - 0.5)
    made, table, flow = rows_of(ward)
    assert enrol(made).people.height == 2  # grade below 3 at time zero
    assert table.people.get_column("course_id").to_list() == ["A"]
    row = flow.filter(pl.col("step").str.contains("free of the outcome")).row(0, named=True)
    assert (row["courses_in"], row["courses_out"], row["why"]) == (2, 1, "1 had it by then")


def test_an_outcome_nobody_could_have_seen_is_not_taken_for_none():
    _, table, flow = rows_of(patient(Ward(), "A"), "crs_grade_3")
    assert table.people.height == 1
    made = trial(patient(Ward(), "A"), {"horizon_hours": 48})
    for outcome in ("icans_3", "icu"):
        rows, flow = followed_up(made, enrol(made).people, outcome)
        assert rows.is_empty()
        assert "1 in which nobody could have seen it" in flow.get_column("why").to_list()


def test_every_course_that_leaves_is_in_the_flow():
    ward = Ward()
    patient(ward, "stays in", 3)
    patient(ward, "too soon", -2)
    patient(ward, "severe").pressor("severe", ZERO - 5, ZERO + 5)
    ward.patient("no fever").fever("no fever", 20, value=37.5)
    stay_to(patient(ward, "gone"), "gone", -0.0)
    made = trial(ward, {"horizon_hours": 48, "eligibility": {"age_from": 18.0}})
    enrolled = enrol(made)
    flow = enrolled.flow
    assert enrolled.people.get_column("course_id").to_list() == ["stays in"]
    assert flow.get_column("courses_out").to_list()[:-1] == flow.get_column("courses_in").to_list()[1:]
    assert flow.row(0, named=True)["courses_in"] == 5


def test_without_a_table_of_drugs_nobody_is_in():
    ward = patient(Ward(), "A", 1)
    records = ward.records("drugs")
    made = trial(records, {"horizon_hours": 48}, cohort={"time_zero": "admission"})
    enrolled = enrol(made)
    assert enrolled.people.is_empty()
    assert "without it nobody knows who was given tocilizumab" in " ".join(enrolled.flow.get_column("why"))


# --- no peeking -----------------------------------------------------------------------------------------------------


def cut(ward, hours):
    """The ward as it was known so many hours after time zero."""
    made = Ward()
    made.__dict__["shifts"] = dict(ward.__dict__["shifts"])
    limit = {name: ward.at(name, ZERO + hours) for name in ward.__dict__["shifts"]}
    for table, rows in ward.rows.items():
        for row in rows:
            at = row.get("available_time") or row.get("start")
            if at is not None and at > limit[row["patient_id"]]:
                continue
            kept = dict(row)
            if kept.get("stop") is not None and kept["stop"] > limit[row["patient_id"]]:
                kept["stop"] = None
            made.rows.setdefault(table, []).append(kept)
    return made


@pytest.fixture(scope="module")
def full():
    ward = patient(patient(patient(Ward(), "A", 7.2), "B", 2.5), "C")
    ward.pressor("A", ZERO + 6.3, ZERO + 20).pressor("C", ZERO + 30.2, ZERO + 40)
    for name in ("A", "B", "C"):
        ward.read(name, "crp", *((ZERO + h, 20.0 + 7 * h) for h in range(-20, 47, 9)))
    _, table, _ = rows_of(ward, "death")
    return ward, table.frame()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.integers(30, 47 * 60))
def test_a_history_cut_at_any_minute_gives_the_first_part_of_the_rows(full, minutes):
    ward, whole = full
    _, table, _ = rows_of(cut(ward, minutes / H), "death")
    over = pl.col("step") * H + H <= minutes
    before, after = (frame.filter(over).drop("outcome") for frame in (table.frame(), whole))
    # what the cut cannot know yet is the end of a course: rows are compared as far as the cut course is seen
    seen = before.group_by("course_id").agg(seen=pl.col("step").max())
    after = after.join(seen, on="course_id").filter(pl.col("step") <= pl.col("seen")).drop("seen")
    assert before.sort("course_id", "step").equals(after.sort("course_id", "step"))
    assert before.height > 0 or minutes < 121
