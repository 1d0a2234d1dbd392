"""The figures of a study: curves with their risk table, swimmer plot, grades by day, sensitivity of the arms.

Every function takes the results and the words and returns a `Figure`: drawn, or with the sentence that stands instead.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import polars as pl

from tocsin.report.drawing import (
    ARM_COLOURS,
    GRADE_COLOURS,
    GRADE_INK,
    INK,
    SOFT,
    Figure,
    arm_scale,
    grade_scale,
    runs_of,
    to_svg,
    values,
)
from tocsin.report.numbers import DAYS_A_MONTH, MINUTES_A_DAY, fixed, short
from tocsin.report.words import Words
from tocsin.tables import StudyResults

WIDTH = 640
EXTENT = 110
MOST_COURSES = 60


def arms_of(results: StudyResults) -> list[str]:
    """The arms in their order; those of the tables where `meta` names none."""
    named = [str(arm) for arm in results.meta.get("arms") or []]
    return named or sorted(results.tables["arms"].get_column("arm").drop_nulls().unique().to_list())


def arm_of(results: StudyResults) -> dict[str, str]:
    """Course to arm, courses in no arm left out."""
    return {c: a for c, a in results.tables["arms"].select("course_id", "arm").iter_rows() if a is not None}


def sizes_of(results: StudyResults) -> dict[str, int]:
    """Courses in each arm."""
    inside = list(arm_of(results).values())
    return {arm: inside.count(arm) for arm in arms_of(results)}


def draw_curves(results: StudyResults, words: Words) -> list[Figure]:
    """One figure for every outcome and kind in `curves`, in their order there."""
    curves = results.tables["curves"]
    pairs = curves.select("outcome", "kind").unique(maintain_order=True).rows()
    if not pairs:
        return [Figure("curves", words("figure.curves"), "", instead=words("figure.curves.none"))]
    return [plot_curve(results, words, outcome, kind) for outcome, kind in pairs]


def plot_curve(results: StudyResults, words: Words, outcome: str, kind: str) -> Figure:
    """Step curve with interval band and censor ticks, numbers at risk aligned under the same time axis."""
    import altair as alt

    rows = results.tables["curves"].filter((pl.col("outcome") == outcome) & (pl.col("kind") == kind))
    risk = results.tables["at_risk"].filter(pl.col("outcome") == outcome)
    name, title = f"{kind}-{_slug(outcome)}", f"{words.term(outcome)}{words('colon')}{words(f'figure.kind.{kind}')}"
    arms = [arm for arm in arms_of(results) if arm in set(rows["arm"])] or sorted(set(rows["arm"]))
    shown = {arm: f"{words.term(arm)}" for arm in arms}
    last = max(float(rows["time"].max() or 0), float(risk["time"].max() or 0) if risk.height else 0.0)  # pyright: ignore
    per, unit, ticks = _time_axis(last, risk["time"].unique().sort().to_list())
    line = [
        {"t": r["time"] / per, "s": r["estimate"], "lo": r["low"], "hi": r["high"], "c": r["censored"], "a": shown[r["arm"]]}
        for r in rows.to_dicts()
    ]
    colours, dashes = arm_scale(list(shown.values()))
    end = max(last / per, 1e-9)
    where = alt.Scale(domain=[-0.035 * end, 1.035 * end], nice=False, zero=False)
    time = alt.X("t:Q", scale=where, axis=alt.Axis(title=words(f"axis.time.{unit}"), values=ticks, grid=False))
    top_of = 1.0 if kind == "survival" else _ceiling(rows)
    high = alt.Scale(domain=[0, top_of], nice=False)
    share = alt.Y("s:Q", scale=high, axis=alt.Axis(title=None, format=".0%", tickCount=5, minExtent=EXTENT, maxExtent=EXTENT))
    colour = alt.Color("a:N", scale=colours, legend=None)
    base = alt.Chart(values(line))
    band = base.transform_filter("isValid(datum.lo) && isValid(datum.hi)").mark_area(
        interpolate="step-after", opacity=0.14
    ).encode(x=time, y=alt.Y("lo:Q", scale=high), y2="hi:Q", color=alt.Color("a:N", scale=colours, legend=None))
    steps = base.mark_line(interpolate="step-after", strokeWidth=2.2).encode(
        x=time, y=share, color=colour, strokeDash=alt.StrokeDash("a:N", scale=dashes, legend=None)
    )
    ticks_up = base.transform_filter("datum.c > 0").mark_point(shape="M0,-1L0,1", size=60, strokeWidth=1.6, opacity=1).encode(
        x=time, y=share, color=alt.Color("a:N", scale=colours, legend=None)
    )
    names = alt.Chart(values(_names_at_end(line, top_of))).mark_text(align="left", dx=8, fontSize=13, fontWeight="bold").encode(
        x=time, y=alt.Y("y:Q", scale=high), text="a:N", color=colour
    )
    head = alt.TitleParams(words(f"axis.{kind}"), anchor="start", frame="group", fontSize=12, fontWeight="normal", offset=10)
    top = alt.layer(band, steps, ticks_up, names).properties(width=WIDTH, height=300, title=head)
    chart = _with_risk_table(top, risk, shown, per, where, words) if risk.height else top
    caption = words("figure.curve.caption" if kind == "survival" else "figure.incidence.caption")
    return Figure(name, title, _curve_alt(title, rows, arms, per, unit, words), caption, to_svg(chart))


def _with_risk_table(top: Any, risk: pl.DataFrame, shown: dict[str, str], per: float, where: Any, words: Words) -> Any:
    import altair as alt

    rows = [{"t": r["time"] / per, "n": r["at_risk"], "a": shown[r["arm"]]} for r in risk.to_dicts() if r["arm"] in shown]
    order = list(shown.values())
    axis = alt.Axis(title=None, grid=False, ticks=False, domain=False, minExtent=EXTENT, maxExtent=EXTENT, labelFontSize=12)
    numbers = alt.Chart(values(rows)).mark_text(fontSize=12).encode(
        x=alt.X("t:Q", scale=where, axis=None),
        y=alt.Y("a:N", sort=order, axis=axis),
        text="n:Q",
        color=alt.Color("a:N", scale=arm_scale(order)[0], legend=None),
    ).properties(
        width=WIDTH, height=22 * len(order),
        title=alt.TitleParams(words("figure.at_risk"), anchor="start", frame="bounds", fontSize=12, fontWeight="normal", offset=4),
    )  # fmt: skip
    return alt.vconcat(top, numbers, spacing=6).resolve_scale(color="independent")


def _names_at_end(line: list[dict[str, Any]], top: float) -> list[dict[str, Any]]:
    """The arm's name at the end of its curve; names that would touch are pushed apart."""
    ends = {row["a"]: row for row in line}
    out: list[dict[str, Any]] = []
    for row in sorted(ends.values(), key=lambda r: r["s"]):
        lowest = out[-1]["y"] + 0.065 * top if out else 0.02 * top
        out.append({"a": row["a"], "t": row["t"], "y": max(row["s"], lowest)})
    return out


def _ceiling(rows: pl.DataFrame) -> float:
    """A round top for incidence axes, so that small incidences can be read."""
    most = max((v for v in (rows["high"].max(), rows["estimate"].max()) if isinstance(v, float)), default=1.0)
    return next(step for step in (0.2, 0.4, 0.6, 0.8, 1.0) if most <= step or step == 1.0)


def _time_axis(last: float, at_risk: list[float]) -> tuple[float, str, list[float]]:
    """Months where the follow-up is long, else days; ticks where the numbers at risk stand."""
    months = last > 120
    per, unit = (DAYS_A_MONTH, "months") if months else (1.0, "days")
    if at_risk:
        return per, unit, [round(t / per, 3) for t in at_risk]
    step = next(s for s in (1, 2, 3, 5, 7, 10, 14, 30, 60, 120, 10_000) if last / per / s <= 10)
    return per, unit, [float(step * k) for k in range(int(last / per / step) + 1)]


def _curve_alt(title: str, rows: pl.DataFrame, arms: list[str], per: float, unit: str, words: Words) -> str:
    ends = [rows.filter(pl.col("arm") == arm).sort("time").tail(1).to_dicts()[0] for arm in arms]
    said = [
        words("alt.curve", arm=words.term(e["arm"]), share=f"{fixed(e['estimate'] * 100, 1)} %",
              time=f"{fixed(e['time'] / per, 1)} {words(f'unit.{unit}')}")
        for e in ends
    ]  # fmt: skip
    return f"{title}. {' '.join(said)}"


def plot_days(results: StudyResults, words: Words, scale: str) -> Figure:
    """Worst grade of each day as shares of the arm, the highest at the bottom; days that cannot be graded hatched."""
    import altair as alt

    days = results.tables["days"].filter(pl.col("scale") == scale)
    name, title = f"days-{_slug(scale)}", words("figure.days", scale=words.term(scale))
    if not days.height or not int(days["courses"].sum()):
        return Figure(name, title, "", instead=words("figure.days.none", scale=words.term(scale)))
    arms = [arm for arm in arms_of(results) if arm in set(days["arm"])] or sorted(set(days["arm"]))
    span = range(int(days["day"].min()), int(days["day"].max()) + 1)  # pyright: ignore[reportArgumentType]
    colour = alt.Color("g:N", scale=grade_scale(), legend=None)
    parts: list[Any] = []
    for arm in arms:
        rows = _stacked(days.filter(pl.col("arm") == arm))
        last = arm == arms[-1]
        axis = alt.Axis(title=words("axis.day") if last else None, labelAngle=0, grid=False, labels=last, ticks=last)
        base = alt.Chart(values(rows)).encode(x=alt.X("d:O", scale=alt.Scale(domain=list(span), paddingInner=0.08), axis=axis))
        share = alt.Y("lo:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(title=words("axis.share"), format=".0%", tickCount=3, grid=False))
        bars = base.mark_bar(stroke="white", strokeWidth=0.6).encode(y=share, y2="hi:Q", color=colour)
        text = base.transform_filter("datum.hi - datum.lo > 0.055").mark_text(fontSize=10).encode(
            y=alt.Y("mid:Q"), text="t:N", color=alt.Color("ink:N", scale=None)
        )
        most = max(sum(r["n"] for r in rows if r["d"] == d) for d in span)
        head = f"{words.term(arm)} (n = {most})"
        parts.append(alt.layer(bars, text).properties(width=max(min(34, 800 // len(span)) * len(span), 240), height=130, title=alt.TitleParams(head, anchor="start")))
    caption = words("figure.days.caption")
    return Figure(name, title, _days_alt(title, days, arms, words), caption, to_svg(alt.vconcat(*parts, spacing=8)))


def _stacked(days: pl.DataFrame) -> list[dict[str, Any]]:
    """Bars from the bottom: grade 4 down to 0, then not gradable; each with its share and the digit it carries."""
    ordered = days.sort(["day", pl.col("grade").fill_null(-1)], descending=[False, True])
    out: list[dict[str, Any]] = []
    for day, group in groupby(ordered.to_dicts(), key=lambda r: r["day"]):
        rows = list(group)
        total, below = sum(r["courses"] for r in rows) or 1, 0
        for row in rows:
            grade, n = row["grade"], row["courses"]
            label = "?" if grade is None else str(grade)
            ink = INK if grade is None else GRADE_INK[grade]
            out.append({"d": day, "g": label, "t": label, "n": n, "lo": below / total, "hi": (below + n) / total,
                        "mid": (below + n / 2) / total, "ink": ink})  # fmt: skip
            below += n
    return out


def _days_alt(title: str, days: pl.DataFrame, arms: list[str], words: Words) -> str:
    severe = days.filter(pl.col("grade") >= 3)
    said = []
    for arm in arms:
        rows = severe.filter(pl.col("arm") == arm)
        said.append(words("alt.days", arm=words.term(arm), days=rows["day"].n_unique(), courses=rows["courses"].max() or 0))
    return f"{title}. {' '.join(said)}"


def plot_sensitivity(results: StudyResults, words: Words) -> Figure:
    """How many courses each arm holds when one open choice moves: a tile a value, the main analysis framed."""
    import altair as alt

    table, title = results.tables["sensitivity"], words("figure.sensitivity")
    if not table.height:
        return Figure("sensitivity", title, "", instead=words("figure.sensitivity.none"))
    arms = [a for a in [*arms_of(results), "none"] if a in set(table["arm"])]
    arms += sorted(set(table["arm"]) - set(arms))
    parts: list[Any] = []
    for parameter, frame in table.group_by("parameter", maintain_order=True):
        rows = [
            {"v": _value(r, words), "a": words.term(r["arm"]), "n": r["courses"], "main": r["is_default"]} for r in frame.to_dicts()
        ]
        moved = [{"v": _value(r, words), "m": _moved(frame, r["value"], words)} for r in frame.unique("value", maintain_order=True).to_dicts()]
        order = list(dict.fromkeys(r["v"] for r in rows))
        tiles = alt.Chart(values(rows)).encode(
            x=alt.X("a:N", sort=[words.term(a) for a in arms], axis=alt.Axis(title=None, orient="top", labelAngle=0, ticks=False, domain=False)),
            y=alt.Y("v:N", sort=order, axis=alt.Axis(title=None, ticks=False, domain=False, minExtent=190, maxExtent=190)),
        )
        top = int(table["courses"].max() or 1)  # pyright: ignore[reportArgumentType]
        fill = alt.Color("n:Q", scale=alt.Scale(domain=[0, top], range=["#f4f8fb", "#7fb2d6"]), legend=None)
        cells = tiles.mark_rect(stroke="white", strokeWidth=3).encode(
            color=fill, stroke=alt.condition("datum.main", alt.value(INK), alt.value("white")), strokeWidth=alt.condition("datum.main", alt.value(1.6), alt.value(3))
        )
        digits = tiles.mark_text(fontSize=13).encode(text="n:Q", color=alt.value(INK))
        grid = alt.layer(cells, digits).properties(width=110 * len(arms), height=30 * len(order))
        notes = alt.Chart(values(moved)).mark_text(align="left", fontSize=11, color=SOFT, x=0).encode(y=alt.Y("v:N", sort=order, axis=None), text="m:N").properties(width=260, height=30 * len(order))
        head = alt.TitleParams(words.term(str(parameter[0])), anchor="start", frame="bounds", offset=6)
        parts.append(alt.hconcat(grid, notes, spacing=10, title=head).resolve_scale(y="independent"))
    chart = alt.vconcat(*parts, spacing=18)
    return Figure("sensitivity", title, words("alt.sensitivity", title=title), words("figure.sensitivity.caption"), to_svg(chart))


def _value(row: dict[str, Any], words: Words) -> str:
    return f"{row['value']}  ({words('sensitivity.main')})" if row["is_default"] else str(row["value"])


def _moved(frame: pl.DataFrame, value: str, words: Words) -> str:
    rows = frame.filter(pl.col("value") == value)
    if rows["is_default"].any():
        return ""
    courses = sorted({c for text in rows["moved"] for c in text.split()})
    if not courses:
        return words("sensitivity.same")
    named = ", ".join(courses[:4]) + (" …" if len(courses) > 4 else "")
    return words("sensitivity.moved", n=len(courses), courses=named)


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
    bars = alt.Chart(values([r for r in near if r["kind"] == "grade"])).mark_bar(height=11, clip=True).encode(
        x=x, x2="to:Q", y=row, color=alt.Color("g:N", scale=grade_scale(), legend=None)
    )
    digits = alt.Chart(values([r for r in near if r["kind"] == "grade" and r["to"] - r["from"] > 0.6])).mark_text(fontSize=9, clip=True).encode(
        x=alt.X("mid:Q", scale=day), y=row, text="g:N", color=alt.Color("ink:N", scale=None)
    )
    doses = alt.Chart(values([r for r in near if r["kind"] == "dose"])).mark_point(
        shape="triangle-down", size=75, filled=True, color="#0b5c3b", opacity=1, yOffset=-8, clip=True
    ).encode(x=x, y=row)
    left = alt.layer(lanes, bars, digits, doses).properties(width=430, height=height, title=alt.TitleParams(words("swimmer.near", scale=words.term(scale)), anchor="start", fontSize=12))
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
        if name.startswith(("os", "overall")):
            out.append({"course_id": r["course_id"], "at": stop, "what": "death" if r["event"] == 1 else "last_contact"})
        elif r["event"] == 1 and "relapse" in value:
            out.append({"course_id": r["course_id"], "at": stop, "what": "relapse"})
        elif r["event"] == 1 and ("response" in name or name in {"cr", "mrd_negative_cr", "mrd-negative cr"}):
            out.append({"course_id": r["course_id"], "at": stop, "what": "response"})
    unique = {(r["course_id"], r["what"]): r for r in sorted(out, key=lambda r: -r["at"])}
    return sorted(unique.values(), key=lambda r: (r["course_id"], r["what"]))


def _follow_up(results: StudyResults, words: Words, label: dict[str, str], arms: list[str], height: int) -> Any:
    import altair as alt

    inside = arm_of(results)
    marks = [
        {"c": label[r["course_id"]], "t": r["at"] / DAYS_A_MONTH, "w": words(f"swimmer.{r['what']}")}
        for r in what_happened(results)
        if r["course_id"] in label
    ]
    ends = {m["c"]: max(n["t"] for n in marks if n["c"] == m["c"]) for m in marks}
    reverse = {text: course for course, text in label.items()}
    bars = [{"c": c, "t": 0, "to": t, "a": words.term(inside.get(reverse[c], "none"))} for c, t in ends.items()]
    names = [words.term(a) for a in arms] + [words.term("none")]
    colours = alt.Scale(domain=names, range=[*ARM_COLOURS[: len(arms)], "#9aa4ad"])
    order = list(label.values())
    row = alt.Y("c:N", sort=order, axis=None, scale=alt.Scale(domain=order))
    end = max([1.0, *ends.values()])
    x = alt.X("t:Q", scale=alt.Scale(domain=[0, end * 1.04], nice=False), axis=alt.Axis(title=words("axis.time.months"), tickMinStep=1))
    lines = alt.Chart(values(bars)).mark_bar(height=6, opacity=0.35).encode(x=x, x2="to:Q", y=row, color=alt.Color("a:N", scale=colours, legend=None))
    kinds = [words(f"swimmer.{k}") for k in WHAT_SHAPES]
    legend = alt.Legend(title=None, orient="bottom", direction="horizontal", symbolSize=90, columnPadding=14, symbolStrokeColor=INK)
    points = alt.Chart(values(marks)).mark_point(size=70, strokeWidth=2, filled=False, opacity=1).encode(
        x=x, y=row,
        shape=alt.Shape("w:N", scale=alt.Scale(domain=kinds, range=[s for s, _ in WHAT_SHAPES.values()]), legend=legend),
        color=alt.Color("w:N", scale=alt.Scale(domain=kinds, range=[c for _, c in WHAT_SHAPES.values()]), legend=None),
    )  # fmt: skip
    layers = alt.layer(lines, points).resolve_scale(color="independent")
    return layers.properties(width=370, height=height, title=alt.TitleParams(words("swimmer.far"), anchor="start", fontSize=12))


def _slug(text: str) -> str:
    """A file name from an outcome's or scale's name."""
    kept = "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in text.lower())
    return "-".join(part for part in kept.split("-") if part) or "x"


def grades_key() -> list[tuple[str, str]]:
    """Label and colour of every grade, for the legend in words."""
    return [(short(g, 0), colour) for g, colour in enumerate(GRADE_COLOURS)]
