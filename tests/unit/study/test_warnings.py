"""Which warning stands where is decided from the strategies and the data."""

from dataclasses import replace

import pytest

from tocsin.effects.estimate import Estimate
from tocsin.study.remarks import multiplicity, small, swapped_medians, undecided_deaths, unreviewed, waiver_hours
from tocsin.study.warnings import (
    clustered,
    conditioned,
    courses_lost,
    due_elsewhere,
    era,
    era_auc,
    findings_undecided,
    immortal_time,
    outcome_defined,
    required_grade,
    severity_open,
    warning_table,
)
from tocsin.tables import FINDINGS, Records
from tocsin.when import When
from unit.study.small_studies import BOTH, EARLY, SEVERE, Ward, early, ledger, severe, study_of

HOT = {"sign": "temperature", "at_least": 39.0}


def when(**fields):
    return When.model_validate(fields)


@pytest.mark.parametrize(
    ("trigger", "grade"),
    [
        ({"grade_of": "astct_crs", "at_least": 3}, 3),
        ({"grade_of": "astct_crs", "above": 2}, 3),
        ({"grade_of": "astct_crs", "at_most": 2}, None),
        ({"grade_of": "astct_icans", "at_least": 3}, None),
        ({"all": [HOT, {"grade_of": "astct_crs", "at_least": 2}]}, 2),
        ({"any": [HOT, {"grade_of": "astct_crs", "at_least": 2}]}, None),
        ({"any": [{"grade_of": "astct_crs", "at_least": 3}, {"grade_of": "astct_crs", "at_least": 2}]}, 2),
        ({"not": {"grade_of": "astct_crs", "at_least": 3}}, None),
        (HOT, None),
    ],
)
def test_the_grade_a_trigger_cannot_do_without(trigger, grade):
    assert required_grade(when(**trigger)) == grade


def test_an_arm_that_waits_for_the_outcome_is_named_with_its_share():
    study = study_of(severe(severe(early(Ward(), "A"), "B", 9), "C", 20))
    found = list(outcome_defined(study))
    assert [(w.slug, w.arm, w.serious) for w in found] == [("design.arm-defined-by-outcome", "late", True)]
    assert found[0].text.startswith("100 % severe CRS in this arm is by construction")
    assert "2/2 (100.00 %)" in found[0].text


def test_a_grade_under_any_defines_but_not_by_construction():
    either = {"give": "tocilizumab", "when": {"any": [EARLY["when"], SEVERE["when"]]}}
    study = study_of(severe(early(Ward(), "A"), "B", 9), {"either": either})
    (found,) = outcome_defined(study)
    assert "by construction" not in found.text
    assert "1/2 (50.00 %)" in found.text


def test_a_trigger_on_fever_or_day_alone_is_not_defined_by_the_outcome():
    fixed = {"give": "tocilizumab", "when": {"day": 1.0}}
    assert list(outcome_defined(study_of(early(Ward(), "A"), {"early": EARLY, "day": fixed}))) == []


def test_immortal_hours_are_the_hours_to_the_first_dose():
    ward = early(early(severe(Ward(), "C", 30, 42.0), "A", 0, 25.0), "B", 9, 29.0)
    found = {w.arm: w.text for w in immortal_time(study_of(ward))}
    assert "median 27.0 h, range 25.0 to 29.0 h" in found["early"]
    assert "due at a median of 24.0 h" in found["early"]
    assert "median 42.0 h" in found["late"]


def test_treatment_at_time_zero_is_not_immortal_time():
    at_once = {"give": "tocilizumab", "when": {"day": 0.0}}
    ward = Ward().patient("A").fever("A", 20).drug("A", 0, "tocilizumab")
    study = study_of(ward, {"once": at_once})
    assert study.members == {"once": ["A"]}
    assert list(immortal_time(study)) == []


def test_the_other_arms_failures_are_counted():
    ward = early(Ward(), "A")
    ward.patient("B", 9).fever("B", 20).pressor("B", 40, 60).drug("B", 42, "tocilizumab")  # hot at 20 to 28 first
    (found,) = due_elsewhere(study_of(ward))
    assert found.arm == "late"
    assert "1/1 (100.00 %) met the trigger of early" in found.text
    assert "18.0 h" in found.text  # due at 24 under early, given at 42


def test_untreated_courses_are_counted():
    ward = severe(early(Ward(), "A"), "B", 9)
    ward.patient("C", 20).fever("C", 20, 2)
    ward.patient("D", 30).fever("D", 20, 2).drug("D", 10, "tocilizumab")
    (found,) = conditioned(study_of(ward))
    assert "1 of 4 courses without tocilizumab are in no arm" in found.text
    assert "1 more were treated but followed no strategy" in found.text
    (all_treated,) = conditioned(study_of(severe(early(Ward(), "A"), "B", 9)))
    assert "every one of the 2 courses was given tocilizumab" in all_treated.text


@pytest.mark.parametrize(
    ("days_early", "days_late", "auc", "serious"),
    [((100, 110, 120), (0, 10, 20), 1.0, True), ((0, 10, 20), (100, 110, 120), 0.0, True),
     ((0, 50, 100), (10, 60, 90), 4 / 9, False)],
)  # fmt: skip
def test_calendar_time_as_the_control(days_early, days_late, auc, serious):
    ward = Ward()
    for k, day in enumerate(days_early):
        early(ward, f"E{k}", day)
    for k, day in enumerate(days_late):
        severe(ward, f"S{k}", day)
    study = study_of(ward)
    assert era_auc(study, ("early", "late")) == pytest.approx(auc)
    (found,) = era(study)
    assert found.serious is serious
    assert f"{max(auc, 1 - auc):.2f}" in found.text


def test_two_courses_of_one_patient_are_not_independent():
    ward = early(Ward(), "A")
    ward.shifts["A"] = 60
    ward.put("stays", "A", start=ward.at("A", -48), stop=ward.at("A", 720), kind="hospital")
    ward.drug("A", 0, "car_t", 2e6, "cells/kg").fever("A", 20).drug("A", 25, "tocilizumab")
    study = study_of(ward)
    assert study.members["early"] == ["A", "A-2"]
    (found,) = clustered(study)
    assert "2 courses come from 1 patients" in found.text
    assert list(clustered(study_of(early(Ward(), "A")))) == []


def test_tiny_numbers_name_what_they_could_show():
    study = study_of(severe(early(Ward(), "A"), "B", 9))
    (found,) = small(study)
    assert "1 v 1 courses" in found.text
    assert "no lower share" in found.text  # one against one never reaches P <= 0.05


def test_tests_are_counted():
    effects = ledger()
    assert list(multiplicity(effects)) == []
    for p in (0.2, 0.3, None):
        effects.add("x", "a v b", Estimate("m", 1.0, None, None, None, "t", 2, 1, "", p))
    (found,) = multiplicity(effects)
    assert found.text.startswith("2 P values")


@pytest.mark.parametrize(
    ("source", "said"), [("zhou2023", True), ("Zhou, doi:10.3760/cma.j.issn.0253-2727.2023.12.009", True), ("", False)]
)
def test_the_swapped_abstract_is_told_to_users_of_that_paper_only(source, said):
    study = study_of(early(Ward(), "A"), {"early": {**EARLY, "source": source}})
    assert bool(list(swapped_medians(study))) is said


def test_attribution_is_warned_of_until_somebody_reviews_it():
    assert "1 of 1 courses" in next(iter(unreviewed(study_of(early(Ward(), "A"))))).text


def test_a_death_in_crs_nobody_adjudicated_is_set_apart():
    ward = severe(Ward(), "A").outcome("A", 2, "death", "crs")
    ward.rows["stays"][0]["stop"] = ward.at("A", 50)
    assert "1 died during active CRS" in next(iter(undecided_deaths(study_of(ward)))).text
    ward.rows["outcomes"][0]["adjudicated_by"] = "board"
    assert list(undecided_deaths(study_of(ward))) == []


def test_hours_under_the_waiver_follow_the_drug():
    hours = waiver_hours(study_of(severe(early(Ward(), "A"), "B", 9)))
    assert hours["early"][0] > 0
    treated = study_of(early(Ward(), "A"), BOTH)
    untouched = study_of(Ward().patient("A").fever("A", 20), BOTH)
    assert waiver_hours(treated)["early"][0] > 0
    assert waiver_hours(untouched)["early"] == (0, 0)


def test_serious_ones_come_first():
    study = study_of(severe(early(Ward(), "A"), "B", 9))
    serious = warning_table(study, ledger()).get_column("serious").to_list()
    assert serious == sorted(serious, reverse=True)
    assert set(serious) == {True, False}  # both kinds are there, or the order above says nothing


def test_findings_nobody_decided_stand_first():
    ward = severe(early(Ward(), "A"), "B", 9).records()
    rows = [
        {"code": code, "source": "vitals.csv", "row": 1, "count": n, "what": "w", "done": "d", "effect": "noted",
         "needs_decision": decide}
        for code, n, decide in (("P.b", 3, True), ("P.a", 4, True), ("P.c", 9, False))
    ]  # fmt: skip
    records: Records = replace(ward, findings=FINDINGS.frame(rows))
    study = study_of(records)
    (found,) = findings_undecided(study)
    assert found.serious
    assert "2 findings" in found.text
    assert "7 rows; P.a, P.b" in found.text
    assert warning_table(study, ledger()).item(0, "slug") == "records.findings-undecided"
    assert list(findings_undecided(study_of(ward))) == []


def test_patients_without_a_time_zero_are_serious():
    ward = early(Ward(), "A")
    assert list(courses_lost(study_of(ward))) == []
    ward.put("patients", "B", age_y=50.0)
    (found,) = courses_lost(study_of(ward))
    assert found.serious
    assert "patients with a course: 1 of 2" in found.text
    assert "2 名患者中仅 1 有疗程" in found.text_zh
    (none,) = courses_lost(study_of(Ward().put("patients", "B", age_y=50.0)))
    assert "There is no course at all" in none.text
    assert [w.slug for w in courses_lost(study_of(Ward()))] == ["records.courses-lost"]


def test_severity_that_cannot_be_excluded_is_counted_by_arm():
    ward = severe(early(Ward(), "A"), "B", 9)
    study = study_of(ward)
    (found,) = severity_open(study)
    assert "early 1/1 (100.00 %); late 0/1 (0.00 %)" in found.text  # oxygen is not charted
    assert found.serious
    assert list(severity_open(study_of(severe(Ward(), "B")))) == []
