"""Thin records: what nobody can say is said, never taken for health."""

from datetime import timedelta

from tocsin.design_audit import audit
from tocsin.tables import Records
from tocsin.tables.audit import AUDIT_TABLES
from unit.design_audit.designs import RULES, aligned, study
from unit.study.small_studies import BOTH, Ward, early, severe

OPEN = "cannot_be_said"


def verdicts(made):
    return dict(audit(made).tables["audit"].select("no", "verdict").iter_rows())


def test_no_course_at_all():
    made = study(Ward(), BOTH)
    results = audit(made)
    # the rules themselves can be read without a patient
    assert verdicts(made) == {1: "serious", **dict.fromkeys(range(2, 9), OPEN)}
    assert all(results.tables[table.name].is_empty() for table in AUDIT_TABLES[1:-2])
    assert "there is no course" in results.tables["audit_unsaid"]["why"].to_list()
    assert "0 of 0 courses would enter" in results.protocol


def test_one_arm_empty():
    made = study(early(early(Ward(), "A"), "B", 9), BOTH)
    seen = verdicts(made)
    assert (seen[5], seen[8]) == (OPEN, OPEN)
    assert seen[1] == "serious"
    text = audit(made).tables["audit"].filter(no=1)["text"].item()
    assert "no course is in this arm" in text


def test_nobody_in_an_arm():
    made = study(aligned(3, dose=None))
    seen = verdicts(made)
    assert {no: seen[no] for no in (3, 5, 6, 8)} == dict.fromkeys((3, 5, 6, 8), OPEN)
    assert seen[2] == "serious"
    assert audit(made).tables["audit_left_out"].height == 6


def test_one_strategy_is_compared_with_nothing():
    made = study(early(Ward(), "A"), {"early": BOTH["early"]})
    seen = verdicts(made)
    assert (seen[5], seen[8]) == (OPEN, OPEN)
    assert "The study names one strategy" in audit(made).protocol


def test_without_a_table_of_drugs_nobody_knows_who_was_treated():
    ward = early(Ward(), "A")
    full = ward.records()
    frames = {name: getattr(full, name) for name in ("patients", "stays", "measurements", "outcomes")}
    made = study(Records.of(frames), RULES, cohort={"time_zero": "admission"})
    seen = verdicts(made)
    assert made.courses.height == 1
    assert (seen[2], seen[4]) == (OPEN, OPEN)
    assert "Who was treated, and when?" in audit(made).tables["audit_unsaid"]["question"].to_list()


def test_shifted_dates_say_nothing_of_the_order():
    ward = aligned(3, shift=1000)
    moved = timedelta(days=100 * 366)
    for rows in ward.rows.values():
        for row in rows:
            row.update({k: v + moved for k, v in row.items() if hasattr(v, "tzinfo")})
    told = audit(study(ward)).tables["audit"].filter(no=5).row(0, named=True)
    assert told["verdict"] == OPEN
    assert "shifted" in told["text"]


def test_separated_years_of_one_course_each_cannot_be_told():
    made = study(severe(early(Ward(), "A"), "B", 900), BOTH)
    told = audit(made).tables["audit"].filter(no=5).row(0, named=True)
    assert told["verdict"] == OPEN
    assert "too few to say" in told["text"]


def test_without_a_reading_the_waiver_and_severity_stay_open():
    made = study(aligned(3, bare=True))
    results = audit(made)
    seen = verdicts(made)
    assert (seen[3], seen[7]) == (OPEN, OPEN)
    text = results.tables["audit"].filter(no=3)["text"].item()
    assert "in 6 of 6 courses severe CRS before the dose is neither proved nor excluded" in text
    assert "in 6 of 6 courses" in results.tables["audit_unsaid"].filter(question="Who had severe CRS?")["why"].item()


def test_a_blind_trigger_a_day_only_dose_and_an_undecided_death_are_named():
    ward = early(severe(Ward(), "B", 9), "A")
    ward.patient("C", 20).outcome("C", 9, "death")
    zero = ward.at("C", 0)
    ward.drug("C", 30, "tocilizumab", precision="day")
    assert zero.tzinfo is not None
    asked = dict(audit(study(ward, BOTH)).tables["audit_unsaid"].select("question", "why").iter_rows())
    assert "in 1 of 3 courses" in asked["Would early have been due?"]
    assert asked["At what hour was the drug given?"].startswith("1 doses")
    assert "1 deaths" in asked["Which deaths were due to CRS?"]


def test_nothing_depends_on_the_order_of_the_arms():
    ward = severe(early(early(Ward(), "A"), "B", 9), "C", 700)
    one, other = (study(ward, rules) for rules in (BOTH, dict(reversed(BOTH.items()))))
    assert verdicts(one) == verdicts(other)
    for name in ("audit_outcome_defined", "audit_left_out", "audit_before_assignment", "audit_waiver"):
        assert audit(one).tables[name].equals(audit(other).tables[name]), name
