"""Numbers of small studies, worked by hand."""

from fractions import Fraction
from math import sqrt

import polars as pl
import pytest

from tocsin.study.counts import count_table
from tocsin.study.days import day_table
from tocsin.study.methods import citation_table
from tocsin.study.sensitivity import changed_when, sensitivity
from tocsin.study.survival import survival_effects
from tocsin.study.table1 import table1
from tocsin.study.toxicity import grade_effects
from tocsin.study.treatment import first_doses, mark_table, steroid_use, treatment_effects
from tocsin.when import When
from unit.study.small_studies import BOTH, EARLY, Ward, early, ledger, results, severe, study_of


def six(**facts):
    """Three early and three late courses; each fact is six values, early first; None leaves it out."""
    ward = Ward()
    for k, name in enumerate(("A", "B", "C", "D", "E", "F")):
        mine = {fact: values[k] for fact, values in facts.items() if values[k] is not None}
        (early if k < 3 else severe)(ward, name, 10 * k)
        patient = next(row for row in ward.rows["patients"] if row["patient_id"] == name)
        patient.update(dict.fromkeys(facts) | mine)
    return ward


def cells(frame, variable):
    rows = frame.filter(pl.col("variable") == variable)
    return {(r["level"], r["arm"]): r["text"] for r in rows.to_dicts()}, rows.row(0, named=True)


# --- table 1 ------------------------------------------------------------------------------------------------------


def test_numbers_of_table_1():
    frame = table1(study_of(six(blasts_percent=(10.0, 20.0, 60.0, 40.0, 50.0, None))))
    texts, row = cells(frame, "marrow blasts, %")
    assert texts["median [Q1, Q3]", "early"] == "20 [15, 40]"
    assert texts["range", "early"] == "10 to 60"
    assert texts["median [Q1, Q3]", "late"] == "45 [42.5, 47.5]"
    assert (texts["missing", "early"], texts["missing", "late"]) == ("0", "1")
    # means 30 and 45; variances (400 + 100 + 900) / 2 = 700 and 50; SMD = -15 / sqrt((700 + 50) / 2)
    assert row["smd"] == pytest.approx(-15 / sqrt(375))
    assert row["smd_by_chance"] == pytest.approx(sqrt(1 / 3 + 1 / 2))


def test_yes_and_no_of_table_1():
    frame = table1(study_of(six(cns_disease=(True, False, False, True, True, None))))
    texts, row = cells(frame, "CNS disease")
    assert texts["yes", "early"] == "1/3 (33.33 %)"
    assert texts["yes", "late"] == "2/2 (100.00 %)"
    assert texts["missing", "late"] == "1"
    assert row["smd"] == pytest.approx((1 / 3 - 1) / sqrt((1 / 3) * (2 / 3) / 2))


def test_levels_of_table_1():
    sexes = ("female", "male", "male", "female", "female", None)
    texts, row = cells(table1(study_of(six(sex=sexes))), "sex")
    assert texts["female", "early"] == "1/3 (33.33 %)"
    assert texts["male", "late"] == "0/2 (0.00 %)"
    assert row["missing"] == 0
    assert abs(row["smd"]) == pytest.approx((2 / 3) / sqrt((1 / 3) * (2 / 3) / 2))


def test_a_variable_nobody_has_keeps_its_row():
    texts, row = cells(table1(study_of(six(blasts_percent=(None,) * 6))), "marrow blasts, %")
    assert texts["missing", "early"] == "3"
    assert texts["median [Q1, Q3]", "early"] == "–"
    assert row["smd"] is None


def test_baseline_results_are_the_last_known_at_minute_0():
    ward = early(Ward(), "A").read("A", "crp", (-15 * 24, 99.0), (-30, 5.0), (-2, 7.0), (1, 80.0))
    late = ward.rows["measurements"][-2]
    late["available_time"] = ward.at("A", 3)  # drawn before, known after time zero
    texts, _ = cells(table1(study_of(ward, {"early": EARLY})), "CRP, mg/L")
    assert texts["median [Q1, Q3]", "early"] == "5 [5, 5]"
    old = early(Ward(), "A").read("A", "crp", (-15 * 24, 99.0))
    texts, _ = cells(table1(study_of(old, {"early": EARLY})), "CRP, mg/L")
    assert texts["missing", "early"] == "1"


# --- effects ------------------------------------------------------------------------------------------------------


def rows_of(effects, outcome, measure=None):
    return {
        (r["contrast"], r["measure"]): r
        for r in effects.rows
        if r["outcome"] == outcome and measure in (None, r["measure"])
    }


def test_medians_and_curves_by_hand():
    ward = six()
    for name, day, what in (("A", 61, "death"), ("B", 122, "death"), ("C", 400, "last_contact"),
                            ("D", 10, "death"), ("E", 20, "death"), ("F", 30, "death")):  # fmt: skip
        ward.outcome(name, day, what, "other" if what == "death" else None, adjudicated_by="board")
    study = study_of(ward, endpoints={"months": 30.0})
    effects = ledger()
    survival_effects(study, effects)
    rows = rows_of(effects, "OS from infusion")
    assert rows["early", "median (log-log)"]["estimate"] == pytest.approx(122 / 30)  # S falls to 1/3 on day 122
    assert rows["late", "median (log-log)"]["estimate"] == pytest.approx(20 / 30)
    assert rows["early", "survival at 6 months"]["estimate"] == pytest.approx(float(Fraction(2, 3) * Fraction(1, 2)))
    assert rows["late", "survival at 6 months"]["estimate"] == 0
    # all three late courses die before any early one: the most extreme of C(6, 3) = 20 splits, on one side
    assert rows["early v late", "observed minus expected events"]["p"] == pytest.approx(1 / 10)
    landmark = rows_of(effects, "OS from day 28")["late", "median (log-log)"]
    assert (landmark["n"], landmark["estimate"]) == (1, pytest.approx(2 / 30))
    assert "2 left out" in landmark["note"]


def test_grades_before_and_after_the_first_dose():
    ward = severe(severe(early(Ward(), "A"), "B", 10), "C", 20)
    ward.pressor("A", 30, 34)  # severe after its dose at hour 25
    effects = ledger()
    grade_effects(study_of(ward), effects)

    def counts(outcome):
        return {arm: (r["events"], r["n"]) for (arm, m), r in rows_of(effects, outcome).items() if m == "proportion"}

    assert counts("severe CRS") == {"early": (1, 1), "late": (2, 2)}
    assert counts("severe CRS before tocilizumab") == {"early": (0, 1), "late": (2, 2)}
    assert counts("severe CRS after tocilizumab") == {"early": (1, 1), "late": (0, 2)}
    grades = rows_of(effects, "CRS worst grade")
    assert grades["late", "proportion grade 3"]["estimate"] == 1
    assert grades["early v late", "Fisher-Freeman-Halton"]["p"] == 1


def test_nothing_is_tested_where_nothing_happened():
    effects = ledger()
    effects.shares("x", {"a": (0, 3), "b": (0, 4)}, [("a", "b")], detectable=True)
    rows = rows_of(effects, "x")
    assert rows["a v b", "risk difference"]["p"] is None
    assert rows["a v b", "risk difference"]["estimate"] == 0
    effects.shares("y", {"a": (3, 3), "b": (0, 4)}, [("a", "b")], ratio=True)
    rows = rows_of(effects, "y")
    assert rows["a v b", "risk difference"]["p"] == pytest.approx(1 / 35)  # 1 of C(7, 3) tables
    assert rows["a v b", "odds ratio"]["estimate"] is None
    assert "infinite" in rows["a v b", "odds ratio"]["note"]


def test_medians_of_numbers_with_quartiles_and_exact_test():
    effects = ledger()
    effects.numbers("x", {"a": [1.0, 2.0, 4.0], "b": [10.0, 12.0, 20.0], "c": []}, [("a", "b"), ("a", "c")], "hours")
    rows = rows_of(effects, "x")
    assert rows["a", "median"]["estimate"] == 2
    assert rows["a", "median"]["note"].startswith("hours; quartiles 1.5 and 3, range 1 to 4")
    assert rows["a v b", "shift (Hodges-Lehmann)"]["estimate"] == -10
    assert rows["a v b", "shift (Hodges-Lehmann)"]["p"] == pytest.approx(2 / 20)
    assert rows["c", "median"]["estimate"] is None
    assert rows["a v c", "shift (Hodges-Lehmann)"]["p"] is None


# --- drugs --------------------------------------------------------------------------------------------------------


def test_doses_in_mg_per_kg_with_split_vials():
    ward = early(Ward(), "A").drug("A", 25.5, "tocilizumab", 120.0).drug("A", 40, "tocilizumab", 480.0)
    study = study_of(ward, {"early": EARLY})
    assert first_doses(study).row(0, named=True)["mg_per_kg"] == 10  # (480 + 120) / 60
    effects = ledger()
    treatment_effects(study, effects)
    assert rows_of(effects, "tocilizumab doses")["early", "typical value (median)"]["estimate"] == 2
    marks = mark_table(study).filter(pl.col("group") == "tocilizumab")
    assert marks.get_column("text").to_list() == ["600 mg (10.0 mg/kg)", "480 mg (8.0 mg/kg)"]


def test_steroids_become_dexamethasone_and_days():
    ward = early(Ward(), "A").drug("A", 26, "dexamethasone", 10.0).drug("A", 27, "methylprednisolone", 80.0)
    ward.drug("A", 60, "hydrocortisone", 0.1, "g").drug("A", 31 * 24, "dexamethasone", 10.0)
    ward.drug("A", -3, "dexamethasone", 10.0)
    assert steroid_use(study_of(ward, {"early": EARLY})) == {"A": (pytest.approx(10 + 15 + 3.75), 2)}
    ward.drug("A", 61, "dexamethasone", dose=None)
    assert steroid_use(study_of(ward, {"early": EARLY}))["A"] == (None, 2)


def test_an_infusion_is_one_bar():
    ward = severe(Ward(), "A")
    ward.drug("A", 45, "norepinephrine", mode="infusion", order_id="A-40", rate=8.0, rate_unit="ug/min", dose=None,
              unit=None, stop=ward.at("A", 60))  # fmt: skip
    (bar,) = mark_table(study_of(ward)).filter(pl.col("group") == "vasopressor").to_dicts()
    assert (bar["minute"], bar["to"], bar["text"]) == (2400, 3600, "5 to 8 ug/min")


# --- counts and days ----------------------------------------------------------------------------------------------


def counted(study):
    return {(r["what"], r["arm"]): r["value"] for r in count_table(study).to_dicts()}


def test_what_stood_beside_the_fever():
    ward = early(Ward(), "A").drug("A", 20, "meropenem", 1.0, "g").drug("A", 30, "vancomycin", 1.0, "g")
    early(ward, "B", 10).drug("B", 25, "meropenem", 1.0, "g")  # after the drug was due at hour 24
    for name, hours, value in (("A", 23, "taken"), ("A", 23, "positive"), ("B", 49, "taken")):
        time = ward.at(name, hours)
        ward.put("assessments", name, time=time, available_time=time, precision="minute", item="culture", value=value)
    ward.read("A", "neutrophils", (-10, 3.0), (20, 0.2), (24.5, 5.0)).read("B", "neutrophils", (-25, 1.0))
    found = counted(study_of(ward))
    assert found["cultures around the trigger", "early"] == 1  # B's is 25 h after
    assert found["positive cultures around the trigger", "early"] == 1
    assert found["antibiotics at the trigger", "early"] == 1
    assert found["neutrophils at the trigger", "early"] == 0.2
    assert found["neutrophils below 0.5 at the trigger", "all"] == 1
    assert found["neutrophils unknown at the trigger", "all"] == 1  # 49 h old


def test_deaths_by_who_decided_them_and_mrd_by_method():
    ward = early(early(early(Ward(), "A"), "B", 10), "C", 20)
    ward.outcome("A", 40, "death", "progression", adjudicated_by="board").outcome("B", 50, "death", "infection")
    ward.outcome("A", 28, "mrd", "negative", method="flow", sensitivity=1e-4).outcome("B", 30, "mrd", "negative")
    found = counted(study_of(ward))
    assert (found["deaths", "early"], found["deaths, cause decided by board", "early"]) == (2, 1)
    assert found["deaths nobody adjudicated", "early"] == 1
    assert (found["MRD measured by flow", "early"], found["MRD measured by not stated", "early"]) == (1, 1)
    assert (found["MRD without a stated sensitivity", "early"], found["no MRD result", "early"]) == (1, 1)
    assert found["day of the first MRD result", "early"] == 29


def test_a_dose_charted_to_the_day_decides_nothing_and_is_counted():
    ward = Ward().patient("A").fever("A", 20)
    ward.drug("A", 28, "tocilizumab", precision="day")
    study = study_of(ward)
    assert study.in_arms == []
    assert counted(study)["tocilizumab doses charted to the day only", "all"] == 1
    assert "1 have a dose charted to the day only" in study.attrition.item(1, "why")


def test_a_day_without_a_temperature_is_not_grade_0():
    ward = Ward().patient("A").drug("A", 1, "tocilizumab")
    ward.read("A", "temperature", (0, 36.8), (4, 38.5), (50, 36.8), (75, 36.9))
    ward.rows["stays"][0]["stop"] = ward.at("A", 100)
    study = study_of(ward, {"once": {"give": "tocilizumab", "when": {"day": 0.0}}}, study={"days": 6})
    rows = day_table(study).filter(pl.col("scale") == "astct_crs")
    assert {r["day"]: r["grade"] for r in rows.to_dicts()} == {0: 1, 1: None, 2: 0, 3: 0, 4: None, 5: None}
    assert set(rows.get_column("courses")) == {1}


def test_days_of_a_death_from_crs_stay_grade_5():
    ward = severe(Ward(), "A").outcome("A", 2, "death", "crs", adjudicated_by="board")
    ward.rows["stays"][0]["stop"] = ward.at("A", 50)
    rows = day_table(study_of(ward, study={"days": 5})).filter(pl.col("scale") == "astct_crs")
    assert [r["grade"] for r in rows.to_dicts()][-2:] == [5, 5]


# --- attrition, sensitivity, citations ----------------------------------------------------------------------------


def test_attrition_adds_up_and_names_who_followed_both():
    first = {"give": "tocilizumab", "when": {"day": 1.0}}
    ward = early(early(Ward(), "A"), "B", 10, 40.0)  # B late for early and for day 1
    ward.patient("C", 20).fever("C", 20, 2)
    ward.put("patients", "D", age_y=30.0)
    rows = study_of(ward, {"early": EARLY, "day": first}).attrition.to_dicts()
    assert [(r["courses_in"], r["courses_out"]) for r in rows] == [(4, 3), (3, 2), (2, 1), (1, 1)]
    assert "early: 0 before it was due or never due, 1 too late" in rows[2]["why"]
    assert rows[2]["why"].endswith(": B")
    assert rows[3]["why"].endswith("counts: A")


def test_only_the_leaf_meant_is_changed():
    trigger = When.model_validate({"all": [EARLY["when"], {"not": {"sign": "spo2", "below": 90}}, {"day": 1}]})
    changed = changed_when(trigger, lambda part: part.sign == "temperature", {"at_least": 38.0})
    assert changed.all[0].at_least == 38.0
    assert changed.all[1:] == trigger.all[1:]
    assert trigger.all[0].at_least == 39.0


def test_a_choice_moves_the_course_that_rests_on_it():
    ward = Ward().patient("A").drug("A", 27, "tocilizumab")
    ward.read("A", "temperature", (0, 36.8), (20, 39.05), (25, 39.05))  # two readings 5 h apart
    frame = sensitivity(study_of(ward, {"early": EARLY}))

    def arm(parameter, value):
        rows = frame.filter((pl.col("parameter") == parameter) & (pl.col("value") == value))
        assert rows.get_column("courses").sum() == 1
        return rows.filter(pl.col("courses") == 1).item(0, "arm"), rows.item(0, "moved")

    assert arm("early: longest gap", "6 h") == ("early", "")
    assert arm("early: longest gap", "4 h") == ("none", "A")
    assert arm("early: threshold", "39.1 °C") == ("none", "A")
    assert arm("early: sustained for", "6 h") == ("none", "A")
    assert arm("early: readings at least", "3") == ("none", "A")
    assert arm("given within, every strategy", "2 h") == ("early", "")
    off = study_of(ward, {"early": EARLY}, study={"sensitivity": False})
    assert sensitivity(off).is_empty()


def test_a_value_of_the_file_that_is_not_among_the_usual_ones_is_the_main_one():
    rule = {**EARLY, "within": "5 h", "when": {**EARLY["when"], "at_least": 38.7}}
    frame = sensitivity(study_of(early(Ward(), "A"), {"early": rule})).filter("is_default")
    found = dict(frame.select("parameter", "value").unique().iter_rows())
    assert found["early: threshold"] == "38.7 °C"
    assert found["given within, every strategy"] == "5 h"


def test_papers_are_those_behind_what_was_used():
    study = study_of(early(Ward(), "A"), {"early": EARLY})
    keys = set(citation_table(study, ledger()).get_column("key"))
    assert "lee2019" in keys
    assert not keys & {"zhou2023", "kaplan1958", "newcombe1998", "marshall"}
    table = results(early(Ward(), "A"), parameters={"fio2_table": "marshall"}).tables["citations"]
    assert {"marshall", "kaplan1958"} <= set(table.get_column("key"))


def test_times_are_local_where_the_month_is_printed():
    ward = early(Ward(), "A")
    records = ward.records()
    assert records.zone == "UTC"
    texts, _ = cells(table1(study_of(records, BOTH)), "calendar time")
    assert texts["range", "early"] == "2020-03 to 2020-03"
