"""The swimmer plot: a row a course, the first weeks on the left, the follow-up on the right."""

from __future__ import annotations

from typing import Any

import polars as pl

from tocsin.report.drawing import ARM_COLOURS, GRADE_INK, INK, Figure, grade_scale, runs_of, to_svg, values
from tocsin.report.figures import arm_of, arms_of
from tocsin.report.numbers import DAYS_A_MONTH, MINUTES_A_DAY
from tocsin.report.words import Words
from tocsin.tables import StudyResults

MOST_COURSES = 60


def plot_swimmer(results: StudyResults, words: Words, scale: str) -> Figure:
    """A row a course: left the first weeks with graded CRS and tocilizumab, right the follow-up with what happened."""
    import altair as alt

    title = words("figure.swimmer")
    courses = swimmer_order(results)
    if not courses:
        return Figure("swimmer", title, "", instead=words("figure.swimmer.none"))
    left_out = max(0, len(courses) - MOST_COURSES)
    courses = courses[:MOST_COURSES]
    arms, inside = arms_of(results), arm_of(results)
    label = {c: f"{c}  {words.term(inside[c]) if c in inside else words('arm.none')}" for c in courses}
    order = list(label.values())
    height = 20 * len(courses)
    axis = alt.Axis(title=None, ticks=False, domain=False, labelFontSize=11, labelLimit=220)
    row = alt.Y("c:N", sort=order, axis=axis, scale=alt.Scale(domain=order))
    near = _near_rows(results, scale, label)
    last = max([21.0, *(r["to"] for r in near)])
    day = alt.Scale(domain=[min([-0.5, *(r["from"] for r in near)]), min(last, 60) + 0.5], nice=False)
    x = alt.X("from:Q", scale=day, axis=alt.Axis(title=words("axis.day"), tickMinStep=1))
    floor = alt.Chart(values([{"c": c, "from": day.domain[0], "to": day.domain[1]} for c in order]))
    lanes = floor.mark_rule(strokeWidth=1, color="#dfe4e8").encode(x=x, x2="to:Q", y=row)
    bars = (
        alt.Chart(values([r for r in near if r["kind"] == "grade"]))
        .mark_bar(height=11, clip=True)
        .encode(x=x, x2="to:Q", y=row, color=alt.Color("g:N", scale=grade_scale(), legend=None))
    )
    digits = (
        alt.Chart(values([r for r in near if r["kind"] == "grade" and r["to"] - r["from"] > 0.6]))
        .mark_text(fontSize=9, clip=True)
        .encode(x=alt.X("mid:Q", scale=day), y=row, text="g:N", color=alt.Color("ink:N", scale=None))
    )
    doses = (
        alt.Chart(values([r for r in near if r["kind"] == "dose"]))
        .mark_point(shape="triangle-down", size=75, filled=True, color="#0b5c3b", opacity=1, yOffset=-8, clip=True)
        .encode(x=x, y=row)
    )
    left = alt.layer(lanes, bars, digits, doses).properties(
        width=430,
        height=height,
        title=alt.TitleParams(words("swimmer.near", scale=words.term(scale)), anchor="start", fontSize=12),
    )
    right = _follow_up(results, words, label, arms, height)
    chart = alt.hconcat(left, right, spacing=16).resolve_scale(color="independent", shape="independent")
    caption = words("figure.swimmer.caption") + (" " + words("figure.left_out", n=left_out) if left_out else "")
    return Figure("swimmer", title, words("alt.swimmer", n=len(courses)), caption, to_svg(chart))


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
            out.append({"kind": "grade", "c": label[str(course)], "from": start, "to": stop, "mid": (start + stop) / 2,
                        "g": str(grade), "ink": GRADE_INK[grade]})  # fmt: skip
    for r in results.tables["marks"].filter(pl.col("group") == "tocilizumab").to_dicts():
        if r["course_id"] in label:
            at = r["minute"] / MINUTES_A_DAY
            out.append({"kind": "dose", "c": label[r["course_id"]], "from": at, "to": at})
    return out


WHAT_SHAPES = {
    "response": ("circle", "#0072b2"),
    "relapse": ("M-1,-1L1,1M-1,1L1,-1", "#d55e00"),
    "death": ("square", "#1b1b1b"),
    "last_contact": ("triangle-right", "#5b6770"),
}


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


def _follow_up(results: StudyResults, words: Words, label: dict[str, str], arms: list[str], height: int) -> Any:
    import altair as alt

    inside = arm_of(results)
    marks: list[dict[str, Any]] = [
        {"c": label[r["course_id"]], "t": r["at"] / DAYS_A_MONTH, "w": words(f"swimmer.{r['what']}")}
        for r in what_happened(results)
        if r["course_id"] in label
    ]
    ends: dict[str, float] = {m["c"]: max(n["t"] for n in marks if n["c"] == m["c"]) for m in marks}
    reverse = {text: course for course, text in label.items()}
    bars = [{"c": c, "t": 0, "to": t, "a": words.term(inside.get(reverse[c], "none"))} for c, t in ends.items()]
    names = [words.term(a) for a in arms] + [words.term("none")]
    colours = alt.Scale(domain=names, range=[*ARM_COLOURS[: len(arms)], "#9aa4ad"])
    order = list(label.values())
    row = alt.Y("c:N", sort=order, axis=None, scale=alt.Scale(domain=order))
    end = max([1.0, *ends.values()])
    x = alt.X(
        "t:Q",
        scale=alt.Scale(domain=[0, end * 1.04], nice=False),
        axis=alt.Axis(title=words("axis.time.months"), tickMinStep=1),
    )
    lines = (
        alt.Chart(values(bars))
        .mark_bar(height=6, opacity=0.35)
        .encode(x=x, x2="to:Q", y=row, color=alt.Color("a:N", scale=colours, legend=None))
    )
    kinds = [words(f"swimmer.{k}") for k in WHAT_SHAPES]
    legend = alt.Legend(
        title=None, orient="bottom", direction="horizontal", symbolSize=90, columnPadding=14, symbolStrokeColor=INK
    )
    points = (
        alt.Chart(values(marks))
        .mark_point(size=70, strokeWidth=2, filled=False, opacity=1)
        .encode(
            x=x,
            y=row,
            shape=alt.Shape(
                "w:N", scale=alt.Scale(domain=kinds, range=[s for s, _ in WHAT_SHAPES.values()]), legend=legend
            ),
            color=alt.Color(
                "w:N", scale=alt.Scale(domain=kinds, range=[c for _, c in WHAT_SHAPES.values()]), legend=None
            ),
        )
    )
    layers = alt.layer(lines, points).resolve_scale(color="independent")
    return layers.properties(
        width=370, height=height, title=alt.TitleParams(words("swimmer.far"), anchor="start", fontSize=12)
    )
