"""Thin but valid input gives full results: every table valid, every sentence there, no exception."""

from datetime import timedelta

import polars as pl
import pytest

from tocsin.errors import TocsinError
from tocsin.report.files import result_contracts
from tocsin.study import run_study
from tocsin.tables import RECORD_TABLES
from unit.study.small_studies import BOTH, EARLY, Ward, early, results, severe


def check(found):
    """Every table of the results is there and valid (results_of checks them), and nobody is lost."""
    assert set(found.tables) == {t.name for t in result_contracts()}
    assert found.tables["arms"].height == found.tables["courses"].height
    assert len(found.meta["methods"]) == 6
    steps = found.tables["attrition"].to_dicts()
    assert steps[-1]["courses_out"] == found.tables["arms"].filter(pl.col("arm").is_not_null()).height
    return found


def shares(found, outcome, measure="proportion"):
    rows = found.tables["effects"].filter((pl.col("outcome") == outcome) & (pl.col("measure") == measure))
    return {r["contrast"]: (r["events"], r["n"]) for r in rows.to_dicts()}


def slugs(found):
    return found.tables["warnings"].get_column("slug").to_list()


def test_one_patient():
    found = check(results(early(Ward(), "A")))
    assert found.tables["arms"].row(0, named=True)["arm"] == "early"
    assert shares(found, "CRS death")["early"] == (0, 0)  # never followed: not assessable, not alive
    assert "design.no-comparison" in slugs(found)
    assert found.tables["effects"].filter(pl.col("p").is_not_null()).is_empty()


def test_one_patient_with_follow_up_has_a_curve():
    found = check(results(early(Ward(), "A").outcome("A", 60, "last_contact")))
    rows = found.tables["curves"].filter(pl.col("outcome") == "OS from infusion").to_dicts()
    assert [(r["time"], r["at_risk"], r["censored"], r["estimate"]) for r in rows] == [(0, 1, 0, 1.0), (60, 1, 1, 1.0)]


def test_no_tocilizumab():
    ward = Ward().patient("A").fever("A", 20).patient("B", 10).fever("B", 20, 2)
    found = check(results(ward))
    assert found.tables["arms"].get_column("arm").to_list() == [None, None]
    why = found.tables["attrition"].filter(pl.col("step").str.starts_with("given")).item(0, "why")
    assert "2 without a dose" in why
    assert "due under a strategy 1, never due 1" in why
    assert found.tables["table1"].is_empty()
    assert found.tables["days"].is_empty()


def test_nobody_due():
    ward = Ward().patient("A").fever("A", 20, 2).drug("A", 22, "tocilizumab")
    found = check(results(ward))
    assert set(found.tables["follow"].get_column("followed")) == {"early"}
    step = found.tables["attrition"].filter(pl.col("step") == "first dose followed a strategy").row(0, named=True)
    assert (step["courses_in"], step["courses_out"]) == (1, 0)
    assert "A" in step["why"].split(": ")[-1]


def test_no_infusion_means_no_course_and_says_so():
    ward = Ward()
    ward.patient("A")
    del ward.rows["drugs"]
    found = check(results(ward))
    assert found.tables["courses"].is_empty()
    assert found.tables["attrition"].item(0, "courses_in") == 1
    assert found.tables["attrition"].item(0, "courses_out") == 0


def test_no_rows_at_all():
    found = check(results(Ward()))
    assert found.tables["courses"].is_empty()
    assert found.tables["effects"].get_column("estimate").null_count() == found.tables["effects"].height


@pytest.mark.parametrize("absent", ["outcomes", "assessments", "supports", "measurements", "stays"])
def test_a_table_that_was_not_supplied(absent):
    ward = severe(early(Ward(), "A"), "B", 9).outcome("A", 60, "last_contact")
    found = check(results(ward.records(absent)))
    if absent == "outcomes":
        assert shares(found, "MRD-negative CR") == {"early": (0, 0), "late": (0, 0)}  # unknown, not "no response"
    if absent == "measurements":
        assert found.tables["readings"].is_empty()


def test_one_strategy_is_described():
    found = check(results(early(early(Ward(), "A"), "B", 9), {"early": EARLY}))
    assert found.meta["arms"] == ["early"]
    assert not found.tables["effects"].get_column("contrast").str.contains(" v ").any()
    assert "design.no-comparison" in slugs(found)
    assert found.tables["table1"].get_column("smd").null_count() == found.tables["table1"].height


def test_one_arm_empty():
    ward = Ward()
    for k, name in enumerate("ABC"):
        early(ward, name, 9 * k).outcome(name, 60 + k, "death", "progression", adjudicated_by="board")
    found = check(results(ward))
    assert shares(found, "severe CRS") == {"early": (0, 3), "late": (0, 0)}
    rows = found.tables["effects"].filter(pl.col("contrast") == "early v late")
    assert rows.get_column("p").null_count() == rows.height
    assert not rows.filter(pl.col("note").str.contains("arm is empty")).is_empty()


def test_three_arms_are_compared_in_pairs():
    third = {"give": "tocilizumab", "when": {"day": 3.0}}
    ward = severe(early(Ward(), "A"), "B", 9)
    ward.patient("C", 20).fever("C", 20, 2).drug("C", 73, "tocilizumab")
    found = check(results(ward, {**BOTH, "day": third}))
    assert found.tables["arms"].get_column("arm").to_list() == ["early", "late", "day"]
    contrasts = set(found.tables["effects"].get_column("contrast"))
    assert {"early v late", "early v day", "late v day"} <= contrasts


def test_synthetic_only_where_the_file_says_so():
    ward = severe(early(Ward(), "A"), "B", 9).outcome("A", 60, "death", "crs").outcome("B", 20, "death", "crs")
    plain, marked = (results(ward, synthetic=flag).tables["effects"] for flag in (False, True))
    tested = pl.col("p").is_not_null()
    assert plain.filter(tested).height == marked.filter(tested).height > 0
    assert not plain.get_column("note").str.contains("synthetic").any()
    assert marked.filter(tested).get_column("note").str.contains("synthetic").all()


def test_headers_without_rows(tmp_path):
    for table in RECORD_TABLES:
        if table.name in ("patients", "drugs", "measurements"):
            names = [c.name for c in table.columns if c.name not in ("precision", "source", "source_row")]
            (tmp_path / f"{table.name}.csv").write_text(",".join(names) + "\n", encoding="utf-8")
    (tmp_path / "study.toml").write_text(
        'title = "t"\n[strategies.a]\ngive = "tocilizumab"\nwhen = { day = 2 }\n', encoding="utf-8"
    )
    check(run_study(tmp_path))


def test_time_zero_from_a_column(tmp_path):
    ward = Ward().patient("A")
    zero = ward.zero("A")
    (tmp_path / "patients.csv").write_text("patient_id,age_y\nA,40\n", encoding="utf-8")
    lines = [
        f"A,{(zero + timedelta(hours=h)).isoformat()},temperature,{v},°C" for h, v in ((1, 39.2), (3, 39.4), (6, 39.1))
    ]
    text = "patient_id,time,variable,value,unit\n" + "\n".join(lines) + "\n"
    (tmp_path / "measurements.csv").write_text(text, encoding="utf-8")
    given = (zero + timedelta(hours=7)).isoformat()
    drug = f"patient_id,start,drug,dose,dose_unit,mode\nA,{given},tocilizumab,480,mg,dose\n"
    (tmp_path / "drugs.csv").write_text(drug, encoding="utf-8")
    (tmp_path / "zero.csv").write_text(f"who,began\nA,{zero.isoformat()}\n", encoding="utf-8")
    (tmp_path / "study.toml").write_text(
        'title = "t"\n[cohort]\ntime_zero = "column"\n'
        'column = { file = "zero.csv", patient_id = "who", time = "began" }\n'
        '[strategies.early]\ngive = "tocilizumab"\n'
        'when = { sign = "temperature", at_least = 39.0, sustained = "4 h", longest_gap = "6 h" }\n',
        encoding="utf-8",
    )  # fmt: skip
    found = check(run_study(tmp_path))
    row = found.tables["arms"].row(0, named=True)
    assert (row["arm"], row["due_at"], row["given_at"]) == ("early", 360, 420)
    assert "EFS from column" in set(found.tables["effects"].get_column("outcome"))


def test_no_course_is_not_said_to_be_given_anything():
    found = check(results(Ward().put("patients", "A", age_y=40.0)))
    why = found.tables["attrition"].get_column("why").to_list()[1:]
    assert why == ["there is no course", "there is no first dose", "no course is in an arm"]


def test_a_trigger_that_could_not_be_seen_is_not_called_never_due():
    ward = early(Ward(), "A").patient("B", 9).drug("B", 25, "tocilizumab")  # nothing was charted of B
    found = check(results(ward))
    why = found.tables["attrition"].filter(pl.col("step").str.starts_with("first dose")).item(0, "why")
    assert "early: 0 before it was due or never due, 0 too late, 1 could not be seen: no readings" in why
    assert "late: 0 before it was due or never due, 0 too late, 1 could not be seen: no readings" in why
    untreated = check(results(early(Ward(), "A").patient("B", 9)))
    why = untreated.tables["attrition"].filter(pl.col("step").str.starts_with("given")).item(0, "why")
    assert "never due 0, could not be seen: no readings 1" in why


def test_courses_without_grade_are_counted_apart():
    alone = {"early": {"give": "tocilizumab", "when": {"day": 1.0}}}
    ward = early(Ward(), "A").patient("B", 9).drug("B", 25, "tocilizumab")
    found = check(results(ward, alone))
    assert found.tables["arms"].get_column("arm").to_list() == ["early", "early"]
    rows = found.tables["endpoints"].filter(pl.col("course_id") == "B")
    for endpoint in ("severe_crs", "crs_onset", "crs_max_grade"):
        row = rows.row(by_predicate=pl.col("endpoint") == endpoint, named=True)
        assert (row["event"], row["value"]) == (None, "not assessable: nothing was graded")
    assert shares(found, "severe CRS")["early"][1] == 1
    notes = found.tables["effects"].filter(pl.col("outcome").is_in(["severe CRS", "CRS onset"])).get_column("note")
    assert all("1 not graded" in text for text in notes)


def test_two_names_of_one_rule_are_refused():
    with pytest.raises(TocsinError) as caught:
        results(early(Ward(), "A"), {"one": EARLY, "two": {**EARLY, "source": "elsewhere"}})
    assert caught.value.problems[0].slug == "study.strategies-equal"
    results(early(Ward(), "A"), {"one": EARLY, "two": {**EARLY, "within": "12 h"}})
