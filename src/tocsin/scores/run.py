"""What `tocsin scores` does: records to tidy scores, with the parameters and what was wrong with the records."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tocsin import __version__
from tocsin.grading import grade
from tocsin.outputs import refuse_foreign, replace_folder, write_csv, write_parquet, write_text
from tocsin.prepare import Choices, Prepared, prepare
from tocsin.scores.catalogue import CATALOGUE, FROM_RECORDS, NEEDS_MORE, NOT_SHIPPED
from tocsin.scores.parameters import ScoreParameters
from tocsin.scores.rows import ASSUMED, DAY, SCREEN, score_rows
from tocsin.tables import PARAMETERS, Records

NOT_A_DEVICE = "Research software. Not a medical device; not for diagnosis or treatment decisions."
SUMMARY, CRS_SCALE = "summary.json", "astct_crs"
FILES = frozenset({
    "scores.csv", "scores.parquet", "parameters.csv", "attrition.csv", "findings.csv", "account.csv", SUMMARY,
})  # fmt: skip
SPREAD = ((0.0, "lowest"), (0.5, "median"), (1.0, "highest"))


@dataclass(frozen=True)
class Scored:
    """The scores, their summary as data, and where they were written."""

    prepared: Prepared
    scores: pl.DataFrame
    summary: dict[str, Any]
    out: Path
    files: list[Path]


def score_records(
    choices: Choices, out: Path, parameters: ScoreParameters | None = None, step: Callable[[str], None] = lambda _: None
) -> Scored:
    """Reads, scores and writes `out` (names in `FILES`). CRS for the IEC-HS screen is graded by ASTCT.

    `step` is told in words what happens next.
    Raises TocsinError (`records.*`, `courses.*`, `outputs.*`) and then has written nothing.
    """
    parameters = parameters or ScoreParameters()
    refuse_foreign(out, FILES, SUMMARY)
    step("reading the records")
    prepared = prepare(choices)
    step("grading")
    scores = scores_of(prepared, parameters)
    summary = summarise(prepared, scores, parameters)
    step("writing")
    tables = {"scores.csv": scores, "scores.parquet": scores, **_paper(prepared, prepared.records, parameters)}
    files = replace_folder(out, lambda folder: _write(folder, tables, summary), FILES, SUMMARY)
    return Scored(prepared, scores, summary, out.resolve(), files)


def scores_of(prepared: Prepared, parameters: ScoreParameters) -> pl.DataFrame:
    """All scores of prepared records."""
    graded = grade(prepared.records, prepared.courses, (CRS_SCALE,), prepared.parameters).grades
    return score_rows(prepared.records, prepared.courses, graded, parameters)


def _paper(prepared: Prepared, records: Records, parameters: ScoreParameters) -> dict[str, pl.DataFrame]:
    rows = [dict(row) for row in (*parameters.rows(), *prepared.parameters.rows())]
    return {
        "parameters.csv": PARAMETERS.frame(rows),
        "attrition.csv": prepared.attrition,
        "findings.csv": records.findings,
        "account.csv": records.account,
    }


def _write(folder: Path, tables: dict[str, pl.DataFrame], summary: dict[str, Any]) -> None:
    for name, frame in tables.items():
        (write_csv if name.endswith(".csv") else write_parquet)(folder / name, frame)
    write_text(folder / SUMMARY, json.dumps(summary, ensure_ascii=False, indent=1) + "\n")


def summarise(prepared: Prepared, scores: pl.DataFrame, parameters: ScoreParameters) -> dict[str, Any]:
    """Everything the summary says, as data."""
    records = prepared.records
    return {
        "written_by": "tocsin scores",
        "version": __version__,
        "notice": NOT_A_DEVICE,
        "zone": records.zone,
        "time_zero": prepared.time_zero,
        "inputs": dict(sorted(records.hashes.items())),
        "patients": records.patients.height,
        "courses": prepared.courses.height,
        "parameters_changed": {r["name"]: r["value"] for r in parameters.rows() if r["value"] != r["default"]},
        "scores": [_summary_row(scores, *kind) for kind in _kinds(scores)],
        "notes": [*_assumed(scores, parameters), NOT_SHIPPED, NEEDS_MORE],
    }


def _assumed(scores: pl.DataFrame, parameters: ScoreParameters) -> list[str]:
    """That lymphodepletion had to be placed, if it had."""
    flagged = scores.filter(pl.col("flags").str.split(" ").list.contains(ASSUMED)).get_column("course_id").n_unique()
    day = parameters.lymphodepletion_assumed_day
    words = (
        f"{flagged:,} courses without a lymphodepletion dose in the records: taken to begin {day} days before minute 0"
    )
    return [words] if flagged else []


def _kinds(scores: pl.DataFrame) -> list[tuple[str, str]]:
    """Score and moment, in the catalogue's order; the screen by course only."""
    there = set(scores.select("score", "moment").unique().iter_rows())
    return [(name, moment) for name in FROM_RECORDS for moment in sorted(m for s, m in there if s == name)]


def _summary_row(scores: pl.DataFrame, score: str, moment: str) -> dict[str, Any]:
    mine = scores.filter(pl.col("score") == score, pl.col("moment") == moment)
    mine = mine.filter(pl.col("day").is_null()) if moment == SCREEN else mine
    values = mine.get_column("value").drop_nulls()
    bounded = mine.filter(pl.col("value").is_null(), pl.col("low").is_not_null()).height
    spread = {name: values.quantile(at, "linear") for at, name in SPREAD}
    counts = values.cast(pl.Int32).value_counts(sort=True).sort("value") if CATALOGUE[score].unit else None
    return {
        "score": score, "title": CATALOGUE[score].title, "moment": moment, "of": "days" if moment == DAY else "courses",
        "rows": mine.height, "with_value": len(values), "bounds_only": bounded,
        "missing": mine.height - len(values) - bounded, "tag": CATALOGUE[score].tag,
        "source": str(CATALOGUE[score].source), **spread,
        "counts": {str(value): n for value, n in counts.iter_rows()} if counts is not None else {},
        "reasons": _reasons(mine),
    }  # fmt: skip


def _reasons(mine: pl.DataFrame) -> dict[str, int]:
    """Why values are missing, most frequent first."""
    why = mine.filter(pl.col("value").is_null()).get_column("why").value_counts(sort=True, name="n")
    return dict(why.sort("n", "why", descending=[True, False]).iter_rows())
