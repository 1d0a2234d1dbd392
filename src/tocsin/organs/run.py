"""What `tocsin organs` does: records to organ grades, as tables with what they rest on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tocsin import __version__
from tocsin.ctcae import TERMS, bands, bounds
from tocsin.organs.limits import LIMITS, default_limits, limits_of_courses, read_limits
from tocsin.organs.parameters import OrganParameters
from tocsin.organs.readings import (
    BASELINES,
    TERM_OF,
    all_readings,
    baselines,
    fever_hours,
    lymphodepletion,
    oxygen_at,
)
from tocsin.outputs import refuse_foreign, replace_folder, write_csv, write_parquet, write_text
from tocsin.prepare import NO_COURSE, Choices, Prepared, prepare
from tocsin.signs import Parameters
from tocsin.tables import ATTRITION, PARAMETERS, Records
from tocsin.tables.contract import MINUTE, F, I, S, Table, may, need

NOT_A_DEVICE = "Research software. Not a medical device; not for diagnosis or treatment decisions."
SUMMARY = "organs.json"
FILES = frozenset({
    "readings.parquet", "worst.csv", "worst.parquet", "limits.csv", "attrition.csv", "findings.csv", "account.csv",
    "parameters.csv", "summary.txt", SUMMARY,
})  # fmt: skip
_GRADE: dict[str, Any] = {"low": 0, "high": 4}
READINGS = Table(
    "organ_readings",
    "every reading at or after minute 0 with its CTCAE grade, and what the grade rests on",
    (
        need("course_id", S, "course"),
        need("term", S, "CTCAE term", choices=TERMS),
        need("version", S, "CTCAE version"),
        need("minute", MINUTE, "read; charted to the day: 12:00 of it", "min"),
        need("day", I, "days since minute 0; the first 24 h are day 0", "d"),
        need("precision", S, "what the source resolves", choices=("minute", "day")),
        need("value", F, "in the unit of the variable"),
        need("grade", pl.Int8, "what is proved", **_GRADE),
        need("grade_at_most", pl.Int8, "what cannot be excluded because a piece is missing", **_GRADE),
        may("low_limit", F, "lower limit used; null = not known, or it differs by a sex that is not told"),
        may("high_limit", F, "upper limit used; null as above"),
        need("limits_from", S, "where from", choices=("default", "file", "either_sex", "none", "not_used")),
        may("baseline", F, "baseline used"),
        may("baseline_minute", MINUTE, "when it was read", "min"),
        need("baseline_from", S, "which reading it is", choices=(*BASELINES, "not_used")),
        may("hours_above_40", F, "fever: how long it has lasted; null = not above, or not known", "h", low=0),
        need("source", S, "file the reading came from"),
        need("source_row", pl.Int64, "row in that file", low=1),
    ),
)
WORST = Table(
    "organ_worst",
    "the worst grade of each term in each course, over its readings; between readings nothing is known",
    (
        need("course_id", S, "course"),
        need("term", S, "CTCAE term", choices=TERMS),
        need("version", S, "CTCAE version"),
        need("readings", I, "readings graded", low=0),
        may("grade", pl.Int8, "highest proved; null without a reading", **_GRADE),
        may("grade_at_most", pl.Int8, "highest that cannot be excluded in a reading; null without one", **_GRADE),
        may("minute", MINUTE, "first reading with the highest proved grade", "min"),
        may("day", I, "its day; the first 24 h are day 0", "d"),
        may("value", F, "its value"),
    ),
    ("course_id", "term"),
)


@dataclass(frozen=True)
class Organs:
    """Grades of readings and the worst of each term; `left_out` counts those that may be before or after minute 0."""

    version: str
    readings: pl.DataFrame
    worst: pl.DataFrame
    limits: pl.DataFrame
    parameters: OrganParameters
    left_out: int


def organs(
    records: Records,
    courses: pl.DataFrame,
    version: str,
    limits: pl.DataFrame | None = None,
    own: OrganParameters | None = None,
    parameters: Parameters | None = None,
) -> Organs:
    """Organ grades of all courses by one CTCAE version.

    Unknown limits or baselines widen the bounds. A reading charted to the day that minute 0 falls on is left out and
    counted. Raises TocsinError `ctcae.version-unknown`.
    """
    own, parameters = own or OrganParameters(), parameters or Parameters()
    limits = LIMITS.check(default_limits() if limits is None else limits)
    bands(TERMS[0], version)
    rows = all_readings(records, courses, parameters)
    left_out = rows.filter(~pl.col("after"), ~pl.col("before")).height
    base = baselines(rows, lymphodepletion(records, courses, own), own)
    graded = rows.filter("after").with_row_index("place")
    graded = graded.join(base, on=["course_id", "variable"], how="left")
    graded = graded.join(fever_hours(rows, own).with_columns(variable=pl.lit("temperature")),
                         on=["course_id", "minute", "variable"], how="left")  # fmt: skip
    saturation = oxygen_at(graded.filter(pl.col("variable") == "spo2"), records, courses, parameters)
    graded = pl.concat([graded.filter(pl.col("variable") != "spo2"), saturation.drop("from", "to")], how="diagonal")
    graded = graded.join(limits_of_courses(limits, courses, records.patients), on=["course_id", "variable"], how="left")
    readings = _tidy(_one_limit(_grade(graded, version, own)), version, own)
    return Organs(version, readings, _worst(readings, courses, version), limits, own, left_out)


def _grade(rows: pl.DataFrame, version: str, own: OrganParameters) -> pl.DataFrame:
    """Adds `grade` and `grade_at_most`, term by term."""
    parts: list[pl.DataFrame] = []
    for variable, term in TERM_OF.items():
        part = rows.filter(pl.col("variable") == variable)
        if part.is_empty():
            continue
        proved, at_most = bounds(
            term, version, pl.col("value"), low_limit=pl.col("low"), high_limit=pl.col("high"),
            baseline=pl.col("baseline"), hours=pl.col("hours"), oxygen=pl.col("oxygen"),
            oxygen_at_most=pl.col("oxygen_at_most"), fibrinogen_fall=own.fibrinogen_fall,
        )  # fmt: skip
        parts.append(part.with_columns(pl.lit(term).alias("term"), grade=proved, grade_at_most=at_most))
    empty = {"term": pl.String, "grade": pl.Int8, "grade_at_most": pl.Int8}
    return pl.concat(parts) if parts else rows.with_columns(pl.lit(None, t).alias(n) for n, t in empty.items())


def _one_limit(rows: pl.DataFrame) -> pl.DataFrame:
    """A reading of a patient of untold sex was graded by both limits: the least proved, the most not excluded."""
    changed = ("place", "low", "high", "limits_from", "grade", "grade_at_most")
    alone = pl.len() == 1
    return rows.group_by("place", maintain_order=True).agg(
        *(pl.col(name).first() for name in rows.columns if name not in changed),
        low=pl.when(alone).then(pl.col("low").first()),
        high=pl.when(alone).then(pl.col("high").first()),
        limits_from=pl.when(alone).then(pl.col("limits_from").first()).otherwise(pl.lit("either_sex")),
        grade=pl.col("grade").min(),
        grade_at_most=pl.col("grade_at_most").max(),
    )


def _tidy(rows: pl.DataFrame, version: str, own: OrganParameters) -> pl.DataFrame:
    """In the contract's shape; limits and baselines that the bands of a term do not look at are not shown."""
    looks = {
        term: " ".join(" ".join((line.when, *line.cells)) for line in bands(term, version, own.fibrinogen_fall))
        for term in TERMS
    }
    low, high, base = (
        pl.col("term").is_in([t for t, words in looks.items() if w in words]) for w in ("LLN", "ULN", "BL")
    )
    made = rows.select(
        "course_id", "term", "minute", "precision", "value", "grade", "grade_at_most", "source", "source_row",
        version=pl.lit(version),
        day=(pl.col("minute") // 1440).cast(I),
        low_limit=pl.when(low).then("low"),
        high_limit=pl.when(high).then("high"),
        limits_from=pl.when(low | high).then("limits_from").otherwise(pl.lit("not_used")),
        baseline=pl.when(base).then("baseline"),
        baseline_minute=pl.when(base).then("baseline_minute"),
        baseline_from=pl.when(base).then(pl.col("baseline_from").fill_null("none")).otherwise(pl.lit("not_used")),
        hours_above_40="hours",
    )  # fmt: skip
    return READINGS.check(READINGS.frame(made.sort("course_id", "term", "minute", "value", "source_row")))


def _worst(readings: pl.DataFrame, courses: pl.DataFrame, version: str) -> pl.DataFrame:
    every = courses.select("course_id").join(pl.DataFrame({"term": TERMS}), how="cross")
    worst = pl.col("grade").max()
    at = pl.col("grade").arg_max()  # the first of equal ones: readings are sorted by minute
    found = readings.group_by("course_id", "term", maintain_order=True).agg(
        readings=pl.len().cast(I),
        grade=worst,
        grade_at_most=pl.col("grade_at_most").max(),
        minute=pl.col("minute").gather(at).first(),
        day=pl.col("day").gather(at).first(),
        value=pl.col("value").gather(at).first(),
    )
    made = every.join(found, on=["course_id", "term"], how="left").with_columns(
        pl.col("readings").fill_null(0), version=pl.lit(version)
    )
    return WORST.check(WORST.frame(made.sort("course_id", "term")))


@dataclass(frozen=True)
class Written:
    """What was graded, its summary as text, and where it was written."""

    organs: Organs
    text: str
    out: Path
    files: list[Path]


def organs_records(
    choices: Choices,
    out: Path,
    version: str,
    limits: Path | None = None,
    own: OrganParameters | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> Written:
    """Reads, grades and writes `out` (names in `FILES`); `step` is told in words what happens next.

    Raises TocsinError (`records.*`, `courses.*`, `organs.*`, `ctcae.*`, `outputs.*`) and then has written nothing.
    """
    refuse_foreign(out, FILES, SUMMARY)
    bands(TERMS[0], version)
    table = read_limits(limits)
    step("reading the records")
    prepared = prepare(choices)
    step("grading organs")
    made = organs(prepared.records, prepared.courses, version, table, own, prepared.parameters)
    summary = summarise(prepared, made)
    text = summary_text(summary)
    step("writing")
    files = replace_folder(out, lambda folder: _write(folder, prepared, made, summary, text), FILES, SUMMARY)
    return Written(made, text, out.resolve(), files)


def _write(folder: Path, prepared: Prepared, made: Organs, summary: dict[str, Any], text: str) -> None:
    write_parquet(folder / "readings.parquet", made.readings)
    write_parquet(folder / "worst.parquet", made.worst)
    rows = [*made.parameters.rows(), *prepared.parameters.rows()]
    for name, frame in (
        ("worst", made.worst),
        ("limits", made.limits),
        ("attrition", ATTRITION.frame(summary["attrition"])),
        ("findings", prepared.records.findings),
        ("account", prepared.records.account),
        ("parameters", PARAMETERS.frame([dict(row) for row in rows])),
    ):
        write_csv(folder / f"{name}.csv", frame)
    write_text(folder / SUMMARY, json.dumps(summary, ensure_ascii=False, indent=1) + "\n")
    write_text(folder / "summary.txt", text)


def summarise(prepared: Prepared, made: Organs) -> dict[str, Any]:
    """Everything the summary says, as data."""
    courses, seen = prepared.courses.height, made.readings.get_column("course_id").n_unique()
    why = "at least one reading of a graded variable at or after minute 0"
    step = {"step": "courses with a reading", "courses_in": courses, "courses_out": seen, "why": why}
    rows = [*made.parameters.rows(), *prepared.parameters.rows()]
    return {
        "written_by": "tocsin organs",
        "program_version": __version__,
        "notice": NOT_A_DEVICE,
        "ctcae": made.version,
        "time_zero": prepared.time_zero,
        "zone": prepared.records.zone,
        "inputs": dict(sorted(prepared.records.hashes.items())),
        "courses": courses,
        "attrition": [*prepared.attrition.to_dicts(), step],
        "readings": made.readings.height,
        "readings_left_out": made.left_out,
        "limits_from_file": sorted(set(made.limits.filter(pl.col("limits_from") == "file").get_column("variable"))),
        "readings_without_limits": made.readings.filter(pl.col("limits_from").is_in(["none", "either_sex"])).height,
        "readings_without_baseline": made.readings.filter(pl.col("baseline_from") == "none").height,
        "findings_needing_a_decision": int(prepared.records.findings.get_column("needs_decision").sum()),
        "parameters_changed": {row["name"]: row["value"] for row in rows if row["value"] != row["default"]},
        "terms": {term: _term_summary(made, term) for term in TERMS},
    }


def _term_summary(made: Organs, term: str) -> dict[str, Any]:
    rows = made.worst.filter(pl.col("term") == term)
    return {
        "bands": [
            {"when": line.when, "cells": line.cells, "tag": line.tag, "source": str(line.source)}
            for line in bands(term, made.version, made.parameters.fibrinogen_fall)
        ],
        "readings": int(rows.get_column("readings").sum()),
        "courses_without_reading": rows.filter(pl.col("grade").is_null()).height,
        "proved": {str(g): rows.filter(pl.col("grade") == g).height for g in range(5)},
        "at_most": {str(g): rows.filter(pl.col("grade_at_most") == g).height for g in range(5)},
    }


def summary_text(summary: dict[str, Any]) -> str:
    """The summary as plain text: what is printed and what stands in summary.txt."""
    lines = [
        f"tocsin organs {summary['program_version']}, CTCAE {summary['ctcae']}", NOT_A_DEVICE, "",
        f"{summary['courses']:,} courses; minute 0: {summary['time_zero']}; courses by the worst grade of a reading,",
        "proved (and what cannot be excluded)", "",
        f"{'':12}" + "".join(f"{'grade ' + str(g):>14}" for g in range(5)) + f"{'no reading':>12}{'tag':>5}",
    ]  # fmt: skip
    for term, found in summary["terms"].items():
        pairs = [f"{found['proved'][str(g)]:,} ({found['at_most'][str(g)]:,})" for g in range(5)]
        cells = "".join(f"{pair:>14}" for pair in pairs)
        tags = "/".join(dict.fromkeys(line["tag"] for line in found["bands"]))
        lines.append(f"{term:12}{cells}{found['courses_without_reading']:>12,}{tags:>5}")
    lines += ["", *(f"- {note}" for note in _notes(summary))]
    lines += ["", "inputs (sha256):", *(f"  {value}  {name}" for name, value in summary["inputs"].items())]
    return "\n".join(lines) + "\n"


def _notes(summary: dict[str, Any]) -> list[str]:
    own = summary["limits_from_file"]
    made = [
        f"limits of {', '.join(own)} from the file, all others are defaults (R)"
        if own
        else "all limits are defaults (R), not your laboratory's: give yours with --limits FILE.csv",
        *([] if summary["courses"] else [NO_COURSE]),
    ]
    for key, words in (
        ("readings_without_limits", "readings without a limit (age or sex unknown, a child, none given): wider bounds"),
        (
            "readings_without_baseline",
            "laboratory readings without a baseline: wider bounds where the version needs one",
        ),
        ("readings_left_out", "readings charted to the day of minute 0: before or after it is not known, left out"),
        ("findings_needing_a_decision", "findings need a decision: see findings.csv"),
    ):
        made += [f"{summary[key]:,} {words}"] if summary[key] else []
    if changed := summary["parameters_changed"]:
        made.append("changed: " + ", ".join(f"{name} = {value}" for name, value in changed.items()))
    return made
