"""Where drug rows were set aside, no row proves nothing: the upper bound opens, the lower one stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from tocsin.grading import grade
from tocsin.tables import COURSES, RECORD_TABLES, Records

ZERO = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW = {"patient_id": "p", "source": "f.csv", "source_row": 1, "precision": "minute"}


def at(minute: int) -> datetime:
    return ZERO + timedelta(minutes=minute)


def graded(drugs: list[dict[str, Any]], **more: Any) -> tuple[int, int]:
    reading = {"time": at(10), "available_time": at(10), **ROW}
    rows: dict[str, list[dict[str, Any]]] = {
        "patients": [{**ROW, "age_y": 40.0}],
        "stays": [{**ROW, "start": at(-60), "stop": None, "kind": "hospital"}],
        "measurements": [
            {**reading, "variable": "temperature", "value": 38.5},
            {**reading, "variable": "systolic", "value": 110.0},
        ],
        "drugs": drugs,
        "supports": [{**ROW, "start": at(10), "available_time": at(10), "device": "room_air"}],
    }
    tables = {t.name: t.frame(rows.get(t.name, [])) for t in RECORD_TABLES}
    course = {"course_id": "p", "patient_id": "p", "time_zero": ZERO, "set_by": "infusion", "infusions": 1, **ROW}
    records = Records.of(tables, **more)
    runs = grade(records, COURSES.frame([course | {"age_y": 40.0}]), ["astct_crs"]).grades
    return runs.filter(pl.col("from") == 10).select("grade", "grade_at_most").row(0)


def test_no_drug_row_in_a_supplied_table_means_no_drug():
    assert graded([]) == (1, 1)


def test_a_drug_row_set_aside_leaves_the_upper_bound_open():
    doubts = pl.DataFrame({"patient_id": ["p"], "table": ["drugs"]})
    assert graded([], doubts=doubts) == (1, 4)
    other = pl.DataFrame({"patient_id": ["q"], "table": ["drugs"]})
    assert graded([], doubts=other) == (1, 1)


def test_a_vasopressor_charted_to_the_day_decides_no_minute_but_is_not_excluded():
    row = {
        **ROW,
        "start": at(0),
        "available_time": at(0),
        "precision": "day",
        "drug": "norepinephrine",
        "mode": "infusion",
    }
    assert graded([row]) == (1, 4)
    assert graded([row | {"drug": "vancomycin"}]) == (1, 1)


def test_a_support_row_set_aside_leaves_oxygen_open():
    doubts = pl.DataFrame({"patient_id": ["p"], "table": ["supports"]})
    assert graded([], doubts=doubts) == (1, 4)
