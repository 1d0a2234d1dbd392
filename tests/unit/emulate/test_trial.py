"""The protocol: what is accepted, what is settled, and that every mistake is named at once, in the house's words."""

import tomllib

import pytest

from tocsin.emulate.told import parameter_rows, protocol_toml, target_rows
from tocsin.emulate.trial import outcome_words, settle
from tocsin.errors import TocsinError
from tocsin.studyfile import parse_study
from unit.study.small_studies import BOTH, EARLY


def study(protocol=None, strategies=None):
    data = {"title": "t", "strategies": strategies or BOTH}
    return parse_study(data if protocol is None else {**data, "protocol": protocol})


def refused(protocol=None, strategies=None):
    with pytest.raises(TocsinError) as caught:
        settle(study(protocol, strategies))
    assert caught.value.exit_code == 3
    return caught.value.problems


def test_without_a_section_the_trial_is_that_of_the_strategies():
    trial = settle(study())
    assert not trial.given
    assert (trial.names, trial.reference, trial.clock_arm) == (("early", "late"), "late", "early")
    assert trial.clock == trial.file.strategies["early"].when
    assert trial.outcomes == ("crs_grade_3", "crs_death", "icans_3")
    assert (trial.step, trial.steps, trial.hours) == (60, 336, (72, 168, 336))
    assert [trial.grace_steps(name) for name in trial.names] == [6, 6]
    assert [trial.same_clock(name) for name in trial.names] == [True, False]


def test_the_section_rules():
    asked = {
        "time_zero": "late", "reference": "early", "within": {"late": "8 h"}, "initiation": "natural",
        "outcomes": ["icu"], "horizon_hours": 96, "hours": [24], "grid_hours": 2,
    }  # fmt: skip
    trial = settle(study(asked))
    assert trial.clock.grade_of == "astct_crs"
    assert trial.pairs == [("late", "early")]
    assert (trial.grace_steps("late"), trial.grace_steps("early"), trial.steps) == (4, 3, 48)
    assert {rule.initiation for rule in trial.arms.values()} == {"natural"}
    assert trial.hours == (24, 96)


def test_a_trigger_of_its_own_starts_no_arm():
    trial = settle(study({"trigger": {"sign": "temperature", "at_least": 38.0}}))
    assert trial.clock_arm is None
    assert not any(trial.same_clock(name) for name in trial.names)


def test_every_mistake_of_the_section_is_told_at_once():
    with pytest.raises(TocsinError) as caught:
        study({
            "time_zero": "erly", "reference": "none", "strategies": ["early", "early"], "within": {"soon": "4 h"},
            "outcomes": ["crs_grade_7"], "covariates": ["temprature", "crp_slope"], "horizon_hours": 47,
            "grid_hours": 2,
            "hours": [0, 24], "bootstrap": 5, "eligibility": {"age_from": 20.0, "age_below": 10.0}, "horizn": 3,
        })  # fmt: skip
    said = "\n".join(str(problem) for problem in caught.value.problems)
    for part in (
        "protocol.time_zero", "Did you mean early?", "protocol.reference", "protocol.within.soon", "protocol.outcomes",
        "protocol.covariates", "Did you mean temperature?", "crp_slope", "protocol.horizon_hours", "protocol.hours",
        "protocol.bootstrap", "protocol.eligibility.age_below", "protocol.horizn", "at least two arms",
    ):  # fmt: skip
        assert part in said, part


@pytest.mark.parametrize(
    ("protocol", "strategies", "slug"),
    [
        (None, {"early": EARLY}, "emulate.arms"),
        (None, {"early": EARLY, "again": EARLY}, "emulate.arms"),
        (None, {"early": EARLY, "other": {**BOTH["late"], "give": "siltuximab"}}, "emulate.drugs"),
        ({"within": {"early": "90 min"}}, None, "emulate.grace"),
        ({"grid_hours": 4}, None, "emulate.grace"),
    ],
)
def test_a_trial_that_contradicts_itself_is_refused(protocol, strategies, slug):
    assert {problem.slug for problem in refused(protocol, strategies)} == {slug}


def test_what_is_printed_is_read_again_as_the_same_trial():
    asked = {"within": {"late": "8 h"}, "outcomes": ["icu", "death"], "covariates": ["hour", "crp"], "grid_hours": 2,
             "eligibility": {"age_from": 18.0, "episode_open": True}}  # fmt: skip
    for first in (settle(study()), settle(study(asked))):
        data = tomllib.loads(protocol_toml(first))["protocol"]
        again = settle(study(data))
        assert again.given
        assert again.arms == first.arms
        assert (again.hours, again.outcomes, again.reference) == (first.hours, first.outcomes, first.reference)
        assert again.protocol.eligibility == first.protocol.eligibility


def test_the_target_table_has_a_specification_and_an_emulation_in_both_languages():
    rows = target_rows(settle(study()), ("hour", "grade"))
    assert [row["element"] for row in rows] == [
        "eligibility", "time zero", "treatment strategies", "assignment", "outcomes", "follow-up", "causal contrast",
        "assumptions", "statistical analysis",
    ]  # fmt: skip
    assert all(all(text.strip() for text in row.values()) for row in rows)
    by_name = {row["element"]: row for row in rows}
    assert "proved ASTCT CRS grade below 3" in by_name["eligibility"]["specification"]
    assert "hour, grade" in by_name["assumptions"]["emulation"]


def test_every_open_choice_is_a_parameter_once():
    trial = settle(study({"within": {"late": "8 h"}}))
    rows = list(parameter_rows(trial, trial.file.strategies))
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names)
    row = next(row for row in rows if row["name"] == "protocol.within.late")
    assert (row["value"], row["default"], row["tag"]) == ("8 h", "6 h", "R")


def test_outcomes_in_words():
    assert outcome_words("crs_grade_4", "lee2014_crs")[0] == "Lee 2014 CRS grade 4 or more"
    assert outcome_words("icans_5", "astct_crs") == ("ICANS grade 5", "ICANS 5 级")
