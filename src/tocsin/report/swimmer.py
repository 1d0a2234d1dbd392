"""The swimmer plot: a row a course, the first weeks on the left, the follow-up on the right."""

from __future__ import annotations

from typing import Any

import polars as pl

from tocsin.report.drawing import GRADE_COLOURS, GRADE_INK, Figure, arm_style, runs_of
from tocsin.report.figures import arm_of, arms_of
from tocsin.report.numbers import DAYS_A_MONTH, MINUTES_A_DAY, short
from tocsin.report.shapes import (
    Scale,
    area,
    axis_below,
    drawing,
    group,
    joined,
    line,
    path,
    rect,
    round_ticks,
    text,
    widest,
    width_of,
)
from tocsin.report.words import Words
from tocsin.tables import StudyResults

MOST_COURSES = 60
NEAR, FAR = 430, 370


def plot_swimmer(results: StudyResults, words: Words, scale: str) -> Figure:
    """A row a course: left the first weeks with graded CRS and tocilizumab, right the follow-up with what happened."""
    title = words("figure.swimmer")
    courses = swimmer_order(results)
    if not courses:
        return Figure("swimmer", title, "", instead=words("figure.swimmer.none"))
    left_out = max(0, len(courses) - MOST_COURSES)
    courses = courses[:MOST_COURSES]
    arms, inside = arms_of(results), arm_of(results)
    label = {c: f"{c}  {words.term(inside[c]) if c in inside else words('arm.none')}" for c in courses}
    near = _near_rows(results, scale, label)
    rows = {text: 20.0 * k + 10 for k, text in enumerate(label.values())}
    height, left = 20.0 * len(rows), widest(rows, 11) + 14
    first = _first_weeks(near, rows, height, words)
    first.insert(0, text(-left + 4, -18, words("swimmer.near", scale=words.term(scale)), 12, bold=True))
    later = _follow_up(results, words, label, rows, arms, height)
    svg = drawing(left + NEAR + 24 + FAR + 14, 36 + height + 72,
                  [group(left, 36, first), group(left + NEAR + 24, 36, later)])  # fmt: skip
    caption = words("figure.swimmer.caption") + (" " + words("figure.left_out", n=left_out) if left_out else "")
    return Figure("swimmer", title, words("alt.swimmer", n=len(courses)), caption, svg)


def _first_weeks(near: list[dict[str, Any]], rows: dict[str, float], height: float, words: Words) -> list[str]:
    last = max([21.0, *(r["to"] for r in near)])
    x = Scale(min([-0.5, *(r["from"] for r in near)]), min(last, 60) + 0.5, 0, NEAR)
    out = axis_below(x, height, [(t, short(t)) for t in round_ticks(x.low, x.high, 12)], words("axis.day"), grid=height)
    for name, at in rows.items():
        out += [line(0, at, NEAR, at, "#dfe4e8"), text(-8, at, name, 11, "end")]
    for r in near:
        if r["kind"] == "grade" and r["from"] < x.high:
            start, stop, at = x(r["from"]), min(x(r["to"]), NEAR), rows[r["c"]]
            out.append(rect(start, at - 5.5, stop - start, 11, GRADE_COLOURS[r["grade"]]))
            if stop - start > 11:
                out.append(text((start + stop) / 2, at, str(r["grade"]), 9, "middle", GRADE_INK[r["grade"]]))
    doses = [(x(r["from"]), rows[r["c"]] - 8) for r in near if r["kind"] == "dose" and r["from"] < x.high]
    return [*out, *(area(joined([(a - 5, b - 4), (a + 5, b - 4), (a, b + 5)]) + "Z", "#0b5c3b") for a, b in doses)]


def swimmer_order(results: StudyResults) -> list[str]:
    """Courses by arm, then by length of follow-up, the longest first; courses in no arm last."""
    inside, arms = arm_of(results), arms_of(results)
    ends = dict(results.tables["endpoints"].group_by("course_id").agg(pl.col("stop").max()).iter_rows())
    every = sorted(set(results.tables["arms"]["course_id"]))

    def place(course: str) -> tuple[int, float, str]:
        arm = inside.get(course)
        return (arms.index(arm) if arm in arms else len(arms), -(ends.get(course) or 0.0), course)

    return sorted(every, key=place)


def _near_rows(results: StudyResults, scale: str, label: dict[str, str]) -> list[dict[str, Any]]:
    graded = results.tables["grades"].filter((pl.col("scale") == scale) & pl.col("course_id").is_in(list(label)))
    out: list[dict[str, Any]] = []
    for (course,), frame in graded.group_by(["course_id"], maintain_order=True):
        for first, after, grade in runs_of(frame.to_dicts()):
            start, stop = first / MINUTES_A_DAY, (after if after is not None else first + 60) / MINUTES_A_DAY
            out.append({"kind": "grade", "c": label[str(course)], "from": start, "to": stop, "grade": grade})
    for r in results.tables["marks"].filter(pl.col("group") == "tocilizumab").to_dicts():
        if r["course_id"] in label:
            at = r["minute"] / MINUTES_A_DAY
            out.append({"kind": "dose", "c": label[r["course_id"]], "from": at, "to": at})
    return out


WHAT_SHAPES = {
    "response": ("M-4.5,0A4.5,4.5 0 1,0 4.5,0A4.5,4.5 0 1,0 -4.5,0Z", "#0072b2"),
    "relapse": ("M-4.5,-4.5L4.5,4.5M-4.5,4.5L4.5,-4.5", "#d55e00"),
    "death": ("M-4.2,-4.2H4.2V4.2H-4.2Z", "#1b1b1b"),
    "last_contact": ("M-3.5,-4.8L5,0L-3.5,4.8Z", "#5b6770"),
}


def _mark(x: float, y: float, what: str) -> str:
    outline, colour = WHAT_SHAPES[what]
    return group(x, y, [path(outline, colour, 2)])


def what_happened(results: StudyResults) -> list[dict[str, Any]]:
    """Response, relapse, death and last contact of each course, in days, as far as the endpoints tell them."""
    out: list[dict[str, Any]] = []
    for r in results.tables["endpoints"].to_dicts():
        name, value, stop = r["endpoint"].lower(), (r["value"] or "").lower(), r["stop"]
        if stop is None or r["event"] is None:
            continue
        if name in ("os", "overall survival"):
            out.append(
                {"course_id": r["course_id"], "at": stop, "what": "death" if r["event"] == 1 else "last_contact"}
            )
        elif r["event"] == 1 and "relapse" in value:
            out.append({"course_id": r["course_id"], "at": stop, "what": "relapse"})
        elif r["event"] == 1 and ("response" in name or name in {"cr", "mrd_negative_cr", "mrd-negative cr"}):
            out.append({"course_id": r["course_id"], "at": stop, "what": "response"})
    unique = {(r["course_id"], r["what"]): r for r in sorted(out, key=lambda r: -r["at"])}
    return sorted(unique.values(), key=lambda r: (r["course_id"], r["what"]))


def _follow_up(
    results: StudyResults, words: Words, label: dict[str, str], rows: dict[str, float], arms: list[str], height: float
) -> list[str]:
    """Bars in the arm's colour from time zero to last contact or death, with what happened on them; its key below."""
    inside = arm_of(results)
    happened = [r for r in what_happened(results) if r["course_id"] in label]
    ends: dict[str, float] = {}
    for r in happened:
        ends[r["course_id"]] = max(ends.get(r["course_id"], 0.0), r["at"] / DAYS_A_MONTH)
    x = Scale(0, max([1.0, *ends.values()]) * 1.04, 0, FAR)
    ticks = [(t, short(t)) for t in round_ticks(0, x.high, 12)]
    out = [text(0, -18, words("swimmer.far"), 12, bold=True)]
    out += axis_below(x, height, ticks, words("axis.time.months"), grid=height)
    for course, end in ends.items():
        arm = inside.get(course)
        colour = arm_style(arms.index(arm))[0] if arm in arms else "#9aa4ad"
        out.append(rect(0, rows[label[course]] - 3, x(end), 6, colour, 'opacity="0.35"'))
    out += [_mark(x(r["at"] / DAYS_A_MONTH), rows[label[r["course_id"]]], r["what"]) for r in happened]
    at = 6.0
    for what in WHAT_SHAPES:
        said = words(f"swimmer.{what}")
        out += [_mark(at, height + 56, what), text(at + 10, height + 56, said, 12)]
        at += 34 + width_of(said, 12)
    return out
