"""Exhaustive truth tables: each scale over the product of everything its signs can be, the unknown included.

A state of a sign is the set of known values it may still be: one for a known sign, several for an unknown one. The
known values stand in order from harmless to worst, so a state is an interval, and every statement about bounds is a
statement about intervals.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest

from naive.grades import astct_crs, astct_icans
from tocsin.grades import ASTCT_CRS, ASTCT_ICANS

# a state: (columns of the signs table, position of the least and of the worst known value it may be)
State = tuple[dict[str, Any], int, int]


def known_or_not(name: str, *values: Any, unknown: bool = True) -> list[State]:
    states: list[State] = [({name: value}, place, place) for place, value in enumerate(values)]
    return [*states, ({name: None}, 0, len(values) - 1)] if unknown else states


def bounded(name: str, top: int) -> list[State]:
    return [({name: low, f"{name}_at_most": high}, low, high) for low in range(top + 1) for high in range(low, top + 1)]


CRS_AXES = [
    known_or_not("fever", False, True),
    known_or_not("fever_carried", False, True, unknown=False),
    known_or_not("fever_waived", False, True, unknown=False),
    known_or_not("hypotension", False, True),
    bounded("vasopressors", 2),
    bounded("oxygen", 4),
]
ICANS_AXES = [
    known_or_not("uses_ice", False, True, unknown=False),
    known_or_not("uses_capd", False, True, unknown=False),
    known_or_not("ice", 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
    known_or_not("capd", 0, 1, 8, 9, 32),
    known_or_not("consciousness", "awake", "to_voice", "to_touch", "unarousable"),
    known_or_not("seizure", "none", "resolved", "nonconvulsive", "prolonged", "repetitive"),
    known_or_not("motor_weakness", "no", "yes"),
    known_or_not("oedema", "none", "focal", "diffuse", "raised_pressure"),
]
SCALES = pytest.mark.parametrize(
    ("scale", "naive", "axes", "rows"),
    [(ASTCT_CRS, astct_crs, CRS_AXES, 3240), (ASTCT_ICANS, astct_icans, ICANS_AXES, 129_600)],
    ids=["astct_crs", "astct_icans"],
)


def table(axes: list[list[State]]) -> list[dict[str, Any]]:
    return [{k: v for part, _, _ in states for k, v in part.items()} for states in product(*axes)]


def graded(scale: Any, axes: list[list[State]]) -> tuple[np.ndarray, np.ndarray]:
    """Both bounds as arrays with one axis a sign."""
    frame = pl.DataFrame(table(axes), schema_overrides=scale.schema, infer_schema_length=None)
    shape = [len(states) for states in axes]
    out = scale.grade(frame)
    return out["grade"].to_numpy().reshape(shape), out["grade_at_most"].to_numpy().reshape(shape)


@SCALES
def test_every_row_is_graded_as_by_plain_ifs(scale: Any, naive: Any, axes: Any, rows: int) -> None:
    written = table(axes)
    assert len(written) == rows
    out = scale.grade(pl.DataFrame(written, schema_overrides=scale.schema, infer_schema_length=None))
    wrong = [
        (row, found, naive(row)[:2])
        for row, found in zip(written, out.select("grade", "grade_at_most").iter_rows(), strict=True)
        if found != naive(row)[:2]
    ]
    assert wrong == []


@SCALES
def test_flags_of_every_row(scale: Any, naive: Any, axes: Any, rows: int) -> None:
    if scale is not ASTCT_CRS:
        assert scale.flags == {}
        return
    wanted = ("resolving", "afebrile_alert")
    written = table(axes)
    out = scale.grade(pl.DataFrame(written, schema_overrides=scale.schema, infer_schema_length=None))
    found = out.select(scale.flags[name].expr.fill_null(False).alias(name) for name in wanted)
    wrong = [
        (row, flags)
        for row, flags in zip(written, found.iter_rows(named=True), strict=True)
        if {name for name in wanted if flags[name]} != naive(row)[2]
    ]
    assert wrong == []


@SCALES
def test_bounds_are_exactly_what_the_completions_reach(scale: Any, naive: Any, axes: Any, rows: int) -> None:
    """Replace every unknown by each value it may have: the lowest and the highest grade of the known rows."""
    grade, at_most = graded(scale, axes)
    certain = np.ix_(*[[place for place, (_, low, high) in enumerate(states) if low == high] for states in axes])
    assert (grade[certain] == at_most[certain]).all()
    least = worst = grade[certain]
    for axis, states in enumerate(axes):
        spans = [range(low, high + 1) for _, low, high in states]
        least = np.stack([least.take(span, axis).min(axis) for span in spans], axis)
        worst = np.stack([worst.take(span, axis).max(axis) for span in spans], axis)
    assert least.shape == grade.shape
    np.testing.assert_array_equal(grade, least)
    np.testing.assert_array_equal(at_most, worst)


@SCALES
def test_a_worse_sign_never_lowers_a_bound(scale: Any, naive: Any, axes: Any, rows: int) -> None:
    grade, at_most = graded(scale, axes)
    compared = 0
    for axis, states in enumerate(axes):
        if next(iter(states[0][0])).startswith("uses_"):
            continue  # which instrument a patient's age asks for is not a sign that gets worse
        for (here, (_, low, high)), (there, (_, low_2, high_2)) in product(enumerate(states), repeat=2):
            if here != there and low <= low_2 and high <= high_2:
                assert (grade.take(here, axis) <= grade.take(there, axis)).all(), (states[here], states[there])
                assert (at_most.take(here, axis) <= at_most.take(there, axis)).all(), (states[here], states[there])
                compared += 1
    assert compared > 50
