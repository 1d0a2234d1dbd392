"""What `tocsin grade` does: records to grade runs and episodes, as tables with a summary of what they rest on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tocsin import __version__
from tocsin.evidence import evidence
from tocsin.grading import Grading, grade, scale_named
from tocsin.outputs import refuse_foreign, replace_folder, write_csv, write_parquet, write_text
from tocsin.prepare import Choices, Prepared, prepare
from tocsin.tables import ATTRITION, PARAMETERS

NOT_A_DEVICE = "Research software. Not a medical device; not for diagnosis or treatment decisions."
SUMMARY = "summary.json"
FILES = frozenset({
    "courses.parquet", "grades.parquet", "episodes.parquet", "signs.parquet", "evidence.parquet", "attrition.csv",
    "findings.csv", "account.csv", "parameters.csv", "summary.txt", SUMMARY,
})  # fmt: skip
GRADES = range(6)
_OPEN = 2**30


@dataclass(frozen=True)
class Graded:
    """What was graded, its summary as data, and where it was written."""

    prepared: Prepared
    grading: Grading
    summary: dict[str, Any]
    out: Path
    files: list[Path]


def grade_records(
    choices: Choices,
    out: Path,
    signs: bool = False,
    with_evidence: bool = False,
    step: Callable[[str], None] = lambda _: None,
) -> Graded:
    """Reads, grades and writes `out` (names in `FILES`); with `signs` and `with_evidence` those tables too.

    `step` is told in words what happens next.
    Raises TocsinError (`records.*`, `courses.*`, `outputs.*`) and then has written nothing.
    """
    refuse_foreign(out, FILES, SUMMARY)
    step("reading the records")
    prepared = prepare(choices)
    step("grading")
    grading = grade(prepared.records, prepared.courses, prepared.scales, prepared.parameters, signs or with_evidence)
    tables = _tables(prepared, grading)
    if signs and grading.signs.moments is not None:
        tables["signs.parquet"] = grading.signs.moments
    if with_evidence:
        step("collecting the evidence")
        tables["evidence.parquet"] = evidence(grading, prepared.records, prepared.courses)
    summary = summarise(prepared, grading)
    step("writing")
    files = replace_folder(out, lambda folder: _write(folder, tables, summary), FILES, SUMMARY)
    return Graded(prepared, grading, summary, out.resolve(), files)


def _tables(prepared: Prepared, grading: Grading) -> dict[str, pl.DataFrame]:
    records = prepared.records
    return {
        "courses.parquet": prepared.courses,
        "grades.parquet": grading.grades,
        "episodes.parquet": grading.episodes,
        "attrition.csv": _attrition(prepared, grading),
        "findings.csv": records.findings,
        "account.csv": records.account,
        "parameters.csv": PARAMETERS.frame([dict(row) for row in grading.parameters.rows()]),
    }


def _write(folder: Path, tables: dict[str, pl.DataFrame], summary: dict[str, Any]) -> None:
    for name, frame in tables.items():
        (write_csv if name.endswith(".csv") else write_parquet)(folder / name, frame)
    write_text(folder / SUMMARY, json.dumps(summary, ensure_ascii=False, indent=1) + "\n")
    write_text(folder / "summary.txt", summary_text(summary))


def _attrition(prepared: Prepared, grading: Grading) -> pl.DataFrame:
    """The steps to courses, then the courses in which there is a moment to grade."""
    courses, graded = prepared.courses.height, grading.grades.get_column("course_id").n_unique()
    lost = courses - graded
    why = (
        f"{lost:,} courses without a moment inside a stay from minute 0 on"
        if lost
        else "every course has a moment inside a stay"
    )
    step = {"step": "courses graded", "courses_in": courses, "courses_out": graded, "why": why}
    return pl.concat([prepared.attrition, ATTRITION.frame([step])])


def summarise(prepared: Prepared, grading: Grading) -> dict[str, Any]:
    """Everything the summary says, as data."""
    records, courses = prepared.records, prepared.courses
    with_course = courses.get_column("patient_id").n_unique()
    findings = records.findings
    return {
        "written_by": "tocsin grade",
        "version": __version__,
        "notice": NOT_A_DEVICE,
        "zone": records.zone,
        "time_zero": prepared.time_zero,
        "inputs": dict(sorted(records.hashes.items())),
        "patients": records.patients.height,
        "patients_with_course": with_course,
        "patients_without_course": records.patients.height - with_course,
        "courses": courses.height,
        "courses_without_vitals": courses.height - _with_vitals(prepared),
        "attrition": _attrition(prepared, grading).to_dicts(),
        "findings": findings.height,
        "findings_needing_a_decision": int(findings.get_column("needs_decision").sum()),
        "rows": {
            name: int(records.account.get_column(name).sum()) for name in ("rows", "used", "excluded", "not_needed")
        },
        "parameters_changed": {r["name"]: r["value"] for r in grading.parameters.rows() if r["value"] != r["default"]},
        "scales": {name: _scale_summary(name, grading, courses) for name in prepared.scales},
    }


def _with_vitals(prepared: Prepared) -> int:
    read = prepared.records.measurements.filter(
        pl.col("variable").is_in(["temperature", "systolic", "mean_pressure", "spo2"])
    )
    of = prepared.courses.select("course_id", "patient_id", "time_zero", "ends")
    inside = (pl.col("time") >= pl.col("time_zero")) & (pl.col("ends").is_null() | (pl.col("time") < pl.col("ends")))
    return read.join(of, on="patient_id").filter(inside).get_column("course_id").n_unique()


def _scale_summary(name: str, grading: Grading, courses: pl.DataFrame) -> dict[str, Any]:
    scale = scale_named(name)
    runs = grading.grades.filter(pl.col("scale") == name)
    episodes = grading.episodes.filter(pl.col("scale") == name)
    closed = runs.filter(pl.col("to").is_not_null(), pl.col("grade") < 5)
    hours = closed.with_columns(hours=(pl.col("to") - pl.col("from")) / 60)
    worst = runs.group_by("course_id").agg(pl.col("grade").max())
    flags = {
        flag: round(_sum(hours.filter(pl.col("flags").str.split(" ").list.contains(flag))), 2) for flag in scale.flags
    }
    return {
        "title": scale.title,
        "source": str(scale.source),
        "hash": scale.hash,
        "courses_graded": worst.height,
        "courses_by_max_grade": {str(g): worst.filter(pl.col("grade") == g).height for g in GRADES},
        "episodes_by_max_grade": {str(g): episodes.filter(pl.col("max_grade") == g).height for g in GRADES},
        "hours": round(_sum(hours), 2),
        "hours_proved": {str(g): round(_sum(hours.filter(pl.col("grade") == g)), 2) for g in range(5)},
        "hours_at_most": {str(g): round(_sum(hours.filter(pl.col("grade_at_most") == g)), 2) for g in range(5)},
        "hours_by_flag": {flag: value for flag, value in flags.items() if value},
        "open_runs": runs.filter(pl.col("to").is_null(), pl.col("grade") < 5).height,
        "courses_without_grade": courses.height - worst.height,
    }


def _sum(hours: pl.DataFrame) -> float:
    return float(hours.get_column("hours").sum())


def headline(summary: dict[str, Any]) -> str:
    """Who was graded from when, in one line."""
    who = f"{summary['courses']:,} courses of {summary['patients_with_course']:,} of {summary['patients']:,} patients"
    return f"{who}; minute 0: {summary['time_zero']}; zone: {summary['zone']}"


def scale_rows(scale: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Rows of the printed table: label, and a cell for each of the grades 0 to 5."""

    def counts(name: str) -> list[str]:
        return [f"{scale[name][str(g)]:,}" for g in GRADES]

    def hours(name: str) -> list[str]:
        return [f"{scale[name].get(str(g), 0):,.0f}" if g < 5 else "" for g in GRADES]

    return [
        ("courses by highest proved grade", counts("courses_by_max_grade")),
        ("episodes by highest proved grade", counts("episodes_by_max_grade")),
        ("hours at the proved grade", hours("hours_proved")),
        ("hours at the grade not excluded", hours("hours_at_most")),
    ]


def notes(summary: dict[str, Any]) -> list[str]:
    """What to know beside the table, one line each."""
    made = [
        f"{step['step']}: {step['courses_out']:,} of {step['courses_in']:,}; {step['why']}"
        for step in summary["attrition"]
    ]
    if summary["courses_without_vitals"]:
        made.append(
            f"{summary['courses_without_vitals']:,} courses have no vital sign at all: only bounds are known there"
        )
    if summary["findings_needing_a_decision"]:
        made.append(f"{summary['findings_needing_a_decision']:,} findings need a decision: see findings.csv")
    if summary["parameters_changed"]:
        made.append(
            "changed: " + ", ".join(f"{name} = {value}" for name, value in summary["parameters_changed"].items())
        )
    for scale in summary["scales"].values():
        flagged = ", ".join(f"{flag.replace('_', ' ')} {hours:,.0f}" for flag, hours in scale["hours_by_flag"].items())
        made += [f"{scale['title']}, hours flagged: {flagged}"] if flagged else []
        if scale["open_runs"]:
            made.append(f"{scale['title']}: {scale['open_runs']:,} runs are still open and add no hours")
    return made


def summary_text(summary: dict[str, Any]) -> str:
    """The summary as a plain text file."""
    lines = [f"tocsin grade {summary['version']}", NOT_A_DEVICE, "", headline(summary), ""]
    for scale in summary["scales"].values():
        lines += [f"{scale['title']}  (hash {scale['hash']})", f"{'':34}" + "".join(f"{g:>10}" for g in GRADES)]
        lines += [f"{label:34}" + "".join(f"{cell:>10}" for cell in cells) for label, cells in scale_rows(scale)]
        lines.append("")
    lines += [f"- {note}" for note in notes(summary)]
    lines += ["", "inputs (sha256):", *(f"  {value}  {name}" for name, value in summary["inputs"].items())]
    return "\n".join(lines) + "\n"
