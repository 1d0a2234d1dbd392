"""Runs and naive minutes side by side: expands the kernel's runs to minutes and finds where two answers differ."""

from __future__ import annotations

from typing import Any

import polars as pl

from generators import Generated
from naive import wide
from naive.signs import course_signs
from tocsin.signs import Parameters, situations

COMPARED = (
    "covered", "fever", "fever_carried", "fever_waived", "hypotension", "vasopressors", "vasopressors_at_most",
    "vasopressors_all", "vasopressors_all_at_most", "oxygen", "oxygen_at_most", "fio2_at_least_040", "ice", "capd",
    "uses_ice", "uses_capd", "consciousness", "seizure", "motor_weakness", "oedema", "episode_open",
    "isolated_low_pressure", "provisional", "oxygen_assumed", "fio2_estimated", "fever_before_infusion",
)  # fmt: skip
WIDE = (
    *COMPARED, "creatinine_grade", "creatinine_grade_at_most", "transaminase_grade", "transaminase_grade_at_most",
    "organ_grade", "organ_grade_at_most", "coagulation_product", "fluids", "fluids_at_most", "iv_therapy",
    "high_dose_lee", "high_dose_penn", "pressors_long", "cartox10", "papilloedema", "first_weeks",
)  # fmt: skip
Minutes = list[dict[str, Any]]


def expand(runs: pl.DataFrame, course_id: str, last_minute: int) -> Minutes:
    """One dict a minute from 0 to the end of the course or `last_minute`. Runs must follow each other without a gap."""
    minutes: Minutes = []
    for row in runs.filter(pl.col("course_id") == course_id).sort("from").iter_rows(named=True):
        until = last_minute + 1 if row["to"] is None else row["to"]
        if row["from"] > last_minute:
            break
        assert row["from"] == len(minutes), f"run from {row['from']} does not follow minute {len(minutes) - 1}"
        signs = {name: value for name, value in row.items() if name not in ("course_id", "from", "to")}
        minutes += [{"minute": minute, **signs} for minute in range(row["from"], min(until, last_minute + 1))]
    return minutes


def kernel_minutes(whole: Generated, **parameters: Any) -> Minutes:
    """The kernel's answer for the only course."""
    runs = situations(whole.records(), whole.course_frame(), Parameters.of(parameters))
    return expand(runs, whole.courses[0]["course_id"], whole.last_minute)


def wide_kernel_minutes(whole: Generated, **parameters: Any) -> Minutes:
    """The kernel's answer for the only course, with the signs of the other scales."""
    runs = situations(whole.records(), whole.course_frame(), Parameters.of(parameters), wide=True)
    return expand(runs, whole.courses[0]["course_id"], whole.last_minute)


def wide_naive_minutes(whole: Generated, **parameters: Any) -> Minutes:
    """The naive answer for the only course, with the signs of the other scales."""
    return wide.course_signs(whole.tables, whole.courses[0], parameters, whole.last_minute)


def naive_minutes(whole: Generated, **parameters: Any) -> Minutes:
    """The naive answer for the only course."""
    return course_signs(whole.tables, whole.courses[0], parameters, whole.last_minute)


def differences(one: Minutes, other: Minutes, columns: tuple[str, ...] = COMPARED) -> list[str]:
    """First minute of disagreement of each column, in words; empty where both say the same."""
    found = []
    if len(one) != len(other):
        found.append(f"{len(one)} minutes against {len(other)}")
    for column in columns:
        for left, right in zip(one, other, strict=False):
            if left[column] != right[column]:
                found.append(f"{column} at minute {left['minute']}: {left[column]} against {right[column]}")
                break
    return found
