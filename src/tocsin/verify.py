"""Worked cases: a file of states with expected grades, graded the whole way from records, every disagreement listed."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tocsin import vocabulary
from tocsin.errors import Problem, TocsinError, rows_phrase
from tocsin.grades import SCALES
from tocsin.grading import grade
from tocsin.tables import COURSES, RECORD_TABLES, Records

ZERO = datetime(2020, 1, 1, tzinfo=UTC)
AT = 4 * 1440  # the state of a case is charted on day 4
EARLIER_FEVER, WAIVING_DOSE = AT - 720, AT - 600
SCALE_OF = {
    "exp_astct": "astct_crs", "exp_lee2014": "lee2014_crs", "exp_penn": "penn2018_crs", "exp_ctcae403": "ctcae403_crs",
    "exp_ctcae5": "ctcae5_crs", "exp_ctcae6": "ctcae6_crs", "exp_mskcc": "mskcc_crs", "exp_cartox": "cartox_crs",
    "exp_china": "china2023_crs", "exp_icans": "astct_icans", "exp_cres": "cres",
}  # fmt: skip
CHARTED_GRADES = {
    "creatinine_ctcae_grade": "ctcae_creatinine", "transaminase_ctcae_grade": "ctcae_transaminase",
    "other_organ_ctcae_grade": "ctcae_organ",
}  # fmt: skip
BOLUS_ML = 500
AXES = ("fever", "hypotension", "oxygen", "neurotoxicity", "organ")
DEVICES = {"imv": "ventilator", "niv": "bipap", "simple_face_mask": "simple_mask"}
# words of a case file, told by a part of them: the first that is found counts
SPELLINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "seizure": (
        ("none", "none"),
        ("status", "prolonged"),
        ("prolong", "prolonged"),
        ("over_5", "prolonged"),
        ("repet", "repetitive"),
        ("nonconv", "nonconvulsive"),
        ("non_conv", "nonconvulsive"),
        ("eeg", "nonconvulsive"),
        ("partial", "resolved_partial"),
        ("focal", "resolved_partial"),
        ("general", "resolved_generalised"),
        ("tonic", "resolved_generalised"),
        ("brief", "resolved"),
        ("resol", "resolved"),
        ("rapid", "resolved"),
    ),
    "icp_oedema": (
        ("none", "none"),
        ("focal", "focal"),
        ("diffuse", "diffuse"),
        ("papill", "raised_pressure"),
        ("cush", "raised_pressure"),
        ("postur", "raised_pressure"),
        ("decer", "raised_pressure"),
        ("decor", "raised_pressure"),
        ("sixth", "raised_pressure"),
        ("pressure", "raised_pressure"),
    ),
    "consciousness": (
        ("unarous", "unarousable"),
        ("coma", "unarousable"),
        ("obtund", "unarousable"),
        ("stupor", "unarousable"),
        ("voice", "to_voice"),
        ("touch", "to_touch"),
        ("sedat", "sedated"),
        ("awake", "awake"),
        ("spont", "awake"),
        ("alert", "awake"),
    ),
    "respiratory_support_reason": (
        ("airway", "airway_protection"),
        ("apnoea", "known_sleep_apnoea"),
        ("apnea", "known_sleep_apnoea"),
        ("home", "known_sleep_apnoea"),
        ("oper", "procedure"),
        ("proced", "procedure"),
        ("crs", "crs_hypoxia"),
        ("hypox", "crs_hypoxia"),
        ("unknown", "unknown"),
    ),
    "motor_weakness": (("no", "no"), ("yes", "yes")),
    "crs_fever_earlier": (("no", "no"), ("yes", "yes")),
    "hypotension_attributed_to_crs": (("no", "no"), ("yes", "yes")),
    "coagulopathy_blood_product": (("no", "no"), ("yes", "yes")),
    "hospitalised_for_neutropenic_fever_or_iv_therapy": (("no", "none"), ("yes", "iv_therapy")),
}
DEATHS = (("crs", "crs"), ("yes", "crs"), ("icans", "icans"), ("neuro", "icans"))
UNCHARTED = ("", "unknown", "not_charted")
NOTHING = ("", "none", "no")
_PRESSOR = re.compile(r"^\s*([a-z_]+)\s*=\s*([\d.]+)\s*(ug/kg/min|ug/min|U/min|mg/h|mg|ug|U)\s*$")
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
    open_ = pl.col("to").is_null()
    alive = grades.filter((pl.col("from") <= AT) & (open_ | (pl.col("to") > AT)), pl.col("grade") < 5)
    dead = grades.filter(pl.col("grade") == 5)
    now = pl.concat([alive.join(dead, on=["course_id", "scale"], how="anti"), dead])
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
    ungraded = pl.col("expected").is_null() & (pl.col("grade") < pl.col("grade_at_most"))
    return both.filter(~(exact.fill_null(False) | ungraded.fill_null(False)))


def checked(path: Path | str) -> tuple[int, list[str], list[str]]:
    """Number of cases, scales that are checked, and expectation columns for which there is no scale yet."""
    cases = _read(Path(path))
    columns = [c for c in (cases[0] if cases else {}) if c.startswith("exp_")]
    return len(cases), [SCALE_OF[c] for c in columns if c in SCALE_OF], [c for c in columns if c not in SCALE_OF]


def _read(path: Path) -> list[Row]:
    if not path.is_file():
        raise TocsinError.of("verify.file-missing", f"{path.name}: there is no such file.", "", "Name a CSV of cases.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            cases = [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TocsinError.of(
            "verify.unreadable", f"{path.name} cannot be read as CSV.", "", "Give a UTF-8 CSV file."
        ) from error
    problems = _file_problems(path.name, cases)
    if not problems:
        problems = [p for number, case in enumerate(cases, 1) for p in _case_problems(path.name, number, case)]
    if problems:
        raise TocsinError(problems)
    return cases


def _file_problems(file: str, cases: list[Row]) -> list[Problem]:
    see = "See docs/verify.md for the columns."
    if not cases:
        return [Problem("verify.empty", f"{file} holds no case.", "Nothing was checked.", see)]
    missing = [name for name in NEEDED if name not in cases[0]]
    found = [Problem("verify.column-missing", f'{file}: column "{name}" is missing.', "", see) for name in missing]
    if not any(column in cases[0] for column in SCALE_OF):
        columns = " or ".join(SCALE_OF)
        found.append(
            Problem("verify.no-expectation", f"{file}: no column {columns}.", "Nothing would be checked.", see)
        )
    if not found:
        names = [case["case_id"] for case in cases]
        rows = [k for k, name in enumerate(names, 1) if not name or name in names[: k - 1]]
        if rows:
            where = rows_phrase(len(rows), len(names), rows[0])
            found.append(
                Problem(
                    "verify.case-id",
                    f'{file}, column "case_id": empty or used twice in {where}.',
                    "",
                    "Name each case once.",
                )
            )
    return found


_RANGES = {
    "age_y": (0, 130),
    "weight_kg": (0.3, 400),
    "temp_c": (25, 45),
    "sbp_mmhg": (0, 300),
    "spo2_pct": (0, 100),
    "o2_flow_lpm": (0, 80),
    "fio2": (0.2, 1),
    "pressor_hours": (0.01, 2000),
    "ice": (0, 10),
    "capd": (0, 32),
    "cartox10": (0, 10),
    "fluid_boluses_n": (0, 20),
    **dict.fromkeys(CHARTED_GRADES, (0, 4)),
}


def _word(case: Mapping[str, str], column: str) -> str | None:
    """Our word for a cell; empty for an empty cell, None if it is not understood."""
    cell = case.get(column, "").strip().lower().replace(" ", "_").replace("-", "_")
    if not cell:
        return ""
    return next((ours for part, ours in SPELLINGS[column] if part in cell), None)


def _case_problems(file: str, number: int, case: Mapping[str, str]) -> list[Problem]:
    found: list[Problem] = []

    def bad(column: str, do: str) -> None:
        found.append(Problem("verify.value", f'{file}, row {number}, column "{column}": not understood.', "", do))

    for column, (low, high) in _RANGES.items():
        if case.get(column) and not _in_range(case[column], low, high):
            bad(column, f"Give a number from {low:g} to {high:g}, or leave it empty.")
    for column in SCALE_OF:
        if case.get(column) and case[column] not in tuple("012345"):
            bad(column, "Give a grade 0 to 5, or leave it empty for not gradable.")
    for column, spellings in SPELLINGS.items():
        if _word(case, column) is None:
            bad(column, f"Use one of {', '.join(dict.fromkeys(ours for _, ours in spellings))}.")
    for part in _parts(case):
        match = _PRESSOR.match(part)
        if match is None or vocabulary.drug(match[1]) is None:
            bad(
                "vasopressors",
                "Write name=rate unit, joined by ;  e.g. norepinephrine=0.05ug/kg/min  (mg, ug, U: one dose).",
            )
    if case["o2_device"] not in UNCHARTED and _device(case["o2_device"]) is None:
        bad("o2_device", "Use a device of docs/vocabulary.md.")
    if any(vocabulary.drug(word) is None for word in _given(case)):
        bad("antipyretic_or_anticytokine_since_onset", "Use none, or a drug of docs/vocabulary.md.")
    return found


def _given(case: Mapping[str, str]) -> list[str]:
    words = re.split("[;,+]", case.get("antipyretic_or_anticytokine_since_onset", ""))
    return [word.strip() for word in words if word.strip() not in NOTHING]


def _in_range(text: str, low: float, high: float) -> bool:
    try:
        return low <= float(text) <= high
    except ValueError:
        return False


def _drug(word: str) -> str:
    found = vocabulary.drug(word)
    return found.name if found else word


def _device(word: str) -> str | None:
    found = vocabulary.device(DEVICES.get(word, word)) or vocabulary.device(word.replace("_", " "))
    return found.name if found else None


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
    if _word(case, "crs_fever_earlier") == "yes":
        then = {"time": _time(EARLIER_FEVER), "available_time": _time(EARLIER_FEVER)}
        rows.append(("measurements", {**then, "variable": "temperature", "value": 38.5}))
    for column, variable in (("temp_c", "temperature"), ("sbp_mmhg", "systolic"), ("spo2_pct", "spo2")):
        if (value := _number(case, column)) is not None:
            rows.append(("measurements", {**stamp, "variable": variable, "value": value}))
    for drug in _given(case):
        given = {"start": _time(WAIVING_DOSE), "available_time": _time(WAIVING_DOSE)}
        rows.append(("drugs", {**given, "drug": _drug(drug), "mode": "dose"}))
    rows += _pressor_rows(case) + _treatment_rows(case) + _oxygen_rows(case) + _judged_rows(case, stamp)
    died = case.get("death", "").lower()
    cause = next((ours for part, ours in DEATHS if part in died), None if died in NOTHING else "other")
    if cause:  # the state is the last one alive: death comes a minute later
        died = _time(AT + 1)
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
        if found[3] in ("mg", "ug", "U"):  # a single dose, which is no running vasopressor
            once = {"start": _time(AT), "available_time": _time(AT), "dose": float(found[2]), "dose_unit": found[3]}
            rows.append(("drugs", {**once, "drug": _drug(found[1]), "mode": "dose"}))
            continue
        for minute in range(begun, AT + 1, 720):  # charted at least every 12 h, as a running order is
            at = {"start": _time(minute), "available_time": _time(minute)}
            rows.append(
                (
                    "drugs",
                    {**at, "drug": _drug(found[1]), "mode": "infusion", "rate": float(found[2]), "rate_unit": found[3]},
                )
            )
    return rows


def _treatment_rows(case: Mapping[str, str]) -> list[tuple[str, Row]]:
    """Fluid boluses in the hours before, and a coagulation product."""
    rows: list[tuple[str, Row]] = []
    for k in range(round(_number(case, "fluid_boluses_n") or 0)):
        at = {"start": _time(AT - 20 * (k + 1)), "available_time": _time(AT - 20 * (k + 1))}
        rows.append(("drugs", {**at, "drug": "sodium_chloride", "mode": "dose", "dose": BOLUS_ML, "dose_unit": "mL"}))
    if _word(case, "coagulopathy_blood_product") == "yes":
        at = {"start": _time(AT - 60), "available_time": _time(AT - 60)}
        rows.append(("drugs", {**at, "drug": "plasma", "mode": "dose"}))
    return rows


def _oxygen_rows(case: Mapping[str, str]) -> list[tuple[str, Row]]:
    device = case.get("o2_device", "")
    if device in UNCHARTED:
        return []
    at = {"start": _time(AT), "available_time": _time(AT)}
    settings = {
        "flow_l_min": _number(case, "o2_flow_lpm"),
        "fio2": _number(case, "fio2"),
        "reason": _word(case, "respiratory_support_reason") or None,
    }
    return [("supports", {**at, "device": _device(device), **settings})]


def _judged_rows(case: Mapping[str, str], stamp: Row) -> list[tuple[str, Row]]:
    """Neurology, charted organ grades, care and the reviewer's word on the cause."""
    items: dict[str, str] = {item: case.get(item, "") for item in ("ice", "capd", "cartox10")}
    items |= {item: case.get(column, "") for column, item in CHARTED_GRADES.items()}
    items["crs_care"] = _word(case, "hospitalised_for_neutropenic_fever_or_iv_therapy") or ""
    items |= {item: _word(case, item) or "" for item in ("consciousness", "seizure", "motor_weakness")}
    items["oedema"] = _word(case, "icp_oedema") or ""
    items["papilloedema"] = "none" if items["oedema"] == "none" else ""
    if _word(case, "hypotension_attributed_to_crs") == "no":
        items["attribution_hypotension"] = "no"
    if case.get("alternative_cause", "none") not in ("", "none", "no"):
        items |= {f"attribution_{axis}": "no" for axis in AXES}
    return [("assessments", {**stamp, "item": item, "value": value}) for item, value in items.items() if value]


assert set(SCALE_OF.values()) <= set(SCALES)
