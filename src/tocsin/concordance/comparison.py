"""Scales over the same courses: highest grades, agreement, hours of disagreement and the criteria behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tocsin.concordance.tables import CONCORDANCE_TABLES, COURSE_GRADES
from tocsin.effects.agreement import bootstrap_kappa, cross_table, weighted_kappa
from tocsin.effects.estimate import Estimate
from tocsin.effects.inputs import IntArray
from tocsin.effects.proportions import proportion
from tocsin.rules import Scale

GRADES = 6  # 0 to 5
NOTHING, EXPLAIN_NOTHING = "none", ("afebrile_alert", "resolving")  # flags that say why there is no grade
MOST_CELLS = 20_000_000  # of the block of courses and groups that is looked at in one go
EQUAL_SHARE = "share with equal grade"
Pair = tuple[Scale, Scale]


@dataclass(frozen=True)
class Reckoning:
    """How agreement is estimated [R]: level of every interval, draws and seed of the bootstrap by patient."""

    level: float = 0.95
    draws: int = 2_000
    seed: int = 1


def compare(
    pairs: Sequence[Pair],
    grades: pl.DataFrame,
    courses: pl.DataFrame,
    reckoning: Reckoning | None = None,
) -> dict[str, pl.DataFrame]:
    """The tables of `CONCORDANCE_TABLES` by name, for each pair of scales.

    `grades`: contract `grades`, every scale of the pairs. `courses`: course_id, patient_id. A course without a run on a
    scale is not gradable, never grade 0; a run that is still open counts for the highest grade and adds no hours.
    Words are made once for each distinct state, minutes are summed before pairs are looked at.
    """
    reckoning = reckoning or Reckoning()
    scales = {scale.name: scale for pair in pairs for scale in pair}
    worst = _worst(list(scales), grades, courses)
    read = {name: _runs(scale, grades, courses) for name, scale in scales.items()}
    spent = _overlaid(read)
    still_open = grades.filter(pl.col("to").is_null(), pl.col("grade") < 5)
    made: dict[str, list[dict[str, Any]]] = {table.name: [] for table in CONCORDANCE_TABLES if table != COURSE_GRADES}
    for a, b in pairs:
        names = {"scale_a": a.name, "scale_b": b.name}
        unfinished = still_open.filter(pl.col("scale").is_in([a.name, b.name])).get_column("course_id").n_unique()
        both = _both(worst, a.name, b.name)
        maxima, estimates = _maxima(both), _agreement(both, reckoning)
        hours, criteria = _disagreement(spent, read[a.name].meaning, read[b.name].meaning, (a.name, b.name))
        made["pairs"].append(names | _summary(both, hours) | {"still_open": unfinished})
        for name, rows in (("agreement", estimates), ("maxima", maxima), ("hours", hours), ("criteria", criteria)):
            made[name] += [names | row for row in rows]
    return {t.name: t.check(t.frame(made.get(t.name, worst))) for t in CONCORDANCE_TABLES}


# --- highest grades of the courses ------------------------------------------------------------------------------------


def _worst(scales: Sequence[str], grades: pl.DataFrame, courses: pl.DataFrame) -> pl.DataFrame:
    """course_id, patient_id, scale, grade, grade_at_most; null where the course has no run on the scale."""
    highest = grades.group_by("course_id", "scale").agg(pl.col("grade").max(), pl.col("grade_at_most").max())
    wanted = courses.select("course_id", "patient_id").join(pl.DataFrame({"scale": scales}), how="cross")
    return wanted.join(highest, on=["course_id", "scale"], how="left").sort("course_id", "scale")


def _both(worst: pl.DataFrame, a: str, b: str) -> pl.DataFrame:
    """A row a course: grade_a, grade_b, settled (on both, the highest proved grade = the highest not excluded)."""
    sides = [
        worst.filter(pl.col("scale") == name).select(
            "course_id", "patient_id", pl.col("grade").alias(f"grade_{side}"),
            (pl.col("grade") == pl.col("grade_at_most")).fill_null(False).alias(f"settled_{side}"),
        )
        for side, name in (("a", a), ("b", b))
    ]  # fmt: skip
    joined = sides[0].join(sides[1].drop("patient_id"), on="course_id", maintain_order="left")
    return joined.with_columns(settled=pl.col("settled_a") & pl.col("settled_b"))


def _maxima(both: pl.DataFrame) -> list[dict[str, Any]]:
    counted = both.group_by("grade_a", "grade_b").agg(courses=pl.len(), settled=pl.col("settled").sum())
    return counted.sort("grade_a", "grade_b", nulls_last=True).to_dicts()


def _agreement(both: pl.DataFrame, reckoning: Reckoning) -> list[dict[str, Any]]:
    known = both.drop_nulls(["grade_a", "grade_b"])
    a, b = (known.get_column(f"grade_{side}").to_numpy().astype(np.int64) for side in "ab")
    patients = known.get_column("patient_id").rank("dense").to_numpy()
    found = [proportion(int((a == b).sum()), known.height, level=reckoning.level)]
    for weights in ("linear", "quadratic"):
        found.append(weighted_kappa(cross_table(a, b, GRADES), weights, level=reckoning.level))
        found.append(
            bootstrap_kappa(a, b, patients, weights, level=reckoning.level, draws=reckoning.draws, seed=reckoning.seed)
        )
    several = known.height - known.get_column("patient_id").n_unique()
    note = f"{several} courses are further courses of a patient: the interval counts them as independent"
    return [_estimate_row(one, note if several and "bootstrap" not in one.method else "") for one in found]


def _estimate_row(one: Estimate, note: str) -> dict[str, Any]:
    return {
        "measure": EQUAL_SHARE if one.measure == "proportion" else one.measure,
        "estimate": one.estimate, "low": one.low, "high": one.high, "level": one.level, "method": one.method,
        "n": one.n, "note": "; ".join(part for part in (one.note, note) if part),
    }  # fmt: skip


def _summary(both: pl.DataFrame, hours: list[dict[str, Any]]) -> dict[str, Any]:
    known = both.drop_nulls(["grade_a", "grade_b"])
    a, b, settled = pl.col("grade_a"), pl.col("grade_b"), pl.col("settled")
    counts = known.select(
        gradable=pl.len(), equal=(a == b).sum(), a_higher=(a > b).sum(), b_higher=(a < b).sum(),
        settled=settled.sum(), settled_equal=(settled & (a == b)).sum(),
    ).to_dicts()[0]  # fmt: skip
    differ = [row for row in hours if row["grade_a"] != row["grade_b"]]
    return {"courses": both.height, **counts} | {
        "hours": sum(row["hours"] for row in hours),
        "hours_differ": sum(row["hours"] for row in differ),
        "hours_apart": sum(row["hours_apart"] for row in differ),
        "hours_settled": sum(row["hours_settled"] for row in hours),
    }


# --- hours, and what decides ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Runs:
    """Closed runs of one scale as course (number), from, to, kind; what each kind is: grade, grade_at_most, words."""

    runs: pl.DataFrame
    meaning: pl.DataFrame


def _runs(scale: Scale, grades: pl.DataFrame, courses: pl.DataFrame) -> _Runs:
    """Runs with a number for all that a comparison looks at, the words said once for each distinct state."""
    facts = ["grade", "grade_at_most", "deciding", "flags"]
    closed = grades.filter(pl.col("scale") == scale.name, pl.col("to") > pl.col("from"))
    states = closed.select(facts).unique()
    said = [_decides(scale, row) for row in states.to_dicts()]
    states = states.with_columns(
        pl.Series("axis", [axis for axis, _ in said], pl.String),
        pl.Series("criterion", [criterion for _, criterion in said], pl.String),
    )
    what = ["grade", "grade_at_most", "axis", "criterion"]
    meaning = states.select(what).unique().sort(what).with_row_index("kind")
    numbered = courses.select("course_id").with_row_index("course")
    runs = closed.join(states.join(meaning, on=what), on=facts).join(numbered, on="course_id")
    return _Runs(runs.select("course", "from", "to", "kind").sort("course", "from"), meaning.drop("kind"))


def _decides(scale: Scale, row: dict[str, Any]) -> tuple[str, str]:
    """The axes that set the grade with their criteria in words; at grade 0, why the scale gives none."""
    if row["grade"] > 0:
        cells = scale.table.get(row["grade"], {})
        axes = row["deciding"].split("+")
        return row["deciding"], "; ".join(_said(axis, cells[axis].words if axis in cells else axis) for axis in axes)
    for flag in EXPLAIN_NOTHING:
        if flag in row["flags"].split() and flag in scale.flags:
            return flag, _said(flag, scale.flags[flag].words)
    return NOTHING, "no criterion holds" if row["grade_at_most"] == 0 else "no criterion is proved"


def _said(axis: str, words: str) -> str:
    """A criterion after the name of its axis, unless it begins with it."""
    name = axis.replace("_", " ")
    return words if words.casefold().startswith(name.casefold()) else f"{name}: {words}"


@dataclass(frozen=True)
class _Spent:
    """Minutes of each course in each joint state, sorted by course; `kinds`: the kind of each state on every scale."""

    course: IntArray
    state: IntArray
    minutes: IntArray
    kinds: Mapping[str, IntArray]


def _overlaid(read: Mapping[str, _Runs]) -> _Spent:
    """All scales at once, -1 where one has no run.

    Course and minute are one sorted key, so that each scale is laid over the moments of all by a running count.
    """
    changes = {name: _changes(one.runs) for name, one in read.items()}
    keys = pl.concat([change.select("key") for change in changes.values()]).get_column("key").unique().sort().to_numpy()
    joint, kinds = np.zeros(len(keys), np.int64), dict[str, IntArray]()
    states = 1
    for name, change in changes.items():
        starts = np.zeros(len(keys), np.int64)
        starts[np.searchsorted(keys, change.get_column("key").to_numpy())] = 1
        held = np.append(change.get_column("kind").to_numpy(), -1)  # the last one stands before the first
        kinds[name] = held[np.cumsum(starts) - 1].astype(np.int64)
        count = read[name].meaning.height + 1
        if states > 2**62 // count:
            distinct, joint = np.unique(joint, return_inverse=True)
            states = len(distinct)
        joint, states = joint * count + kinds[name] + 1, states * count
    length = np.diff(keys, append=keys[-1:])
    rows = pl.DataFrame({"course": keys >> 32, "joint": joint, "minutes": length, "row": np.arange(len(keys))})
    first = rows.group_by("joint").agg(pl.col("row").first()).with_row_index("state")
    spent = rows.join(first.select("joint", "state"), on="joint").group_by("course", "state")
    summed = spent.agg(pl.col("minutes").sum()).filter(pl.col("minutes") > 0).sort("course")
    course, state, minutes = (summed.get_column(name).to_numpy().astype(np.int64) for name in summed.columns)
    return _Spent(
        course, state, minutes, {name: kind[first.get_column("row").to_numpy()] for name, kind in kinds.items()}
    )


def _changes(runs: pl.DataFrame) -> pl.DataFrame:
    """key, kind: where each run begins, and -1 where one ends with no other right after it; sorted by key."""
    ends = (pl.col("to") != pl.col("from").shift(-1)) | (pl.col("course") != pl.col("course").shift(-1))
    over = runs.filter(ends.fill_null(True)).select("course", pl.col("to").alias("from"), kind=pl.lit(-1, pl.Int32))
    both = pl.concat([runs.select("course", "from", pl.col("kind").cast(pl.Int32)), over])
    key = pl.col("course").cast(pl.Int64) * 2**32 + pl.col("from").cast(pl.Int64) + 2**31
    return both.select(key=key, kind="kind").sort("key")


def _disagreement(
    spent: _Spent, a: pl.DataFrame, b: pl.DataFrame, names: tuple[str, str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of `hours` and of `criteria` of one pair, `a` and `b` the meaning of the kinds on each scale."""
    first, second = (spent.kinds[name] for name in names)
    both = np.where((first >= 0) & (second >= 0), first * b.height + second, -1)[spent.state]
    minutes = np.bincount(both[both >= 0], spent.minutes[both >= 0], minlength=a.height * b.height)
    sides = a.select(pl.all().name.suffix("_a")).join(b.select(pl.all().name.suffix("_b")), how="cross")
    lowest, highest = pl.max_horizontal("grade_a", "grade_b"), pl.min_horizontal("grade_at_most_a", "grade_at_most_b")
    settled = [pl.col(f"grade_{side}") == pl.col(f"grade_at_most_{side}") for side in "ab"]
    known = sides.with_columns(
        minutes=pl.Series(minutes, dtype=pl.Float64), apart=lowest > highest, settled=settled[0] & settled[1]
    )
    grades, words = ["grade_a", "grade_b"], ["axis_a", "criterion_a", "axis_b", "criterion_b"]
    hours = _sum_by(known, both, spent.course, grades).sort(grades)
    differ = _sum_by(known, both, spent.course, [*grades, *words]).filter(pl.col("grade_a") != pl.col("grade_b"))
    most_first = differ.sort("hours", "courses", *grades, *words, descending=[True, True, *[False] * 6])
    return hours.to_dicts(), most_first.with_row_index("rank", offset=1).to_dicts()


def _sum_by(known: pl.DataFrame, both: IntArray, course: IntArray, by: list[str]) -> pl.DataFrame:
    """Hours and courses by the columns `by`; a row of `known` is a pair of kinds, `both` its place or -1."""
    groups = known.select(by).unique().with_row_index("group")
    lines = known.join(groups, on=by, how="left", maintain_order="left")
    minutes = pl.col("minutes")
    summed = lines.group_by("group").agg(
        hours=minutes.sum() / 60,
        hours_apart=minutes.filter("apart").sum() / 60,
        hours_settled=minutes.filter("settled").sum() / 60,
    )
    inside = both >= 0
    group = lines.get_column("group").to_numpy().astype(np.int64)[both[inside]]
    seen = pl.Series("courses", _courses_in(course[inside], group, groups.height))
    counted = groups.with_columns(seen).join(summed, on="group").drop("group")
    return counted.filter(pl.col("hours") > 0)


def _courses_in(course: IntArray, group: IntArray, groups: int) -> IntArray:
    """How many courses each group has; rows are sorted by course and looked at a block of courses at a time."""
    total, step = np.zeros(groups, np.int64), max(1, MOST_CELLS // max(1, groups))
    last = int(course[-1]) if course.size else -1
    for start in range(0, last + 1, step):
        rows = slice(*np.searchsorted(course, (start, start + step)))
        seen = np.zeros((step, groups), dtype=bool)
        seen[course[rows] - start, group[rows]] = True
        total += seen.sum(axis=0)
    return total
