"""Davila's severe CRS: each condition alone, and what an unmeasured cytokine leaves open."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tocsin.scores.davila import davila_2014

SEVERE: dict[str, Any] = {"days": 3, "a": 75.0, "b": 75.0, "c": 1.0, "pressor": True, "low": False, "brain": False}
CHANGES: list[tuple[dict[str, Any], bool | None]] = [
    ({}, True),
    ({"days": 2}, False),
    ({"days": None}, None),
    ({"b": 74.9}, False),
    ({"a": 250.0, "b": 1.0}, True),
    ({"a": 249.9, "b": 1.0}, False),
    ({"b": None}, None),
    ({"a": 250.0, "b": None}, True),
    ({"a": 1.0, "b": None}, None),  # the one not measured may be 250
    ({"a": None, "b": None, "c": None}, None),
    ({"c": None}, True),
    ({"pressor": False}, False),
    ({"pressor": False, "low": True}, True),
    ({"pressor": False, "brain": True}, True),
    ({"pressor": False, "brain": None}, None),
    ({"pressor": None, "days": 1}, False),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_three_values(change: dict[str, Any], expected: bool | None) -> None:
    signs = dict.fromkeys(("pressor", "low", "brain"), pl.Boolean)
    row = pl.DataFrame([SEVERE | change], schema={"days": pl.Int32, **dict.fromkeys("abc", pl.Float64), **signs})
    folds = [pl.col(name) for name in "abc"]
    told = davila_2014(pl.col("days"), folds, pl.col("pressor"), pl.col("low"), pl.col("brain"))
    assert row.select(told.alias("severe")).item() is expected


@pytest.mark.parametrize(("change", "expected"), [({}, None), ({"days": 2}, False)])
def test_no_panel_is_unknown_not_normal(change: dict[str, Any], expected: bool | None) -> None:
    row = pl.DataFrame([SEVERE | change])
    told = davila_2014(pl.col("days"), [], pl.col("pressor"), pl.col("low"), pl.col("brain"))
    assert row.select(told.alias("severe")).item() is expected
