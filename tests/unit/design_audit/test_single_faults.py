"""Designs with exactly one serious fault, and one with none: the eight verdicts of each, all of them."""

import pytest

from tocsin.design_audit import audit
from unit.design_audit.designs import AT_ONCE, DRUGS, RULES, aligned, names, study
from unit.study.small_studies import SEVERE

CLEAR = dict.fromkeys(range(1, 9), "not_found")


def verdicts(made):
    return dict(audit(made).tables["audit"].select("no", "verdict").iter_rows())


def found(made, no):
    return audit(made).tables["audit"].filter(no=no).row(0, named=True)


def test_two_drugs_at_time_zero_in_the_same_years_have_no_fault():
    assert verdicts(study(aligned())) == CLEAR


def outcome_defined():
    ward = aligned()
    for name in names("two", 45):
        ward.read(name, "temperature", (0, 39.5), (2, 39.2)).pressor(name, 0, 2)
    return study(ward, {**RULES, "two": {**SEVERE, "give": "tocilizumab"}})


def chosen_by_treatment():
    ward = aligned()
    for name in names("spared", 5):
        ward.patient(name, 40).read(name, "temperature", (0, 36.8), (20, 39.0)).outcome(name, 100, "last_contact")
    return study(ward)


def outcome_before_dose():
    ward = aligned(dose=50 / 60)
    for name in names("one", 4):
        ward.read(name, "temperature", (0.25, 39.5), (2, 39.2)).pressor(name, 0.5, 2)
    return study(ward)


def ever_treated():
    return study(aligned(), {**RULES, "one": {**RULES["one"], "within": "5 d"}})


def never_so_far():
    never = {"give": DRUGS["one"], "when": {"all": [AT_ONCE, {"not": {"sign": "tocilizumab", "at_least": 1}}]}}
    return study(aligned(), {**RULES, "one": never})


def historical():
    return study(aligned(shift=1000))


def clock_before_assignment():
    later = {arm: {"give": drug, "when": {"day": 1.0}} for arm, drug in DRUGS.items()}
    return study(aligned(dose=24.0, fever=40.0), later)


def waived():
    ward = aligned()
    for name in names("one", 3):  # a steroid within a fever holds the episode open; a vasopressor long after it
        ward.drug(name, 22, "dexamethasone", 10.0).read(name, "temperature", (60, 36.7)).pressor(name, 60, 62)
    return study(ward)


def too_few():
    return study(aligned(4))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (outcome_defined, {1: "serious"}),
        (chosen_by_treatment, {2: "serious"}),
        (outcome_before_dose, {3: "serious", 6: "note"}),
        (ever_treated, {4: "serious"}),
        (never_so_far, {4: "serious"}),
        (historical, {5: "serious"}),
        (clock_before_assignment, {6: "serious"}),
        (waived, {7: "serious"}),
        (too_few, {8: "serious"}),
    ],
    ids=lambda one: one.__name__ if callable(one) else None,
)
def test_one_fault_alone_is_found(made, expected):
    assert verdicts(made()) == {**CLEAR, **expected}


def test_serious_faults_stand_first_and_each_says_what_to_do_instead():
    rows = audit(outcome_before_dose()).tables["audit"].to_dicts()
    assert [row["no"] for row in rows] == [3, 6, 1, 2, 4, 5, 7, 8]
    for row in rows:
        assert bool(row["instead"]) == bool(row["instead_zh"]) == (row["verdict"] != "not_found")


def test_the_rows_that_prove_an_arm_defined_by_the_outcome():
    rows = audit(outcome_defined()).tables["audit_outcome_defined"]
    assert rows["course_id"].to_list() == names("two", 45)
    assert rows.select(
        "arm", "scale", "waits_for", "reached_at", "given_at", "by_dose", "deciding"
    ).unique().rows() == [("two", "astct_crs", 3.0, 0, 0, True, "hypotension")]
    told = found(outcome_defined(), 1)
    assert told["courses"] == 45
    assert told["arms"] == "two"
    assert "45/45 (100.00 %)" in told["text"]


def test_equal_grades_in_every_arm_part_nobody():
    ward = aligned()
    for arm in DRUGS:
        for name in names(arm, 45):
            ward.read(name, "temperature", (0, 39.5), (2, 39.2)).pressor(name, 0, 2)
    same = {arm: {**SEVERE, "give": drug} for arm, drug in DRUGS.items()}
    assert verdicts(study(ward, same)) == {**CLEAR, 1: "note"}


def test_the_rows_of_those_left_out():
    made = chosen_by_treatment()
    rows = audit(made).tables["audit_left_out"]
    assert rows["course_id"].to_list() == names("spared", 5)
    assert set(rows["why"]) == {"no_dose"}
    assert set(rows["followed"]) == {"one: not_given; two: not_given"}
    assert "5/95 (5.26 %)" in found(made, 2)["text"]


def test_a_dose_that_follows_no_rule_is_only_noted():
    ward = aligned()
    for name in names("one", 2):
        ward.rows["drugs"] = [
            {**row, "start": ward.at(name, 7), "available_time": ward.at(name, 7)}
            if (row["patient_id"], row["drug"]) == (name, "siltuximab") else row
            for row in ward.rows["drugs"]
        ]  # fmt: skip
    made = study(ward)
    assert verdicts(made) == {**CLEAR, 2: "note"}
    assert audit(made).tables["audit_left_out"].select("course_id", "why").rows() == [
        (name, "followed_none") for name in names("one", 2)
    ]


def test_all_treated_under_a_rule_that_spares_some_is_choice_by_treatment():
    hot = {arm: {"give": drug, "when": {"sign": "temperature", "at_least": 39.0}} for arm, drug in DRUGS.items()}
    made = study(aligned(dose=20.0), hot)
    assert verdicts(made) == {**CLEAR, 2: "serious", 6: "serious"}
    rows = audit(made).tables["audit_left_out"]
    assert rows.height == 90
    assert set(rows["why"]) == {"chosen_by_dose"}


def test_hours_and_outcomes_before_the_dose():
    made = outcome_before_dose()
    rows = audit(made).tables["audit_overlap"].filter(arm="one")
    assert set(rows["immortal_h"]) == {50 / 60}
    hit = rows.filter(rows["outcome"].is_not_null())
    assert hit.select("course_id", "outcome", "outcome_at", "by_definition").rows() == [
        (name, "severe CRS", 30, False) for name in names("one", 4)
    ]
    assert "one, severe CRS 4/45 (8.89 %)" in found(made, 3)["text"]
    assert found(made, 3)["arms"] == "one; two"


def test_the_minute_of_the_dose_is_before_the_dose_and_the_next_is_not():
    for hours, verdict in ((50 / 60, "serious"), (51 / 60, "note")):
        ward = aligned(dose=50 / 60)
        ward.read("one000", "temperature", (0.25, 39.5), (2, 39.2)).pressor("one000", hours, 2)
        assert verdicts(study(ward))[3] == verdict


def test_hours_without_the_waiver():
    rows = audit(waived()).tables["audit_waiver"]
    assert rows["course_id"].to_list() == names("one", 3)
    for row in rows.to_dicts():
        assert (row["grade"], row["grade_without"]) == (3, 1)
        assert (row["hours_severe"], row["hours_severe_without"]) == (2.0, 0.0)
        assert row["hours"] - row["hours_without"] == 2.0


def test_a_scale_without_a_waiver_cannot_depend_on_it():
    made = study(aligned(4), cohort={"scale": "lee2014_crs"})
    told = found(made, 7)
    assert (told["verdict"], told["courses"]) == ("not_found", 0)
    assert "no fever waiver" in told["text"]


def test_doses_by_the_grade_of_the_hour():
    ward = aligned(2, dose=None, fever=20.0)  # grade 1 from 20 h until the reading at 28 h
    ward.drug("one000", 22, DRUGS["one"]).drug("two001", 10, DRUGS["two"])
    ward.drug("one001", 20, DRUGS["one"])  # in the minute its grade 1 begins: a dose at grade 1, no hour at it
    rows = {row["grade"]: row for row in audit(study(ward)).tables["audit_doses_by_grade"].to_dicts()}
    assert rows[1]["doses"] == 2
    assert rows[1]["hours"] == 2 + 8  # dosed at 22 h; never
    assert rows[1]["per_100_h"] == pytest.approx(20.0)
    assert rows[0]["doses"] == 1
    assert rows[0]["courses"] == 4


def test_untreated_courses_are_no_control_where_treatment_follows_severity():
    ward = aligned(dose=None)
    for name in (*names("one", 20), *names("two", 20)):
        ward.pressor(name, 21, 24).drug(name, 22, DRUGS[name[:3]])
    told = found(study(ward), 4)
    assert told["verdict"] == "note"
    assert "do not set the 50 untreated courses against the treated" in told["text"]
