"""The figures of a study: curves with their risk table, grades by day.

Every function takes the results and the words and returns a `Figure`: drawn, or with the sentence that stands instead.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import polars as pl

from tocsin.report.drawing import (
    GRADE_INK,
    INK,
    Figure,
    arm_scale,
    grade_scale,
    to_svg,
    values,
)
from tocsin.report.numbers import DAYS_A_MONTH, fixed
from tocsin.report.words import Words
from tocsin.tables import StudyResults

WIDTH = 640
EXTENT = 110


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
    line = _line(rows, shown, per)
    colours, dashes = arm_scale(list(shown.values()))
    end = max(last / per, 1e-9)
    where = alt.Scale(domain=[-0.035 * end, 1.035 * end], nice=False, zero=False)
    time = alt.X("t:Q", scale=where, axis=alt.Axis(title=words(f"axis.curve.{unit}"), values=ticks, grid=False))
    top_of = 1.0 if kind == "survival" else _ceiling(rows)
    high = alt.Scale(domain=[0, top_of], nice=False)
    share = alt.Y(
        "s:Q", scale=high, axis=alt.Axis(title=None, format=".0%", tickCount=5, minExtent=EXTENT, maxExtent=EXTENT)
    )
    colour = alt.Color("a:N", scale=colours, legend=None)
    base = alt.Chart(values(line))
    band = (
        base.transform_filter("isValid(datum.lo) && isValid(datum.hi)")
        .mark_area(interpolate="step-after", opacity=0.14)
        .encode(x=time, y=alt.Y("lo:Q", scale=high), y2="hi:Q", color=alt.Color("a:N", scale=colours, legend=None))
    )
    steps = base.mark_line(interpolate="step-after", strokeWidth=2.2).encode(
        x=time, y=share, color=colour, strokeDash=alt.StrokeDash("a:N", scale=dashes, legend=None)
    )
    ticks_up = (
        base.transform_filter("datum.c > 0")
        .mark_point(shape="M0,-1L0,1", size=60, strokeWidth=1.6, opacity=1)
        .encode(x=time, y=share, color=alt.Color("a:N", scale=colours, legend=None))
    )
    names = (
        alt.Chart(values(_names_at_end(line, top_of)))
        .mark_text(align="left", dx=8, fontSize=13, fontWeight="bold")
        .encode(x=time, y=alt.Y("y:Q", scale=high), text="a:N", color=colour)
    )
    head = alt.TitleParams(
        words(f"axis.{kind}"), anchor="start", frame="group", fontSize=12, fontWeight="normal", offset=10
    )
    top = alt.layer(band, steps, ticks_up, names).properties(width=WIDTH, height=300, title=head)
    chart = _with_risk_table(top, risk, shown, per, where, words) if risk.height else top
    caption = words("figure.curve.caption" if kind == "survival" else "figure.incidence.caption")
    return Figure(name, title, _curve_alt(title, rows, arms, per, unit, words), caption, to_svg(chart))


def _line(rows: pl.DataFrame, shown: dict[str, str], per: float) -> list[dict[str, Any]]:
    """The rows as points; an arm with events at time 0 gets the point it starts from, so that the drop is seen."""
    out: list[dict[str, Any]] = []
    for r in rows.to_dicts():
        start = 1.0 if r["kind"] == "survival" else 0.0
        name = shown[r["arm"]]
        if r["time"] == 0 and r["estimate"] != start and all(point["a"] != name for point in out):
            out.append({"t": 0.0, "s": start, "lo": None, "hi": None, "c": 0, "a": name})
        out.append(
            {"t": r["time"] / per, "s": r["estimate"], "lo": r["low"], "hi": r["high"], "c": r["censored"], "a": name}
        )
    return out


def _with_risk_table(top: Any, risk: pl.DataFrame, shown: dict[str, str], per: float, where: Any, words: Words) -> Any:
    import altair as alt

    rows = [
        {"t": r["time"] / per, "n": r["at_risk"], "a": shown[r["arm"]]} for r in risk.to_dicts() if r["arm"] in shown
    ]
    order = list(shown.values())
    axis = alt.Axis(
        title=None, grid=False, ticks=False, domain=False, minExtent=EXTENT, maxExtent=EXTENT, labelFontSize=12
    )
    numbers = (
        alt.Chart(values(rows))
        .mark_text(fontSize=12)
        .encode(
            x=alt.X("t:Q", scale=where, axis=None),
            y=alt.Y("a:N", sort=order, axis=axis),
            text="n:Q",
            color=alt.Color("a:N", scale=arm_scale(order)[0], legend=None),
        )
        .properties(
            width=WIDTH,
            height=22 * len(order),
            title=alt.TitleParams(
                words("figure.at_risk"), anchor="start", frame="bounds", fontSize=12, fontWeight="normal", offset=4
            ),
        )
    )
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
        base = alt.Chart(values(rows)).encode(
            x=alt.X("d:O", scale=alt.Scale(domain=list(span), paddingInner=0.08), axis=axis)
        )
        share = alt.Y(
            "lo:Q",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(title=words("axis.share"), format=".0%", tickCount=3, grid=False),
        )
        bars = base.mark_bar(stroke="white", strokeWidth=0.6).encode(y=share, y2="hi:Q", color=colour)
        text = (
            base.transform_filter("datum.hi - datum.lo > 0.055")
            .mark_text(fontSize=10)
            .encode(y=alt.Y("mid:Q"), text="t:N", color=alt.Color("ink:N", scale=None))
        )
        most = max(sum(r["n"] for r in rows if r["d"] == d) for d in span)
        head = f"{words.term(arm)} (n = {most})"
        parts.append(
            alt.layer(bars, text).properties(
                width=max(min(34, 800 // len(span)) * len(span), 240),
                height=130,
                title=alt.TitleParams(head, anchor="start"),
            )
        )
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
        said.append(
            words("alt.days", arm=words.term(arm), days=rows["day"].n_unique(), courses=rows["courses"].max() or 0)
        )
    return f"{title}. {' '.join(said)}"


def _slug(text: str) -> str:
    """A file name from an outcome's or scale's name."""
    kept = "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in text.lower())
    return "-".join(part for part in kept.split("-") if part) or "x"
