"""Exhaustive truth tables: every scale over the product of everything its signs can be, the unknown included.

A state of a sign is the set of known values it may still be: one for a known sign, several for an unknown one. The
known values stand in order from harmless to worst, so a state is an interval, and every statement about bounds is a
statement about intervals. The naive ladders of `naive.scales` grade the fully known rows; the bounds of every other row
are the lowest and the highest grade among its completions.

Three scales look at too many signs for one table of all states. They are shown in two: all fully known rows with every
value, and all states over the values at which the scale turns (`EDGES`); a random draw from the whole product stands
guard over the values left out of the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
import polars as pl
import pytest

from naive import grades
from naive.scales import LADDERS, bounds, values_of
from tocsin.grades import ASTCT_CRS, ASTCT_ICANS, SCALES

NEVER_UNKNOWN = {"uses_ice", "uses_capd"}
# one value of each class a scale tells apart, where the table of all states would be too large
EDGES: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "penn2018_crs": {"vasopressors_all": (0, 1), "oxygen": (0, 1, 4), "transaminase_grade": (0, 2, 3, 4)},
    "ctcae403_crs": {
        "vasopressors_all": (0, 1),
        "oxygen": (0, 1, 3),
        "fluids": (0, 1),
        "creatinine_grade": (0, 2, 4),
        "transaminase_grade": (0, 3),
        "organ_grade": (0, 3),
    },
    "astct_icans": {"capd": (0, 1, 9)},
}
NAMES = pytest.mark.parametrize("name", sorted(SCALES))
# a final reading is the same table over other signs: shown by its known rows and by the random draw
PROSPECTIVE = pytest.mark.parametrize("name", sorted(name for name in SCALES if not name.endswith("_final")))


@dataclass(frozen=True)
class State:
    """What the columns of a sign say, and the positions of the least and the worst value it may truly have."""

    columns: Mapping[str, Any]
    least: int
    worst: int


def states_of(sign: Any, values: tuple[Any, ...]) -> list[State]:
    """Every state of a sign whose true values are these."""
    if sign.kind == "bounded":
        low, high = sign.columns
        places = [(i, k) for i in range(len(values)) for k in range(i, len(values))]
        return [State({low: values[i], high: values[k]}, i, k) for i, k in places]
    spans: dict[Any, list[int]] = {}
    for place, value in enumerate(values):
        charted = value.split(",")[0] if isinstance(value, str) else value  # what is after the comma is not charted
        spans.setdefault(charted, []).append(place)
    both = ("resolved_partial", "resolved_generalised")  # what a seizure charted only as resolved may have been
    if "resolved" not in values and set(both) <= set(values):
        spans["resolved"] = [values.index(kind) for kind in both]
    found = [State({sign.name: charted}, places[0], places[-1]) for charted, places in spans.items()]
    if sign.name not in NEVER_UNKNOWN:
        found.append(State({sign.name: None}, 0, len(values) - 1))
    return found


def signs_of(name: str) -> list[Any]:
    """The signs the grade looks at; the others of a scale only serve its flags."""
    by_name = {sign.name: sign for sign in SCALES[name].signs}
    return [by_name[sign] for sign in LADDERS[name][1]]


def axes_of(name: str, edges_only: bool) -> tuple[list[tuple[Any, ...]], list[list[State]]]:
    edges = EDGES.get(name, {}) if edges_only else {}
    values = [edges.get(sign, values_of(sign, name)) for sign in LADDERS[name][1]]
    return values, [states_of(sign, choice) for sign, choice in zip(signs_of(name), values, strict=True)]


def graded(name: str, frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Both bounds of the product's scale."""
    out = SCALES[name].grade(frame)
    return out["grade"].to_numpy(), out["grade_at_most"].to_numpy()


def frame_of(name: str, axes: list[list[State]], picks: list[np.ndarray]) -> pl.DataFrame:
    """One row for each position of `picks`, which holds an index into the states for every axis."""
    schema = SCALES[name].schema
    columns: dict[str, pl.Series] = {}
    for states, pick in zip(axes, picks, strict=True):
        for column in states[0].columns:
            few = pl.Series(column, [state.columns[column] for state in states], dtype=schema[column])
            columns[column] = few.gather(pick)
    return pl.DataFrame(columns)


def all_picks(shape: list[int]) -> list[np.ndarray]:
    return [index.ravel().astype(np.uint32) for index in np.indices(shape, dtype=np.int8)]


def known_grades(name: str, values: list[tuple[Any, ...]]) -> np.ndarray:
    """The naive ladder on every fully known row, one axis a sign."""
    ladder, signs = LADDERS[name]
    found = [ladder(dict(zip(signs, row, strict=True))) for row in product(*values)]
    return np.array(found, dtype=np.int8).reshape([len(choice) for choice in values])


def reached(known: np.ndarray, axes: list[list[State]]) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest grade over every completion of every row of states."""
    least = worst = known
    for axis, states in enumerate(axes):
        spans = [range(state.least, state.worst + 1) for state in states]
        least = np.stack([least.take(span, axis).min(axis) for span in spans], axis)
        worst = np.stack([worst.take(span, axis).max(axis) for span in spans], axis)
    return least, worst


def test_every_scale_has_a_ladder() -> None:
    assert set(LADDERS) == set(SCALES)
    for name, scale in SCALES.items():
        read = {sign for _, _, cell in scale.cells() for sign in cell.signs}
        read |= set(scale.entry.signs) if scale.entry else set()
        assert read == set(LADDERS[name][1]), name


@NAMES
def test_values_are_those_of_the_product(name: str) -> None:
    """What the product says a sign can be is what is enumerated here."""
    for sign, states in zip(signs_of(name), axes_of(name, edges_only=False)[1], strict=True):
        charted = {tuple(state.columns.values()) for state in states}
        listed = {value if sign.kind == "bounded" else (value,) for value in sign.values}
        assert listed <= charted, sign.name
        assert listed == charted or sign.name == "capd", sign.name  # a score of 33 values: some of them


@NAMES
def test_every_known_row(name: str) -> None:
    """Every value of every sign, nothing unknown (a word that hides two values is the harmless one)."""
    values, axes = axes_of(name, edges_only=False)
    certain = [[state for state in states if None not in state.columns.values()] for states in axes]
    certain = [[s for s in states if len(s.columns) == 1 or s.least == s.worst] for states in certain]
    assert [len(states) for states in certain] == [
        len({v.split(",")[0] if isinstance(v, str) else v for v in choice})
        + ("resolved_partial" in choice and "resolved" not in choice)
        for choice in values
    ]
    shape = [len(states) for states in certain]
    grade, at_most = graded(name, frame_of(name, certain, all_picks(shape)))
    least, worst = reached(known_grades(name, values), certain)
    np.testing.assert_array_equal(grade.reshape(shape), least)
    np.testing.assert_array_equal(at_most.reshape(shape), worst)


@PROSPECTIVE
def test_bounds_are_exactly_what_the_completions_reach(name: str) -> None:
    """Replace every unknown by each value it may have: the lowest and the highest grade of the known rows."""
    values, axes = axes_of(name, edges_only=True)
    shape = [len(states) for states in axes]
    assert 500 < prod(shape) < 5_000_000
    grade, at_most = graded(name, frame_of(name, axes, all_picks(shape)))
    least, worst = reached(known_grades(name, values), axes)
    np.testing.assert_array_equal(grade.reshape(shape), least)
    np.testing.assert_array_equal(at_most.reshape(shape), worst)
    assert set(np.unique(least)) == {0, 1, 2, 3, 4}
    # worse states of one sign: one step at the lower or at the upper end; the rest follows from such steps
    for axis, states in enumerate(axes):
        for here, there in steps(states):
            for bound in (least, worst):  # equal to the product's bounds, as just shown
                assert (bound.take(here, axis) <= bound.take(there, axis)).all(), (states[here], states[there])


def steps(states: list[State]) -> Iterator[tuple[int, int]]:
    """Pairs of states of which the second is worse and none lies between."""
    if next(iter(states[0].columns)).startswith("uses_"):
        return  # which instrument a patient's age asks for is not a sign that gets worse
    places = {(state.least, state.worst): number for number, state in enumerate(states)}
    for (least, worst), here in places.items():
        worse = [(a, b) for a, b in places if a >= least and b >= worst and (a, b) != (least, worst)]
        for a, b in worse:
            if not any(c <= a and d <= b and (c, d) != (a, b) for c, d in worse):
                yield here, places[a, b]


@pytest.mark.parametrize("name", sorted({*EDGES, *(name for name in SCALES if name.endswith("_final"))}))
def test_rows_drawn_from_the_whole_product(name: str) -> None:
    values, axes = axes_of(name, edges_only=False)
    dice = np.random.default_rng(20260301)
    picks = [dice.integers(0, len(states), 40_000).astype(np.uint32) for states in axes]
    grade, at_most = graded(name, frame_of(name, axes, picks))
    known = known_grades(name, values) if name != "astct_icans" else None
    rows = zip(*(pick.tolist() for pick in picks), strict=True)
    for number, row in enumerate(rows):
        chosen = [states[place] for states, place in zip(axes, row, strict=True)]
        if known is None:
            expected = grades.astct_icans({k: v for state in chosen for k, v in state.columns.items()})[:2]
        else:
            box = known[tuple(slice(state.least, state.worst + 1) for state in chosen)]
            expected = (box.min(), box.max())
        assert (grade[number], at_most[number]) == expected, chosen


@pytest.mark.parametrize(("scale", "naive"), [(ASTCT_CRS, grades.astct_crs), (ASTCT_ICANS, grades.astct_icans)])
def test_the_older_ladders_with_both_bounds_written_out(scale: Any, naive: Any) -> None:
    """The two first scales have a third form: the bounds as if-statements, not by completions."""
    axes = axes_of(scale.name, edges_only=True)[1]
    rows = [{k: v for state in row for k, v in state.columns.items()} for row in product(*axes)]
    out = scale.grade(pl.DataFrame(rows, schema_overrides=scale.schema, infer_schema_length=None))
    flagged = ("resolving", "afebrile_alert") if scale is ASTCT_CRS else ()
    found = out.select(
        "grade", "grade_at_most", *(scale.flags[name].expr.fill_null(False).alias(name) for name in flagged)
    )
    wrong = []
    for row, (grade, at_most, *flags) in zip(rows, found.iter_rows(), strict=True):
        expected = naive(row)
        if (grade, at_most, {n for n, flag in zip(flagged, flags, strict=True) if flag}) != expected:
            wrong.append((row, grade, at_most, flags, expected))
    assert wrong == []
    assert all(bounds(scale.name, row) == naive(row)[:2] for row in rows[:: 1 + len(rows) // 3000])
