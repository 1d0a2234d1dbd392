"""CRS and ICANS by arm from the table of episodes, and every course with its trigger, dose and worst grades."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import polars as pl

from tocsin.report.blocks import Block, Cell, grid, note
from tocsin.report.figures import arm_of, arms_of, sizes_of
from tocsin.report.numbers import NOTHING, count_of, fixed, hours
from tocsin.report.words import Words
from tocsin.tables import StudyResults


def toxicity_tables(results: StudyResults, words: Words) -> list[Block]:
    """One table a scale; a scale without episodes is a sentence."""
    episodes = results.tables["episodes"]
    graded = results.tables["grades"].get_column("scale").unique().to_list()
    scales = sorted(
        {*episodes.get_column("scale").unique().to_list(), *graded}, key=lambda s: (s != results.meta.get("scale"), s)
    )
    if not scales:
        return [note(words("toxicity.none"))]
    return [*(_scale_table(results, words, scale) for scale in scales), note(words("toxicity.note"))]


def _scale_table(results: StudyResults, words: Words, scale: str) -> Block:
    episodes = results.tables["episodes"].filter(pl.col("scale") == scale)
    name = words.term(scale)
    if not episodes.height:
        return note(words("toxicity.scale_none", scale=name))
    arms, whole, inside = arms_of(results), sizes_of(results), arm_of(results)
    graded = results.tables["grades"].filter(pl.col("scale") == scale).get_column("course_id").unique().to_list()
    sizes = {arm: sum(inside.get(course) == arm for course in graded) for arm in arms}
    by_arm = {arm: [r for r in episodes.to_dicts() if inside.get(r["course_id"]) == arm] for arm in arms}
    worst = {arm: _worst(rows, "max_grade") for arm, rows in by_arm.items()}
    most = {arm: _worst(rows, "max_grade_at_most") for arm, rows in by_arm.items()}
    lines: list[tuple[str, list[str]]] = [
        (words("toxicity.any"), [count_of(sum(g > 0 for g in worst[a].values()), sizes[a]) for a in arms])
    ]
    for grade in range(1, 6):
        if grade < 5 or any(5 in w.values() for w in worst.values()):
            lines.append(
                (
                    words("toxicity.grade", grade=grade),
                    [count_of(sum(g == grade for g in worst[a].values()), sizes[a]) for a in arms],
                )
            )
    lines.append(
        (
            words("toxicity.at_least", grade=2),
            [count_of(sum(g >= 2 for g in worst[a].values()), sizes[a]) for a in arms],
        )
    )
    lines.append(
        (
            words("toxicity.at_least", grade=3),
            [count_of(sum(g >= 3 for g in worst[a].values()), sizes[a]) for a in arms],
        )
    )
    lines.append(
        (words("toxicity.could_be", grade=3), [count_of(sum(g >= 3 for g in most[a].values()), sizes[a]) for a in arms])
    )
    if any(whole[a] > sizes[a] for a in arms):
        lines.append((words("toxicity.not_graded"), [str(whole[a] - sizes[a]) for a in arms]))
    lines += _times(by_arm, arms, words)
    rows = [[Cell(label, "strong"), *cells] for label, cells in lines]
    heads = [words("head.what"), *(f"{words.term(a)} (n = {whole[a]})" for a in arms)]
    return grid(words("toxicity.caption", scale=name), heads, rows, numeric=range(1, len(heads)), source="episodes")


def _worst(rows: list[dict[str, Any]], column: str) -> dict[str, int]:
    out: dict[str, int] = {}
    for row in rows:
        out[row["course_id"]] = max(out.get(row["course_id"], 0), row[column])
    return out


Row = dict[str, Any]


def _times(by_arm: dict[str, list[Row]], arms: list[str], words: Words) -> list[tuple[str, list[str]]]:
    def line(key: str, pick: Callable[[Row], float | None]) -> tuple[str, list[str]]:
        return words(key), [_spread([v for r in by_arm[a] if (v := pick(r)) is not None], words) for a in arms]

    def onset(row: Row) -> float | None:
        return row["onset"] / 60 if row["episode"] == 1 else None

    def to_peak(row: Row) -> float | None:
        return (row["max_grade_at"] - row["onset"]) / 60

    def duration(row: Row) -> float | None:
        return (row["end"] - row["onset"]) / 60 if row["end"] is not None else None

    def severe(row: Row) -> float | None:
        return row["hours_grade_3"] + row["hours_grade_4"]

    still = [str(sum(r["end"] is None for r in by_arm[a])) for a in arms]
    return [
        (words("toxicity.episodes"), [str(len(by_arm[a])) for a in arms]),
        line("toxicity.onset", onset),
        line("toxicity.to_peak", to_peak),
        line("toxicity.duration", duration),
        line("toxicity.severe_hours", severe),
        (words("toxicity.still_open"), still),
    ]


def _spread(values: list[float], words: Words) -> str:
    """`52.0 (20.1 to 98.5), n = 11`: median and range."""
    if not values:
        return NOTHING
    return (
        f"{fixed(median(values), 1)} ({fixed(min(values), 1)} {words('to')} {fixed(max(values), 1)}), n = {len(values)}"
    )


def course_table(results: StudyResults, words: Words) -> Block:
    """Every course: arm and why, when the drug was due and given under its strategy, worst grade of each scale."""
    scales = [
        s
        for s in (results.meta.get("scale"), *results.tables["episodes"].get_column("scale").unique().sort().to_list())
        if s
    ]
    scales = list(dict.fromkeys(scales))
    worst = {s: _worst(results.tables["episodes"].filter(pl.col("scale") == s).to_dicts(), "max_grade") for s in scales}
    how: dict[str, list[str]] = {}
    for r in results.tables["follow"].to_dicts():
        delay = f" {words('follow.delay', hours=hours(r['delay']))}" if r["delay"] is not None else ""
        how.setdefault(r["course_id"], []).append(
            f"{words.term(r['strategy'])}{words('colon')}{words('follow.' + r['followed'])}{delay}"
        )
    patients = dict(results.tables["courses"].select("course_id", "patient_id").iter_rows())
    rows = [
        [
            Cell(r["course_id"], "strong"),
            patients.get(r["course_id"], NOTHING),
            words.term(r["arm"]) if r["arm"] else words("arm.none"),
            hours(r["due_at"]),
            hours(r["given_at"]),
            words("semicolon").join(how.get(r["course_id"], [])) or NOTHING,
            *(str(worst[s].get(r["course_id"], 0)) for s in scales),
            Cell(words.why(r["why"]), "soft"),
        ]
        for r in results.tables["arms"].to_dicts()
    ]
    heads = [
        words("head.course"),
        words("head.patient"),
        words("head.arm"),
        words("head.due"),
        words("head.given"),
        words("head.follow"),
        *(words("head.worst", scale=words.term(s)) for s in scales),
        words("head.why"),
    ]
    return grid(
        words("courses.caption"),
        heads,
        rows,
        numeric=range(3, 5),
        source="arms",
        fold=words("fold", what=words("courses.caption"), n=len(rows)),
        empty=words("courses.none"),
    )
