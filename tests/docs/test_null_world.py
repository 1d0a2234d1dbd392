"""The page of the null world prints what its script wrote: every figure of its two tables is in the CSV beside it."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

HERE = Path(__file__).parents[2] / "examples" / "null-world"
PAGE = (HERE / "README.md").read_text(encoding="utf-8")
OUTCOMES = {"severe CRS": "crs_grade_3", "death from CRS": "crs_death", "severe ICANS": "icans_3"}
REPORTED = {"severe CRS": "severe_crs", "death from CRS": "crs_death", "MRD-negative remission": "mrd_negative_cr",
            "event-free at 12 months": "efs_12"}  # fmt: skip


def table(after: str) -> dict[str, list[str]]:
    """Cells of the first table behind a heading's words, by its first cell."""
    lines = [line for line in PAGE.split(after, 1)[1].splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {row[0]: row[1:] for row in rows[: 4 if "hospitals of 13" in lines[0] else 3]}


def numbers(cell: str) -> list[int]:
    return [int(found.replace(",", "")) for found in re.findall(r"[+-]?\d[\d,]*", cell)]


@pytest.mark.parametrize("outcome", REPORTED)
def test_what_the_founding_design_reports(outcome):
    row = pl.read_csv(HERE / "results.csv").filter(arms="by_dose", outcome=REPORTED[outcome]).row(0, named=True)
    truth, reported, share = table("most of them")[outcome]
    counts = [row[name] for name in ("early", "early_n", "late", "late_n")]
    assert truth == "0"
    assert numbers(reported) == [*counts, round(row["reported"])]
    assert numbers(share) == [round(100 * row["small_hospitals_for_early"])]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_the_emulated_trial_says(outcome):
    rows = pl.read_csv(HERE / "emulated.csv").filter(outcome=OUTCOMES[outcome])
    cells = table("## The honest answer")[outcome]
    for cell, analysis in zip(cells[1:], ("by_received", "aligned_unadjusted", "emulated"), strict=True):
        row = rows.filter(analysis=analysis).row(0, named=True)
        assert numbers(cell) == [round(row[name]) for name in ("difference", "low", "high")]
