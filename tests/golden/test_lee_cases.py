"""The seven Lee cases of the public GDL model: a pick list, so each alternative of a case is tried on its own."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tocsin.grades import LEE2014_CRS, grade_runs

ROWS = list(csv.DictReader((Path(__file__).parent / "cases" / "gdl_crs_cases.csv").read_text("utf-8").splitlines()))
NORMAL: dict[str, Any] = {
    "fever": False, "hypotension": False, "vasopressors_all": 0, "high_dose_lee": False, "oxygen": 0,
    "fio2_at_least_040": False, "organ_grade": 0, "transaminase_grade": 0, "provisional": False,
    "isolated_low_pressure": False, "fio2_estimated": False, "oxygen_assumed": False, "pressor_silent": False,
    "attribution_reviewed": True, "first_weeks": True,
}  # fmt: skip

BOUNDED = ("vasopressors_all", "oxygen", "organ_grade", "transaminase_grade")
MINUTES = {"from": pl.Int32, "to": pl.Int32}


def alternatives(case: dict[str, str]) -> list[dict[str, Any]]:
    """What the pick list names, one thing at a time."""
    found: list[dict[str, Any]] = []
    if case["symptomatic_only"] == "yes":
        found.append({"fever": True})
    if case["o2_requirement"].startswith("FiO2<40%"):
        found += [{"oxygen": klass} for klass in (1, 2)]
    if case["o2_requirement"].startswith("FiO2>=40%"):
        found += [{"oxygen": klass, "fio2_at_least_040": True} for klass in (1, 2, 3)]
    if case["hypotension_support"].startswith("fluids or one"):
        found += [{"hypotension": True}, {"vasopressors_all": 1}]
    if case["hypotension_support"].startswith("high-dose"):
        found += [{"vasopressors_all": 1, "high_dose_lee": True}, {"vasopressors_all": 2}]
    if case["organ_toxicity_max_grade"] not in ("", "0"):
        found.append({"organ_grade": int(case["organ_toxicity_max_grade"])})
    if case["transaminitis_grade4"].startswith("yes"):
        found.append({"transaminase_grade": 4})
    if case["ventilator"].startswith("yes"):
        found.append({"oxygen": 4, "fio2_at_least_040": True})
    return found


def graded(signs: dict[str, Any]) -> tuple[int, int]:
    row = NORMAL | signs
    row |= {f"{name}_at_most": row[name] for name in BOUNDED}
    frame = pl.DataFrame([row], schema_overrides=LEE2014_CRS.schema)
    return LEE2014_CRS.grade(frame).select("grade", "grade_at_most").row(0)


def test_all_seven_are_here() -> None:
    assert len(ROWS) == 7
    assert sum(len(alternatives(case)) for case in ROWS) == 21  # 1 + 1 + 5 + 5 + 7 + 2


@pytest.mark.parametrize("case", ROWS, ids=[case["case_id"] for case in ROWS])
def test_case(case: dict[str, str]) -> None:
    expected = {int(grade) for grade in case["expected_grade_set"].split("|")}
    if case["death"] == "yes":
        known = NORMAL | {f"{name}_at_most": 0 for name in BOUNDED} | {"covered": True}
        runs = pl.DataFrame([{"course_id": "c", "from": 0, "to": None, **known}], schema_overrides=MINUTES)
        deaths = pl.DataFrame({"course_id": ["c"], "minute": pl.Series([60], dtype=pl.Int32), "caused": [True]})
        assert grade_runs(LEE2014_CRS, runs, deaths=deaths).get_column("grade").to_list() == [0, *expected]
        return
    for signs in alternatives(case):
        low, high = graded(signs)
        assert low == high, signs
        assert low in expected, signs
    everything = {name: max(a.get(name, 0) for a in alternatives(case)) for a in alternatives(case) for name in a}
    assert graded(everything)[0] in expected
