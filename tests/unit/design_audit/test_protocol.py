"""The protocol to emulate instead: valid TOML, the earlier trigger in every arm, and who would enter."""

import tomllib

import pytest

from tocsin.design_audit import audit
from tocsin.design_audit.protocol import anchor, covariates, eligible, toml_value
from tocsin.studyfile import parse_study
from unit.design_audit.designs import aligned, study
from unit.study.small_studies import BOTH, EARLY, SEVERE, Ward, early, severe


def read(made):
    return tomllib.loads(audit(made).protocol)["protocol"]


def test_both_languages_say_the_same_protocol():
    results = audit(study(severe(early(Ward(), "A"), "B", 9), BOTH))
    assert tomllib.loads(results.protocol) == tomllib.loads(results.protocol_zh)
    assert "各组均自该策略" in results.protocol_zh


def test_the_clock_starts_at_the_earlier_trigger_whatever_the_order():
    ward = severe(early(Ward(), "A"), "B", 9)
    for rules in (BOTH, dict(reversed(BOTH.items()))):
        made = study(ward, rules)
        assert anchor(made) == "early"
        assert (read(made)["time_zero"], read(made)["reference"]) == ("early", "late")


def test_a_rule_that_waits_for_a_grade_does_not_start_it_even_where_it_is_due_first():
    ward = early(Ward(), "A")
    ward.patient("B", 9).fever("B", 4, 4, 38.5).pressor("B", 6, 8).drug("B", 7, "tocilizumab")  # due at 6 h under late
    assert anchor(study(ward, BOTH)) == "early"


def test_of_two_rules_without_a_grade_the_one_due_first_starts_the_clock():
    hot = {"give": "tocilizumab", "when": {"sign": "temperature", "at_least": 39.0}}
    assert anchor(study(early(Ward(), "A"), {"early": EARLY, "hot": hot})) == "hot"  # due at 20 h, not at 24 h


def test_a_rule_that_waits_for_a_grade_starts_it_only_where_all_do():
    two = {"give": "tocilizumab", "when": {"grade_of": "astct_crs", "at_least": 2}}
    made = study(severe(Ward(), "A"), {"severe": SEVERE, "two": two})
    assert anchor(made) == "severe"  # both at 40 h: the first of the file
    assert read(made)["eligibility"]["grade_below"] == 6  # nobody can be free of severe CRS when it starts the clock


def test_who_would_enter():
    ward = severe(early(Ward(), "A"), "B", 9)  # B: 38.5 only, never due under early
    early(ward, "C", 20, dose=22.0)  # dosed before it was due
    early(ward, "D", 30).pressor("D", 22, 26)  # severe before it was due
    ward.patient("E", 40).fever("E", 20)  # due, never dosed
    made = study(ward, BOTH)
    assert eligible(made).select("course_id", "due_at", "given_at").rows() == [("A", 1440, 1500), ("E", 1440, None)]
    assert "2 of 5 courses would enter, 1 of them with a dose later on" in audit(made).protocol


def test_only_the_first_course_of_a_patient_enters():
    ward = early(Ward(), "A")
    ward.shifts["A"] = 60
    ward.put("stays", "A", start=ward.at("A", -48), stop=ward.at("A", 720), kind="hospital")
    ward.drug("A", 0, "car_t", 2e6, "cells/kg").fever("A", 20).drug("A", 25, "tocilizumab")
    made = study(ward, BOTH)
    assert made.members["early"] == ["A", "A-2"]
    assert eligible(made)["course_id"].to_list() == ["A"]


def test_every_field_of_the_protocol():
    data = read(study(severe(early(Ward(), "A"), "B", 9), BOTH, study={"crs_death_day": 14, "seed": 7}))
    assert data == {
        "time_zero": "early", "eligibility": {"first_course": True, "grade_below": 3}, "strategies": ["early", "late"],
        "reference": "late", "within": {"early": "6 h", "late": "6 h"}, "initiation": "uniform",
        "outcomes": ["crs_grade_3", "crs_death", "icans_3"], "horizon_hours": 336, "hours": [72, 168],
        "estimand": "per-protocol", "covariates": ["hour", "grade"], "truncation": 0.99, "bootstrap": 500, "seed": 7,
    }  # fmt: skip


@pytest.mark.parametrize("day", [1, 5, 30, 365])
def test_any_length_of_follow_up_gives_a_protocol_that_is_read(day):
    made = study(early(Ward(), "A"), BOTH, study={"crs_death_day": day})
    data = read(made)
    parse_study({"title": "x", "strategies": BOTH, "protocol": data})
    assert data["horizon_hours"] == min(24 * day, 2160)
    assert data["hours"] == [hour for hour in (72, 168) if hour <= data["horizon_hours"]]


def test_covariates_grow_with_doses_and_never_beyond_the_records():
    assert covariates(study(aligned(14))) == ["hour", "grade"]  # 28 courses
    assert covariates(study(aligned(20))) == ["hour", "grade", "temperature", "vasopressors", "oxygen"]  # 40 // 8
    assert covariates(study(aligned(50))) == ["hour", "grade", "temperature", "vasopressors", "oxygen", "age_y"]


def test_the_date_is_a_covariate_where_the_years_differ():
    near, far = (covariates(study(aligned(20, shift=shift))) for shift in (0, 1000))
    assert near == ["hour", "grade", "temperature", "vasopressors", "oxygen"]
    assert far == ["hour", "grade", "calendar", "temperature", "vasopressors"]


@pytest.mark.parametrize("rules", [BOTH, {"early": EARLY}, {"a b.c": EARLY, "晚": SEVERE}])
def test_the_protocol_is_read_beside_its_strategies(rules):
    made = study(early(Ward(), "A"), rules)
    parsed = parse_study({"title": "x", "strategies": rules, "protocol": read(made)}).protocol
    assert parsed is not None
    assert parsed.time_zero == anchor(made)
    assert list(parsed.strategies) == (list(rules) if len(rules) > 1 else [])


@pytest.mark.parametrize("value", ['a "b" \\ 中文\n', ["x", 1, 2.5, True], 0.1, False])
def test_values_survive_the_toml(value):
    assert tomllib.loads(f"x = {toml_value(value)}")["x"] == value
