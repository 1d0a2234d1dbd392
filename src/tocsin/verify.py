"""Worked cases: a file of states with expected grades, graded the whole way from records, every disagreement listed."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tocsin.errors import Problem, TocsinError
from tocsin.grades import SCALES
from tocsin.grading import grade
from tocsin.tables import COURSES, RECORD_TABLES, Records

ZERO = datetime(2020, 1, 1, tzinfo=UTC)
AT = 4 * 1440  # the state of a case is charted on day 4
EARLIER_FEVER, WAIVING_DOSE = AT - 720, AT - 600
SCALE_OF = {"exp_astct": "astct_crs", "exp_icans": "astct_icans"}
DEVICES = {"imv": "ventilator", "niv": "bipap", "simple_face_mask": "simple_mask"}
REASONS = {"airway_protection_neuro": "airway_protection", "sleep_apnoea": "known_sleep_apnoea"}
SEIZURES = {"status_epilepticus": "prolonged", "brief": "resolved", "rapidly_resolving": "resolved",
            "non_convulsive": "nonconvulsive", "over_5_min": "prolonged"}  # fmt: skip
OEDEMAS = {"papilloedema": "raised_pressure", "cushing": "raised_pressure", "posturing": "raised_pressure",
           "sixth_nerve_palsy": "raised_pressure"}  # fmt: skip
DEATHS = {"no": None, "": None, "crs": "crs", "yes": "crs", "icans": "icans"}
_PRESSOR = re.compile(r"^\s*([a-z_]+)\s*=\s*([\d.]+)\s*(ug/kg/min|ug/min|U/min)\s*$")
NEEDED = ("case_id", "age_y", "temp_c", "sbp_mmhg", "o2_device")

Row = dict[str, Any]


def verify(path: Path | str) -> pl.DataFrame:
    """Disagreements: case_id, scale, expected (null = not gradable), grade, grade_at_most. Empty where all agree.

    The file has the columns of the worked cases (docs/verify.md); an empty expected cell means not gradable: the grade
    proved lies below the grade that cannot be excluded. Raises TocsinError `verify.*` with every problem of the file.
    """
    cases = _read(Path(path))
    records, courses = _records(cases)
    grades = grade(records, courses, [s for c, s in SCALE_OF.items() if c in cases[0]] if cases else []).grades
    last = pl.col("to").is_null() | (pl.col("to") > AT)
    now = grades.filter((pl.col("from") <= AT) & last)
    expected = [
        {"case_id": case["case_id"], "scale": scale, "expected": int(case[column]) if case[column] else None}
        for case in cases
        for column, scale in SCALE_OF.items()
        if column in case
    ]
    schema = {"case_id": pl.String, "scale": pl.String, "expected": pl.Int8}
    both = pl.DataFrame(expected, schema=schema).join(
        now.select(case_id="course_id", scale="scale", grade="grade", grade_at_most="grade_at_most"),
        on=["case_id", "scale"], how="left", maintain_order="left",
    )  # fmt: skip
    exact = (pl.col("grade") == pl.col("expected")) & (pl.col("grade_at_most") == pl.col("expected"))
    open_ = pl.col("expected").is_null() & (pl.col("grade") < pl.col("grade_at_most"))
    return both.filter(~(exact.fill_null(False) | open_.fill_null(False)))


def checked(path: Path | str) -> tuple[int, list[str], list[str]]:
    """Number of cases, scales that are checked, and expectation columns for which there is no scale yet."""
    cases = _read(Path(path))
    columns = [c for c in (cases[0] if cases else {}) if c.startswith("exp_")]
    return len(cases), [SCALE_OF[c] for c in columns if c in SCALE_OF], [c for c in columns if c not in SCALE_OF]


def _read(path: Path) -> list[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            cases = [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TocsinError.of(
            "verify.unreadable", f"{path.name} cannot be read as CSV.", "", "Give a UTF-8 CSV file."
        ) from error
    problems = [
        Problem(
            "verify.column-missing",
            f'{path.name}: column "{name}" is missing.',
            "",
            "See docs/verify.md for the columns.",
        )
        for name in NEEDED
        if cases and name not in cases[0]
    ]
    if not problems:
        problems = [p for number, case in enumerate(cases, 1) for p in _case_problems(path.name, number, case)]
    if problems:
        raise TocsinError(problems)
    return cases


def _case_problems(file: str, number: int, case: Mapping[str, str]) -> list[Problem]:
    found: list[Problem] = []

    def bad(column: str, do: str) -> None:
        found.append(Problem("verify.value", f'{file}, row {number}, column "{column}": not understood.', "", do))

    for column in (
        "age_y",
        "weight_kg",
        "temp_c",
        "sbp_mmhg",
        "spo2_pct",
        "o2_flow_lpm",
        "fio2",
        "pressor_hours",
        "ice",
        "capd",
    ):
        if case.get(column):
            try:
                float(case[column])
            except ValueError:
                bad(column, "Give a number or leave it empty.")
    for column in SCALE_OF:
        if case.get(column) and case[column] not in "012345":
            bad(column, "Give a grade 0 to 5, or leave it empty for not gradable.")
    if any(not _PRESSOR.match(part) for part in _parts(case)):
        bad("vasopressors", "Write name=rate unit, joined by ;  e.g. norepinephrine=0.05ug/kg/min.")
    return found


def _parts(case: Mapping[str, str]) -> list[str]:
    return [part for part in case.get("vasopressors", "").split(";") if part.strip()]


def _records(cases: list[Row]) -> tuple[Records, pl.DataFrame]:
    rows: dict[str, list[Row]] = {table.name: [] for table in RECORD_TABLES}
    courses: list[Row] = []
    for number, case in enumerate(cases, 1):
        for table, row in _case_rows(case):
            rows[table].append(
                {"patient_id": case["case_id"], "source": "cases", "source_row": number, "precision": "minute", **row}
            )
        courses.append(
            {
                "course_id": case["case_id"],
                "patient_id": case["case_id"],
                "time_zero": ZERO,
                "set_by": "infusion",
                "precision": "minute",
                "infusions": 1,
                "age_y": _number(case, "age_y"),
                "weight_kg": _number(case, "weight_kg"),
            }
        )
    tables = {table.name: table.frame(rows[table.name]) for table in RECORD_TABLES}
    return Records.of(tables), COURSES.frame(courses)


def _time(minute: int) -> datetime:
    return ZERO + timedelta(minutes=minute)


def _number(case: Mapping[str, str], column: str) -> float | None:
    return float(case[column]) if case.get(column) else None


def _case_rows(case: Mapping[str, str]) -> list[tuple[str, Row]]:
    stamp = {"time": _time(AT), "available_time": _time(AT)}
    rows: list[tuple[str, Row]] = [
        ("patients", {"age_y": _number(case, "age_y"), "weight_kg": _number(case, "weight_kg")}),
        ("stays", {"start": _time(-1440), "stop": None, "kind": "hospital"}),
    ]
    if case.get("crs_fever_earlier") == "yes":
        then = {"time": _time(EARLIER_FEVER), "available_time": _time(EARLIER_FEVER)}
        rows.append(("measurements", {**then, "variable": "temperature", "value": 38.5}))
    for column, variable in (("temp_c", "temperature"), ("sbp_mmhg", "systolic"), ("spo2_pct", "spo2")):
        if (value := _number(case, column)) is not None:
            rows.append(("measurements", {**stamp, "variable": variable, "value": value}))
    drug = case.get("antipyretic_or_anticytokine_since_onset", "none")
    if drug not in ("", "none", "no"):
        given = {"start": _time(WAIVING_DOSE), "available_time": _time(WAIVING_DOSE)}
        rows.append(("drugs", {**given, "drug": drug, "mode": "dose"}))
    rows += _pressor_rows(case) + _oxygen_rows(case) + _neuro_rows(case, stamp)
    cause = DEATHS.get(case.get("death", ""), "other")
    if cause:  # the state is the last one alive: a death of another cause comes a minute later
        died = _time(AT if cause in ("crs", "icans") else AT + 1)
        rows.append(
            (
                "outcomes",
                {"time": died, "available_time": died, "what": "death", "value": cause, "adjudicated_by": "case"},
            )
        )
    return rows


def _pressor_rows(case: Mapping[str, str]) -> list[tuple[str, Row]]:
    begun = AT - round(60 * (_number(case, "pressor_hours") or 2))
    rows: list[tuple[str, Row]] = []
    for part in _parts(case):
        found = _PRESSOR.match(part)
        assert found is not None  # checked on reading
        for minute in range(begun, AT + 1, 720):  # charted at least every 12 h, as a running order is
            at = {"start": _time(minute), "available_time": _time(minute)}
            rows.append(
                ("drugs", {**at, "drug": found[1], "mode": "infusion", "rate": float(found[2]), "rate_unit": found[3]})
            )
    return rows


def _oxygen_rows(case: Mapping[str, str]) -> list[tuple[str, Row]]:
    device = case.get("o2_device", "")
    if not device:
        return []
    reason = case.get("respiratory_support_reason", "")
    at = {"start": _time(AT), "available_time": _time(AT)}
    settings = {
        "flow_l_min": _number(case, "o2_flow_lpm"),
        "fio2": _number(case, "fio2"),
        "reason": REASONS.get(reason, reason) or None,
    }
    return [("supports", {**at, "device": DEVICES.get(device, device), **settings})]


def _neuro_rows(case: Mapping[str, str], stamp: Row) -> list[tuple[str, Row]]:
    items: dict[str, str] = {
        "ice": case.get("ice", ""),
        "capd": case.get("capd", ""),
        "consciousness": case.get("consciousness", ""),
        "seizure": SEIZURES.get(case.get("seizure", ""), case.get("seizure", "")),
        "motor_weakness": case.get("motor_weakness", ""),
        "oedema": OEDEMAS.get(case.get("icp_oedema", ""), case.get("icp_oedema", "")),
    }
    if case.get("hypotension_attributed_to_crs") == "no":
        items["attribution_hypotension"] = "no"
    if case.get("alternative_cause", "none") not in ("", "none", "no"):
        items |= {f"attribution_{axis}": "no" for axis in ("fever", "hypotension", "oxygen", "neurotoxicity")}
    return [("assessments", {**stamp, "item": item, "value": value}) for item, value in items.items() if value]


assert set(SCALE_OF.values()) <= set(SCALES)
